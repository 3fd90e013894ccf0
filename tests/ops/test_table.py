"""Every operation of the table, held to what is known about it."""

from __future__ import annotations

import gc
import inspect
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.ops.case import Case, table
from tests.ops.cases import CASES, DIFFERENTIABLE, KINKS, SMOOTH
from tests.ops.complex_cases import COMPLEX
from tests.ops.shadow import Shadow
from tinygrad_bp.autograd import gradcheck, gradgradcheck
from tinygrad_bp.op import Op, primitive

every = pytest.mark.parametrize("case", CASES, ids=str)
smooth = pytest.mark.parametrize("case", SMOOTH, ids=str)
differentiable = pytest.mark.parametrize("case", DIFFERENTIABLE, ids=str)


def tensors(case: Case, wanted: Any = None, dtype: Any = None) -> list[Any]:
    """Make the operands: tensors for what has a rule, arrays for the rest."""
    wanted = case.floating if wanted is None else wanted
    operands: list[Any] = []
    for i, a in enumerate(case.arrays):
        if i in case.floating:
            x = tgb.tensor(np.array(a, dtype or a.dtype))
            operands.append(x.requires_grad_(i in wanted))
        elif dtype is not None and getattr(a, "dtype", None) == np.float64:
            operands.append(a.astype(dtype))
        else:
            operands.append(a)
    return operands


def positions(case: Case) -> list[list[int]]:
    """Name the patterns of operands that want a gradient: all, and each alone."""
    return [case.floating] + ([[i] for i in case.floating] if len(case.floating) > 1 else [])


def frozen(a: Any) -> Any:
    """Give a copy, laid out as the original, that can't be written to."""
    if not isinstance(a, np.ndarray):
        return a
    copy = a.copy(order="K")
    copy.flags.writeable = False
    return copy


def test_every_operation_has_cases() -> None:
    covered = {id(case.op) for case in [*CASES, *COMPLEX]}
    missing = [op.name for op in table() if id(op) not in covered]
    assert not missing, f"operations without a case in tests/ops/cases_*.py: {missing}"


def test_every_differentiable_operation_is_checked_by_a_difference_quotient() -> None:
    covered = {id(case.op) for case in SMOOTH if any(case.arrays[i].size for i in case.floating)}
    covered |= {id(case.op) for case in COMPLEX}  # by test_complex
    assert not [op.name for op in table() if op.rules and id(op) not in covered]


@every
def test_forward_is_the_reference(case: Case) -> None:
    arrays = tuple(frozen(a) for a in case.arrays)
    with np.errstate(all="ignore"):
        out = np.asarray(case.op(*arrays, **case.attrs))
        expected = np.asarray(case.reference(*case.arrays, **case.attrs))
    assert out.shape == expected.shape
    if expected.dtype.kind == "f" and out.dtype.kind == "f":
        np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-13)
    else:
        np.testing.assert_array_equal(out, expected)


@every
def test_recorded_forward_is_the_plain_forward(case: Case) -> None:
    operands = tensors(case)
    if not any(isinstance(x, tgb.Tensor) for x in operands):
        operands = [tgb.tensor(a) if isinstance(a, np.ndarray) else a for a in operands]
    out = case.op(*operands, **case.attrs)
    with np.errstate(all="ignore"):
        expected = np.asarray(case.op(*case.arrays, **case.attrs))
    assert isinstance(out, tgb.Tensor)
    assert out.shape == expected.shape and out.dtype == expected.dtype
    # NumPy rounds the last bit otherwise where elements lie apart in memory.
    np.testing.assert_allclose(np.asarray(out.detach()), expected, rtol=1e-15, atol=0)
    assert out.requires_grad == (bool(case.floating) and expected.dtype.kind == "f")


@smooth
def test_gradient_is_the_difference_quotient(case: Case) -> None:
    assert gradcheck(case.run, tensors(case), wrt=case.floating)


@smooth
def test_second_derivative_is_the_difference_quotient(case: Case) -> None:
    if case.twice:
        assert gradgradcheck(case.run, tensors(case), wrt=case.floating)


