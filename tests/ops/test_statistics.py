"""Quantiles, medians, moments, differences and integrals, on numbers to check by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.autograd import gradcheck, gradgradcheck

nan, inf = float("nan"), float("inf")


def t(*numbers: Any) -> Any:
    return tgb.tensor(list(numbers), dtype=tgb.float64)


def draw(*shape: int) -> Any:
    return tgb.tensor(np.random.Generator(np.random.PCG64(3)).permutation(
        np.linspace(-2, 2, int(np.prod(shape)))).reshape(shape))  # fmt: skip


def test_median_takes_the_lower_one() -> None:
    assert tgb.median(t(3, 1, 2, 4)) == 2
    values, indices = tgb.median(tgb.tensor([[5.0, 1.0, 3.0], [2.0, nan, 0.0]]), 1)
    assert values[0] == 3 and indices[0] == 2
    assert values[1].isnan() and indices[1] == 1
    assert tgb.nanmedian(t(nan, 3, 1)) == 1
    assert tgb.nanmedian(t(nan, nan)).isnan()
    assert t(1, 2, 3).median(0, keepdim=True).values.shape == (1,)
    assert tgb.tensor(3).median(0).indices == 0


@pytest.mark.parametrize(
    ("how", "expected"),
    [("linear", 2.5), ("lower", 2), ("higher", 3), ("midpoint", 2.5), ("nearest", 3)],
)
def test_quantile_between_two_elements(how: str, expected: float) -> None:
    assert tgb.quantile(t(1, 2, 3, 4), 0.5, interpolation=how) == expected


def test_quantile_shapes() -> None:
    x, q = draw(3, 4), t(0, 0.25, 1)
    assert tgb.quantile(x, q).shape == (3,)
    assert tgb.quantile(x, q, dim=1).shape == (3, 3)
    assert tgb.quantile(x, q, dim=0, keepdim=True).shape == (3, 1, 4)
    assert tgb.quantile(x, 0.5, keepdim=True).shape == (1, 1)
    assert tgb.quantile(x, q)[0] == x.min() and tgb.quantile(x, q)[2] == x.max()
    assert tgb.quantile(tgb.tensor(2.0), 0.3) == 2


def test_quantile_and_nan() -> None:
    x = tgb.tensor([[1.0, nan, 3.0], [1.0, 2.0, 3.0]])
    assert tgb.quantile(x, 0.5, dim=1).isnan().tolist() == [True, False]
    assert tgb.nanquantile(x, 0.5, dim=1).tolist() == [2, 2]
    assert tgb.nanquantile(x[:1, 1:2], 0.5, dim=1).isnan().all()


def test_gradients() -> None:
    x = draw(3, 4)
    for run in (
        lambda x: tgb.quantile(x, 0.3, dim=1),
        lambda x: tgb.cov(x),
        lambda x: tgb.corrcoef(x),
        lambda x: tgb.renorm(x, 2, 0, 1.0),
        lambda x: tgb.dist(x, x * 2 + 1, 3),
        lambda x: tgb.var_mean(x, 1),
        lambda x: tgb.trapezoid(x, dim=0),
        lambda x: tgb.gradient(x, spacing=0.5, edge_order=2),
        lambda x: tgb.nanmean(x, 0),
    ):
        assert gradcheck(run, (x,))
        assert gradgradcheck(run, (x,))
    assert gradcheck(lambda q: tgb.quantile(x, q), (t(0.31, 0.77),))


@pytest.mark.parametrize(
    "run",
    [
        lambda: tgb.quantile(t(1, 2), 1.5),
        lambda: tgb.quantile(t(1, 2), tgb.tensor([0.5])),
        lambda: tgb.quantile(tgb.tensor([1, 2]), 0.5),
        lambda: tgb.quantile(t(), 0.5),
        lambda: tgb.quantile(t(1, 2), 0.5, interpolation="cubic"),
        lambda: tgb.cov(tgb.ones(2, 2, 2)),
        lambda: tgb.cov(tgb.ones(2, 3), fweights=tgb.ones(3)),
        lambda: tgb.cov(tgb.ones(2, 3), aweights=tgb.ones(2)),
        lambda: tgb.cov(tgb.ones(2, 3), aweights=-tgb.ones(3)),
        lambda: tgb.renorm(tgb.ones(2, 2), -1, 0, 1),
        lambda: tgb.ones(2, 3).sum_to_size(2),
        lambda: tgb.diff(tgb.tensor(1.0)),
        lambda: tgb.gradient(t(1)),
        lambda: tgb.gradient(t(1, 2, 3), spacing=(1, 2)),
        lambda: tgb.gradient(t(1, 2, 3), edge_order=3),
        lambda: tgb.trapezoid(t(1, 2, 3), t(1, 2)),
        lambda: tgb.nanmean(tgb.tensor([1])),
        lambda: tgb.mvlgamma(t(0.5), 0),
        lambda: tgb.polygamma(-1, t(0.5)),
        lambda: tgb.frac(tgb.tensor([1])),
        lambda: tgb.frexp(tgb.tensor([1])),
        lambda: tgb.pow(tgb.tensor([2]), -1),
        lambda: tgb.tensor([2]) // 0,
        lambda: tgb.tensor([2]) % tgb.tensor([0]),
        lambda: tgb.add(tgb.tensor([2]), 1, alpha=0.5),
        lambda: tgb.complex(tgb.ones(2), tgb.ones(2, dtype=tgb.float64)),
        lambda: tgb.complex(tgb.tensor([1]), tgb.tensor([1])),
        lambda: tgb.imag(tgb.ones(2)),
        lambda: tgb.view_as_complex(tgb.ones(3)),
        lambda: tgb.view_as_real(tgb.ones(2)),
        lambda: tgb.clamp(tgb.complex(tgb.ones(2), tgb.ones(2)), 0),
    ],
)
def test_bad_input_is_refused(run: Any) -> None:
    with pytest.raises(RuntimeError):
        run()


def test_empty_medians_are_refused() -> None:
    with pytest.raises(IndexError, match="no elements"):
        tgb.ones(2, 0).median(1)
    assert tgb.median(tgb.ones(0)).isnan()


def test_moments() -> None:
    x = t(1, 2, 3, 6)
    assert [v.item() for v in tgb.var_mean(x)] == [14 / 3, 3]
    assert [v.item() for v in tgb.var_mean(x, False)] == [14 / 4, 3]
    assert tgb.std(x, False) == 14**0.5 / 2
    assert tgb.std_mean(x, correction=0)[0] == 14**0.5 / 2
    assert tgb.aminmax(x).max == 6 and tgb.aminmax(x, dim=0, keepdim=True).min.tolist() == [1]
    z = tgb.complex(t(1, 3), t(0, 2))
    assert tgb.var(z).item() == pytest.approx(4) and not tgb.var(z).is_complex()


def test_cov() -> None:
    x = tgb.tensor([[0.0, 2.0, 1.0], [1.0, 1.0, 4.0]], dtype=tgb.float64)
    assert tgb.allclose(tgb.cov(x), tgb.tensor([[1.0, 0.0], [0.0, 3.0]], dtype=tgb.float64))
    twice = tgb.cov(x, fweights=tgb.tensor([1, 2, 1]))
    assert tgb.allclose(twice, tgb.cov(x[:, [0, 1, 1, 2]]))
    assert tgb.cov(x[0]) == 1 and tgb.cov(tgb.tensor([1, 3])) == 2
    assert tgb.corrcoef(x)[0, 0] == 1 and tgb.corrcoef(x[0]) == 1
    weighted = tgb.cov(x, aweights=t(1, 1, 1), correction=0)
    assert tgb.allclose(weighted, tgb.cov(x, correction=0))


def test_nan_is_passed_over() -> None:
    x = tgb.tensor([[1.0, nan], [3.0, 5.0]], requires_grad=True)
    assert tgb.nansum(x) == 9 and tgb.nanmean(x, 0).tolist() == [2, 5]
    tgb.nansum(x).backward()
    assert x.grad.tolist() == [[1, 0], [1, 1]]
    assert tgb.nansum(tgb.tensor([1, 2])) == 3


def test_differences_and_integrals() -> None:
    x = t(1, 4, 9, 16)
    assert tgb.diff(x, 2).tolist() == [2, 2] and tgb.diff(x, 9).shape == (0,)
    assert tgb.diff(x, prepend=t(0), append=t(25)).tolist() == [1, 3, 5, 7, 9]
    assert tgb.diff(tgb.tensor([True, False, False])).tolist() == [True, False]
    assert tgb.gradient(x)[0].tolist() == [3, 4, 6, 7]
    assert tgb.gradient(x, edge_order=2)[0].tolist() == [2, 4, 6, 8]
    uneven = t(0, 1, 3, 4)
    assert tgb.gradient(uneven**2, spacing=(uneven,), edge_order=2)[0].tolist() == [0, 2, 6, 8]
    assert tgb.trapezoid(x) == 21.5 and tgb.trapz(x, dx=2) == 43
    assert tgb.trapezoid(x, uneven) == 28
    assert tgb.cumulative_trapezoid(x).tolist() == [2.5, 9, 21.5]


def test_norms_and_sizes() -> None:
    x = tgb.tensor([[3.0, 4.0], [0.3, 0.4]])
    assert tgb.allclose(tgb.renorm(x, 2, 0, 1.0), tgb.tensor([[0.6, 0.8], [0.3, 0.4]]))
    assert tgb.dist(x[0], x[0] * 0) == 5 and tgb.dist(x[0], x[0] * 0, inf) == 4
    assert tgb.allclose(x.sum_to_size(1, 2), tgb.tensor([[3.3, 4.4]]))
    assert tgb.norm(x, "nuc").ndim == 0


def test_logcumsumexp_does_not_overflow() -> None:
    x = t(1000, 0, 1000).requires_grad_()
    out = tgb.logcumsumexp(x, 0)
    assert out[0] == 1000 and out[2] == 1000 + np.log(2)
    out[2].backward()
    assert x.grad.tolist() == pytest.approx([0.5, 0, 0.5])
    assert tgb.logcumsumexp(tgb.tensor(2.0), 0) == 2
