"""Convolution, pooling, padding and resampling: what holds of them whatever the numbers."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.autograd import gradcheck, gradgradcheck
from tinygrad_bp.nn import functional as F
from tinygrad_bp.rules import conv as rules

RNG = np.random.default_rng(0)


def draw(*shape: int, dtype: Any = tgb.float64) -> Any:
    return tgb.tensor(RNG.standard_normal(shape), dtype=dtype)


def same(a: Any, b: Any, **tolerance: float) -> None:
    np.testing.assert_allclose(np.asarray(a.detach()), np.asarray(b.detach()), **tolerance)


# -------------------------------------------------------------------------------------- convolution


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", [0, (1, 2)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_convolution_is_its_composition(stride: int, padding: Any, dilation: int) -> None:
    """Windows side by side, a matrix product; and back. Values and gradients."""
    x, w = draw(2, 3, 8, 7).requires_grad_(), draw(4, 3, 3, 2).requires_grad_()
    how = {"dilation": dilation, "padding": padding, "stride": stride}
    y = F.conv2d(x, w, **how)
    product = w.reshape(4, -1) @ F.unfold(x, (3, 2), **how)
    same(y, product.reshape(*y.shape), rtol=1e-12)
    g = draw(*y.shape)
    found = tgb.autograd.grad(y, (x, w), g)
    for mine, composed in zip(
        found, tgb.autograd.grad(product.reshape(*y.shape), (x, w), g), strict=True
    ):
        same(mine, composed, rtol=1e-11, atol=1e-13)
    columns = w.reshape(4, -1).T @ g.reshape(2, 4, -1)
    same(found[0], F.fold(columns, (8, 7), (3, 2), **how), rtol=1e-11, atol=1e-13)


def test_a_bias_is_added_to_each_channel() -> None:
    x, w, b = draw(2, 3, 5, 5), draw(4, 3, 3, 3), draw(4)
    same(F.conv2d(x, w, b), F.conv2d(x, w) + b.reshape(4, 1, 1), rtol=1e-13)


@pytest.mark.parametrize("stride", [1, 2])
def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch, stride: int) -> None:
    """Samples are worked on a few at a time: any number of them gives the same."""
    x, w = draw(7, 4, 9, 8), draw(6, 2, 3, 3)
    how = {"stride": (stride,) * 2, "padding": (1, 0), "dilation": (1, 1), "groups": 2}
    found: list[list[Any]] = []
    for block in (1, 20_000, 1 << 30):
        monkeypatch.setattr(rules, "BLOCK", block)
        rules._geometry.cache_clear()
        y = rules.conv(x, w, **how)
        found.append(
            [y, rules.conv_transpose(y, w, size=(9, 8), **how),
             rules.conv_weight(x, y, kernel=(3, 3), **how)]
        )  # fmt: skip
    rules._geometry.cache_clear()
    for results in found[1:]:
        for one, other in zip(results, found[0], strict=True):
            same(one, other, rtol=1e-11, atol=1e-12)


def test_a_number_beyond_an_edge_stays_there() -> None:
    """Lines of windows run over the ends of rows: what is computed there is dropped."""
    x = tgb.zeros(1, 1, 4, 4)
    x[0, 0, 1, 3] = math.inf
    y = F.conv2d(x, tgb.ones(1, 1, 2, 2))
    assert tgb.isinf(y)[0, 0].tolist() == [[False, False, True]] * 2 + [[False] * 3]


def test_memory_order_does_not_matter() -> None:
    x, w = draw(2, 5, 6, 3).permute(0, 3, 1, 2), draw(3, 2, 2, 4).permute(3, 0, 1, 2)
    same(F.conv2d(x, w), F.conv2d(x.clone(), tgb.tensor(np.array(w))), rtol=1e-12)


def test_same_padding_keeps_the_size() -> None:
    x = draw(1, 2, 9, 8)
    for kernel, dilation in itertools.product([(1, 1), (2, 3), (4, 5)], [1, 2]):
        w = draw(3, 2, *kernel)
        assert F.conv2d(x, w, padding="same", dilation=dilation).shape == (1, 3, 9, 8)


def test_float32_stays_float32_and_close() -> None:
    x, w = draw(3, 4, 9, 9), draw(5, 4, 3, 3)
    y = F.conv2d(x.float(), w.float())
    assert y.dtype == tgb.float32
    same(y.double(), F.conv2d(x, w), rtol=1e-4, atol=1e-4)


def test_second_derivatives() -> None:
    x, w, b = draw(2, 2, 5, 5), draw(4, 1, 2, 2), draw(4)
    how = {"stride": 2, "padding": 1, "groups": 2}
    assert gradgradcheck(lambda x, w, b: F.conv2d(x, w, b, **how), (x, w, b))
    w = draw(2, 2, 3, 3)
    assert gradgradcheck(
        lambda x, w: F.conv_transpose2d(x, w, stride=2, output_padding=1, groups=2), (x, w)
    )
    assert gradgradcheck(lambda x, w: F.conv_transpose2d(x, w, dilation=2, output_padding=1),
                         (x, w))  # fmt: skip


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_gradients_by_themselves(rank: int) -> None:
    sizes = (5, 4, 6)[:rank]
    x, w = draw(2, 4, *sizes).requires_grad_(), draw(6, 2, *(3, 2, 3)[:rank]).requires_grad_()
    how = {"stride": 2, "padding": 1, "groups": 2}
    y = getattr(F, f"conv{rank}d")(x, w, **how)
    g = draw(*y.shape)
    dx, dw = tgb.autograd.grad(y, (x, w), g)
    same(getattr(nn.grad, f"conv{rank}d_input")(x.shape, w, g, **how), dx, rtol=1e-13)
    same(getattr(nn.grad, f"conv{rank}d_weight")(x, w.shape, g, **how), dw, rtol=1e-13)
    with pytest.raises(ValueError, match="input_size has to be given"):
        getattr(nn.grad, f"conv{rank}d_input")(None, w, g)


def test_layers_start_within_their_bound() -> None:
    for layer, fan_in in [
        (nn.Conv2d(6, 8, (3, 2), groups=2), 18), (nn.Conv1d(4, 8, 5), 20),
        (nn.ConvTranspose2d(6, 8, 3), 72),
    ]:  # fmt: skip
        for parameter in layer.parameters():
            largest = float(parameter.detach().abs().max())
            assert 0.5 / math.sqrt(fan_in) < largest <= 1 / math.sqrt(fan_in)


def test_a_lazy_layer_becomes_an_ordinary_one() -> None:
    layer = nn.LazyConv2d(4, 3, padding=1)
    assert layer(tgb.ones(2, 5, 6, 6)).shape == (2, 4, 6, 6)
    assert type(layer) is nn.Conv2d and layer.in_channels == 5
    other = nn.LazyConv2d(4, 3, padding=1)
    other.load_state_dict(layer.state_dict())
    same(other(tgb.ones(1, 5, 6, 6)), layer(tgb.ones(1, 5, 6, 6)))
    with pytest.raises(RuntimeError, match="has to be of 4 dimensions"):
        nn.LazyConv2d(4, 3)(tgb.ones(2, 5))


# ------------------------------------------------------------------------------------------ pooling


def test_of_equal_elements_the_first_gets_the_gradient() -> None:
    x = tgb.zeros(1, 1, 4, 4, requires_grad=True)
    F.max_pool2d(x, 2).sum().backward()
    assert x.grad[0, 0].tolist() == [[1, 0, 1, 0], [0] * 4, [1, 0, 1, 0], [0] * 4]
    x = tgb.zeros(1, 1, 3, requires_grad=True)
    F.max_pool1d(x, 2, 1).sum().backward()
    assert x.grad[0, 0].tolist() == [1, 1, 0]


def test_nan_is_the_largest() -> None:
    x = tgb.tensor([[[1.0, math.nan, 3.0, 2.0]]])
    y, where = F.max_pool1d(x, 2, return_indices=True)
    assert math.isnan(y[0, 0, 0].item()) and y[0, 0, 1] == 3
    assert where.tolist() == [[[1, 2]]]


def test_windows_of_minus_infinity() -> None:
    x = tgb.full((1, 1, 3), -math.inf)
    y, where = F.max_pool1d(x, 2, padding=1, return_indices=True)
    assert y.tolist() == [[[-math.inf] * 2]]
    assert where.tolist() == [[[0, 1]]]


def test_pooling_of_integers() -> None:
    x = tgb.tensor([[[[-5, -3], [-4, -9]]]])
    y = F.max_pool2d(x, 2, padding=1, stride=1)
    assert y.tolist() == [[[[-5, -3, -3], [-4, -3, -3], [-4, -4, -9]]]]
    assert y.dtype == tgb.int64


def test_pool_and_unpool() -> None:
    x = draw(2, 3, 7, 6)
    y, where = F.max_pool2d(x, 2, return_indices=True)
    back = F.max_unpool2d(y, where, 2, output_size=x.shape)
    assert back.shape == x.shape
    assert bool(((back == x) | (back == 0)).all())
    same(F.max_pool2d(back.abs(), 2), y.abs())


def test_adaptive_pooling_is_pooling_where_windows_are_even() -> None:
    x = draw(2, 3, 8, 6)
    same(F.adaptive_avg_pool2d(x, (4, 3)), F.avg_pool2d(x, 2), rtol=1e-12)
    same(F.adaptive_max_pool2d(x, (4, 3)), F.max_pool2d(x, 2))
    same(F.adaptive_avg_pool2d(x, (5, 4)).mean(), x.mean(), atol=0.2)
    same(F.adaptive_avg_pool2d(x, 1), x.mean((2, 3), keepdim=True), rtol=1e-12)
    assert F.adaptive_avg_pool2d(x, (None, 2)).shape == (2, 3, 8, 2)


def test_fractional_pooling_takes_elements_of_the_input() -> None:
    tgb.manual_seed(0)
    x = draw(2, 3, 9, 8)
    y, where = F.fractional_max_pool2d(x, 2, output_ratio=0.6, return_indices=True)
    assert y.shape == (2, 3, 5, 4)
    same(x.reshape(2, 3, -1).gather(2, where.reshape(2, 3, -1)).reshape(*y.shape), y)
    first, second = (F.fractional_max_pool3d(draw(1, 1, 6, 6, 6), 2, 3) for _ in range(2))
    assert first.shape == second.shape == (1, 1, 3, 3, 3)


# ------------------------------------------------------------------------------------------ padding


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_padding_is_numpys(mode: str) -> None:
    x = draw(2, 3, 5, 6)
    kind = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]
    expected = np.pad(np.asarray(x), ((0, 0), (0, 0), (3, 1), (2, 4)), kind)
    same(F.pad(x, (2, 4, 3, 1), mode), tgb.tensor(expected))
    assert gradgradcheck(lambda x: F.pad(x, (2, 4, 3, 1), mode), x)


# --------------------------------------------------------------------------------------- resampling


MODES = [
    ("nearest", (2, 2, 7, 6)), ("nearest-exact", (2, 2, 7)), ("linear", (2, 2, 7)),
    ("bilinear", (2, 2, 7, 6)), ("bicubic", (2, 2, 7, 6)), ("trilinear", (1, 2, 4, 5, 3)),
    ("area", (2, 2, 7, 6)),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "shape"), MODES)
@pytest.mark.parametrize("factor", [0.6, 1.5, 2, 3])
def test_what_is_constant_stays_constant(mode: str, shape: Any, factor: float) -> None:
    y = F.interpolate(tgb.full(shape, 1.5), scale_factor=factor, mode=mode)
    assert y.shape[2:] == tuple(math.floor(n * factor) for n in shape[2:])
    same(y, tgb.full(y.shape, 1.5), rtol=1e-6)
    assert gradcheck(lambda x: F.interpolate(x, scale_factor=factor, mode=mode), draw(*shape))


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
def test_antialiasing_weighs_all_pixels(mode: str) -> None:
    x = draw(1, 1, 16, 16).requires_grad_()
    F.interpolate(x, (4, 4), mode=mode, antialias=True).sum().backward()
    assert bool((x.grad != 0).all())
    same(x.grad.sum(), tgb.tensor(16.0, dtype=tgb.float64), rtol=1e-12)


def test_interpolation_of_bytes() -> None:
    x = tgb.tensor([[[[0, 255], [255, 0]]]], dtype=tgb.uint8)
    y = F.interpolate(x, (3, 3), mode="bilinear", align_corners=True)
    assert y.dtype == tgb.uint8
    assert y.tolist() == [[[[0, 128, 255], [128, 128, 128], [255, 128, 0]]]]


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_the_grid_of_the_identity(mode: str, align_corners: bool) -> None:
    x = draw(2, 3, 4, 5)
    theta = tgb.tensor([[[1.0, 0, 0], [0, 1, 0]]] * 2, dtype=tgb.float64)
    grid = F.affine_grid(theta, x.shape, align_corners)
    same(F.grid_sample(x, grid, mode, "border", align_corners), x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_grid_sample_second_derivatives(mode: str, padding_mode: str) -> None:
    x, grid = draw(1, 2, 4, 5), draw(1, 2, 3, 2) * 0.8
    assert gradgradcheck(
        lambda x, grid: F.grid_sample(x, grid, mode, padding_mode, False), (x, grid)
    )


def test_align_corners_is_asked_for() -> None:
    with pytest.warns(UserWarning, match="align_corners was not given"):
        F.grid_sample(draw(1, 1, 2, 2), draw(1, 1, 1, 2))
    with pytest.warns(UserWarning, match="align_corners was not given"):
        F.affine_grid(draw(1, 2, 3), (1, 1, 2, 2))


def test_shuffles_are_undone() -> None:
    x = draw(2, 12, 4, 6)
    same(F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2), x)
    same(F.channel_shuffle(F.channel_shuffle(x, 3), 4), x)


# ------------------------------------------------------------------------------------------- errors


X, W = (2, 3, 8, 8), (4, 3, 3, 3)

#: What is called with a library, the type of what it raises, and what ours says.
BAD: list[tuple[str, Any, type[Exception], str]] = [
    ("channels", lambda m: m.conv2d(m.ones(2, 4, 8, 8), m.ones(*W)), RuntimeError, "3 channels"),
    ("rank", lambda m: m.conv2d(m.ones(8, 8), m.ones(*W)), RuntimeError, "4 dimensions"),
    ("kernel", lambda m: m.conv2d(m.ones(2, 3, 2, 8), m.ones(*W)), RuntimeError, "does not fit"),
    ("bias", lambda m: m.conv2d(m.ones(*X), m.ones(*W), m.ones(3)), RuntimeError, r"\(4,\)"),
    ("dtype", lambda m: m.conv2d(m.ones(*X), m.ones(*W).double()), RuntimeError, "float64"),
    ("same", lambda m: m.conv2d(m.ones(*X), m.ones(*W), None, 2, "same"), RuntimeError, "stride"),
    ("word", lambda m: m.conv2d(m.ones(*X), m.ones(*W), padding="all"), RuntimeError, "'all'"),
    ("stride", lambda m: m.conv2d(m.ones(*X), m.ones(*W), stride=0), RuntimeError, "positive"),
    ("strides", lambda m: m.conv2d(m.ones(*X), m.ones(*W), stride=(1, 1, 1)), RuntimeError, "2 of"),
    ("negative", lambda m: m.conv2d(m.ones(*X), m.ones(*W), padding=-1), RuntimeError, "negative"),
    ("groups", lambda m: m.conv2d(m.ones(*X), m.ones(*W), groups=2), RuntimeError, "groups=2"),
    ("output_padding", lambda m: m.conv_transpose2d(m.ones(*X), m.ones(3, 2, 3, 3),
                                                    output_padding=2), RuntimeError, "smaller"),
    ("layer groups", lambda m: m.nn.Conv2d(3, 4, 3, groups=2), ValueError, "divisible"),
    ("layer mode", lambda m: m.nn.Conv2d(3, 4, 3, padding_mode="x"), ValueError, "padding_mode"),
    ("layer same", lambda m: m.nn.Conv2d(3, 4, 3, 2, "same"), ValueError, "strided"),
    ("layer transposed", lambda m: m.nn.ConvTranspose2d(3, 4, 3, padding_mode="circular"),
     ValueError, "zeros"),
    ("output_size", lambda m: m.nn.ConvTranspose2d(3, 4, 3)(m.ones(*X), output_size=(20, 20)),
     ValueError, "possible"),
    ("pool padding", lambda m: m.max_pool2d(m.ones(*X), 2, padding=2), RuntimeError, "half"),
    ("pool size", lambda m: m.max_pool2d(m.ones(*X), 9), RuntimeError, "no window"),
    ("pool rank", lambda m: m.max_pool2d(m.ones(8, 8), 2), RuntimeError, "4 dimensions"),
    ("divisor", lambda m: m.nn.functional.avg_pool2d(m.ones(*X), 2, divisor_override=0),
     RuntimeError, "divisor_override"),
    ("unpool", lambda m: m.nn.functional.max_unpool2d(
        m.ones(1, 1, 1, 1), m.tensor([[[[9]]]]), 2), RuntimeError, "outside"),
    ("unpool size", lambda m: m.nn.functional.max_unpool2d(
        m.ones(1, 1, 1, 1), m.tensor([[[[0]]]]), 2, output_size=(5, 5)), ValueError, "stride"),
    ("fractional", lambda m: m.nn.functional.fractional_max_pool2d(m.ones(*X), 2), ValueError,
     "output_size or output_ratio"),
    ("fractional both", lambda m: m.nn.FractionalMaxPool2d(2, 3, 0.5), ValueError, "one of them"),
    ("reflect", lambda m: m.nn.functional.pad(m.ones(*X), (8, 0, 0, 0), "reflect"), RuntimeError,
     "one less"),
    ("circular", lambda m: m.nn.functional.pad(m.ones(*X), (9, 0, 0, 0), "circular"), RuntimeError,
     "at most"),
    ("pad rank", lambda m: m.nn.functional.pad(m.ones(4), (1, 1), "reflect"), NotImplementedError,
     "axes"),
    ("pad mode", lambda m: m.nn.functional.pad(m.ones(*X), (1, 1), "mirror"), NotImplementedError,
     "mirror"),
    ("size and factor", lambda m: m.nn.functional.interpolate(m.ones(*X), 4, 2), ValueError,
     "only one"),
    ("no size", lambda m: m.nn.functional.interpolate(m.ones(*X)), ValueError, "either"),
    ("sizes", lambda m: m.nn.functional.interpolate(m.ones(*X), (1, 2, 3)), ValueError,
     "2 spatial axes"),
    ("corners", lambda m: m.nn.functional.interpolate(m.ones(*X), 4, align_corners=True),
     ValueError, "align_corners"),
    ("mode", lambda m: m.nn.functional.interpolate(m.ones(*X), 4, mode="linear"),
     NotImplementedError, "linear"),
    ("antialias", lambda m: m.nn.functional.interpolate(m.ones(*X), 4, antialias=True), ValueError,
     "antialias"),
    ("grid", lambda m: m.nn.functional.grid_sample(m.ones(*X), m.ones(2, 1, 1, 3),
                                                   align_corners=True), RuntimeError, "2"),
    ("grid mode", lambda m: m.nn.functional.grid_sample(m.ones(*X), m.ones(2, 1, 1, 2), "cubic"),
     ValueError, "mode"),
    ("theta", lambda m: m.nn.functional.affine_grid(m.ones(1, 3, 3), (1, 1, 2, 2),
                                                    align_corners=True), ValueError, "theta"),
    ("shuffle", lambda m: m.pixel_shuffle(m.ones(*X), 2), RuntimeError, "multiple"),
    ("unshuffle", lambda m: m.pixel_unshuffle(m.ones(*X), 3), RuntimeError, "multiples"),
    ("fold", lambda m: m.nn.functional.fold(m.ones(1, 4, 5), (3, 3), 2), RuntimeError, "columns"),
    ("unfold", lambda m: m.nn.functional.unfold(m.ones(*X), 9), RuntimeError, "no window"),
]  # fmt: skip

bad = pytest.mark.parametrize(("call", "kind", "text"), [b[1:] for b in BAD],
                              ids=[b[0] for b in BAD])  # fmt: skip


@bad
def test_an_error_says_what_is_wrong(call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call(tgb)


@pytest.mark.peers
@bad
def test_pytorch_raises_the_same_type(call: Any, kind: type[Exception], text: str) -> None:
    import torch

    with pytest.raises(kind):
        call(torch)


@pytest.mark.peers
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
def test_bytes_are_pytorchs(mode: str) -> None:
    import torch

    x = np.random.default_rng(1).integers(0, 256, (1, 3, 9, 7), dtype=np.uint8)
    mine = np.asarray(F.interpolate(tgb.tensor(x), (13, 5), mode=mode)).astype(int)
    theirs = torch.nn.functional.interpolate(torch.tensor(x), (13, 5), mode=mode).numpy()
    assert np.abs(mine - theirs.astype(int)).max() <= 1  # PyTorch weighs in whole numbers
