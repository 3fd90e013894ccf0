"""Products of middle size in kernels of our own: tiles of the result that stay in registers.

BLAS copies both matrices into an order of its own before it multiplies. That is little beside the
products of large matrices; for a few rows it is half of the time. Here nothing is copied: a tile of
sums is kept in registers, and what it is made of is read where it lies.

There are two ways. Where both matrices lie along what is summed up (a layer's inputs and its
weight), vectors go that way, and each sum of 16 is added up in the end (*along*). Where the second
one has its columns side by side, vectors hold columns, and an element of the first is the same for
all of them (*across*).
"""

from __future__ import annotations

from collections.abc import Callable

from .products import Kernel, Product
from .shares import parts_for
from .vectors import lanes, registers

__all__ = ["length_of", "register_kernel"]

_RATE = 60  # multiplications in a nanosecond

#: Along: least that is summed up at a time, in long vectors and in others, and most: six rows of
#: more no longer stay in the first cache.
_LEAST, _LEAST_SHORT, _MOST = 128, 384, 1024


def length_of(k: int, wide: int) -> int:
    """Return how many elements are summed up at a time, in equal pieces; 0 if there are none."""
    least = _LEAST if wide == 16 else _LEAST_SHORT
    for count in range(-(-k // _MOST), k // least + 1):
        if k % (count * wide) == 0:
            return k // count
    return 0


def register_kernel(p: Product, along: bool) -> Kernel:
    """Write a product as loops, vectors going along what is summed up or across."""
    (m, k), n = p.a.shape, p.b.shape[1]
    wide, most = lanes("float32"), registers("float32")
    # Rows and columns (or vectors of them) of a tile: as many sums as there are registers for.
    rows, columns = ((6, 4) if most == 24 else (3, 3)) if along else (most // 3, 3)
    if not along and most < 24:
        rows, columns = 6, 2
    # Threads share what an optimizer goes over next: the rows of a weight, or of its gradient.
    block = columns if along else rows
    outer, inner, step = (n, m, rows) if along else (m, n // wide, columns)
    extent = -(-outer // block)
    parts = parts_for(m * k * n / _RATE, extent)
    lines: list[str] = []
    length = length_of(k, wide) if along else k
    if length < k:  # a piece of all rows after the other: they stay in the cache meanwhile
        mine = f"lo * {block}, smaller(hi * {block}, {n})" if parts > 1 else f"{n}"
        lines += [
            f"for i in range({m}):",
            f"    for j in range({mine}):",
            f"        pc[i * {n} + j] = 0",
            f"for start in range(0, {k}, {length}):",
        ]
    pad = "    " * (length < k)

    def blocks(inside: Callable[[int], list[str]]) -> list[str]:
        """Write the loop over whole blocks, and over what is left."""
        out: list[str] = []
        for size, begin in ((block, 0), (outer % block, outer // block)):
            end = outer // block if size == block else extent
            if size and begin < end:
                bounds = f"larger(lo, {begin}), smaller(hi, {end})"
                out.append(f"for b in range({bounds if parts > 1 else f'{begin}, {end}'}):")
                out += [f"    {line}" for line in (f"first = b * {block}", *inside(size))]
        return out

    def steps(inside: Callable[[int, str], list[str]]) -> list[str]:
        """Write the loop over whole steps, and what is left."""
        ends = inner - inner % step
        out = [f"for i in range(0, {ends}, {step}):"] if ends else []
        out += [f"    {line}" for line in (inside(step, "i") if ends else ())]
        return out + (inside(inner % step, str(ends)) if inner % step else [])

    def tile(size: int, count: int, at: str) -> list[str]:
        return _tile(p, along, length, (size, count), at, wide)

    # What the inner loop comes back to stays in the first cache: some rows of A, or of it turned.
    if along:
        body = steps(lambda count, at: blocks(lambda size: tile(size, count, at)))
    else:
        body = blocks(lambda size: steps(lambda count, at: tile(size, count, at)))
    lines += [pad + line for line in body]
    return Kernel("\n".join("    " + line for line in lines), extent, parts)


def _tile(p: Product, along: bool, length: int, size: tuple[int, int], at: str,
          wide: int) -> list[str]:  # fmt: skip
    """Write one tile: a block of rows or columns from ``first`` on, by a step of the others."""
    block, step = size
    k, n = p.a.shape[1], p.b.shape[1]
    (a0, a1), (b0, b1) = p.a.steps, p.b.steps
    shape = (step, block) if along else (block, step)
    pairs = [(x, y) for x in range(shape[0]) for y in range(shape[1])]
    lines = [f"c{x}_{y} = all{wide}(float32(0))" for x, y in pairs]
    if along:
        begin, add = ("start, start + ", True) if length < k else ("0, ", False)
        lines.append(f"for k in range({begin}{length}, {wide}):")
        lines += [f"    y{y} = load{wide}(pb, (first + {y}) * {b1} + k)" for y in range(block)]
        for x in range(step):
            lines.append(f"    x = load{wide}(pa, ({at} + {x}) * {a0} + k)")
            lines += [f"    c{x}_{y} = fma{wide}(x, y{y}, c{x}_{y})" for y in range(block)]
        if block == 4:
            for x in range(step):
                total = f"sums{wide}({', '.join(f'c{x}_{y}' for y in range(4))})"
                target = f"pc, ({at} + {x}) * {n} + first"
                if add:
                    total = f"fma4(all4(float32(1)), {total}, load4({target}))"
                lines.append(f"store4({target}, {total})")
            return lines
        for x, y in pairs:
            target = f"pc[({at} + {x}) * {n} + first + {y}]"
            lines.append(f"{target} = {f'{target} + ' if add else ''}sum{wide}(c{x}_{y})")
        return lines
    lines.append(f"for k in range({k}):")
    lines += [f"    y{y} = load{wide}(pb, k * {b0} + ({at} + {y}) * {wide})" for y in range(step)]
    for x in range(block):
        lines.append(f"    x = all{wide}(pa[(first + {x}) * {a0} + k * {a1}])")
        lines += [f"    c{x}_{y} = fma{wide}(x, y{y}, c{x}_{y})" for y in range(step)]
    return lines + [
        f"store{wide}(pc, (first + {x}) * {n} + ({at} + {y}) * {wide}, c{x}_{y})" for x, y in pairs
    ]
