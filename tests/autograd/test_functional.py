"""Jacobians and Hessians, by hand and in PyTorch's structure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.autograd import functional as F
from tinygrad_bp.autograd import gradcheck

SHAPES = ["jacobian", "hessian", "vjp", "jvp", "vhp", "hvp"]


def t(*values: Any) -> Any:
    return tgb.tensor(np.array(values, np.float64))


def close(mine: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(mine.detach()), expected, rtol=1e-12, atol=1e-14)


W = t([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
x = t(0.5, -1.0, 2.0)


def linear(x: Any) -> Any:
    return W @ x


def quartic(x: Any) -> Any:
    """Σ x_i⁴ + x_0 x_1: its Hessian is 12 x_i² on the diagonal, and 1 at (0, 1)."""
    return (x**4).sum() + x[0] * x[1]


def quartic_hessian(x: Any) -> Any:
    h = np.diag(12 * np.asarray(x) ** 2)
    h[0, 1] = h[1, 0] = 1
    return h


# ------------------------------------------------------------------------------------------ by hand


def test_jacobian_of_a_linear_map_is_its_matrix() -> None:
    close(F.jacobian(linear, x), np.asarray(W))


def test_jacobian_has_the_axes_of_the_output_and_then_of_the_input() -> None:
    m = t([1.0, 2.0], [3.0, 4.0], [5.0, 6.0])
    j = F.jacobian(lambda m: m.T * 2, m)
    assert j.shape == (2, 3, 3, 2)
    close(j, 2 * np.einsum("ik,jl->jikl", np.eye(3), np.eye(2)).transpose(0, 1, 2, 3))
    assert F.jacobian(lambda m: m.sum(), m).shape == (3, 2)
    assert F.jacobian(lambda x: x[:0], x).shape == (0, 3)
    assert F.jacobian(lambda s: s * 2, t(1.0).reshape(())).shape == ()


def test_jacobian_of_several_inputs_and_outputs() -> None:
    a, b = t(1.0, 2.0), t(3.0, 4.0)
    j = F.jacobian(lambda a, b: (a * b, a.sum()), (a, b))
    assert isinstance(j, tuple) and isinstance(j[0], tuple)
    close(j[0][0], np.diag([3.0, 4.0]))
    close(j[0][1], np.diag([1.0, 2.0]))
    close(j[1][0], np.ones(2))
    close(j[1][1], np.zeros(2))
    only = F.jacobian(lambda a, b: a * b, (a, b))
    assert len(only) == 2 and isinstance(only[0], tgb.Tensor)
    outputs = F.jacobian(lambda a: (a, a * 2), a)
    assert len(outputs) == 2 and isinstance(outputs[0], tgb.Tensor)


def test_hessian() -> None:
    close(F.hessian(quartic, x), quartic_hessian(x))


def test_hessian_of_several_inputs() -> None:
    a, b = t(1.0, 2.0), t(3.0)
    h = F.hessian(lambda a, b: (a * a).sum() * b[0], (a, b))
    close(h[0][0], 6 * np.eye(2))
    close(h[0][1], [[2.0], [4.0]])
    close(h[1][0], [[2.0, 4.0]])
    close(h[1][1], [[0.0]])


def test_vjp_and_jvp_are_products_with_the_jacobian() -> None:
    v, u = t(1.0, -2.0), t(0.5, 0.0, 3.0)
    output, product = F.vjp(linear, x, v)
    close(output, np.asarray(W) @ np.asarray(x))
    close(product, np.asarray(v) @ np.asarray(W))
    output, product = F.jvp(linear, x, u)
    close(output, np.asarray(W) @ np.asarray(x))
    close(product, np.asarray(W) @ np.asarray(u))


def test_vhp_and_hvp_are_products_with_the_hessian() -> None:
    v = t(1.0, -2.0, 0.5)
    for product in (F.vhp, F.hvp):
        value, result = product(quartic, x, v)
        close(value, quartic(x))
        close(result, quartic_hessian(x) @ np.asarray(v))


def test_products_of_several_inputs() -> None:
    a, b, va, vb = t(1.0, 2.0), t(3.0), t(1.0, 0.0), t(2.0)

    def f(a: Any, b: Any) -> Any:
        return (a * a).sum() * b[0]

    for product in (F.vhp, F.hvp):
        _, (da, db) = product(f, (a, b), (va, vb))
        close(da, [6.0 + 2 * 2.0, 2 * 4.0])
        close(db, [2.0])
    outputs, change = F.jvp(lambda a, b: (a * b, b), (a, b), (va, vb))
    assert len(outputs) == 2
    close(change[0], [3.0 + 2.0, 4.0])
    close(change[1], [2.0])
    _, pulled = F.vjp(lambda a, b: (a * b, b), (a, b), (va, vb))
    close(pulled[0], [3.0, 0.0])
    close(pulled[1], [1.0 + 2.0])


def test_a_vector_may_be_left_out_for_a_single_number() -> None:
    close(F.vjp(quartic, x)[1], 4 * np.asarray(x) ** 3 + [-1.0, 0.5, 0.0])
    close(F.jvp(lambda s: s**2, t(3.0))[1], [6.0])
    close(F.vhp(lambda s: (s**3).sum(), t(3.0))[1], [18.0])
    close(F.hvp(lambda s: (s**3).sum(), t(3.0))[1], [18.0])


# ----------------------------------------------------------------------------------- differentiable


@pytest.mark.parametrize("name", SHAPES)
def test_results_are_differentiable_with_create_graph(name: str) -> None:
    v = {"vjp": t(1.0), "jacobian": None, "hessian": None}.get(name, t(1.0, -2.0, 0.5))

    def run(x: Any, create_graph: bool = True) -> Any:
        f = (lambda x: quartic(x).reshape(1)) if name in ("vjp", "jvp") else quartic
        if v is None:
            return getattr(F, name)(f, x, create_graph=create_graph)
        return getattr(F, name)(f, x, v, create_graph=create_graph)[1]

    assert gradcheck(run, x)
    assert not run(x.clone().requires_grad_(), False).requires_grad


def test_a_gradient_flows_to_the_parameters_of_the_function() -> None:
    w = t(2.0, 3.0).requires_grad_()
    j = F.jacobian(lambda y: (w * y) ** 2, t(1.0, 1.0), create_graph=True)
    j.sum().backward()
    close(w.grad, 4 * np.array([2.0, 3.0]))  # ∂(2 w² y)/∂w at y = 1


# -------------------------------------------------------------------------- nothing else is touched


@pytest.mark.parametrize("name", SHAPES)
def test_no_grad_attribute_changes(name: str) -> None:
    leaf = t(0.5, -1.0, 2.0).requires_grad_()
    v = (t(1.0, 1.0, 1.0),) if name in ("jvp", "vhp", "hvp") else ()
    with tgb.no_grad():  # as in PyTorch, it does not keep them from recording
        result = getattr(F, name)(quartic, leaf, *v)
    assert leaf.grad is None and leaf.requires_grad
    assert not any(r.requires_grad for r in (result if isinstance(result, tuple) else (result,)))


# ------------------------------------------------------------------------------- strict, and errors


@pytest.mark.parametrize("name", ["jacobian", "hessian", "vjp", "jvp", "vhp", "hvp"])
def test_independence_gives_zeros_or_in_strict_mode_an_error(name: str) -> None:
    a, b = t(1.0, 2.0), t(3.0)
    v: tuple[Any, ...] = () if name in ("jacobian", "hessian", "vjp") else ((a, b),)
    result = getattr(F, name)(lambda a, b: (a * a).sum(), (a, b), *v)
    found = result if name == "jacobian" else result[1]
    if name == "jvp":
        close(found, (2 * np.asarray(a) ** 2).sum())
    elif name == "hessian":
        close(found[1], [[0.0]])
    else:
        close(found[1], [0.0])
    if name != "jvp":
        with pytest.raises(RuntimeError, match="not allowed with strict=True"):
            getattr(F, name)(lambda a, b: (a * a).sum(), (a, b), *v, strict=True)
    with pytest.raises(RuntimeError, match=r"does not depend on any input.*strict=True"):
        getattr(F, name)(lambda a, b: tgb.ones((), dtype=tgb.float64), (a, b), *v, strict=True)


def test_a_linear_function_has_the_hessian_zero() -> None:
    close(F.hessian(lambda x: x.sum(), x), np.zeros((3, 3)))
    close(F.hvp(lambda x: x.sum(), x, x)[1], np.zeros(3))
    with pytest.raises(RuntimeError, match="strict=True"):
        F.hvp(lambda x: x.sum(), x, x, strict=True)


ERRORS: dict[str, tuple[Any, type[Exception], str]] = {
    "input": (lambda: F.jacobian(linear, [1.0]), TypeError, r"inputs\[0\] has to be a Tensor"),
    "output": (lambda: F.jacobian(lambda x: 1.0, x), TypeError, "output of the function has to be"),
    "v shape": (lambda: F.vjp(linear, x, x), RuntimeError, r"\(3,\), the output \(2,\)"),
    "v missing": (lambda: F.vjp(linear, x), RuntimeError, "single number only"),
    "v count": (
        lambda: F.jvp(linear, x, (x, x)),
        RuntimeError,
        r"v has 2 tensor\(s\), the input 1",
    ),
    "u missing": (lambda: F.jvp(linear, x), RuntimeError, "single number only"),
    "hessian": (lambda: F.hessian(linear, x), RuntimeError, r"one of shape \(2,\)"),
    "hvp": (lambda: F.hvp(lambda x: (x, x), x, x), RuntimeError, "not 2 tensors"),
    "strategy": (lambda: F.jacobian(linear, x, strategy="sideways"), ValueError, "sideways"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_bad_input_is_refused_with_reasons(name: str) -> None:
    call, kind, words = ERRORS[name]
    with pytest.raises(kind, match=words):
        call()


# -------------------------------------------------------------------------------------------- peers


def flat(result: Any) -> list[Any]:
    return [r for part in result for r in flat(part)] if isinstance(result, tuple) else [result]


def structure(result: Any) -> Any:
    return tuple(map(structure, result)) if isinstance(result, tuple) else tuple(result.shape)


@pytest.mark.peers
@pytest.mark.parametrize("name", SHAPES)
def test_values_and_structure_are_those_of_pytorch(name: str) -> None:
    import torch

    a, b = np.array([0.3, -1.2]), np.array([[1.0, 2.0], [0.5, -0.7]])
    second = name in ("hessian", "vhp", "hvp")
    functions = (
        [lambda a, b: (b @ a.exp()).sum() ** 2, lambda a, b: a.sum()]
        if second
        else [lambda a, b: b @ a, lambda a, b: (b * a, a.exp()), lambda a, b: a * 2]
    )
    for f in functions:
        results = []
        for m, functional in ((tgb, F), (torch, torch.autograd.functional)):
            inputs = (m.tensor(a), m.tensor(b))
            v: tuple[Any, ...] = ()
            if name == "vjp":
                out = f(*inputs)
                v = (tuple(o * 0 + 2 for o in out) if isinstance(out, tuple) else out * 0 + 2,)
            elif name not in ("jacobian", "hessian"):
                v = (tuple(i * 0 + 3 for i in inputs),)
            results.append(getattr(functional, name)(f, inputs, *v))
        mine, peer = results
        assert structure(mine) == structure(peer)
        for m, p in zip(flat(mine), flat(peer), strict=True):
            np.testing.assert_allclose(np.asarray(m), p.numpy(), rtol=1e-12)


# --------------------------------------------------------- what these rest on, found by these tests


def test_backward_with_create_graph_through_a_leaf_that_is_used_twice() -> None:
    leaf = t(1.0, 2.0).requires_grad_()
    (leaf * leaf + leaf * 3).sum().backward(create_graph=True)
    close(leaf.grad, [5.0, 7.0])
    (slope,) = tgb.autograd.grad(leaf.grad.sum(), leaf)
    close(slope, [2.0, 2.0])


def test_the_gradient_of_a_single_number_is_an_array_too() -> None:
    number = tgb.tensor(2.0, requires_grad=True)
    (number * number + number * 3).backward()
    assert type(number.grad._array) is np.ndarray
    assert np.asarray(number.grad).item() == 7.0
