"""Sequential, ModuleList, ModuleDict."""

from collections import OrderedDict

import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn


class Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


def factors(container):
    return [m.factor for m in container]


def test_sequential_runs_in_order():
    net = nn.Sequential(Times(2), nn.ReLU(), Times(-1))
    assert net(tgb.tensor([3.0, -3.0])).tolist() == [-6.0, 0.0]
    named = nn.Sequential(OrderedDict(a=Times(2), b=Times(3)))
    assert named.b.factor == 3 and [n for n, _ in named.named_children()] == ["a", "b"]
    assert named(tgb.tensor(1.0)).item() == 6
    assert nn.Sequential()(5) == 5


def test_sequential_is_a_list():
    net = nn.Sequential(Times(1), Times(2), Times(3))
    assert len(net) == 3 and net[0].factor == 1 and net[-1].factor == 3
    assert isinstance(net[1:], nn.Sequential) and factors(net[1:]) == [2, 3]
    assert list(net[1:]._modules) == ["1", "2"]  # a slice keeps the names, as in PyTorch
    net[1] = Times(9)
    assert factors(net) == [1, 9, 3]
    net.append(Times(4)).extend([Times(5)])
    net.insert(0, Times(0))
    assert factors(net) == [0, 1, 9, 3, 4, 5]
    assert list(net._modules) == list("012345")
    del net[0]
    del net[1:3]
    assert factors(net) == [1, 4, 5] and list(net._modules) == list("012")
    assert net.pop(-1).factor == 5
    for bad in (7, -7):
        with pytest.raises(IndexError, match="out of range"):
            net[bad]
    with pytest.raises(TypeError):
        net["a"]


def test_deleting_from_a_named_sequential_numbers_the_rest():
    net = nn.Sequential(OrderedDict(a=Times(2), b=Times(3), c=Times(4)))
    del net[1]
    assert list(net._modules) == ["0", "1"] and not hasattr(net, "b")  # as in PyTorch
    assert factors(net) == [2, 4]


def test_sequential_arithmetic():
    one, two = nn.Sequential(Times(1)), nn.Sequential(Times(2), Times(3))
    assert factors(one + two) == [1, 2, 3] and factors(2 * two) == [2, 3, 2, 3]
    two += one
    assert factors(two) == [2, 3, 1]
    two *= 2
    assert factors(two) == [2, 3, 1, 2, 3, 1] and list(two._modules) == list("012345")
    with pytest.raises(ValueError, match="Sequential"):
        one + two[0]
    with pytest.raises(ValueError, match="Non-positive"):
        one * 0
    with pytest.raises(TypeError):
        one * 1.5
    with pytest.raises(IndexError, match="out of range"):
        one.insert(7, Times(1))
    with pytest.raises(AssertionError, match="Module"):
        one.insert(0, 3)


def test_parameter_list():
    listed = nn.ParameterList([tgb.ones(2), 3])
    assert isinstance(listed[0], nn.Parameter) and listed[1] == 3 and len(listed) == 2
    listed.append(nn.Parameter(tgb.zeros(1))).extend([tgb.ones(1)])
    listed += [tgb.ones(4)]
    assert [n for n, _ in listed.named_parameters()] == ["0", "2", "3", "4"]
    assert isinstance(listed[1:3], nn.ParameterList) and len(listed[1:3]) == 2
    assert listed[-1].shape == (4,)
    listed[1] = tgb.ones(5)
    assert len(list(listed.parameters())) == 5
    assert [tuple(p.shape) for p in listed] == [(2,), (5,), (1,), (1,), (4,)]
    assert repr(nn.ParameterList([tgb.ones(2, 3), "x"])) == (
        "ParameterList(\n    (0): Parameter containing: [tinygrad_bp.float32 of size 2x3]\n"
        "    (1): Object of type: str\n)"
    )
    with pytest.raises(IndexError, match="out of range"):
        listed[9]
    for wrong in (3, tgb.ones(2)):
        with pytest.raises(TypeError, match="iterable"):
            listed.extend(wrong)
    with pytest.raises(RuntimeError, match="should not be called"):
        listed()


def test_parameter_dict():
    held = nn.ParameterDict({"b": tgb.ones(2), "a": tgb.zeros(1)})
    assert list(held) == list(held.keys()) == ["a", "b"]  # a plain dict is sorted, as in PyTorch
    held["c"] = 3
    assert held.get("c") == 3 and held.get("z", 5) == 5 and held.setdefault("d", 7) == 7
    assert held.pop("d") == 7 and held.popitem() == ("c", 3) and "c" not in held
    assert [n for n, _ in held.named_parameters()] == ["a", "b"]
    assert list(reversed(held)) == ["b", "a"] and len(list(held.values())) == 2
    twin = held.copy()
    assert twin["a"] is held["a"]
    both = held | nn.ParameterDict([("x", tgb.ones(1))])
    assert list(both) == ["a", "b", "x"]
    both |= {"y": tgb.ones(1)}
    assert len(both) == 4 and list({"q": tgb.ones(1)} | held) == ["q", "a", "b"]
    assert dict(held.fromkeys(["m"], 1).items()) == {"m": 1}
    assert "(a): Parameter containing" in repr(held)
    del both["y"]
    both.clear()
    assert not len(both)
    with pytest.raises(AttributeError, match="'y'"):
        both["y"]
    with pytest.raises(TypeError, match="strings"):
        both[1] = tgb.ones(1)
    with pytest.raises(TypeError, match="iterable"):
        both.update(3)
    with pytest.raises(ValueError, match="length 1"):
        both.update([("a",)])
    with pytest.raises(TypeError, match="Iterable"):
        both.update([3])
    with pytest.raises(RuntimeError, match="should not be called"):
        both(1)


def test_module_list():
    layers = nn.ModuleList([nn.Linear(2, 2)])
    layers += [nn.Linear(2, 3)]
    layers.append(nn.ReLU())
    layers.insert(0, nn.Tanh())
    assert [type(m).__name__ for m in layers] == ["Tanh", "Linear", "Linear", "ReLU"]
    names = [n for n, _ in layers.named_parameters()]
    assert names == ["1.weight", "1.bias", "2.weight", "2.bias"]
    assert isinstance(layers[:2], nn.ModuleList) and len(layers[:2]) == 2
    assert len(layers + layers) == 8
    del layers[0]
    assert isinstance(layers[0], nn.Linear) and isinstance(layers.pop(), nn.ReLU)
    with pytest.raises(TypeError, match="iterable"):
        layers.extend(3)
    with pytest.raises(TypeError, match="not a Module"):
        layers.append(3)
    with pytest.raises(NotImplementedError):
        layers(1)


def test_module_dict():
    heads = nn.ModuleDict({"a": nn.Linear(2, 1)})
    heads["b"] = nn.ReLU()
    heads.update([("c", nn.Tanh())])
    assert list(heads) == list(heads.keys()) == ["a", "b", "c"]
    assert "b" in heads and len(heads) == 3
    assert [n for n, _ in heads.named_parameters()] == ["a.weight", "a.bias"]
    assert isinstance(heads.pop("c"), nn.Tanh)
    del heads["b"]
    with pytest.raises(KeyError):
        del heads["b"]
    assert [k for k, _ in heads.items()] == ["a"] and len(list(heads.values())) == 1
    heads.clear()
    assert not len(heads)
    with pytest.raises(TypeError, match="iterable"):
        heads.update(3)
    with pytest.raises(KeyError, match="already exists"):
        heads["keys"] = nn.ReLU()
    assert len(nn.ModuleDict(nn.ModuleDict({"x": nn.ReLU()}))) == 1
