"""Products of large matrices in kernels of our own: panels in the cache, tiles in registers.

As in BLAS (Goto and van de Geijn, 2008) the second matrix is copied into *panels*: some vectors'
width of its columns, row after row, so that what a tile reads is one stream. A tile of sums stays
in registers over all that is summed up; some rows of the first matrix stay in the first cache, and
the panels in the second one. The first matrix is copied only where its columns lie side by side.

OpenBLAS always copies it, adds to the result piece by piece, and sets it to zero before that: for
the products of layers, of some hundred rows, columns and summands, all of this takes a third of its
time.
"""

from __future__ import annotations

import math

from .products import Kernel, Product
from .shares import cores, parts_for
from .vectors import lanes, registers

__all__ = ["packed_kernel"]

_RATE = 80  # multiplications in a nanosecond

#: Elements of the panels that are in work at a time: half of the second cache.
_CACHED = 1 << 17

#: Rows of the first matrix that are copied at a time where they lie as columns: a whole line of the
#: cache and more is read of each, and a page of memory is looked up once for all of them.
_TALL = 64


class _Panels:
    """The text of one product.

    Attributes
    ----------
    rows, width : int
        Of a tile.
    whole, panels : int
        Panels of this width, and with the one that has fewer columns.
    tall : int
        Rows of A that are multiplied by all panels before the next.
    by_rows : bool
        Whether threads share the rows of the result, or its columns. Of a stack they share the
        matrices.
    """

    def __init__(self, p: Product) -> None:
        (self.m, self.k), self.n = p.a.shape, p.b.shape[1]
        self.a, self.b, self.biased = p.a.steps, p.b.steps, p.bias is not None
        self.wide = lanes("float32")
        self.turned = self.a[1] != 1
        self.rows, vectors = self._tile()
        self.width = vectors * self.wide
        self.whole, self.rest = divmod(self.n, self.width)
        self.panels = self.whole + (self.rest > 0)
        self.tall = _TALL // self.rows * self.rows if self.turned else self.rows
        # What each thread wrote is in its own cache: loops go by rows, and an optimizer's over
        # weights follows the product of their gradient. To divide the longer side packs less twice.
        self.by_rows = self.m >= self.n
        self.stack = [(i, extent) for i, extent in enumerate(p.stack) if extent > 1]
        self.steps = {x: getattr(p, x).stack for x in "abc"}
        self.extent = -(-self.m // self.tall) if self.by_rows else self.panels
        if self.stack:
            self.extent = self.stack[0][1]
        most = parts_for(math.prod(p.stack) * self.m * self.k * self.n / _RATE, self.extent)
        self.parts = min(most, cores())  # each has memory for itself
        self.divided = self.parts > 1 and not self.stack
        # All of a few rows stay in the cache, too: they can be read again for each panel.
        cached = _CACHED if self.by_rows or self.m * self.k > _CACHED // 2 else 0
        self.group = max(min(cached // (self.k * self.width), self.panels), 1)
        # Elements that a part has for itself: rows of A, and from `first` on panels.
        self.first = self.k * self.tall * self.turned
        self.own = self.first + self.k * self.width * self.group
        self.size = self.own * self.parts

    def _tile(self) -> tuple[int, int]:
        """Return the rows of a tile, and its columns in vectors: as many sums as registers for."""
        most, vectors = registers("float32"), self.n // self.wide
        if most < 24:
            return 6, min(2, vectors)
        counts = (3, 2) if self.turned else (4, 3, 2)
        count = next((c for c in counts if vectors % c == 0), min(3, vectors))
        return 8 if self.turned else most // count, count  # eight are copied at once

    def text(self) -> str:
        """Write the body."""
        begin, end = (0, self.panels) if self.by_rows or not self.divided else ("lo", "hi")
        lines = [
            f"for g in range({begin}, {end}, {self.group}):",
            f"    until = smaller(g + {self.group}, {end})",
            *(f"    {line}" for line in (*self.pack(), *self.multiply())),
        ]
        if self.stack:
            lines = self.over(lines)
        own = f"part * {self.own}" if self.parts > 1 else "0"
        return "\n".join("    " + line for line in (f"own = {own}", *lines))

    def over(self, lines: list[str]) -> list[str]:
        """Do this for all matrices of a stack, or for those of this part."""
        found: list[str] = []
        pad = ""
        for i, extent in self.stack:
            bounds = "lo, hi" if self.parts > 1 and not found else str(extent)
            found.append(f"{pad}for s{i} in range({bounds}):")
            pad += "    "
        for x, steps in self.steps.items():
            terms = [f"s{i} * {steps[i]}" for i, _ in self.stack]
            found.append(f"{pad}{x}_at = {' + '.join(terms)}")
        return found + [pad + line for line in lines]

    def at(self, matrix: str) -> str:
        """Write where a matrix of a stack begins, to be added to an index."""
        return f"{matrix}_at + " if self.stack else ""

    def each(self) -> list[tuple[list[str], int]]:
        """Begin loops over the panels of a group; give each with the width of its panels.

        In them `column` is where a panel begins in B, `to` where it begins in memory.
        """
        inside = [
            f"    to = own + {self.first} + (q - g) * {self.k * self.width}",
            f"    column = q * {self.width}",
        ]
        loops = []
        if self.whole:
            loops.append(([f"for q in range(g, smaller(until, {self.whole})):", *inside],
                          self.width))  # fmt: skip
        if self.rest:
            loops.append(([f"for q in range(larger(g, {self.whole}), until):", *inside], self.rest))
        return loops

    def pack(self) -> list[str]:
        """Copy columns of B into panels."""
        lines, (down, right), wide = [], self.b, self.wide
        for loop, width in self.each():
            lines += loop
            pieces = range(0, width, wide)
            if right == 1:
                lines.append(f"    for i in range({self.k}):")
                lines += [
                    f"        store{wide}(pt, to + i * {width} + {v}, "
                    f"load{wide}(pb, {self.at('b')}i * {down} + column + {v}))" for v in pieces
                ]  # fmt: skip
            else:
                lines.append(f"    for i in range(0, {self.k}, {wide}):")
                lines += [
                    f"        turn{wide}(pt, to + i * {width} + {v}, {width}, "
                    f"pb, {self.at('b')}(column + {v}) * {right} + i, {right})" for v in pieces
                ]  # fmt: skip
        return lines

    def multiply(self) -> list[str]:
        """Multiply rows by the panels of a group: all rows, or those of this part."""
        lines = []
        whole, last = divmod(self.m, self.tall)
        for rows, low, high in ((self.tall, 0, whole), (last, whole, whole + 1)):
            if rows and low < high:
                bounds = f"{low}, {high}"
                if self.by_rows and self.divided:
                    bounds = f"larger(lo, {low}), smaller(hi, {high})"
                lines.append(f"for b in range({bounds}):")
                lines += [f"    {line}" for line in self.block(rows)]
        return lines

    def block(self, rows: int) -> list[str]:
        """Multiply some rows by the panels, a tile after the other."""
        lines = [f"top = b * {self.tall}", *(self.copy(rows) if self.turned else ())]
        whole, last = divmod(rows, self.rows)
        for size, low, high in ((self.rows, 0, whole), (last, whole, whole + 1)):
            if size and low < high:
                lines += [
                    f"for r in range({low}, {high}):",
                    f"    first = top + r * {self.rows}",
                    f"    mine = own + r * {self.rows * self.k}",
                ]
                for loop, width in self.each():
                    tile = [f"    {line}" for line in self.tile(size, width)]
                    lines += [f"    {line}" for line in (*loop, *tile)]
        return lines

    def copy(self, rows: int) -> list[str]:
        """Copy rows of A, which lie as columns, so that those of a tile are side by side."""
        lines = [f"for i in range({self.k}):"]
        for r in range(0, rows, self.rows):
            to = f"own + {r * self.k} + i * {self.rows}"
            x = f"{self.at('a')}top + {r} + i * {self.a[1]}"
            if r + self.rows <= rows and self.rows == 8:
                lines.append(f"    store8(pt, {to}, load8(pa, {x}))")
            else:
                one = range(min(self.rows, rows - r))
                lines += [f"    pt[{to} + {j}] = pa[{x} + {j}]" for j in one]
        return lines

    def tile(self, rows: int, width: int) -> list[str]:
        """Write one tile."""
        wide = self.wide
        pieces = range(0, width, wide)
        cells = [(r, v) for r in range(rows) for v in pieces]
        start = f"all{wide}(float32(0))"
        if self.biased:
            start = f"load{wide}(ps, column + {{}})"
        lines = [f"c{r}_{v} = {start.format(v)}" for r, v in cells]
        lines.append(f"for i in range({self.k}):")
        lines += [f"    y{v} = load{wide}(pt, to + i * {width} + {v})" for v in pieces]
        for r in range(rows):
            x = f"pt[mine + i * {self.rows} + {r}]"
            if not self.turned:
                x = f"pa[{self.at('a')}(first + {r}) * {self.a[0]} + i]"
            lines.append(f"    x = all{wide}({x})")
            lines += [f"    c{r}_{v} = fma{wide}(x, y{v}, c{r}_{v})" for v in pieces]
        return lines + [
            f"store{wide}(pc, {self.at('c')}(first + {r}) * {self.n} + column + {v}, c{r}_{v})"
            for r, v in cells
        ]


def packed_kernel(p: Product) -> Kernel:
    """Write a product by panels, which lie in the kernel's own memory."""
    k = _Panels(p)
    return Kernel(k.text(), k.extent, -k.parts if k.parts > 1 else 1, k.size)
