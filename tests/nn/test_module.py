"""Module: registries, listings, state, conversion, text."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.block = nn.Sequential(nn.ReLU(), nn.Linear(4, 2, bias=False))
        self.scale = nn.Parameter(tgb.ones(2))
        self.register_buffer("mean", tgb.zeros(3))
        self.register_buffer("cache", tgb.zeros(1), persistent=False)

    def forward(self, x):
        return self.block(self.first(x - self.mean)) * self.scale


NAMES = ["scale", "first.weight", "first.bias", "block.1.weight"]


def test_attributes_are_registered_and_listed_in_order():
    net = Net()
    assert [n for n, _ in net.named_parameters()] == NAMES
    assert [n for n, _ in net.named_buffers()] == ["mean", "cache"]
    assert [n for n, _ in net.named_modules()] == ["", "first", "block", "block.0", "block.1"]
    assert [n for n, _ in net.named_children()] == ["first", "block"]
    assert [n for n, _ in net.named_parameters(prefix="net", recurse=False)] == ["net.scale"]
    assert next(net.parameters()) is net.scale
    assert net.first.weight is dict(net.named_parameters())["first.weight"]
    assert len(list(net.modules())) == 5 and len(list(net.children())) == 2
    assert len(list(net.buffers())) == 2


def test_a_shared_parameter_is_listed_once():
    net = nn.Module()
    net.a = nn.Linear(2, 2)
    net.b = nn.Linear(2, 2)
    net.b.weight = net.a.weight
    assert [n for n, _ in net.named_parameters()] == ["a.weight", "a.bias", "b.bias"]
    both = [n for n, _ in net.named_parameters(remove_duplicate=False)]
    assert both == ["a.weight", "a.bias", "b.weight", "b.bias"]
    net.c = net.a
    assert [n for n, _ in net.named_modules()] == ["", "a", "b"]
    assert set(net.state_dict()) == {
        f"{m}.{p}" for m in "abc" for p in ("weight", "bias")
    }  # the state names it at every place, as in PyTorch


def test_registries_and_attributes_stay_in_step():
    net = Net()
    order = list(net._modules)
    net.first = nn.Linear(3, 4)
    assert list(net._modules) == order  # a replaced module keeps its place
    net.scale = None
    assert net.scale is None and net._parameters["scale"] is None
    net.scale = nn.Parameter(tgb.zeros(2))
    assert net._parameters["scale"] is net.scale
    net.mean = tgb.ones(3)
    assert net._buffers["mean"] is net.mean
    del net.first
    assert not hasattr(net, "first") and "first" not in net._modules
    net.plain = 3
    net.plain = nn.Parameter(tgb.ones(1))  # an ordinary attribute gives way
    assert "plain" in dict(net.named_parameters())
    del net.plain
    assert "plain" not in vars(net)
    net.plain = 5
    del net.plain
    assert "plain" not in vars(net)
    net._modules["late"] = nn.ReLU()  # what was put straight into a registry is found too
    assert isinstance(net.late, nn.ReLU)
    assert "late" in dir(net)


def test_assignment_errors():
    net = Net()
    with pytest.raises(TypeError, match=r"as parameter 'scale' of Net .*no_grad"):
        net.scale = tgb.ones(2)
    with pytest.raises(TypeError, match="child module 'first'"):
        net.first = 3
    with pytest.raises(TypeError, match="buffer 'mean'"):
        net.mean = 3
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'missing'"):
        net.missing
    with pytest.raises(AttributeError):
        del net.missing

    class Forgetful(nn.Module):
        def __init__(self, value):
            self.value = value

    for value in (nn.ReLU(), nn.Parameter(tgb.ones(1))):
        with pytest.raises(AttributeError, match=r"before Module\.__init__"):
            Forgetful(value)


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("register_parameter", nn.Parameter(tgb.ones(1))),
        ("register_buffer", tgb.ones(1)),
        ("add_module", nn.ReLU()),
    ],
)
def test_names_are_checked(method, value):
    register = getattr(Net(), method)
    with pytest.raises(KeyError, match="contain"):
        register("a.b", value)
    with pytest.raises(KeyError, match="empty"):
        register("", value)
    with pytest.raises(KeyError, match="already exists"):
        register("forward", value)
    with pytest.raises(TypeError, match="string"):
        register(3, value)
    with pytest.raises(TypeError):
        register("fine", 3)


def test_only_leaves_are_parameters():
    leaf = nn.Parameter(tgb.ones(1))
    with pytest.raises(TypeError, match="Parameter"):
        nn.Module().register_parameter("w", leaf * 2)


def test_members_by_dotted_name():
    net = Net()
    assert net.get_submodule("") is net
    assert net.get_submodule("block.1") is net.block[1]
    assert net.get_parameter("block.1.weight") is net.block[1].weight
    assert net.get_buffer("mean") is net.mean
    with pytest.raises(AttributeError, match="'nine' does not exist"):
        net.get_submodule("nine")
    with pytest.raises(AttributeError, match=r"'scale' is not an nn\.Module"):
        net.get_submodule("scale")
    with pytest.raises(AttributeError, match="'mean' is not a parameter"):
        net.get_parameter("mean")


def test_train_eval_apply_freeze_zero_grad():
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net.train()
    assert all(m.training for m in net.modules())
    with pytest.raises(ValueError, match="boolean"):
        net.train(1)
    seen = []
    net.apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["Linear", "ReLU", "Linear", "Sequential", "Net"]
    net(tgb.ones(1, 3)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all(not p.grad.any() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    net.requires_grad_(False)
    assert not net(tgb.ones(1, 3)).requires_grad


def test_forward_is_required():
    with pytest.raises(NotImplementedError, match="forward"):
        nn.Module()(1)


def test_state_dict_round_trip():
    a, b = Net(), Net()
    with tgb.no_grad():
        a.mean.copy_(tgb.tensor([1.0, 2.0, 3.0]))
    state = a.state_dict()
    assert list(state) == ["scale", "mean", "first.weight", "first.bias", "block.1.weight"]
    assert not any(t.requires_grad for t in state.values())
    assert list(state._metadata) == ["", "first", "block", "block.0", "block.1"]
    result = b.load_state_dict(state)
    assert repr(result) == "<All keys matched successfully>"
    assert result.missing_keys == [] and result.unexpected_keys == []
    x = tgb.randn(5, 3)
    assert tgb.equal(a(x), b(x))
    with tgb.no_grad():
        b.first.weight.zero_()  # copied, not shared
    assert a.first.weight.any()
    assert a.state_dict(keep_vars=True)["scale"] is a.scale
    arrays = {name: np.asarray(t) for name, t in state.items()}
    b.load_state_dict(arrays)
    assert tgb.equal(a(x), b(x))


def test_state_dict_mismatches_are_all_named_and_change_nothing():
    net = Net()
    before = net.state_dict()["scale"].clone()
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    state["scale"] = tgb.full((2,), 7.0)
    del state["mean"]
    state["extra"] = tgb.ones(1)
    state["first.weight"] = tgb.ones(4, 9)
    with pytest.raises(RuntimeError) as error:
        net.load_state_dict(state)
    text = str(error.value)
    assert "loading state_dict for Net" in text
    assert 'Missing key(s) in state_dict: "mean"' in text
    assert 'Unexpected key(s) in state_dict: "extra"' in text
    assert "size mismatch for first.weight" in text and "(4, 9)" in text and "(4, 3)" in text
    assert tgb.equal(net.scale, before)
    with pytest.raises(RuntimeError, match="size mismatch"):
        net.load_state_dict(state, strict=False)
    state["first.weight"] = tgb.ones(4, 3)
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["mean"] and result.unexpected_keys == ["extra"]
    assert "extra" in repr(result)
    assert net.scale.tolist() == [7.0, 7.0]
    with pytest.raises(RuntimeError, match=r'"scale" is str'):
        net.load_state_dict({"scale": "no tensor"}, strict=False)
    with pytest.raises(TypeError, match="dict-like"):
        net.load_state_dict([1])


def test_load_state_dict_assign_takes_the_dtype():
    net = Net()
    net.load_state_dict(Net().double().state_dict(), assign=True)
    assert net.first.weight.dtype == tgb.float64 and net.mean.dtype == tgb.float64
    assert isinstance(net.first.weight, nn.Parameter) and net.first.weight.requires_grad
    assert net.first._parameters["weight"] is net.first.weight


def test_loading_is_noticed_by_a_recorded_graph():
    net = Net()
    out = net(tgb.ones(1, 3)).sum()
    net.load_state_dict(net.state_dict())
    with pytest.raises(RuntimeError, match="changed in place"):
        out.backward()


def test_conversion():
    net = Net()
    net.register_buffer("count", tgb.zeros(1, dtype=tgb.int64))
    net(tgb.ones(1, 3)).sum().backward()
    weight = net.first.weight
    assert net.double() is net
    assert net.first.weight is weight and weight.dtype == tgb.float64
    assert weight.grad.dtype == tgb.float64 and net.mean.dtype == tgb.float64
    assert net.count.dtype == tgb.int64
    net(tgb.ones(1, 3, dtype=tgb.float64)).sum().backward()
    assert weight.grad.dtype == tgb.float64
    assert net.to("cpu", tgb.float32).scale.dtype == tgb.float32
    assert net.to(tgb.zeros(1, dtype=tgb.float64)).scale.dtype == tgb.float64
    assert net.half().scale.dtype == tgb.float16
    assert net.float().cpu().scale.dtype == tgb.float32
    assert net.to(device="cpu") is net
    with pytest.raises(RuntimeError, match="no device 'cuda'"):
        net.to("cuda")
    with pytest.raises(TypeError, match="floating point"):
        net.to(tgb.int64)
    assert nn.Module().type(tgb.float64) is not None


def test_copies_are_independent():
    net = Net()
    x = tgb.ones(1, 3)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert tgb.equal(twin(x), net(x))
        assert twin.first._parameters["weight"] is twin.first.weight
        with tgb.no_grad():
            twin.first.weight.add_(1.0)
        assert not tgb.equal(twin.first.weight, net.first.weight)


def test_parameter():
    data = tgb.ones(2)
    parameter = nn.Parameter(data)
    assert parameter.requires_grad and parameter.is_leaf
    assert isinstance(parameter, tgb.Tensor)
    assert repr(parameter) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    with tgb.no_grad():
        parameter.mul_(2.0)
    assert data.tolist() == [2.0, 2.0]  # the memory is shared, as in PyTorch
    assert not nn.Parameter(tgb.ones(1, dtype=tgb.int64), requires_grad=False).requires_grad
    assert nn.Parameter().shape == (0,)
    with pytest.raises(RuntimeError, match="floating"):
        nn.Parameter(tgb.ones(1, dtype=tgb.int64))
    with pytest.raises(TypeError, match=r"nn\.Parameter\(tgb\.tensor"):
        nn.Parameter(np.ones(2))
    assert type(parameter * 2) is tgb.Tensor
    twin = copy.deepcopy(parameter)
    assert type(twin) is nn.Parameter and twin.requires_grad


REPRS = [
    (nn.Linear(2, 3), "Linear(in_features=2, out_features=3, bias=True)"),
    (nn.Identity(), "Identity()"),
    (nn.ReLU(inplace=True), "ReLU(inplace=True)"),
    (nn.LeakyReLU(), "LeakyReLU(negative_slope=0.01)"),
    (nn.LeakyReLU(0.2, True), "LeakyReLU(negative_slope=0.2, inplace=True)"),
    (nn.ELU(inplace=True), "ELU(alpha=1.0, inplace=True)"),
    (nn.GELU(), "GELU(approximate='none')"),
    (nn.Softplus(), "Softplus(beta=1.0, threshold=20.0)"),
    (nn.Softmax(dim=1), "Softmax(dim=1)"),
    (nn.LogSoftmax(-1), "LogSoftmax(dim=-1)"),
    (nn.Hardtanh(inplace=True), "Hardtanh(min_val=-1.0, max_val=1.0, inplace=True)"),
    (nn.ReLU6(), "ReLU6()"),
    (nn.ReLU6(True), "ReLU6(inplace=True)"),
    (nn.Unflatten(1, (2, 3)), "Unflatten(dim=1, unflattened_size=(2, 3))"),
    (nn.CrossEntropyLoss(), "CrossEntropyLoss()"),
    (nn.Sequential(), "Sequential()"),
    (nn.ModuleList(), "ModuleList()"),
    (
        nn.Sequential(
            nn.Linear(2, 3, bias=False),
            nn.ReLU(),
            nn.Sequential(nn.Dropout(0.2), nn.Flatten()),
        ),
        """Sequential(
  (0): Linear(in_features=2, out_features=3, bias=False)
  (1): ReLU()
  (2): Sequential(
    (0): Dropout(p=0.2, inplace=False)
    (1): Flatten(start_dim=1, end_dim=-1)
  )
)""",
    ),
    (
        nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()]),
        """ModuleList(
  (0-1): 2 x Linear(in_features=2, out_features=2, bias=True)
  (2): ReLU()
)""",
    ),
    (
        nn.ModuleDict({"a": nn.Tanh(), "b": nn.Identity()}),
        "ModuleDict(\n  (a): Tanh()\n  (b): Identity()\n)",
    ),
]


@pytest.mark.parametrize(("module", "text"), REPRS, ids=[text.split("(")[0] for _, text in REPRS])
def test_repr(module, text):
    assert repr(module) == text


def test_repr_with_several_extra_lines():
    class Two(nn.Module):
        def extra_repr(self):
            return "one\ntwo"

    assert repr(Two()) == "Two(\n  one\n  two\n)"


def test_no_warning_in_an_ordinary_life():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = Net()
        net(tgb.randn(2, 3)).sum().backward()
        net.load_state_dict(net.state_dict())
    assert net.scale.grad is not None
