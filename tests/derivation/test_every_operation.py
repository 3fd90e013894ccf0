"""A derivation of every operation of the table: each line amounts to what the graph recorded."""

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.ops.case import Case
from tests.ops.cases import DIFFERENTIABLE
from tinygrad_bp.derivation import Derivation
from tinygrad_bp.expr import evaluate


def largest(array: Any) -> Any:
    """Return the largest finite element, or 1."""
    return np.max(np.abs(array[np.isfinite(array)]), initial=1.0)


def check(d: Derivation, gradients: dict[Any, Any]) -> None:
    """Compute every line again, and compare it with the recorded values and with backward's."""
    for line in d:
        assert line.formula
        assert line.latex
        scale = largest(line.recorded)
        for step in line.steps:
            found = evaluate(step.formula)
            assert found.shape == line.shape
            np.testing.assert_allclose(found, line.recorded, rtol=1e-12, atol=1e-12 * scale)
    for tensor, gradient in gradients.items():
        scale = largest(gradient.numpy())
        found = evaluate(d[tensor].expr)
        np.testing.assert_allclose(found, gradient.numpy(), rtol=1e-12, atol=1e-12 * scale)


RECORDED = [c for c in DIFFERENTIABLE if c.attrs.get("dtype") not in (np.int64, "int64")]


@pytest.mark.parametrize("case", RECORDED, ids=str)
def test_every_line_amounts_to_the_recorded_gradient(case: Case) -> None:
    operands = [
        tgb.tensor(a).requires_grad_() if i in case.floating else a
        for i, a in enumerate(case.arrays)
    ]
    out = case.run(*operands)
    weights = np.random.default_rng(0).standard_normal(out.shape)
    with np.errstate(invalid="ignore"):  # ∞ − ∞, at the edges of a domain
        loss = (out * tgb.tensor(weights)).sum()
    inputs = [t for t in operands if isinstance(t, tgb.Tensor)]
    gradients = tgb.autograd.grad(loss, inputs, retain_graph=True)
    check(tgb.explain(loss), dict(zip(inputs, gradients, strict=True)))
