"""Calls of the public functions, written once: `m` is tinygrad_bp, or PyTorch.

What both return has to be equal, in value,
    dtype and gradient (the peers group); and the gradient has
to be the difference quotient, where there is one (`smooth`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.ops.case import Numbers

draw = Numbers(5)
A, B, C = draw(2, 3), draw(3, 4), draw(2, 3, 4)
V, W, S = draw(5), draw(3), draw()
P = draw.positive(2, 3)
M, N = draw(3, 3), draw(2, 3)
TIED = np.array([[1.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0], [-1.0, 0.0, 0.0, -1.0]])
ZEROS = np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 1.0], [1.0, -2.0, 0.5]])
FLAT = np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]])
I23 = np.array([[0, 2, 1], [1, 1, 0]])
MASK = np.array([[True, False, True], [False, True, True]])
INF = float("inf")


@dataclass(frozen=True)
class Call:
    name: str
    run: Callable[..., Any]
    arrays: tuple[Any, ...]
    smooth: bool = True

    def __str__(self) -> str:
        return self.name


CALLS: list[Call] = []


def call(name: str, run: Callable[..., Any], *arrays: Any, smooth: bool = True) -> None:
    CALLS.append(Call(name, run, arrays, smooth))


for name in ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "sin",
    "cos", "tan", "sinh", "cosh", "tanh", "arctan", "atan", "arcsinh", "asinh", "sigmoid", "relu",
    "erf", "square", "reciprocal", "abs", "absolute", "neg", "negative", "positive", "floor",
    "ceil", "trunc", "round", "sign", "clone"]:  # fmt: skip
    call(name, lambda m, x, f=name: getattr(m, f)(x), P)
for name in ("arcsin", "asin", "arccos", "acos", "arctanh", "atanh"):
    call(name, lambda m, x, f=name: getattr(m, f)(x), P / 3)
for name in ("arccosh", "acosh"):
    call(name, lambda m, x, f=name: getattr(m, f)(x), P + 1)
for name in ["add", "sub", "subtract", "mul", "multiply", "div", "divide", "true_divide",
    "remainder", "fmod", "maximum", "minimum", "hypot", "logaddexp", "atan2", "arctan2",
    "pow"]:  # fmt: skip
    call(name, lambda m, x, y, f=name: getattr(m, f)(x, y), P, draw.positive(3))
    if name not in ("maximum", "minimum", "hypot", "logaddexp", "atan2", "arctan2"):
        call(f"{name} number", lambda m, x, f=name: getattr(m, f)(x, 3), P)
call("add alpha", lambda m, x, y: m.add(x, y, alpha=2.5), A, W)
call("sub alpha", lambda m, x, y: m.sub(x, y, alpha=2), A, W)
call(
    "operators",
    lambda m, x, y: -(x + y) * y / x - 2 * x + 3 / y - (1 - x) ** 2 + x**3 % 7,
    P,
    W + 3,
)
call("rpow", lambda m, x: 2**x + 2.5**x + 0**x, P)
call("rdiv", lambda m, x: 2 / x + 2.5 / x, P)
for rounding in ("floor", "trunc"):
    call(
        f"div {rounding}",
        lambda m, x, y, r=rounding: m.div(x, y, rounding_mode=r),
        A,
        P,
        smooth=False,
    )
call(
    "pow tensors at zero",
    lambda m, x, y: m.pow(x, y),
    np.array([0.0, 0, 0, 2, -2]),
    np.array([0.0, 1, 2, 0, 2]),
    smooth=False,
)
for exponent in (0, 0.0, 1, 2, 3, 0.5, 2.5, -1, -2):
    call(f"pow {exponent}", lambda m, x, e=exponent: m.pow(x, e), P)
    call(
        f"pow {exponent} at zero",
        lambda m, x, e=exponent: m.pow(x, e),
        np.array([0.0, 1.0]),
        smooth=False,
    )
call("clamp", lambda m, x: m.clamp(x, -0.5, 0.7), A)
call("clamp min", lambda m, x: x.clamp(min=-0.3), A)
call("clamp max", lambda m, x: m.clip(x, max=0.3), A)
call(
    "clamp at bounds",
    lambda m, x: m.clamp(x, -1.0, 1.0),
    np.array([-1.0, 1.0, 2.0, -3.0, 0.0]),
    smooth=False,
)
call("clamp tensors", lambda m, x, a, b: m.clamp(x, a, b), A, W - 1, W + 1)
call("clamp tensor min", lambda m, x, a: m.clamp(x, min=a), A, W)
call("clamp tensor max", lambda m, x, a: m.clamp(x, max=a), A, W)
call(
    "clamp ties",
    lambda m, x, a, b: m.clamp(x, a, b),
    np.array([1.0, 1.0, 1.0, 2.0]),
    np.array([1.0, 0.0, 1.0, 3.0]),
    np.array([2.0, 1.0, 1.0, 1.0]),
    smooth=False,
)
call(
    "maximum ties",
    lambda m, x, y: m.maximum(x, y) + 2 * m.minimum(x, y),
    np.array([1.0, 2.0, 3.0]),
    np.array([1.0, 5.0, 2.0]),
    smooth=False,
)
call("where", lambda m, x, y: m.where(m.tensor(MASK), x, y), A, W)
call("where number", lambda m, x: m.where(m.tensor(MASK), x, 2.0), A)
call("x.where", lambda m, x: x.where(m.tensor(MASK), m.zeros(3, dtype=m.float64)), A)
call("masked_fill", lambda m, x: x.masked_fill(m.tensor(MASK), -INF), A, smooth=False)
call("masked_fill broadcast", lambda m, x: x.masked_fill(m.tensor(MASK), 7.0), W)
call("masked_fill tensor", lambda m, x, v: x.masked_fill(m.tensor(MASK), v), A, S)
call("round decimals", lambda m, x: m.round(x, decimals=1), A, smooth=False)
call("lerp", lambda m, x, y: m.lerp(x, y, 0.3), A, W)
call("lerp tensor", lambda m, x, y, w: m.lerp(x, y, w), A, W, draw.positive(2, 1))
call("addcmul", lambda m, x, y, z: m.addcmul(x, y, z, value=0.5), A, W, N)
call("addcdiv", lambda m, x, y, z: m.addcdiv(x, y, z, value=0.5), A, W, P)
call(
    "kinks",
    lambda m, x: m.abs(x) + m.relu(x) + m.sign(x),
    np.array([0.0, -0.0, 1.0, -1.0]),
    smooth=False,
)
call("sqrt at zero", lambda m, x: m.sqrt(x), np.array([0.0, 1.0]), smooth=False)
call(
    "fmod signs",
    lambda m, x, y: m.fmod(x, y) + m.remainder(x, y),
    np.array([-5.3, 5.3, -5.3, 5.3]),
    np.array([2.0, -2.0, -2.0, 2.0]),
)

for name in ("sum", "mean", "prod", "var", "std", "amax", "amin", "norm"):
    for arguments in ({}, {"dim": 0}, {"dim": -1}, {"dim": 1, "keepdim": True}):
        call(f"{name} {arguments}", lambda m, x, f=name, a=arguments: getattr(m, f)(x, **a), A)
    if name != "prod":
        call(f"{name} two axes", lambda m, x, f=name: getattr(m, f)(x, dim=(0, -1)), C)
        call(
            f"{name} two axes kept",
            lambda m, x, f=name: getattr(m, f)(x, dim=(-1, 1), keepdim=True),
            C,
        )
    if name not in ("var", "std"):
        call(f"{name} of a number", lambda m, x, f=name: getattr(m, f)(x), S)
        call(f"{name} of a number, axis 0", lambda m, x, f=name: getattr(m, f)(x, dim=0), S)
        call(
            f"{name} of a number, axis -1, kept",
            lambda m, x, f=name: getattr(m, f)(x, dim=-1, keepdim=True),
            S,
        )
for name in ("sum", "mean", "prod", "var", "std"):
    call(
        f"{name} of none",
        lambda m, x, f=name: getattr(m, f)(x),
        np.zeros((0, 3)),
        smooth=name not in ("var", "std"),
    )
    call(
        f"{name} of no rows",
        lambda m, x, f=name: getattr(m, f)(x, dim=0),
        np.zeros((0, 3)),
        smooth=name not in ("var", "std"),
    )
    call(f"{name} of rows of none", lambda m, x, f=name: getattr(m, f)(x, dim=1), np.zeros((0, 3)))
call("sum ()", lambda m, x: m.sum(x, dim=()), A)
call("mean ()", lambda m, x: m.mean(x, dim=()), A)
call("amax ()", lambda m, x: m.amax(x, dim=()), A)
for name in ("var", "std"):
    for correction in (0, 1, 2, 1.5):
        call(
            f"{name} correction {correction}",
            lambda m, x, f=name, c=correction: getattr(m, f)(x, dim=1, correction=c),
            A,
        )
    call(f"{name} biased", lambda m, x, f=name: getattr(m, f)(x, unbiased=False), A)
    call(
        f"{name} biased axis",
        lambda m, x, f=name: getattr(m, f)(x, 1, unbiased=False, keepdim=True),
        A,
    )
    call(f"{name} of one", lambda m, x, f=name: getattr(m, f)(x), S, smooth=False)
    call(f"{name} of equals", lambda m, x, f=name: getattr(m, f)(x, dim=1), FLAT, smooth=False)
for p in ("fro", None, 2, 1, 3, 2.5, INF, -INF, 0, 0.5, -1, -2):
    call(f"norm {p}", lambda m, x, p=p: m.norm(x, p), A)
    call(f"norm {p} axis", lambda m, x, p=p: m.norm(x, p, dim=1), A)
    call(
        f"norm {p} at zero",
        lambda m, x, p=p: m.norm(x, p, dim=1),
        np.array([[0.0, 0, 0], [0, 3, 4]]),
        smooth=False,
    )
call(
    "norm inf ties",
    lambda m, x: m.norm(x, INF, dim=1),
    np.array([[1.0, -1.0], [0.0, 2.0]]),
    smooth=False,
)
call("amax ties", lambda m, x: m.amax(x, 1) + m.amin(x, 1), TIED, smooth=False)
call("max ties whole", lambda m, x: m.max(x), TIED, smooth=False)
call("min ties whole", lambda m, x: m.min(x), TIED, smooth=False)
for name in ("max", "min"):
    call(f"{name}", lambda m, x, f=name: getattr(m, f)(x), A)
    for arguments in ({"dim": 0}, {"dim": -1, "keepdim": True}):
        call(
            f"{name} {arguments}", lambda m, x, f=name, a=arguments: tuple(getattr(m, f)(x, **a)), A
        )
    call(f"{name} ties", lambda m, x, f=name: tuple(getattr(m, f)(x, dim=1)), TIED, smooth=False)
    call(f"{name} of a number", lambda m, x, f=name: tuple(getattr(m, f)(x, dim=0)), S)
    call(f"{name} of two", lambda m, x, y, f=name: getattr(m, f)(x, y), A, W)
for name in ("cummax", "cummin"):
    for axis in (0, -1):
        call(f"{name} {axis}", lambda m, x, f=name, d=axis: tuple(getattr(m, f)(x, d)), A)
        call(
            f"{name} ties {axis}",
            lambda m, x, f=name, d=axis: tuple(getattr(m, f)(x, dim=d)),
            TIED,
            smooth=False,
        )
    call(f"{name} of a number", lambda m, x, f=name: tuple(getattr(m, f)(x, 0)), S)
    call(
        f"{name} nan",
        lambda m, x, f=name: tuple(getattr(m, f)(x, 0)),
        np.array([1.0, np.nan, 2.0, np.nan, 0.0]),
        smooth=False,
    )
for name in ("cumsum", "cumprod"):
    for axis in (0, -1):
        call(f"{name} {axis}", lambda m, x, f=name, d=axis: getattr(m, f)(x, dim=d), A)
    call(f"{name} of a number", lambda m, x, f=name: getattr(m, f)(x, -1), S)
    call(f"{name} of none", lambda m, x, f=name: getattr(m, f)(x, 0), np.zeros((0, 2)))
call("cumprod zeros", lambda m, x: m.cumprod(x, 0) + m.cumprod(x, 1), ZEROS)
call("prod zeros", lambda m, x: m.prod(x, 0) + m.prod(x, 1) + m.prod(x), ZEROS)
for name in ("softmax", "log_softmax", "logsumexp"):
    for axis in (0, -1):
        call(f"{name} {axis}", lambda m, x, f=name, d=axis: getattr(m, f)(x, dim=d), A)
    call(f"{name} of a number", lambda m, x, f=name: getattr(m, f)(x, 0), S)
call("softmax -inf", lambda m, x: m.softmax(x, 1), np.array([[-INF, 0.0, 1.0]]), smooth=False)
call("softmax all -inf", lambda m, x: m.softmax(x, 1), np.array([[-INF, -INF]]), smooth=False)
call("logsumexp axes", lambda m, x: m.logsumexp(x, (0, 2), keepdim=True), C)
call(
    "logsumexp infinite",
    lambda m, x: m.logsumexp(x, 1),
    np.array([[-INF, 1.0], [INF, 1.0], [INF, INF]]),
    smooth=False,
)
call("logsumexp of none", lambda m, x: m.logsumexp(x, 0), np.zeros((0, 2)))
for largest in (True, False):
    call(f"sort {largest}", lambda m, x, d=largest: tuple(m.sort(x, dim=0, descending=d)), A)
    call(
        f"sort ties {largest}",
        lambda m, x, d=largest: tuple(m.sort(x, dim=1, descending=d, stable=True)),
        TIED,
        smooth=False,
    )
    call(f"topk {largest}", lambda m, x, d=largest: tuple(m.topk(x, 2, dim=-1, largest=d)), A)
    call(
        f"argsort {largest}",
        lambda m, x, d=largest: m.argsort(x, dim=1, descending=d, stable=True),
        TIED,
        smooth=False,
    )
call("sort of a number", lambda m, x: tuple(m.sort(x)), S)
call("topk of a number", lambda m, x: tuple(m.topk(x, 1)), S)
call("topk 0", lambda m, x: tuple(m.topk(x, 0)), A)
call(
    "sort nan",
    lambda m, x: tuple(m.sort(x, stable=True)),
    np.array([2.0, np.nan, 1.0]),
    smooth=False,
)
call("median", lambda m, x: m.median(x), A)
call("median axis", lambda m, x: tuple(m.median(x, 1)), A)
call("median axis kept", lambda m, x: tuple(m.median(x, dim=-2, keepdim=True)), draw(4, 3))
for name in ("argmax", "argmin"):
    for arguments in ({}, {"dim": 0}, {"dim": -1, "keepdim": True}):
        call(
            f"{name} {arguments}",
            lambda m, x, f=name, a=arguments: getattr(m, f)(x, **a),
            A,
            smooth=False,
        )
    call(f"{name} of a number", lambda m, x, f=name: getattr(m, f)(x), S, smooth=False)
    call(f"{name} of a number, axis", lambda m, x, f=name: getattr(m, f)(x, dim=0), S, smooth=False)
call("argmax keepdim", lambda m, x: m.argmax(x, dim=1, keepdim=True), A, smooth=False)
for name in ("any", "all"):
    for arguments in ({}, {"dim": 1}, {"dim": (0, 1)}, {"dim": -1, "keepdim": True}):
        call(
            f"{name} {arguments}",
            lambda m, x, f=name, a=arguments: getattr(m, f)(x, **a),
            ZEROS,
            smooth=False,
        )
call(
    "count_nonzero",
    lambda m, x: (m.count_nonzero(x), m.count_nonzero(x, dim=0)),
    ZEROS,
    smooth=False,
)
call(
    "unique",
    lambda m, x: m.unique(x.detach(), return_inverse=True, return_counts=True),
    TIED,
    smooth=False,
)
call("isclose", lambda m, x: m.isclose(x, x + 1e-6), A, smooth=False)

call("reshape", lambda m, x: m.reshape(x, (3, -1)), A)
call("view", lambda m, x: x.view(3, 2), A)
call("flatten", lambda m, x: m.flatten(x, 1), C)
call("flatten middle", lambda m, x: x.flatten(0, -2), C)
call("flatten number", lambda m, x: m.flatten(x), S)
call("unflatten", lambda m, x: m.unflatten(x, -1, (2, -1)), C)
call("squeeze", lambda m, x: m.squeeze(x), draw(1, 2, 1))
call("squeeze axis", lambda m, x: m.squeeze(x, -1), draw(1, 2, 1))
call("squeeze kept", lambda m, x: m.squeeze(x, 1), draw(1, 2, 1))
call("unsqueeze", lambda m, x: m.unsqueeze(x, -1), A)
call("unsqueeze middle", lambda m, x: x.unsqueeze(-2), A)
call("permute", lambda m, x: m.permute(x, (2, 0, -2)), C)
call("transpose", lambda m, x: m.transpose(x, -1, 0), C)
call("t", lambda m, x: m.t(x), A)
call("T", lambda m, x: x.T @ x.mT.T, A)
call("movedim", lambda m, x: m.movedim(x, (0, -1), (-1, 0)), C)
call("expand", lambda m, x: x.expand(4, -1, 3), draw(2, 1))
call("broadcast_to", lambda m, x: m.broadcast_to(x, (2, 2, 3)), A)
call("expand_as", lambda m, x, y: x.expand_as(y) * y, W, A)
call("cat", lambda m, x, y: m.cat([x, y, x], dim=-1), A, draw(2, 1))
call("cat legacy empty", lambda m, x: m.cat([m.zeros(0, dtype=m.float64), x]), A)
call("stack", lambda m, x, y: m.stack([x, y], dim=-1), A, N)
call("hstack", lambda m, x, y: m.hstack([x, y]), V, W)
call("hstack matrices", lambda m, x, y: m.hstack((x, y)), A, draw(2, 1))
call("vstack", lambda m, x, y: m.vstack([x, y]), W, A)
call("narrow", lambda m, x: m.narrow(x, -1, 1, 2), A)
call("narrow negative", lambda m, x: m.narrow(x, 1, -2, 1), A)
call("split", lambda m, x: m.split(x, 2), V)
call("split sections", lambda m, x: m.split(x, [1, 0, 2], dim=-1), A)
call("split of none", lambda m, x: m.split(x, 2), np.zeros((0, 2)))
call("split zero", lambda m, x: m.split(x, 0), np.zeros((0, 2)))
call("chunk", lambda m, x: m.chunk(x, 3), V)
call("chunk more", lambda m, x: m.chunk(x, 9), V)
call("chunk of none", lambda m, x: m.chunk(x, 3), np.zeros((0, 2)))
call("unbind", lambda m, x: m.unbind(x, -1), A)
call("iteration", lambda m, x: tuple(x), A)
call("select", lambda m, x: m.select(x, -1, -2), A)
call("repeat", lambda m, x: x.repeat(2, 1, 3), A)
call("repeat zero", lambda m, x: x.repeat(0, 2), A)
call("tile", lambda m, x: m.tile(x, (2,)), A)
call("tile more", lambda m, x: m.tile(x, (2, 1, 2)), A)
call("repeat_interleave", lambda m, x: m.repeat_interleave(x, 2), A)
call("repeat_interleave axis", lambda m, x: m.repeat_interleave(x, 3, dim=-1), A)
call("repeat_interleave tensor", lambda m, x: m.repeat_interleave(x, m.tensor([2, 0, 1]), dim=1), A)
call("flip", lambda m, x: m.flip(x, (0, -1)), C)
call("flip none", lambda m, x: m.flip(x, ()), A)
call("roll", lambda m, x: m.roll(x, 2), A)
call("roll axes", lambda m, x: m.roll(x, (1, -1), (0, -1)), C)
call("diagonal", lambda m, x: m.diagonal(x, 1, -2, -1), C)
call("diag of a vector", lambda m, x: m.diag(x, -1), W)
call("diag of a matrix", lambda m, x: m.diag(x, 1), M)
call("trace", lambda m, x: m.trace(x), A)
call("tril, triu", lambda m, x: m.tril(x, -1) + 2 * m.triu(x, 1), C)
call("meshgrid", lambda m, x, y: m.meshgrid(x, y, indexing="ij"), V, W)
call("meshgrid xy", lambda m, x, y: m.meshgrid(x, y, indexing="xy"), V, W)
call("meshgrid three", lambda m, x, y, z: m.meshgrid(x, y, z, indexing="xy"), V, W, draw(2))

call("index", lambda m, x: x[1, ::2], A)
call("index tensor", lambda m, x: x[m.tensor([1, 1, 0])], A)
call("index pairs", lambda m, x: x[m.tensor([0, 1]), m.tensor([2, 0])], A)
call("index mask", lambda m, x: x[x > 0], A)
call("index mask row", lambda m, x: x[m.tensor([True, False])], A)
call("index mixed", lambda m, x: x[..., None, m.tensor([[0, 3]])], C)
call("index int and tensor", lambda m, x: x[0, :, m.tensor([0, 3])], C)
call("index tensors apart", lambda m, x: x[m.tensor([0, 1]), :, m.tensor([0, 3])], C)
call("index dots, int and tensor", lambda m, x: x[None, 0, ..., m.tensor([0, 3])], C)
call("index mask, int", lambda m, x: x[m.tensor(MASK), 0], C)
call("index int, mask", lambda m, x: x[1, m.tensor([True, False, True])], C)
call("index mask and int", lambda m, x: x[m.tensor([True, True]), 1], A)
call("index true", lambda m, x: x[True], A)
call("index list", lambda m, x: x[[0, 1, 0]], A)
call("gather", lambda m, x: m.gather(x, 1, m.tensor(I23)), A)
call("gather fewer rows", lambda m, x: m.gather(x, 1, m.tensor([[2, 2]])), A)
call("gather axis 0", lambda m, x: m.gather(x, -2, m.tensor([[1, 0, 1]])), A)
call("gather number", lambda m, x: m.gather(x, 0, m.tensor(0)), S)
call("take_along_dim", lambda m, x: m.take_along_dim(x, m.tensor(I23), dim=-1), A)
call("take_along_dim broadcast", lambda m, x: m.take_along_dim(x, m.tensor([[2, 0]]), dim=1), A)
call("take_along_dim flat", lambda m, x: m.take_along_dim(x, m.tensor([5, 0, 5])), A)
call("index_select", lambda m, x: m.index_select(x, 1, m.tensor([2, 0, 2])), A)
call("index_select number", lambda m, x: m.index_select(x, 0, m.tensor(1)), A)
call("take", lambda m, x: m.take(x, m.tensor([[5, 0], [-1, 5]])), A)
call("masked_select", lambda m, x: m.masked_select(x, m.tensor(MASK)), A)
call("masked_select broadcast", lambda m, x: m.masked_select(x, m.tensor(MASK)), W)
call("nonzero", lambda m, x: (m.nonzero(x), *m.nonzero(x, as_tuple=True)), ZEROS, smooth=False)
call("nonzero of a number", lambda m, x: m.nonzero(x), S, smooth=False)
call("where condition", lambda m, x: m.where(x > 0), A, smooth=False)
call("scatter_add", lambda m, x, y: m.scatter_add(x, 1, m.tensor(I23), y), A, N)
call("scatter_add part", lambda m, x, y: m.scatter_add(x, 0, m.tensor([[1, 1]]), y), A, draw(1, 2))
call("scatter", lambda m, x, y: m.scatter(x, 1, m.tensor([[0, 2], [1, 0]]), y), A, draw(2, 2))
call("scatter number", lambda m, x: m.scatter(x, 1, m.tensor([[0, 2]]), 1.5), A)


def assigned(key: Any) -> Callable[..., Any]:
    def run(m: Any, x: Any, v: Any) -> Any:
        y = x * 1
        y[key(m)] = v
        return y * y

    return run


call("assign row", assigned(lambda m: 1), A, W)
call("assign slice", assigned(lambda m: (slice(None), slice(0, 2))), A, draw(2, 1))
call("assign number", assigned(lambda m: (0, -1)), A, S)
call("assign mask", assigned(lambda m: m.tensor(MASK)), A, draw(4))
call("assign mask, a number", assigned(lambda m: m.tensor(MASK)), A, S)
call("assign index", assigned(lambda m: (m.tensor([1, 0]), m.tensor([2, 0]))), A, draw(2))
call("assign dots", assigned(lambda m: Ellipsis), A, W)
call("assign int and tensor", assigned(lambda m: (0, slice(None), m.tensor([0, 3]))), C, draw(3, 2))
call("assign fewer axes", assigned(lambda m: 0), A, draw(1, 3))

for a, b in (((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((5, 2, 3), (3, 4)),
             ((2, 3), (5, 3, 4)), ((5, 1, 2, 3), (2, 3, 4)), ((3,), (5, 3, 4)), ((5, 2, 3), (3,)),
             ((2, 0), (0, 3)), ((0, 2, 3), (3, 1))):  # fmt: skip
    call(f"matmul {a} {b}", lambda m, x, y: m.matmul(x, y), draw(*a), draw(*b))
call("mm", lambda m, x, y: m.mm(x, y), A, B)
call("bmm", lambda m, x, y: m.bmm(x, y), C, draw(2, 4, 3))
call("mv", lambda m, x, y: m.mv(x, y), A, W)
call("dot", lambda m, x, y: m.dot(x, y), W, draw(3))
call("outer", lambda m, x, y: m.outer(x, y), V, W)
call("addmm", lambda m, c, x, y: m.addmm(c, x, y, beta=0.5, alpha=2), draw(4), A, B)
for text, *shapes in (("ij,jk->ik", (2, 3), (3, 4)), ("ii", (3, 3)), ("ii->i", (3, 3)),
                      ("bij,bjk", (2, 2, 3), (2, 3, 2)), ("...ij,...jk->...ik", (2, 2, 3), (2, 3,
                          2)),
                      ("...i->...", (2, 3)), ("i,j,k->kji", (2,), (3,), (4,)), ("...->", (2, 3)),
                      ("ij,j->i", (2, 3), (1,)), ("ij,ij->ij", (2, 3), (1, 3)), ("i,i", (3,), (3,)),
                      ("ij->ji", (2, 3)), ("ba", (2, 3)), ("...ij", (2, 3, 2))):  # fmt: skip
    call(f"einsum {text}", lambda m, *xs, t=text: m.einsum(t, *xs), *(draw(*s) for s in shapes))
call("tensordot", lambda m, x, y: m.tensordot(x, y, dims=1), A, B)
call("tensordot 0", lambda m, x, y: m.tensordot(x, y, dims=0), W, V)
call("tensordot 2", lambda m, x, y: m.tensordot(x, y), C, draw(3, 4, 2))
call("tensordot pairs", lambda m, x, y: m.tensordot(x, y, dims=([0, -1], [1, 0])), C, draw(4, 2, 2))
call("item chain", lambda m, x: (x * x).mean().sqrt() + x.std(), A)

import tests.ops.calls_places  # noqa: E402, F401  it adds its own
