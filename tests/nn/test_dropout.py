"""Dropout: what is dropped, how often, and that the mean (and variance) stay."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn

F = nn.functional


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize(
    ("name", "shape", "channels"),
    [
        ("dropout", (50, 40), None),
        ("dropout1d", (50, 40, 3), 2),
        ("dropout1d", (400, 3), 1),
        ("dropout2d", (50, 40, 2, 3), 2),
        ("dropout3d", (50, 40, 2, 1, 3), 2),
        ("dropout3d", (400, 2, 1, 3), 1),
        ("feature_alpha_dropout", (50, 40, 3), 2),
        ("alpha_dropout", (50, 40), None),
    ],
)
def test_whole_channels_or_elements(name, shape, channels, inplace):
    tgb.manual_seed(0)
    x = tgb.ones(*shape, requires_grad=True)
    hidden = x * 1
    out = getattr(F, name)(hidden, 0.25, True, inplace)
    assert (out is hidden) == inplace and out.shape == shape
    values = out.detach().numpy()
    if channels is not None:  # all of a channel is alike
        flat = values.reshape(*shape[:channels], -1)
        np.testing.assert_array_equal(flat, np.broadcast_to(flat[..., :1], flat.shape))
        values = flat[..., 0]
    assert len(np.unique(values)) == 2
    dropped = (values == values.min()).mean()
    assert dropped == pytest.approx(0.25, abs=0.08)
    out.sum().backward()
    gradient = x.grad.numpy()
    assert len(np.unique(gradient)) == 2
    np.testing.assert_array_equal(gradient == 0, out.detach().numpy() == out.detach().numpy().min())


def test_alpha_dropout_keeps_mean_and_variance():
    tgb.manual_seed(0)
    out = nn.AlphaDropout(0.3)(tgb.randn(20000)).numpy()
    assert out.mean() == pytest.approx(0, abs=0.03) and out.var() == pytest.approx(1, abs=0.04)
    out = nn.FeatureAlphaDropout(0.3)(tgb.randn(300, 300, 1)).numpy()
    assert out.mean() == pytest.approx(0, abs=0.03) and out.var() == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize("name", ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout",
                                  "FeatureAlphaDropout"])  # fmt: skip
def test_modules(name):
    shape = {"Dropout2d": (2, 3, 4, 4), "Dropout3d": (2, 3, 4, 4, 4)}.get(name, (2, 3, 4))
    x = tgb.randn(*shape)
    layer = getattr(nn, name)(0.5)
    assert repr(layer) == f"{name}(p=0.5, inplace=False)"
    assert layer.eval()(x) is x
    assert getattr(nn, name)(1.0)(x).abs().max() == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        getattr(nn, name)(1.5)


def test_shapes_that_are_not_meant():
    with pytest.raises(RuntimeError, match="2D or 3D"):
        F.dropout1d(tgb.ones(2))
    with pytest.warns(UserWarning, match="dropout1d"):
        F.dropout2d(tgb.ones(2, 3, 4))
    with pytest.warns(UserWarning, match="5-D"):
        F.dropout2d(tgb.ones(2, 3, 4, 1, 1))
    with pytest.warns(UserWarning, match="3-D"):
        F.dropout3d(tgb.ones(2, 3, 4))
    for function in (F.feature_alpha_dropout, tgb.feature_dropout):
        with pytest.raises(RuntimeError, match="at least 2 dimensions"):
            function(tgb.ones(3), 0.5, True)


def test_the_functions_that_pytorch_calls_native():
    x = tgb.ones(1000)
    out, mask = tgb.native_dropout(x, 0.5, True)
    assert mask.dtype == tgb.bool and tgb.equal(out, mask * 2.0)
    assert tgb.equal(tgb.native_dropout_backward(x, mask, 2.0), out)
    out, mask = tgb.native_dropout(x, 0.5, False)
    assert tgb.equal(out, x) and out is not x and bool(mask.all())
    assert tgb.dropout_(x, 0.5, True) is x
    assert tgb.feature_dropout(tgb.ones(2, 3), 0.5, False).tolist() == [[1.0] * 3] * 2
