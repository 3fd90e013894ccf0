"""Products of matrices: to BLAS where it pays, else as loops of their own.

A call of BLAS takes half a microsecond before it multiplies anything, in which a loop multiplies
16 × 16 by 16 × 16. Transposes are never made: BLAS reads a matrix either way, and the loops copy a
small one into rows first.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from ..passes.places import Place
from ..program import Call, Value
from .shares import parts_for

__all__ = ["CALLS", "Kernel", "Matrix", "Product", "blas_kernel", "leading", "matrix_of",
           "product_of", "small_kernel"]  # fmt: skip

_SMALL = 40_000  # multiplications up to which a loop is quicker
_UNROLLED = 16
_NARROW = 4  # columns of which a vector has no use
#: Rows from which on a product is shared by rows, though it has more columns; of turned matrices.
_ROWS, _TURNED_ROWS = 512, 96
#: The type of the elements, the function of BLAS, and the slot of the table with its address.
CALLS = {"f": ("float32", "sgemm", 1), "d": ("float64", "dgemm", 2)}
_RATE = {"f": 60, "d": 30}  # multiplications in a nanosecond


@dataclass
class Matrix:
    """A stack of matrices in memory: rows, columns, and how far apart each are."""

    value: Value
    base: Value
    offset: int
    shape: tuple[int, int]
    steps: tuple[int, int]
    stack: tuple[int, ...]


@dataclass
class Product:
    """C = A B, for every matrix of the stack; or, beginning with a `bias`, C = A B + b."""

    a: Matrix
    b: Matrix
    c: Matrix
    stack: tuple[int, ...]
    char: str
    bias: Place | None = None

    @property
    def small(self) -> bool:
        """Whether it is left to a loop."""
        m, k = self.a.shape
        return m * k * self.b.shape[1] <= _SMALL

    @property
    def for_blas(self) -> bool:
        """Whether BLAS can read these matrices where they lie."""
        return all(leading(x) is not None for x in (self.a, self.b))


@dataclass
class Kernel:
    """The text that multiplies, over the pointers ``pa``, ``pb``, ``pc``, and ``ps`` to a bias.

    Attributes
    ----------
    body : str
    extent, parts : int
        Of what threads may share, from ``lo`` to ``hi``, and into how many parts it is divided: 1
        if it is not; -n for as many as there are threads, but at most n.
    memory : int
        Elements of memory of its own, ``pt``.
    blas : bool
        Whether it calls BLAS, by the addresses in ``table``.
    """

    body: str
    extent: int = 0
    parts: int = 1
    memory: int = 0
    blas: bool = False


def matrix_of(v: Value, place: Place, stack: tuple[int, ...], column: bool) -> Matrix:
    """Show an operand as matrices, one for each place of the stack."""
    shape, steps = v.shape, place.strides
    if len(shape) == 1:
        shape, steps = ((*shape, 1), (*steps, 0)) if column else ((1, *shape), (0, *steps))
    lead = len(stack) - (len(shape) - 2)
    along = (0,) * lead + tuple(
        0 if n == 1 else s for n, s in zip(shape[:-2], steps[:-2], strict=True)
    )
    (m, n), (down, right) = shape[-2:], steps[-2:]
    return Matrix(v, place.base, place.offset, (m, n), (down, right), along)


def product_of(call: Call, places: dict[Value, Place]) -> Product | None:
    """Read a call of matmul, or of affine; None if it is not on floats that BLAS knows."""
    x, y, *bias = call.args
    if not (isinstance(x, Value) and isinstance(y, Value)):
        return None
    if not x.dtype == y.dtype == call.out.dtype or x.dtype.char not in "fd":
        return None
    if not all(math.prod(v.shape) for v in (x, y)):
        return None
    shape = call.out.shape
    if len(x.shape) == 1:
        shape = (*shape[:-1], 1, *shape[-1:]) if len(y.shape) > 1 else (1, *shape)
    if len(y.shape) == 1:
        shape = (*shape, 1)
    stack = shape[:-2]
    n = shape[-1]
    lead: list[int] = []
    step = shape[-2] * n
    for extent in reversed(stack):
        lead.insert(0, step)
        step *= extent
    c = Matrix(call.out, call.out, 0, (shape[-2], n), (n, 1), tuple(lead))
    a = matrix_of(x, places[x], stack, column=False)
    b = matrix_of(y, places[y], stack, column=True)
    return Product(a, b, c, stack, x.dtype.char, *(places[v] for v in bias))


def leading(x: Matrix) -> tuple[bool, int] | None:
    """Return (turned, leading dimension) as BLAS wants them."""
    (rows, columns), (down, right) = x.shape, x.steps
    if (right == 1 or columns == 1) and (down >= columns or rows == 1):
        return False, max(down if rows > 1 else columns, columns, 1)
    if (down == 1 or rows == 1) and (right >= rows or columns == 1):
        return True, max(right if columns > 1 else rows, rows, 1)
    return None


def blas_kernel(p: Product) -> Kernel:
    """Write a product as calls of BLAS.

    Matrices of a stack are shared as they are; else each thread makes rows or columns of the one.
    """
    (m, k), n = p.a.shape, p.b.shape[1]
    kind, function, slot = CALLS[p.char]
    stack = [(f"s{i}", extent, i) for i, extent in enumerate(p.stack) if extent > 1]
    cost = m * k * n * math.prod(p.stack) / _RATE[p.char]
    parts = parts_for(cost, stack[0][1] if stack else max(m, n))
    divided = parts > 1 and not stack
    pad, lines = "    ", []
    for name, extent, _ in stack:
        bounds = "lo, hi" if parts > 1 and pad == "    " else str(extent)
        lines.append(f"{pad}for {name} in range({bounds}):")
        pad += "    "
    at = {
        key: _terms(x.offset, *((name, x.stack[i]) for name, _, i in stack))
        for key, x in zip("abc", (p.a, p.b, p.c), strict=True)
    }
    down, across = str(m), str(n)
    (turned_a, lda), (turned_b, ldb) = (leading(x) or (False, 1) for x in (p.a, p.b))
    # To divide the longer side packs less twice. But what each thread wrote is in its own cache:
    # loops go by rows, and an optimizer's over weights follows the product of their gradient.
    by_rows = m >= min(n, _ROWS) or (turned_a and m >= _TURNED_ROWS)
    if divided and by_rows:
        at["a"] += [*_terms(0, ("lo", p.a.steps[0]))]
        at["c"] += [*_terms(0, ("lo", n))]
        down = "hi - lo"
    elif divided:
        at["b"] += [*_terms(0, ("lo", p.b.steps[1]))]
        at["c"] += [*_terms(0, ("lo", 1))]
        across = "hi - lo"
    a, b, c = (f"at(p{key}, {' + '.join(x)})" if x else f"p{key}" for key, x in at.items())
    lines.append(
        f"{pad}{function}(table[{slot}], {int(turned_a)}, {int(turned_b)}, {down}, {across}, {k}, "
        f"{a}, {lda}, {b}, {ldb}, {kind}(0), {c}, {n})"
    )
    if divided:
        return Kernel("\n".join(lines), m if by_rows else n, -parts, blas=True)
    return Kernel("\n".join(lines), stack[0][1] if stack else 0, parts, blas=True)


def _terms(offset: int, *terms: tuple[str, int]) -> list[str]:
    parts = [str(offset)] if offset else []
    return parts + [name if step == 1 else f"{name} * {step}" for name, step in terms if step]


def _at(offset: int, *terms: tuple[str, int]) -> str:
    return " + ".join(_terms(offset, *terms)) or "0"


def _narrow_kernel(p: Product) -> Kernel:
    """Write a product with a few columns by its transpose, whose rows fill vectors."""
    m, n = p.a.shape[0], p.b.shape[1]
    flipped = replace(
        p, a=replace(p.b, shape=p.b.shape[::-1], steps=p.b.steps[::-1], stack=()),
        b=replace(p.a, shape=p.a.shape[::-1], steps=p.a.steps[::-1], stack=()), stack=(),
    )  # fmt: skip
    names = {"pa": "pb", "pb": "pa", "pc": "pt"}
    body = re.sub(r"\bp[abc]\b", lambda found: names[found[0]], small_kernel(flipped).body)
    back = [
        f"    for i in range({m}):",
        f"        for j in range({n}):",
        f"            pc[i * {n} + j] = pt[j * {m} + i]",
    ]
    return Kernel("\n".join([body, *back]), memory=n * m)


def small_kernel(p: Product) -> Kernel:
    """Write a product as loops.

    The innermost loop walks along rows of B
    and C, and adds up to 16 rows of B at once, so that C is read and written once for all of them.
    """
    (m, k), n = p.a.shape, p.b.shape[1]
    (a0, a1), (b0, b1) = p.a.steps, p.b.steps
    if n <= _NARROW < m and a0 == 1 and math.prod(p.stack) == 1:
        return _narrow_kernel(p)
    kind = "float32" if p.char == "f" else "float64"
    lines: list[str] = []
    memory = 0
    stack = [(f"s{i}", extent) for i, extent in enumerate(p.stack)]
    for i, (name, extent) in enumerate(stack):
        lines.append("    " * i + f"for {name} in range({extent}):")
    pad = "    " * len(stack)

    def along(x: Matrix) -> list[tuple[str, int]]:
        return [(name, step) for (name, _), step in zip(stack, x.stack, strict=True)]

    a_extra, b_extra, c_extra = along(p.a), along(p.b), along(p.c)
    if n == 1:  # a sum for each row
        lines += [
            f"{pad}for i in range({m}):",
            f"{pad}    total = {kind}(0)",
            f"{pad}    for k in range({k}):",
            f"{pad}        x = pa[{_at(p.a.offset, *a_extra, ('i', a0), ('k', a1))}]",
            f"{pad}        total = plus(total, x * pb[{_at(p.b.offset, *b_extra, ('k', b0))}])",
            f"{pad}    pc[{_at(0, *c_extra, ('i', 1))}] = total",
        ]
        return Kernel("\n".join("    " + line for line in lines))
    source, b_at = "pb", [p.b.offset, b0, b1]
    if b1 != 1:
        memory, source, b_at = k * n, "pt", [0, n, 1]
        lines += [
            f"{pad}for j in range({n}):",
            f"{pad}    for k in range({k}):",
            f"{pad}        pt[k * {n} + j] = pb[{_at(p.b.offset, *b_extra, ('k', b0), ('j', b1))}]",
        ]
        b_extra = []

    def block(start: str, count: int, first: bool, pad: str) -> list[str]:
        out = [f"{pad}for i in range({m}):"]
        for u in range(count):
            k_at = [(start, a1)] if start else []
            at = _at(p.a.offset + u * a1, *a_extra, ("i", a0), *k_at)
            out.append(f"{pad}    a{u} = pa[{at}]")
        target = f"pc[{_at(0, *c_extra, ('i', n), ('j', 1))}]"
        out.append(f"{pad}    for j in range({n}):")
        for u in range(count):
            k_at = [(start, b_at[1])] if start else []
            at = f"{source}[{_at(b_at[0] + u * b_at[1], *b_extra, *k_at, ('j', 1))}]"
            if u == 0 and first:
                out.append(f"{pad}        c = a0 * {at}")
            else:
                total = target if u == 0 else "c"
                out.append(f"{pad}        c = fma(a{u}, {at}, {total})")
        out.append(f"{pad}        {target} = c")
        return out

    lines += block("", min(k, _UNROLLED), True, pad)
    blocks, rest = divmod(max(k - _UNROLLED, 0), _UNROLLED)
    if blocks:
        stop = _UNROLLED * (blocks + 1)
        lines.append(f"{pad}for k in range({_UNROLLED}, {stop}, {_UNROLLED}):")
        lines += block("k", _UNROLLED, False, pad + "    ")
    if rest:
        # The last rows, fewer than a block.
        lines.append(f"{pad}for k in range({k - rest}, {k - rest + 1}):")
        lines += block("k", rest, False, pad + "    ")
    return Kernel("\n".join("    " + line for line in lines), memory=memory)