@pytest.mark.parametrize("case", KINKS, ids=str)
def test_convention_at_a_kink(case: Case) -> None:
    assert case.slopes is not None, "a case that is not smooth states its convention"
    operands = tensors(case)
    out = case.op(*operands, **case.attrs)
    if out.dtype.is_floating_point:
        out.backward(tgb.ones_like(out))
    expected = dict(zip(case.floating, case.slopes, strict=True))
    for i in case.floating:
        if expected[i] is None:
            assert not out.requires_grad
        else:
            np.testing.assert_allclose(np.asarray(operands[i].grad), expected[i], rtol=1e-12)


@differentiable
def test_float32_stays_float32(case: Case) -> None:
    operands = tensors(case, dtype=np.float32)
    out = case.op(*operands, **case.attrs)
    if "dtype" in case.attrs:
        assert out.dtype == case.attrs["dtype"]
    else:
        assert out.dtype == tgb.float32
    if out.requires_grad:
        node = out.grad_fn
        g = np.ones(out.shape, out.dtype.dtype)
        for place, gradient in pulled(node, g):
            assert gradient.dtype == np.float32, f"operand {place}"
            assert gradient.shape == operands[place].shape


def pulled(node: Any, g: Any) -> list[tuple[int, Any]]:
    """Return the operands that want a gradient, and the gradients by the rules."""
    node.guards = ()  # what was kept may be replaced here
    with np.errstate(all="ignore"):
        places, gradients = node.pull(g, None, None)
    return list(zip(places, gradients, strict=True))


BINARY = [op for op in table() if op.broadcasts and len(op.inputs) == len(op.rules) == 2]


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.name)
@pytest.mark.parametrize("number", [2, 2.0, True], ids=repr)
@pytest.mark.parametrize("shape", [(), (3,)], ids=str)
def test_a_number_does_not_widen_float32(op: Op, number: Any, shape: Any) -> None:
    for swapped in (False, True):
        x = tgb.full(shape, 1.5, requires_grad=True)
        out = op(number, x) if swapped else op(x, number)
        out.backward(tgb.ones_like(out))
        assert out.dtype == tgb.float32
        assert x.grad.dtype == tgb.float32 and x.grad.shape == shape


def declared(op: Op, wanted: Any, count: int) -> set[int]:
    """Return which operands (-1: the output) the rules of the wanted operands name."""
    places: set[int] = set()
    rules = [op.rule_for(position) for position in wanted]
    if any("shared" in inspect.signature(rule).parameters for rule in rules):
        rules.append(op.shared)
    for rule in rules:
        for name, parameter in inspect.signature(rule).parameters.items():
            if parameter.kind is parameter.KEYWORD_ONLY or name == "g":
                continue
            if name == "out":
                places.add(-1)
            elif name in op.inputs:
                places.add(op.inputs.index(name))
            elif name == op.variadic:
                places.update(range(len(op.inputs), count))
    return places


@differentiable
def test_keeps_only_what_the_rules_declare(case: Case) -> None:
    for wanted in positions(case):
        operands = tensors(case, wanted)
        out = case.op(*operands, **case.attrs)
        node = out.grad_fn
        if node is None:
            assert out.dtype.dtype.kind not in "fc"
            continue
        arrays = [getattr(x, "_array", x) for x in operands]
        expected = {
            id(out._array if p < 0 else arrays[p]) for p in declared(case.op, wanted, len(operands))
        }
        saved = [value for value in node.saved if isinstance(value, np.ndarray)]
        assert {id(value) for value in saved} == expected
        g = np.ones(out.shape, out.dtype.dtype)
        assert [p for p, _ in pulled(node, g)] == wanted, "a gradient that nobody asked for"


@differentiable
def test_lets_go_of_the_rest(case: Case) -> None:
    operands = tensors(case)
    out = case.op(*operands, **case.attrs)
    node = out.grad_fn
    if node is None:
        assert out.dtype.dtype.kind not in "fc"
        return
    kept = declared(case.op, case.floating, len(operands))
    # A view of what the rules keep may stand for it.
    alive = {p: weakref.ref(operands[p]._array) for p in case.floating if p not in kept}
    saved = [value for value in node.saved if isinstance(value, np.ndarray)]
    alive = {
        p: ref
        for p, ref in alive.items()
        if not any(np.may_share_memory(operands[p]._array, value) for value in saved)
    }
    gc.disable()
    try:
        del operands, out, saved
        still = [p for p, ref in alive.items() if ref() is not None]
    finally:
        gc.enable()
    assert not still, f"operands {still} are alive, and no rule reads them"
    assert node.plan is not None


