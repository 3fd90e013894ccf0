"""Calling a module with other parameters; fusing, initialising and clipping helpers."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.nn.utils import fusion
from tinygrad_bp.nn.utils.stateless import call_with, functional_call


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(2, 2, bias=False)
        self.two = nn.Linear(2, 2, bias=False)
        self.two.weight = self.one.weight
        self.register_buffer("calls", tgb.zeros(1))

    def forward(self, x, *, scale=1):
        self.calls = self.calls + 1
        return self.two(self.one(x)) * scale


def test_gradients_flow_to_what_is_given_and_nothing_stays():
    layer = nn.Linear(3, 2)
    own = layer.weight
    weight = tgb.zeros(2, 3, requires_grad=True)
    out = call_with(layer, {"weight": weight}, tgb.ones(1, 3))
    out.sum().backward()
    assert weight.grad.tolist() == [[1.0] * 3] * 2 and own.grad is None
    assert layer.weight is own and layer._parameters["weight"] is own
    with pytest.warns(FutureWarning, match="functional_call"):
        functional_call(layer, {"weight": weight}, (tgb.ones(1, 3),))


def test_tied_weights_and_buffers():
    net = Tied()
    given = {"one.weight": 2 * tgb.eye(2), "calls": tgb.ones(1)}
    x = tgb.ones(1, 2)
    assert call_with(net, given, (x,), {"scale": 10}).tolist() == [[40.0, 40.0]]
    assert given["calls"].tolist() == [2.0] and net.calls.tolist() == [0.0]
    untied = call_with(net, {"one.weight": 2 * tgb.eye(2)}, x, tie_weights=False)
    assert tgb.allclose(untied, net.two(2 * x))
    with pytest.raises(ValueError, match="which are tied"):
        call_with(net, {"one.weight": tgb.eye(2), "two.weight": tgb.ones(2, 2)}, x)
    with pytest.raises(RuntimeError, match=r"missing key\(s\): \['calls'\]"):
        call_with(net, {"one.weight": tgb.eye(2)}, x, strict=True)
    with pytest.raises(AttributeError, match="'nowhere'"):
        call_with(net, {"nowhere.weight": tgb.eye(2)}, x)
    assert net.one.weight is net.two.weight and set(net._buffers) == {"calls"}


def test_a_failing_call_leaves_the_module_as_it_was():
    layer = nn.Linear(3, 2)
    own = layer.weight
    with pytest.raises(RuntimeError):
        call_with(layer, {"weight": tgb.zeros(2, 7), "new": tgb.ones(1)}, tgb.ones(1, 3))
    assert layer.weight is own and not hasattr(layer, "new")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_fused_layers_compute_the_same(bias, affine):
    layer, norm = nn.Linear(3, 2, bias=bias), nn.BatchNorm1d(2, affine=affine)
    norm(layer(tgb.randn(50, 3)))
    with pytest.raises(AssertionError, match="eval"):
        fusion.fuse_linear_bn_eval(layer, norm)
    layer.eval(), norm.eval()
    fused = fusion.fuse_linear_bn_eval(layer, norm)
    x = tgb.randn(4, 3)
    assert tgb.allclose(fused(x), norm(layer(x)), atol=1e-6) and type(fused) is nn.Linear
    with pytest.raises(AssertionError, match="features"):
        fusion.fuse_linear_bn_eval(layer, nn.BatchNorm1d(3).eval())
    with pytest.raises(ValueError, match="running statistics"):
        fusion.fuse_linear_bn_eval(layer, nn.BatchNorm1d(2, track_running_stats=False).eval())


def test_fused_weights_of_convolutions_scale_the_outputs():
    weight, shape = tgb.ones(2, 3, 1, 1), (2, 3, 1, 1)
    mean, variance, scale = tgb.tensor([1.0, 2.0]), tgb.tensor([4.0, 9.0]), tgb.tensor([2.0, 3.0])
    new, bias = fusion.fuse_conv_bn_weights(weight, None, mean, variance, 0.0, scale, None)
    assert new.shape == shape and new[:, 0, 0, 0].tolist() == [1.0, 1.0]
    assert bias.tolist() == [-1.0, -2.0]
    turned, _ = fusion.fuse_conv_bn_weights(
        weight.transpose(0, 1), None, mean, variance, 0.0, scale * 2, None, transpose=True
    )
    assert turned[0, :, 0, 0].tolist() == [2.0, 2.0]


def test_skip_init_draws_nothing():
    tgb.manual_seed(3)
    layer = nn.utils.skip_init(nn.Linear, 3, 2)
    after = tgb.rand(4)
    tgb.manual_seed(3)
    assert tgb.equal(after, tgb.rand(4)) and layer.weight.shape == (2, 3)
    with pytest.raises(RuntimeError, match="device"):
        nn.utils.skip_init(nn.ReLU)
    with pytest.raises(RuntimeError, match="Expected a Module"):
        nn.utils.skip_init(int)


def test_clipping_by_a_known_norm():
    weights = [tgb.zeros(2, requires_grad=True) for _ in range(2)]
    for weight in weights:
        weight.grad = tgb.tensor([3.0, 4.0])
    total = nn.utils.get_total_norm([w.grad for w in weights])
    assert float(total) == pytest.approx(np.sqrt(50))
    nn.utils.clip_grads_with_norm_(weights, 1.0, total)
    assert float(nn.utils.get_total_norm([w.grad for w in weights])) == pytest.approx(1.0, rel=1e-5)
    with pytest.warns(FutureWarning, match="clip_grad_norm_"):
        nn.utils.clip_grad_norm(weights, 1.0)


def test_memory_formats_change_nothing():
    layer = nn.Linear(1, 1)
    assert nn.utils.convert_conv2d_weight_memory_format(layer, tgb.channels_last) is layer
    assert nn.utils.convert_conv3d_weight_memory_format(layer, tgb.channels_last_3d) is layer
