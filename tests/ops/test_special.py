"""`tgb.special`: identities, limits, dtypes. The values are those of `cases_special`."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import special

x = tgb.linspace(-3, 3, 25, dtype=tgb.float64)
positive = tgb.linspace(0.1, 12, 25, dtype=tgb.float64)


def close(a: tgb.Tensor, b: tgb.Tensor) -> bool:
    return tgb.allclose(a, b, rtol=1e-11, atol=1e-12)


def test_every_name_is_there() -> None:
    assert all(callable(getattr(special, name)) for name in special.__all__)
    assert tgb.special is special


def test_names_of_one_thing() -> None:
    assert special.psi is tgb.digamma and special.gammaln is tgb.lgamma
    assert special.gammainc is tgb.igamma and special.gammaincc is tgb.igammac
    assert special.expit is tgb.sigmoid and special.multigammaln is tgb.mvlgamma


def test_identities() -> None:
    assert close(special.erf(x) + special.erfc(x), tgb.ones_like(x))
    assert close(special.erfinv(special.erf(x[5:-5])), x[5:-5])
    assert close(special.ndtri(special.ndtr(x)), x)
    assert close(special.log_ndtr(x), special.ndtr(x).log())
    assert close(special.erfcx(x), (x * x).exp() * special.erfc(x))
    assert close(special.expit(special.logit(positive / 13)), positive / 13)
    assert close(special.gammaln(positive + 1), special.gammaln(positive) + positive.log())
    assert close(special.psi(positive + 1), special.psi(positive) + 1 / positive)
    assert close(special.zeta(2, positive), special.polygamma(1, positive))
    assert close(
        special.gammainc(positive, positive + 1) + special.gammaincc(positive, positive + 1),
        tgb.ones_like(positive),
    )
    j = special.bessel_j1(positive) * special.bessel_y0(positive)
    y = special.bessel_j0(positive) * special.bessel_y1(positive)
    assert close(j - y, 2 / (math.pi * positive))
    i = special.i0(positive) * special.modified_bessel_k1(positive)
    k = special.i1(positive) * special.modified_bessel_k0(positive)
    assert close(i + k, 1 / positive)
    assert close(special.multigammaln(positive + 2, 1), special.gammaln(positive + 2))


@pytest.mark.parametrize(
    "name",
    ["airy_ai", "bessel_j0", "bessel_y1", "digamma", "entr", "erfc", "erfcx", "gammaln", "i0e",
     "i1", "log_ndtr", "modified_bessel_k0", "ndtr", "sinc", "spherical_bessel_j0"],
)  # fmt: skip
def test_single_precision_is_rounded_double(name: str) -> None:
    function = getattr(special, name)
    single = positive.float()
    out = function(single)
    assert out.dtype == tgb.float32
    np.testing.assert_allclose(
        np.asarray(out), np.asarray(function(single.double())), rtol=1e-5, atol=1e-7
    )
    assert function(tgb.tensor([1, 2])).dtype == tgb.float32


def test_extremes_are_quiet() -> None:
    edge = tgb.tensor([0.0, -1.0, math.inf, -math.inf, math.nan, 1e30, -1e30])
    for name in special.__all__:
        function = getattr(special, name)
        if name in ("softmax", "log_softmax", "logsumexp"):
            continue
        if "polynomial" in name or name in ("gammainc", "gammaincc", "xlogy", "xlog1py"):
            assert function(edge[:2], edge[:2]).shape == (2,)
        elif name == "zeta":
            assert function(2.0, edge[:3]).tolist()[0] == math.inf
        elif name == "polygamma":
            assert function(1, edge[:3])[0] == math.inf
        elif name == "multigammaln":
            assert function(edge[:3], 1)[0] == math.inf
        else:
            assert function(edge).shape == edge.shape


def test_numbers_beside_tensors() -> None:
    assert special.xlogy(2, tgb.tensor([math.e])).item() == pytest.approx(2)
    assert special.zeta(tgb.tensor([2.0]), 1).item() == pytest.approx(math.pi**2 / 6)
    assert special.chebyshev_polynomial_t(tgb.tensor([0.5]), 3).item() == pytest.approx(-1)
    assert tgb.float_power(tgb.tensor([2]), 0.5).dtype == tgb.float64
