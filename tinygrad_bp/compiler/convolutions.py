"""Kernels for convolutions in planes: windows side by side, and one product a sample.

The windows of one sample stay in the cache until they are multiplied. The adjoint adds each line of
them back there. Padding is laid around a sample in memory of its own, so that no window has to ask.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..rules import conv
from .moves import MOVES, Written, fill
from .places import Place, contiguous
from .program import Call, Value

__all__: list[str] = []


@dataclass
class _Form:
    """The extents of a convolution: of samples, channels, planes and the kernel."""

    count: int
    inner: int
    outer: int
    plane: tuple[int, int]
    out: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    kind: str

    @property
    def rows(self) -> int:
        return self.inner * math.prod(self.kernel)

    @property
    def line(self) -> int:
        return math.prod(self.out)

    @property
    def wide(self) -> tuple[int, int]:
        """The plane with its padding."""
        (h, w), (p, q) = self.plane, self.padding
        return h + 2 * p, w + 2 * q

    @property
    def whole(self) -> int:
        """Elements of a sample."""
        return self.inner * math.prod(self.plane)

    def gemm(self, turn_a: int, turn_b: int, m: int, n: int, k: int, a: str, b: str, beta: int,
             c: str) -> str:  # fmt: skip
        """Write a product of matrices without gaps."""
        name, slot = ("sgemm", 1) if self.kind == "float32" else ("dgemm", 2)
        lda, ldb = m if turn_a else k, k if turn_b else n
        return (
            f"{name}(table[{slot}], {turn_a}, {turn_b}, {m}, {n}, {k}, {a}, {lda}, {b}, {ldb}, "
            f"{self.kind}({beta}), {c}, {n})"
        )

    def windows(self, image: str, columns: str, back: bool) -> list[str]:
        """Copy all windows of a sample side by side; or add them back."""
        (h, w), (kh, kw), (oh, ow) = self.wide, self.kernel, self.out
        (s, t), (d, e) = self.stride, self.dilation
        row = f"((c * {kh} + u) * {kw} + v) * {self.line} + i * {ow} + j"
        element = f"(c * {h} + i * {s} + u * {d}) * {w} + j * {t} + v * {e}"
        base = "first + " if not any(self.padding) else ""
        x, y = f"{image}[{base}{element}]", f"{columns}[{row}]"
        return [
            f"    for c in range({self.inner}):",
            f"        for u in range({kh}):",
            f"            for v in range({kw}):",
            f"                for i in range({oh}):",
            f"                    for j in range({ow}):",
            f"                        {f'{x} = {x} + {y}' if back else f'{y} = {x}'}",
        ]

    def bordered(self, image: str, padded: str, back: bool) -> list[str]:
        """Copy a sample into its padding; or back."""
        (h, w), (p, q) = self.plane, self.padding
        inside = f"{padded}[(c * {self.wide[0]} + i + {p}) * {self.wide[1]} + j + {q}]"
        plain = f"{image}[first + (c * {h} + i) * {w} + j]"
        return [
            f"    for c in range({self.inner}):",
            f"        for i in range({h}):",
            f"            for j in range({w}):",
            f"                {f'{plain} = {inside}' if back else f'{inside} = {plain}'}",
        ]


def _form(x: Any, y: Any, kernel: Any, attrs: dict[str, Any], char: str) -> _Form | None:
    if len(kernel) != 2 or attrs["groups"] != 1 or char not in "fd":
        return None
    kind = "float32" if char == "f" else "float64"
    return _Form(x[0], x[1], y[1], x[2:], y[2:], tuple(kernel), tuple(attrs["stride"]),
                 tuple(attrs["padding"]), tuple(attrs["dilation"]), kind)  # fmt: skip


def _fits(places: dict[Value, Place], *values: Value) -> bool:
    char = values[0].dtype.char
    return all(
        v.dtype.char == char and places[v].strides == contiguous(v.shape) and not places[v].offset
        for v in values
    )


def _unfold(w: Written, form: _Form, image: str, like: Value) -> tuple[list[str], str]:
    """Write what lays the windows of sample `n` side by side; name the pointer to them."""
    columns = w.table((form.rows, form.line), like)
    lines = []
    if any(form.padding):
        size = form.inner * math.prod(form.wide)
        padded = w.table((size,), like)
        w.lines += fill(padded, size, "0")
        lines += form.bordered(image, padded, back=False)
        image = padded
    return lines + form.windows(image, columns, back=False), columns


def _forward(call: Call, places: dict[Value, Place]) -> Written | None:
    x, weight, *rest = call.args
    form = _form(x.shape, call.out.shape, weight.shape[2:], call.attrs, x.dtype.char)
    if form is None or not _fits(places, *call.operands) or call.attrs.get("size"):
        return None
    w = Written(blas=True)
    image, filters = w.pointer(places[x].base), w.pointer(places[weight].base)
    out, size = w.pointer(call.out), form.outer * form.line
    lines, columns = _unfold(w, form, image, x)
    product = form.gemm(0, 0, form.outer, form.line, form.rows, filters, columns, 0,
                        f"at({out}, n * {size})")  # fmt: skip
    w.lines += [f"for n in range({form.count}):", f"    first = n * {form.whole}", *lines,
                f"    {product}"]  # fmt: skip
    if rest:
        bias = w.pointer(places[rest[0]].base)
        place = f"{out}[n * {size} + o * {form.line} + i]"
        w.lines += [
            f"    for o in range({form.outer}):",
            f"        for i in range({form.line}):",
            f"            {place} = {place} + {bias}[o]",
        ]
    return w


def _to_weight(call: Call, places: dict[Value, Place]) -> Written | None:
    x, y = call.args
    form = _form(x.shape, y.shape, call.attrs["kernel"], call.attrs, x.dtype.char)
    if form is None or not _fits(places, x, y):
        return None
    w = Written(blas=True)
    image, given, out = w.pointer(places[x].base), w.pointer(places[y].base), w.pointer(call.out)
    w.lines += fill(out, form.outer * form.rows, "0")
    lines, columns = _unfold(w, form, image, x)
    product = form.gemm(0, 1, form.outer, form.rows, form.line,
                        f"at({given}, n * {form.outer * form.line})", columns, 1, out)  # fmt: skip
    w.lines += [f"for n in range({form.count}):", f"    first = n * {form.whole}", *lines,
                f"    {product}"]  # fmt: skip
    return w


def _back(call: Call, places: dict[Value, Place]) -> Written | None:
    y, weight = call.args
    form = _form(call.out.shape, y.shape, weight.shape[2:], call.attrs, y.dtype.char)
    if form is None or not _fits(places, y, weight):
        return None
    w = Written(blas=True)
    given, filters, out = (w.pointer(places[v].base if v in places else v)
                           for v in (y, weight, call.out))  # fmt: skip
    columns = w.table((form.rows, form.line), y)
    product = form.gemm(1, 0, form.rows, form.line, form.outer, filters,
                        f"at({given}, n * {form.outer * form.line})", 0, columns)  # fmt: skip
    w.lines += [f"for n in range({form.count}):", f"    first = n * {form.whole}",
                f"    {product}"]  # fmt: skip
    if not any(form.padding):
        w.lines += [
            f"    for i in range({form.whole}):", f"        {out}[first + i] = 0",
            *form.windows(out, columns, back=True),
        ]  # fmt: skip
        return w
    size = form.inner * math.prod(form.wide)
    padded = w.table((size,), y)
    w.lines += fill(padded, size, "0", "    ")
    w.lines += form.windows(padded, columns, back=True)
    w.lines += form.bordered(out, padded, back=True)
    return w


MOVES[conv.conv] = MOVES[conv.conv_bias] = _forward
MOVES[conv.conv_weight] = _to_weight
MOVES[conv.conv_transpose] = _back
