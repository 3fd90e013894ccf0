"""Convolutions along lines: where planes lie, and the products of filters with shifted lines.

A plane with its padding is one long line in memory. All outputs of a channel then are sums over
the same line, shifted by a number that hangs on the kernel's position alone:
y[o, q] = Σ_r w[o, r] x[shift_r + q]. So windows are never copied. Outputs that would begin in one
row and end in the next are computed too, and dropped.

With a stride s each plane is laid out in s × s phases (every s-th element), in which neighbouring
outputs read neighbours again. The adjoint in x is a sum along lines too, one for each phase of x:
of the gradient, with zeros between its rows, and of the filters turned.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..passes.places import contiguous
from .vectors import lanes, registers, whole_vectors

__all__ = ["Planes", "Tile", "multiply", "tile_of"]

Shape = tuple[int, ...]


def _at(place: Sequence[int], steps: Sequence[int]) -> int:
    return sum(i * step for i, step in zip(place, steps, strict=True))


@dataclass
class Planes:
    """The extents of a convolution, and where its planes lie.

    Attributes
    ----------
    count, groups : int
        Of samples, and of groups of channels.
    inner, outer : int
        Channels of x and of y in a group.
    """

    count: int
    groups: int
    inner: int
    outer: int
    size: Shape
    out: Shape
    kernel: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    kind: str

    def __post_init__(self) -> None:
        rows = zip(
            self.size, self.out, self.kernel, self.stride, self.padding, self.dilation, strict=True
        )
        #: How many rows, … a phase of a plane has: all windows' elements, and all of x.
        self.extent: Shape = tuple(
            max(m + (k - 1) * d // s, (n + p - 1) // s + 1) for n, m, k, s, p, d in rows
        )
        self.plane: int = math.prod(self.extent)
        self.steps = contiguous(self.extent)
        self.line = _at([m - 1 for m in self.out], self.steps) + 1
        self.phases = list(itertools.product(*map(range, self.stride)))

    @property
    def nanoseconds(self) -> float:
        """Estimate how long all products take."""
        taps = math.prod(self.kernel)
        return self.count * self.groups * self.inner * self.outer * taps * self.line / 60

    @property
    def positions(self) -> list[Shape]:
        """The places in the kernel, in order."""
        return list(itertools.product(*map(range, self.kernel)))

    def shift(self, position: Shape) -> tuple[int, int]:
        """Return the phase that a kernel position reads, and how far it is shifted there."""
        reach = [k * d for k, d in zip(position, self.dilation, strict=True)]
        phase = tuple(r % s for r, s in zip(reach, self.stride, strict=True))
        moved = [r // s for r, s in zip(reach, self.stride, strict=True)]
        return self.phases.index(phase), _at(moved, self.steps)

    @property
    def margin(self) -> int:
        """The farthest shift."""
        return max(self.shift(p)[1] for p in self.positions)

    def inside(self, phase: Shape) -> list[tuple[int, int]]:
        """Return, along each axis, which rows of a phase hold elements of x."""
        return [
            (max(-((a - p) // s), 0), (n - 1 + p - a) // s + 1)
            for n, a, s, p in zip(self.size, phase, self.stride, self.padding, strict=True)
        ]

    def empty(self, phase: Shape) -> bool:
        """Whether no element of x lies in a phase."""
        return any(a >= b for a, b in self.inside(phase))

    def reach(self, phase: Shape) -> tuple[int, int]:
        """Return where in a phase the elements of x begin, and how long the line to the last is."""
        ranges = self.inside(phase)
        first, last = (_at([r[i] - i for r in ranges], self.steps) for i in (0, 1))
        return first, last - first + 1

    # ------------------------------------------------------------------------------- copies

    def _nest(self, ranges: list[tuple[int, int]], pad: str) -> tuple[list[str], str]:
        lines = []
        for k, (begin, end) in enumerate(ranges):
            lines.append(f"{pad}for i{k} in range({begin}, {end}):")
            pad += "    "
        return lines, pad

    def _place(self, scale: Sequence[int], steps: Sequence[int], start: int) -> str:
        terms = [f"i{k} * {s * t}" for k, (s, t) in enumerate(zip(scale, steps, strict=True))]
        return " + ".join([*terms, f"({start})"] if start else terms)

    def x_element(self, phase: Shape) -> str:
        """Write where in a channel of x the element at i0, i1, … of a phase lies."""
        steps = contiguous(self.size)
        start = [a - p for a, p in zip(phase, self.padding, strict=True)]
        return self._place(self.stride, steps, _at(start, steps))

    def lay_x(self, source: str, target: str, begin: str) -> list[str]:
        """Copy a sample's planes into their phases. What is around them has to be 0 already."""
        lines = [f"for c in range({self.groups * self.inner}):"]
        for f, phase in enumerate(self.phases):
            if self.empty(phase):
                continue
            nest, pad, to, at = self.elements(phase)
            to = f"{begin}(c * {len(self.phases)} + {f}) * {self.plane} + {to}"
            x = f"{source}[first + c * {math.prod(self.size)} + {at}]"
            lines += [*("    " + line for line in nest), f"    {pad}{target}[{to}] = {x}"]
        return lines

    def lay_y(self, source: str, target: str, begin: str) -> list[str]:
        """Copy a sample's outputs into lines. What is between them has to be 0 already."""
        nest, pad, to, at = self.outputs()
        y = f"{source}[ahead + c * {math.prod(self.out)} + {at}]"
        return [
            f"for c in range({self.groups * self.outer}):",
            *("    " + line for line in nest),
            f"    {pad}{target}[{begin}c * {self.apart} + {to}] = {y}",
        ]

    def outputs(self) -> tuple[list[str], str, str, str]:
        """Begin loops over outputs; give their indent, and where they are in a line and in y."""
        nest, pad = self._nest([(0, m) for m in self.out], "")
        ones, steps = (1,) * len(self.out), contiguous(self.out)
        return nest, pad, self._place(ones, self.steps, 0), self._place(ones, steps, 0)

    def elements(self, phase: Shape) -> tuple[list[str], str, str, str]:
        """Begin loops over a phase of x; give their indent, and where they are in it and in x."""
        nest, pad = self._nest(self.inside(phase), "")
        ones = (1,) * len(self.out)
        return nest, pad, self._place(ones, self.steps, 0), self.x_element(phase)

    @property
    def apart(self) -> int:
        """How far two lines of outputs are apart: whole vectors, so that each begins one."""
        return whole_vectors(self.plane, self.kind)

    @property
    def x_size(self) -> int:
        """Elements of a sample of x in phases."""
        return self.groups * self.inner * len(self.phases) * self.plane

    @property
    def y_size(self) -> int:
        """Elements of a sample of y in lines."""
        return self.groups * self.outer * self.apart


