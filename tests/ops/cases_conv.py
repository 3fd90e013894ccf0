"""Cases of `rules.conv`: references that multiply number by number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.ops.case import Array, Case, Numbers
from tinygrad_bp.rules import conv as ops

draw = Numbers(21)

Shape = tuple[int, ...]


def terms(x: Shape, y: Shape, w: Shape, how: dict[str, Any]) -> Iterator[Any]:
    """Yield the places (in x, in y, in w) that are multiplied with one another."""
    groups = how["groups"]
    for n, o, *p in np.ndindex(*y):
        for c, *k in np.ndindex(*w[1:]):
            at = [
                s * i + d * j - e
                for s, i, d, j, e in zip(
                    how["stride"], p, how["dilation"], k, how["padding"], strict=True
                )
            ]
            if all(0 <= a < m for a, m in zip(at, x[2:], strict=True)):
                channel = o // (y[1] // groups) * w[1] + c
                yield (n, channel, *at), (n, o, *p), (o, c, *k)


def conv(x: Array, w: Array, bias: Any = None, *, size: Any = None, **how: Any) -> Array:
    lengths = size or tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(
            x.shape[2:], w.shape[2:], how["stride"], how["padding"], how["dilation"], strict=True
        )
    )
    y = np.zeros((len(x), len(w), *lengths))
    for at, to, by in terms(x.shape, y.shape, w.shape, how):
        y[to] += x[at] * w[by]
    if bias is not None:
        for o in range(len(w)):
            y[:, o] += bias[o]
    return y


def conv_transpose(y: Array, w: Array, *, size: Shape, **how: Any) -> Array:
    x = np.zeros((len(y), w.shape[1] * how["groups"], *size))
    for to, at, by in terms(x.shape, y.shape, w.shape, how):
        x[to] += y[at] * w[by]
    return x


def conv_weight(x: Array, y: Array, *, kernel: Shape, **how: Any) -> Array:
    w = np.zeros((y.shape[1], x.shape[1] // how["groups"], *kernel))
    for at, by, to in terms(x.shape, y.shape, w.shape, how):
        w[to] += x[at] * y[by]
    return w


def im2col(x: Array, *, kernel: Shape, **how: Any) -> Array:
    # A convolution with kernels that pick one element each.
    channels, count = x.shape[1], int(np.prod(kernel))
    picks = np.zeros((channels * count, channels, *kernel))
    for i, (c, *k) in enumerate(np.ndindex(channels, *kernel)):
        picks[(i, c, *k)] = 1
    picked = conv(x, picks, groups=1, **how)
    return picked.reshape(len(x), channels * count, -1)


def col2im(x: Array, *, size: Shape, kernel: Shape, **how: Any) -> Array:
    channels = x.shape[1] // int(np.prod(kernel))
    numbers = np.arange(1.0, channels * np.prod(size) + 1).reshape(1, channels, *size)
    sources = im2col(numbers, kernel=kernel, **how)[0]
    out = np.zeros((len(x), numbers.size))
    for row, column in np.ndindex(*sources.shape):
        if sources[row, column]:
            out[:, int(sources[row, column]) - 1] += x[:, row, column]
    return out.reshape(len(x), channels, *size)


def how(rank: int, stride: int = 1, padding: int = 0, dilation: int = 1,
        groups: int = 1) -> dict[str, Any]:  # fmt: skip
    return {
        "stride": (stride,) * rank, "padding": (padding,) * rank, "dilation": (dilation,) * rank,
        "groups": groups,
    }  # fmt: skip


#: (shape of x, shape of w, stride, padding, dilation, groups): every path of the computation.
KINDS: list[tuple[Shape, Shape, Any]] = [
    ((2, 2, 6), (3, 2, 3), how(1)),
    ((2, 2, 7), (2, 1, 2), how(1, 2, 1, 2, 2)),
    ((2, 2, 5, 4), (3, 2, 2, 3), how(2)),
    ((2, 2, 4, 4), (3, 2, 3, 3), how(2, padding=1)),
    ((2, 2, 5, 6), (2, 2, 2, 2), how(2, 2, 1)),
    ((1, 2, 6, 5), (2, 2, 2, 2), how(2, dilation=2)),
    ((2, 4, 3, 4), (4, 2, 2, 2), how(2, groups=2)),
    ((2, 3, 4, 4), (6, 1, 3, 3), how(2, padding=1, groups=3)),
    ((2, 3, 3, 3), (2, 3, 1, 1), how(2)),
    ((2, 4, 3, 3), (4, 2, 1, 1), how(2, groups=2)),
    ((2, 1, 2, 2), (2, 1, 2, 2), how(2)),
    ((1, 2, 3, 3, 3), (2, 2, 2, 2, 2), how(3)),
    ((1, 1, 3, 4, 3), (2, 1, 2, 2, 2), how(3, 2, 1)),
]

CASES: list[Case] = []
for shape, weight, attrs in KINDS:
    x, w = draw(*shape), draw(*weight)
    y = draw(*conv(x, w, **attrs).shape)
    CASES += [
        Case(ops.conv, (x, w), conv, attrs),
        Case(ops.conv_bias, (x, w, draw(weight[0])), conv, attrs),
        Case(ops.conv_transpose, (y, w), conv_transpose, {"size": shape[2:], **attrs}),
        Case(ops.conv_weight, (x, y), conv_weight, {"kernel": weight[2:], **attrs}),
    ]
for shape in ((2, 3, 4, 5), (1, 2, 3), (2, 1, 2, 3, 2)):
    over = (0, *range(2, len(shape)))
    CASES.append(Case(ops.channel_sums, (draw(*shape),), lambda x, over=over: x.sum(axis=over)))
CASES += [
    # Fewer windows than would fit: what the adjoint of an output padding asks for.
    Case(ops.conv, (draw(1, 2, 5, 5), draw(2, 2, 2, 2)), conv, {**how(2), "size": (3, 4)}),
    Case(ops.conv, (draw(0, 2, 5, 5), draw(2, 2, 2, 2)), conv, how(2), note="no sample"),
]
for kernel, attrs in (((2, 2), how(2)), ((2, 3), how(2, 2, 1)), ((2, 2), how(2, 1, 1, 2))):
    windows = {name: value for name, value in attrs.items() if name != "groups"}
    x = draw(2, 2, 4, 5)
    CASES += [
        Case(ops.im2col, (x,), im2col, {"kernel": kernel, **windows}),
        Case(
            ops.col2im, (draw(*im2col(x, kernel=kernel, **windows).shape),), col2im,
            {"size": (4, 5), "kernel": kernel, **windows},
        ),
    ]  # fmt: skip
