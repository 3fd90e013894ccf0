"""Masked reductions are reductions of what is left, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.ops.case import Numbers
from tinygrad_bp.autograd import gradcheck

draw = Numbers(61)
X = draw(4, 5)
MASK = np.array([[1, 0, 1, 1, 0], [0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 1, 1, 1]], bool)

ROWS: dict[str, Any] = {
    "sum": np.sum, "prod": np.prod, "amax": np.max, "amin": np.min, "mean": np.mean,
    "var": lambda row: np.var(row, ddof=1), "std": lambda row: np.std(row, ddof=1),
    "median": lambda row: np.sort(row)[(len(row) - 1) // 2],
    "logsumexp": lambda row: np.log(np.exp(row).sum()),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_reduction_of_what_is_left(name: str) -> None:
    expected = [ROWS[name](row[kept]) for row, kept in zip(X, MASK, strict=True)]
    masked, mask = getattr(tgb.masked, name), tgb.tensor(MASK)
    np.testing.assert_allclose(np.asarray(masked(tgb.tensor(X), 1, mask=mask)), expected)
    assert gradcheck(lambda x: masked(x, 1, mask=mask), tgb.tensor(X))
    whole = masked(tgb.tensor(X), 1, mask=None, keepdim=True)
    np.testing.assert_allclose(np.asarray(whole)[:, 0], [ROWS[name](row) for row in X])


def test_what_is_masked_gets_no_gradient() -> None:
    nothing = tgb.tensor(MASK & (np.arange(4) > 0)[:, None])
    # (The variance of nothing is NaN, and so is its gradient, as in PyTorch.)
    for name in {*ROWS, "norm"} - {"var", "std"}:
        x = tgb.tensor(X, requires_grad=True)
        dim = {"dim": 1}
        with np.errstate(all="ignore"):
            getattr(tgb.masked, name)(x, mask=nothing, **dim).sum().backward()
        assert not np.asarray(x.grad)[~np.asarray(nothing)].any(), name


def test_nothing_left() -> None:
    x, mask = tgb.ones(1, 2), tgb.zeros(1, 2, dtype=tgb.bool)
    assert tgb.masked.sum(x, 1, mask=mask).tolist() == [0.0]
    assert tgb.masked.prod(x, 1, mask=mask).tolist() == [1.0]
    assert tgb.masked.amax(x, 1, mask=mask).tolist() == [-float("inf")]
    assert tgb.masked.norm(x, 2, 1, mask=mask).tolist() == [0.0]
    assert bool(tgb.masked.mean(x, 1, mask=mask).isnan())


def test_normalisations_keep_the_shape() -> None:
    x, mask = tgb.tensor(X), tgb.tensor(MASK)
    for name in ("softmax", "softmin"):
        p = getattr(tgb.masked, name)(x, 1, mask=mask)
        assert tgb.allclose(p.sum(1), tgb.ones(4, dtype=tgb.float64))
        assert not np.asarray(p)[~MASK].any()
        assert gradcheck(lambda x, f=name: getattr(tgb.masked, f)(x, 1, mask=mask), x)
    logs = tgb.masked.log_softmax(x, 1, mask=mask)
    assert tgb.allclose(logs.exp(), tgb.masked.softmax(x, 1, mask=mask))
    unit = tgb.masked.normalize(x, 2.0, 1, mask=mask)
    assert tgb.allclose(tgb.linalg.vector_norm(unit, dim=1), tgb.ones(4, dtype=tgb.float64))
    kept = x * mask
    assert tgb.allclose(tgb.masked.cumsum(x, 1, mask=mask), kept.cumsum(1))
    both = tgb.masked.logaddexp(x, x, input_mask=mask, other_mask=~mask)
    assert tgb.allclose(both, x)


def test_indices_and_integers() -> None:
    x = tgb.tensor([[3, 1, 2]])
    mask = tgb.tensor([[False, True, True]])
    assert tgb.masked.argmax(x, 1, mask=mask).tolist() == [2]
    assert tgb.masked.argmin(x, 1, mask=mask).tolist() == [1]
    assert tgb.masked.amax(x, 1, mask=mask).tolist() == [2]
    assert tgb.masked.sum(x.to(tgb.int32), mask=mask).dtype == tgb.int64
    assert tgb.masked.cumprod(x, 1, mask=mask).tolist() == [[1, 1, 2]]
    with pytest.raises(ValueError, match="mean"):
        tgb.masked.mean(x, mask=mask)
    with pytest.raises(IndexError, match="mask"):
        tgb.masked.sum(x, mask=mask[None])
    with pytest.raises(ValueError, match="median"):
        tgb.masked.median(x, mask=~mask & mask)
    with pytest.raises(ValueError, match="unbiased"):
        tgb.masked.var(x, unbiased=True, correction=1)