@dataclass
class Tile:
    """Which sums are in work at a time: of some channels, over some vectors of a line."""

    channels: int
    blocks: int  # of so many channels
    vectors: int
    length: int  # of the line
    kind: str

    @property
    def pitch(self) -> int:
        """How far apart the sums of two channels lie."""
        return whole_vectors(self.length, self.kind)


def tile_of(channels: int, length: int, kind: str) -> Tile:
    """Choose the tile with the fewest products; of those, the one with the fewest loads."""
    found = []
    vectors_in_all = -(-length // lanes(kind))
    for vectors in range(1, min(8, vectors_in_all) + 1):
        blocks = -(-channels // max(registers(kind) // vectors, 1))
        rows = -(-channels // blocks)
        # Of vectors that begin anywhere, each takes two loads; and a sum waits 4 cycles for itself.
        cycles = max(rows * vectors, rows + 2 * vectors, 8)
        found.append((blocks * cycles * -(-vectors_in_all // vectors), vectors, rows, blocks))
    _, vectors, rows, blocks = min(found)
    return Tile(rows, blocks, vectors, length, kind)


def multiply(tile: Tile, rows: int, table: str, begin: int, line: str, filters: str,
             sums: str) -> list[str]:  # fmt: skip
    """Write the sums of one block of channels along the whole line.

    `table` names the shifts of the rows from `begin` on; `filters` has, row by row from `place` on,
    the numbers of this block's channels; at `start` the line begins, at `mine` the sums do.
    """
    wide, kind = lanes(tile.kind), tile.kind

    def piece(vectors: int, at: str, pad: str) -> list[str]:
        pairs = [(i, v) for i in range(tile.channels) for v in range(vectors)]
        made = [f"s{i}_{v} = all{wide}({kind}(0))" for i, v in pairs]
        made += [f"for r in range({rows}):", f"    k = {table}[{begin} + r] + start + {at}"]
        made += [f"    x{v} = load{wide}({line}, k + {v * wide})" for v in range(vectors)]
        for i in range(tile.channels):
            made.append(f"    f = all{wide}({filters}[place + r * {tile.channels} + {i}])")
            made += [f"    s{i}_{v} = fma{wide}(f, x{v}, s{i}_{v})" for v in range(vectors)]
        made += [
            f"store{wide}({sums}, mine + {at} + {i * tile.pitch + v * wide}, s{i}_{v})"
            for i, v in pairs
        ]
        return [pad + x for x in made]

    whole, rest = divmod(tile.pitch // wide, tile.vectors)
    lines: list[str] = []
    if whole:
        lines += [f"for t in range({whole}):", f"    q = t * {tile.vectors * wide}"]
        lines += piece(tile.vectors, "q", "    ")
    if rest:
        lines += piece(rest, str(whole * tile.vectors * wide), "")
    return lines
