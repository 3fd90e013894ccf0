"""PyTorch's type promotion, from a stored table; with `-m peers` the table is PyTorch itself."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import pytest

import tinygrad_bp as tgb

NAMES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
NUMBERS = (True, 2, 2.0)

# The dtype in which a row meets a column, both tensors with dimensions:
# https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype
PROMOTION = """
         bool    uint8   int8    int16   int32   int64   float16 float32 float64
bool     bool    uint8   int8    int16   int32   int64   float16 float32 float64
uint8    uint8   uint8   int16   int16   int32   int64   float16 float32 float64
int8     int8    int16   int8    int16   int32   int64   float16 float32 float64
int16    int16   int16   int16   int16   int32   int64   float16 float32 float64
int32    int32   int32   int32   int32   int32   int64   float16 float32 float64
int64    int64   int64   int64   int64   int64   int64   float16 float32 float64
float16  float16 float16 float16 float16 float16 float16 float16 float32 float64
float32  float32 float32 float32 float32 float32 float32 float32 float32 float64
float64  float64 float64 float64 float64 float64 float64 float64 float64 float64
"""
ROWS = [line.split() for line in PROMOTION.strip().splitlines()]
MEETS = {(row[0], column): row[i + 1] for row in ROWS[1:] for i, column in enumerate(ROWS[0])}


def kind(name: str) -> int:
    return 0 if name == "bool" else 1 if "int" in name else 2


def one(name: str, *shape: int, m: Any = tgb) -> Any:
    return m.ones(shape, dtype=getattr(m, name))


def name_of(x: Any) -> str:
    return str(x.dtype).rpartition(".")[2]


@pytest.mark.parametrize(("a", "b"), MEETS)
def test_tensors_meet(a: str, b: str) -> None:
    expected = MEETS[a, b]
    assert tgb.promote_types(getattr(tgb, a), getattr(tgb, b)).name == expected
    assert tgb.result_type(one(a, 2), one(b, 2)).name == expected
    for meeting in (operator.add, operator.mul, tgb.maximum):
        assert meeting(one(a, 2), one(b, 2)).dtype.name == expected
        assert meeting(one(a), one(b)).dtype.name == expected
    quotient = one(a, 2) / one(b, 2)
    assert quotient.dtype.name == (expected if kind(expected) == 2 else "float32")
    assert (one(a, 2) == one(b, 2)).dtype == tgb.bool
    assert (one(a, 2) < one(b, 2)).dtype == tgb.bool


@pytest.mark.parametrize(("a", "b"), MEETS)
def test_dimensions_outrank_none(a: str, b: str) -> None:
    """A zero-dimensional operand decides only if its category is the higher one."""
    expected = b if kind(b) > kind(a) else a
    assert (one(a, 2) + one(b)).dtype.name == expected
    assert (one(b) + one(a, 2)).dtype.name == expected


@pytest.mark.parametrize("a", NAMES)
@pytest.mark.parametrize("shape", [(), (2,)], ids=str)
def test_a_python_number_decides_only_the_category(a: str, shape: Any) -> None:
    for number, level, default in ((True, 0, "bool"), (2, 1, "int64"), (2.0, 2, "float32")):
        expected = default if level > kind(a) else a
        assert (one(a, *shape) + number).dtype.name == expected
        assert (number + one(a, *shape)).dtype.name == expected


@pytest.mark.parametrize("a", NAMES)
def test_reductions(a: str) -> None:
    x = one(a, 2, 3)
    wide = a if kind(a) == 2 else "int64"
    assert x.sum().dtype.name == wide and x.sum(0).dtype.name == wide
    assert x.prod().dtype.name == wide and x.prod(1).dtype.name == wide
    assert x.cumsum(0).dtype.name == wide and x.cumprod(0).dtype.name == wide
    assert x.amax().dtype.name == a and x.max(0).values.dtype.name == a
    truth = tgb.uint8 if a == "uint8" else tgb.bool  # truth values of old, as in PyTorch
    assert x.any().dtype == truth and x.all(0).dtype == truth
    for index in (x.argmax(), x.argmin(0), x.max(0).indices, x.argsort(), x.sort().indices,
                  x.cummax(0).indices, x.count_nonzero(), x.nonzero()):  # fmt: skip
        assert index.dtype == tgb.int64
    assert x.sum(dtype=tgb.float64).dtype == tgb.float64


@pytest.mark.parametrize("a", NAMES)
def test_functions_with_fractions_give_floats(a: str) -> None:
    x = one(a, 2)
    expected = a if kind(a) == 2 else "float32"
    for f in (tgb.exp, tgb.log, tgb.sqrt, tgb.sin, tgb.tanh, tgb.sigmoid, tgb.reciprocal, tgb.erf):
        assert f(x).dtype.name == expected
        assert f(one(a)).dtype.name == expected
    assert tgb.softmax(x, 0, dtype=tgb.float32).dtype == tgb.float32


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_the_default_dtype_takes_the_place_of_float32(name: str) -> None:
    before = tgb.get_default_dtype()
    try:
        tgb.set_default_dtype(getattr(tgb, name))
        assert (one("int64", 2) / 2).dtype.name == name
        assert (one("int64", 2) + 1.5).dtype.name == name
        assert tgb.exp(one("int32")).dtype.name == name
    finally:
        tgb.set_default_dtype(before)


def test_a_gradient_has_the_dtype_of_its_tensor() -> None:
    x = tgb.ones(3, dtype=tgb.float32, requires_grad=True)
    y = tgb.ones(3, dtype=tgb.float64, requires_grad=True)
    n = tgb.tensor(2.0, dtype=tgb.float64, requires_grad=True)
    out = x * y + x * n
    assert out.dtype == tgb.float64
    out.sum().backward()
    assert x.grad.dtype == tgb.float32
    assert y.grad.dtype == tgb.float64 and n.grad.dtype == tgb.float64
    (x.detach() * n).sum().backward()
    assert n.grad.dtype == tgb.float64


# ------------------------------------------------------------------------------------------- peers

CALLS: dict[str, Any] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "//": operator.floordiv, "%": operator.mod, "**": operator.pow, "<": operator.lt,
    "==": operator.eq,
}  # fmt: skip


def outcome(f: Any, *operands: Any) -> str:
    try:
        return name_of(f(*operands))
    except (RuntimeError, TypeError) as error:
        return type(error).__name__


@pytest.mark.peers
@pytest.mark.parametrize("sign", CALLS)
def test_operators_meet_as_in_pytorch(sign: str) -> None:
    import torch

    differences = []
    for a, b in itertools.product(NAMES, NAMES):
        for s, t in itertools.product(((), (2,)), repeat=2):
            mine = outcome(CALLS[sign], one(a, *s), one(b, *t))
            peer = outcome(CALLS[sign], one(a, *s, m=torch), one(b, *t, m=torch))
            if mine != peer and "Error" not in peer:
                differences.append((a, s, b, t, mine, peer))
    for a, number, s in itertools.product(NAMES, NUMBERS, ((), (2,))):
        for swapped in (False, True):
            pairs = [(one(a, *s, m=m), number) for m in (tgb, torch)]
            mine, peer = (outcome(CALLS[sign], *(p[::-1] if swapped else p)) for p in pairs)
            if mine != peer and "Error" not in peer:
                differences.append((a, s, number, swapped, mine, peer))
    assert not differences


FUNCTIONS: dict[str, Any] = {
    name: (lambda m, x, f=name: getattr(m, f)(x))
    for name in ["exp", "sqrt", "sin", "tanh", "sigmoid", "abs", "neg", "sign", "floor", "ceil",
        "trunc", "round", "square", "reciprocal", "relu", "isnan", "isinf", "isfinite", "sum",
        "prod", "amax", "argmax", "any", "all", "mean"]
} | {
    "cumsum": lambda m, x: m.cumsum(x, 0),
    "where": lambda m, x: m.where(x > 0, x, 1.5),
    "where int": lambda m, x: m.where(x > 0, 2, x),
    "clamp": lambda m, x: m.clamp(x, 0, 1),
    "clamp float": lambda m, x: m.clamp(x, 0.5),
    "maximum": lambda m, x: m.maximum(x, m.tensor(1.5)),
    "pow int": lambda m, x: m.pow(x, 2),
    "pow float": lambda m, x: m.pow(x, 2.0),
    "pow half": lambda m, x: m.pow(x, 0.5),
    "rpow": lambda m, x: m.pow(2, x),
    "rpow float": lambda m, x: m.pow(2.0, x),
    "masked_fill": lambda m, x: x.masked_fill(x > 0, 1),
    "cat": lambda m, x: m.cat([x, m.ones(2, dtype=m.int16)]),
    "stack": lambda m, x: m.stack([x, m.ones(2, dtype=m.float16)]),
    "var": lambda m, x: m.var(x),
    "norm": lambda m, x: m.norm(x),
    "softmax": lambda m, x: m.softmax(x, 0),
    "logsumexp": lambda m, x: m.logsumexp(x, 0),
    "lerp": lambda m, x: m.lerp(x, x, 0.5),
    "add alpha": lambda m, x: m.add(x, x, alpha=2),
    "matmul": lambda m, x: m.matmul(x, x),
    "div floor": lambda m, x: m.div(x, 2, rounding_mode="floor"),
    "div trunc": lambda m, x: m.div(x, 2, rounding_mode="trunc"),
}  # fmt: skip


# Where we differ: NumPy knows no square but a small integer's of a truth value; that any() and
# all() of uint8 give uint8 is a relic of the time before PyTorch had bool.
DELIBERATE = {"square": ["bool"], "add alpha": ["bool"]}


@pytest.mark.peers
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_give_the_dtype_of_pytorch(name: str) -> None:
    import torch

    differences = []
    for a in NAMES:
        mine = outcome(lambda x: FUNCTIONS[name](tgb, x), one(a, 2))
        peer = outcome(lambda x: FUNCTIONS[name](torch, x), one(a, 2, m=torch))
        if mine != peer and "Error" not in peer:
            differences.append(a)
    assert differences == DELIBERATE.get(name, [])
