"""What scripts ask of a module besides running it: state, hooks on all, conversions, paths."""

import copy
import pickle

import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.nn.modules import module as mm


class Counter(nn.Module):
    """A layer with state of its own kind."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(tgb.ones(1))
        self.count = 0

    def get_extra_state(self):
        return {"count": self.count}

    def set_extra_state(self, state):
        self.count = state["count"]

    def forward(self, x):
        self.count += 1
        return x * self.weight


def test_extra_state():
    one, two = nn.Sequential(Counter()), nn.Sequential(Counter())
    one(tgb.ones(1))
    state = one.state_dict()
    assert list(state) == ["0.weight", "0._extra_state"]
    two.load_state_dict(state)
    assert two[0].count == 1
    del state["0._extra_state"]
    with pytest.raises(RuntimeError, match=r'Missing.*"0._extra_state"'):
        two.load_state_dict(state)
    plain = nn.Sequential(nn.Linear(1, 1))
    with pytest.raises(RuntimeError, match=r'Unexpected.*"0._extra_state"'):
        plain.load_state_dict({**plain.state_dict(), "0._extra_state": 1})
    with pytest.raises(RuntimeError, match="get_extra_state"):
        plain.get_extra_state()
    with pytest.raises(RuntimeError, match="set_extra_state"):
        plain.set_extra_state(1)


def test_state_hooks():
    net, seen = nn.Sequential(nn.Linear(2, 1)), []
    handles = [
        net.register_state_dict_pre_hook(lambda m, prefix, keep: seen.append(("pre", prefix))),
        net.register_state_dict_post_hook(lambda m, state, prefix, meta: state.pop("0.bias")),
    ]
    with pytest.raises(RuntimeError, match="must return None"):
        net.state_dict()
    handles[1].remove()
    private = net._register_state_dict_hook(lambda m, state, prefix, meta: {"only": 1})
    assert net.state_dict() == {"only": 1} and seen == [("pre", "")] * 2
    private.remove()

    def rename(module, state, prefix, meta, strict, missing, unexpected, errors):
        state["0.weight"] = state.pop("old")

    net.register_load_state_dict_pre_hook(rename)
    net.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
    result = net.load_state_dict({"old": tgb.full((1, 2), 5.0)})
    assert net[0].weight.tolist() == [[5.0, 5.0]] and result.missing_keys == []


def test_a_failed_load_changes_nothing_even_with_assign():
    net = nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1))
    weight, before = net[0].weight, net[0].weight.tolist()
    state = {**net.state_dict(), "0.weight": tgb.zeros(1, 2), "1.weight": tgb.zeros(3, 3)}
    for assign in (False, True):
        with pytest.raises(RuntimeError, match=r"size mismatch for 1\.weight"):
            net.load_state_dict(state, assign=assign)
        assert net[0].weight is weight and weight.tolist() == before


def test_an_older_layout_is_translated_by_its_version():
    class Renamed(nn.Linear):
        _version = 2

        def _load_from_state_dict(self, state, prefix, metadata, *rest):
            if metadata.get("version", 1) < 2:
                state[prefix + "weight"] = state.pop(prefix + "kernel")
            super()._load_from_state_dict(state, prefix, metadata, *rest)

    net = nn.Sequential(Renamed(2, 1, bias=False))
    net.load_state_dict({"0.kernel": tgb.ones(1, 2)})
    assert net[0].weight.tolist() == [[1.0, 1.0]]
    assert net.state_dict()._metadata["0"] == {"version": 2}
    net.load_state_dict(net.state_dict())


def test_state_dict_by_position_warns():
    with pytest.warns(FutureWarning, match="Positional"):
        state = nn.Linear(2, 1).state_dict(None, "x.")
    assert list(state) == ["x.weight", "x.bias"]


def test_global_hooks():
    net, seen = nn.Sequential(nn.Tanh()), []
    with (
        mm.register_module_forward_pre_hook(lambda m, args: seen.append(("pre", type(m)))),
        mm.register_module_forward_hook(lambda m, args, out: out * 2),
        mm.register_module_full_backward_pre_hook(lambda m, grads: seen.append("backward pre")),
        mm.register_module_full_backward_hook(lambda m, gi, go: seen.append("backward")),
    ):
        x = tgb.zeros(1, requires_grad=True)
        net(x + 0).backward()
    assert seen[:2] == [("pre", nn.Sequential), ("pre", nn.Tanh)]
    assert seen[2:] == ["backward pre"] * 2 + ["backward"] * 2
    assert x.grad.tolist() == [4.0]
    seen.clear()
    net(tgb.ones(1))
    assert seen == []


def test_registration_hooks():
    seen = []
    with (
        mm.register_module_parameter_registration_hook(lambda m, n, p: seen.append(n)),
        mm.register_module_buffer_registration_hook(lambda m, n, b: seen.append(n)),
        mm.register_module_module_registration_hook(
            lambda m, n, c: nn.ReLU() if isinstance(c, nn.Tanh) else None
        ),
    ):
        layer = nn.Linear(1, 1)
        layer.register_buffer("mean", tgb.zeros(1))
        net = nn.Sequential(nn.Tanh())
        net.extra = nn.Tanh()
    assert seen == ["weight", "bias", "mean"]
    assert isinstance(net[0], nn.ReLU) and isinstance(net.extra, nn.ReLU)


def test_a_hook_that_is_always_called():
    class Broken(nn.Module):
        def forward(self, x):
            raise ValueError("broken")

    module, seen = Broken(), []
    module.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    module.register_forward_hook(lambda m, args, out: seen.append("not this"))
    with pytest.raises(ValueError, match="broken"):
        module(1)
    assert seen == [None]

    def fails(m, args, out):
        raise KeyError("again")

    module.register_forward_hook(fails, always_call=True)
    with pytest.raises(ValueError, match="broken"), pytest.warns(UserWarning, match="silenced"):
        module(1)


def test_modules_by_path():
    net = nn.Sequential(nn.Sequential(nn.Linear(1, 1)))
    net.set_submodule("0.0", nn.ReLU())
    net.set_submodule("0.new", nn.Tanh())
    assert isinstance(net[0][0], nn.ReLU) and isinstance(net[0].new, nn.Tanh)
    with pytest.raises(ValueError, match="target name"):
        net.set_submodule("", nn.ReLU())
    with pytest.raises(ValueError, match=r"not an nn\.Module"):
        net.set_submodule("0", 3)
    with pytest.raises(AttributeError, match="no attribute 'zz'"):
        net.set_submodule("0.zz", nn.ReLU(), strict=True)
    with pytest.raises(AttributeError, match=r"'training' is not an nn\.Module"):
        net.set_submodule("0.training", nn.ReLU())


def test_conversions():
    layer = nn.Linear(2, 1)
    weight = layer.weight
    assert layer.to(tgb.device("cpu"), tgb.float64) is layer and weight.dtype == tgb.float64
    assert layer.to(tgb.ones(1)).weight.dtype == tgb.float32
    for refused in (layer.cuda, layer.xpu, lambda: layer.to("cuda:0"), lambda: layer.to(0)):
        with pytest.raises(AssertionError, match="no device"):
            refused()
    with pytest.raises((RuntimeError, TypeError), match="bfloat16"):
        layer.bfloat16()
    assert layer.share_memory().weight.is_shared() and layer.weight is weight
    assert layer.to_empty(device="cpu").weight.shape == (1, 2)
    outer = nn.Sequential(nn.Linear(1, 1))
    outer.to_empty(device="cpu", recurse=False)
    assert outer.compile() is None


def test_super_init_takes_no_arguments_unless_told():
    class Mixin:
        def __init__(self, size):
            self.size = size

    class Both(nn.Module, Mixin):
        call_super_init = True

        def __init__(self, size):
            super().__init__(size)

    assert Both(3).size == 3
    with pytest.raises(TypeError, match="unexpected"):
        nn.Module(3)


def test_an_older_pickle_gets_the_newer_registries():
    module = nn.Linear(1, 1)
    state = dict(vars(module))
    del state["_state_hooks"], state["_call_hooks"]
    twin = nn.Linear.__new__(nn.Linear)
    twin.__setstate__(state)
    assert tgb.equal(twin(tgb.ones(1, 1)), module(tgb.ones(1, 1)))
    assert list(twin.state_dict()) == ["weight", "bias"]


def test_data_parallel_is_the_module_on_the_cpu():
    net = nn.DataParallel(nn.Linear(2, 1), device_ids=[0, 1])
    assert list(net.state_dict()) == ["module.weight", "module.bias"]
    x = tgb.ones(3, 2)
    assert tgb.equal(net(x), net.module(x))
    assert tgb.equal(nn.parallel.data_parallel(net.module, x), net.module(x))


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_containers_of_parameters_are_copied(twin):
    module = nn.ParameterDict({"a": tgb.ones(2)})
    module["b"] = nn.ParameterList([tgb.zeros(1)])
    other = twin(module)
    assert [n for n, _ in other.named_parameters()] == ["a", "b.0"]
    assert other["a"] is not module["a"] and tgb.equal(other["a"], module["a"])