@differentiable
def test_rules_read_no_value(case: Case) -> None:
    """A rule runs on shadows, and gives the numbers that it gives on arrays."""
    operands = tensors(case)
    out = case.op(*operands, **case.attrs)
    node = out.grad_fn
    if node is None:
        assert out.dtype.dtype.kind not in "fc"
        return
    g = np.linspace(0.5, 1.5, out.numel()).reshape(out.shape).astype(out.dtype.dtype)
    numeric = pulled(node, g)

    def hide(value: Any) -> Any:
        if isinstance(value, tuple) and value and isinstance(value[0], np.ndarray):
            return tuple(map(hide, value))
        return Shadow(value) if isinstance(value, np.ndarray) else value

    node.saved = tuple(map(hide, node.saved))
    for (place, array), (_, gradient) in zip(numeric, pulled(node, Shadow(g)), strict=True):
        assert isinstance(gradient, Shadow)
        assert gradient.shape == array.shape == case.arrays[place].shape
        # Where a stand-in was copied, BLAS may add in another order.
        np.testing.assert_allclose(gradient._hidden, array, rtol=1e-13, atol=1e-15)


@differentiable
def test_rules_change_nothing(case: Case) -> None:
    """Forward and rules work on arrays that can't be written to."""
    arrays = [frozen(a) for a in case.arrays]
    operands = [tgb.as_tensor(a) if i in case.floating else a for i, a in enumerate(arrays)]
    for i in case.floating:
        assert operands[i]._array is arrays[i]
        operands[i].requires_grad_()
    out = case.op(*operands, **case.attrs)
    node = out.grad_fn
    if node is None:
        assert out.dtype.dtype.kind not in "fc"
        return
    out._array.flags.writeable = False
    g = np.ones(out.shape, out.dtype.dtype)
    g.flags.writeable = False
    for place, gradient in pulled(node, g):
        assert gradient.shape == arrays[place].shape
    np.testing.assert_array_equal(g, 1)
    for before, after in zip(case.arrays, arrays, strict=True):
        np.testing.assert_array_equal(before, after)


@every
def test_output_is_memory_of_its_own(case: Case) -> None:
    """Only a declared view (or what can't be written to) shares memory with an operand."""
    with np.errstate(all="ignore"):
        out = np.asarray(case.op(*case.arrays, **case.attrs))
    if case.op.view or not out.flags.writeable or case.op.name == "sum_to":
        assert case.op.rules
    else:
        assert not any(np.shares_memory(out, a) for a in case.arrays if isinstance(a, np.ndarray))


def test_a_rule_that_nobody_asked_does_not_run() -> None:
    ran: list[str] = []

    def rule(name: str) -> Any:
        def pull(g: Any) -> Any:
            ran.append(name)
            return g

        return pull

    @primitive(x=rule("x"), y=rule("y"))
    def plus(x: Any, y: Any) -> Any:
        return x + y

    x, y = tgb.ones(2, requires_grad=True), tgb.ones(2, requires_grad=True)
    tgb.autograd.grad(plus(x, y).sum(), x)
    assert ran == ["x"]
    plus(x, tgb.ones(2)).sum().backward()
    assert ran == ["x", "x"]
    plus(np.ones(2), y).sum().backward()
    assert ran == ["x", "x", "y"]


def test_a_rule_with_an_unknown_name_fails_at_import() -> None:
    with pytest.raises(TypeError, match=r"double: the rule for 'x' names 'z'; a rule may name"):

        @primitive(x=lambda g, z: g * z)
        def double(x: Any) -> Any:
            return 2 * x

    with pytest.raises(TypeError, match=r"double: a rule is given for 'y', which is no input"):

        @primitive(y=lambda g: g)
        def double(x: Any) -> Any:
            return 2 * x
