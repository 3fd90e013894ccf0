"""Modules that find out their sizes from the first input, and buffers as attributes."""

import copy
import pickle

import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.nn.parameter import is_lazy


def test_the_first_input_makes_an_ordinary_layer():
    layer = nn.LazyLinear(2)
    assert repr(layer) == "LazyLinear(in_features=0, out_features=2, bias=True)"
    assert layer.has_uninitialized_params() and is_lazy(layer.weight)
    assert repr(layer.weight) == "<UninitializedParameter>"
    parameters = list(layer.parameters())
    assert layer(tgb.ones(5, 3)).shape == (5, 2)
    assert type(layer) is nn.Linear and layer.in_features == 3
    assert [p.shape for p in parameters] == [(2, 3), (2,)]  # the same objects, for an optimizer
    assert layer.weight.abs().max() > 0 and not layer._call_hooks and not layer._state_hooks
    assert nn.LazyLinear(2, bias=False)(tgb.ones(1, 3)).shape == (1, 2)


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_learn_their_own_shapes(twin):
    layer = nn.Sequential(nn.LazyLinear(2), nn.LazyLinear(1)).double()
    other = twin(layer)
    other(tgb.ones(1, 7, dtype=tgb.float64))
    assert other[0].weight.shape == (2, 7) and other[0].weight.dtype == tgb.float64
    assert is_lazy(layer[0].weight)
    layer(tgb.ones(1, 4, dtype=tgb.float64))
    assert layer[0].weight.shape == (2, 4) and layer[0].weight.requires_grad


def test_state_of_either_kind():
    layer, lazy = nn.Linear(4, 2), nn.LazyLinear(2)
    assert is_lazy(lazy.state_dict()["weight"])
    lazy.load_state_dict(layer.state_dict())
    x = tgb.randn(3, 4)
    assert tgb.equal(lazy(x), layer(x)) and type(lazy) is nn.Linear and lazy.in_features == 4
    nn.LazyLinear(2).load_state_dict(nn.LazyLinear(2).state_dict())
    with pytest.raises(RuntimeError, match="uninitialized"):
        layer.load_state_dict(nn.LazyLinear(2).state_dict())


def test_what_has_no_shape_refuses():
    weight = nn.UninitializedParameter(dtype=tgb.float64)
    with pytest.raises(ValueError, match="add: attempted to use an uninitialized parameter"):
        weight + 1
    with pytest.raises(RuntimeError, match="Can't access the shape"):
        weight.shape
    with pytest.raises(RuntimeError, match="share memory"):
        weight.share_memory_()
    weight.materialize((2, 3))
    assert type(weight) is nn.Parameter and weight.requires_grad
    assert weight.dtype == tgb.float64 and weight.shape == (2, 3)
    buffer = nn.UninitializedBuffer()
    buffer.materialize((4,), dtype=tgb.float64)
    assert type(buffer) is tgb.Tensor and buffer.shape == (4,) and not buffer.requires_grad


def test_an_unfinished_lazy_module_says_so():
    class Half(nn.modules.lazy.LazyModuleMixin, nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.UninitializedParameter(), nn.UninitializedParameter()

        def initialize_parameters(self, x):
            self.a.materialize(x.shape)

    with pytest.raises(RuntimeError, match="Half has not been fully initialized"):
        Half()(tgb.ones(2))

    class Empty(nn.modules.lazy.LazyModuleMixin, nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty"):
        Empty()(tgb.ones(2))


def test_buffer_attributes():
    module = nn.Module()
    module.mean = nn.Buffer(tgb.ones(2))
    module.cache = nn.Buffer(tgb.zeros(1), persistent=False)
    assert isinstance(module.mean, nn.Buffer) and type(module.mean) is tgb.Tensor
    assert not isinstance(tgb.ones(1), nn.Buffer)
    assert [n for n, _ in module.named_buffers()] == ["mean", "cache"]
    assert list(module.state_dict()) == ["mean"]
    module.mean = nn.Buffer(tgb.zeros(3))
    assert module.mean.shape == (3,) and len(module._buffers) == 2
    assert nn.Buffer().shape == (0,)
