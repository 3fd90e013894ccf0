"""The optimizers against the bare formulas of `textbook`, and their bookkeeping."""

import copy
import threading
import warnings

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn, optim
from tinygrad_bp.optim import blocks, formulas
from tinygrad_bp.textbook import optimizers as bare

STEPS = 25
SHAPES = [(3, 4), (5,), ()]


def parameters(seed=0, kind=tgb.float64):
    rng = np.random.default_rng(seed)
    return [tgb.tensor(rng.normal(size=s), dtype=kind, requires_grad=True) for s in SHAPES]


def gradients(step, params):
    rng = np.random.default_rng(step + 100)
    return [rng.normal(size=p.shape) for p in params]


def train(optimizer, params, steps=STEPS, first=0):
    for step in range(first, first + steps):
        for p, g in zip(params, gradients(step, params), strict=True):
            p.grad = tgb.tensor(g, dtype=p.dtype)
        optimizer.step()
    return [p.detach().numpy().copy() for p in params]


def by_hand(formula, states, **options):
    """Run a bare formula from the same weights: (w, dw, *state[, t]) → (w, *state)."""
    results = []
    for i, p in enumerate(parameters()):
        w, state = p.detach().numpy().copy(), [np.zeros(p.shape)] * states
        for step in range(STEPS):
            dw = gradients(step, parameters())[i]
            t = (step + 1,) if formula in (bare.adam, bare.adamw) else ()
            out = formula(w, dw, *state, *t, **options)
            w, *state = out if isinstance(out, tuple) else (out,)
        results.append(w)
    return results


TEXTBOOK = [
    (lambda p: optim.SGD(p, lr=0.1), bare.gradient_descent, 0, {"lr": 0.1}),
    (lambda p: optim.SGD(p, lr=0.1, momentum=0.9), bare.momentum, 1, {"lr": 0.1, "mu": 0.9}),
    (lambda p: optim.Adagrad(p, lr=0.1), bare.adagrad, 1, {"lr": 0.1}),
    (lambda p: optim.RMSprop(p, lr=0.1, alpha=0.9), bare.rmsprop, 1, {"lr": 0.1, "alpha": 0.9}),
    (
        lambda p: optim.Adam(p, lr=0.1, betas=(0.8, 0.95)),
        bare.adam,
        2,
        {"lr": 0.1, "beta1": 0.8, "beta2": 0.95},
    ),
    (
        lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.3),
        bare.adamw,
        2,
        {"lr": 0.1, "weight_decay": 0.3},
    ),
]


@pytest.mark.parametrize(
    ("make", "formula", "states", "options"), TEXTBOOK, ids=[t[1].__name__ for t in TEXTBOOK]
)
@pytest.mark.parametrize("block", [4, blocks.BLOCK])
def test_equals_the_textbook(make, formula, states, options, block, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", block)
    monkeypatch.setattr(blocks, "_scratch", threading.local())
    params = parameters()
    trained = train(make(params), params)
    for ours, theirs in zip(trained, by_hand(formula, states, **options), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)


ALL = [
    lambda p: optim.SGD(p, lr=0.1),
    lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.1),
    lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, maximize=True),
    lambda p: optim.Adagrad(p, lr=0.1, lr_decay=0.1, weight_decay=0.1, maximize=True),
    lambda p: optim.Adagrad(p, initial_accumulator_value=0.5),
    lambda p: optim.RMSprop(p, momentum=0.9, centered=True, weight_decay=0.1),
    lambda p: optim.RMSprop(p, momentum=0.9, maximize=True),
    lambda p: optim.RMSprop(p, centered=True),
    lambda p: optim.Adam(p, amsgrad=True, weight_decay=0.1),
    lambda p: optim.Adam(p, maximize=True),
    lambda p: optim.AdamW(p, amsgrad=True),
]


@pytest.mark.parametrize("make", ALL)
def test_blocks_and_layouts_give_the_same_numbers(make, monkeypatch):
    plain = parameters()
    expected = train(make(plain), plain)
    monkeypatch.setattr(blocks, "BLOCK", 3)
    monkeypatch.setattr(blocks, "_scratch", threading.local())
    turned = parameters()
    # A parameter whose elements do not lie in order.
    with tgb.no_grad():
        turned[0].data = tgb.tensor(turned[0].detach().numpy().T.copy()).T
    assert not turned[0].is_contiguous()
    for ours, theirs in zip(train(make(turned), turned), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


@pytest.mark.parametrize("make", ALL)
def test_a_saved_state_continues_exactly(make):
    whole = parameters()
    expected = train(make(whole), whole, 10)
    params = parameters()
    first = make(params)
    train(first, params, 5)
    saved = copy.deepcopy(first.state_dict())
    new = [tgb.tensor(p.detach().numpy(), requires_grad=True) for p in params]
    second = make(new)
    second.load_state_dict(saved)
    for ours, theirs in zip(train(second, new, 5, first=5), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    # It is a copy: what was saved did not move.
    again = first.state_dict()
    for number, state in saved["state"].items():
        for name, value in state.items():
            assert tgb.equal(value, again["state"][number][name])


LAYOUTS = [
    (optim.SGD, {"momentum": 0.9}, {"momentum_buffer"}),
    (optim.SGD, {}, set()),
    (optim.Adagrad, {}, {"step", "sum"}),
    (optim.RMSprop, {"momentum": 0.9, "centered": True},
     {"step", "square_avg", "momentum_buffer", "grad_avg"}),
    (optim.Adam, {}, {"step", "exp_avg", "exp_avg_sq"}),
    (optim.AdamW, {"amsgrad": True}, {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "options", "names"), LAYOUTS)
def test_the_layout_of_the_state(kind, options, names):
    params = parameters(kind=tgb.float32)
    optimizer = kind(params, **options)
    train(optimizer, params, 3)
    state = optimizer.state_dict()
    assert set(state) == {"state", "param_groups"}
    assert set(state["state"]) == ({0, 1, 2} if names else set())
    assert state["param_groups"][0]["params"] == [0, 1, 2]
    for number, p in enumerate(params if names else []):
        mine = optimizer.state[p]
        assert set(mine) == names and set(state["state"][number]) == names
        assert all(isinstance(v, tgb.Tensor) for v in mine.values())
        assert all(v.shape == p.shape for n, v in mine.items() if n != "step")
        if "step" in mine:
            assert mine["step"].item() == 3 and mine["step"].shape == ()


def test_parameter_groups():
    a, b = (tgb.tensor([1.0], requires_grad=True) for _ in "ab")
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
    a.grad, b.grad = tgb.ones(1), tgb.ones(1)
    optimizer.step()
    assert a.item() == pytest.approx(0.9) and b.item() == pytest.approx(0.5)
    optimizer.param_groups[0]["lr"] = 0.2
    optimizer.step()
    assert a.item() == pytest.approx(0.7)
    c = tgb.tensor([1.0], requires_grad=True)
    optimizer.add_param_group({"params": [c], "lr": 1.0})
    c.grad = tgb.ones(1)
    optimizer.step()
    assert c.item() == 0
    assert [g["params"] for g in optimizer.state_dict()["param_groups"]] == [[0], [1], [2]]


def test_named_parameters():
    net = nn.Linear(2, 1)
    optimizer = optim.SGD(net.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"][1] is net.bias
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    optimizer.load_state_dict(optim.SGD(net.parameters(), lr=0.3).state_dict())
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["lr"] == 0.3
    with pytest.raises(ValueError, match="named"):
        optimizer.add_param_group({"params": [tgb.ones(1, requires_grad=True)]})
    with pytest.raises(ValueError, match="names"):
        optim.SGD([("w", net.weight), net.bias], lr=0.1)


def test_gradients_of_none_are_skipped_and_zero_grad():
    a, b = parameters()[:2]
    before = b.detach().clone()
    optimizer = optim.Adam([a, b])
    a.grad = tgb.ones(*a.shape, dtype=tgb.float64)
    optimizer.step()
    assert tgb.equal(b, before) and b not in optimizer.state
    optimizer.zero_grad(set_to_none=False)
    assert a.grad is not None and not a.grad.any() and b.grad is None
    optimizer.zero_grad()
    assert a.grad is None


def test_closure():
    w = tgb.tensor([2.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with tgb.no_grad():
        assert optimizer.step(closure).item() == 4
    assert w.item() == 1
    assert optimizer.step() is None


def test_a_stale_graph_is_noticed():
    w = tgb.tensor([2.0], requires_grad=True)
    loss = (w * w).sum()
    w.grad = tgb.ones(1)
    optim.SGD([w], lr=0.1).step()
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_the_gradient_itself_is_not_changed():
    for make in ALL:
        params = parameters()
        optimizer = make(params)
        train(optimizer, params, 2)
        for p, g in zip(params, gradients(1, params), strict=True):
            np.testing.assert_array_equal(p.grad.numpy(), g)


@pytest.mark.parametrize("kind", [tgb.float16, tgb.float32])
def test_the_dtype_stays(kind):
    for make in ALL:
        params = parameters(kind=kind)
        optimizer = make(params)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            trained = train(optimizer, params, 3)
        assert all(w.dtype == kind.dtype for w in trained)
        assert all(np.isfinite(w).all() for w in trained)


def test_a_model_that_changes_its_dtype_goes_on():
    net = nn.Linear(2, 1)
    optimizer = optim.Adam(net.parameters())
    for _ in range(2):
        optimizer.zero_grad()
        net(tgb.ones(1, 2, dtype=net.weight.dtype)).sum().backward()
        optimizer.step()
        net.double()
    assert optimizer.state[net.weight]["exp_avg"].any()
    assert net.weight.dtype == tgb.float64


def test_gradients_that_are_not_finite_show_without_a_warning():
    w = tgb.tensor([1.0, 1.0], requires_grad=True)
    w.grad = tgb.tensor([float("inf"), 1.0])
    optim.Adam([w]).step()
    assert w.isnan().tolist() == [True, False]


WRONG = [
    (lambda p: optim.SGD(p, lr=-1.0), "learning_rate"),
    (lambda p: optim.SGD(p, lr=0.1, momentum=-1.0), "momentum"),
    (lambda p: optim.SGD(p, lr=0.1, weight_decay=-1.0), "weight_decay"),
    (lambda p: optim.SGD(p, lr=float("nan")), "learning_rate"),
    (lambda p: optim.SGD(p, lr=0.1, nesterov=True), "Nesterov"),
    (lambda p: optim.SGD(p, lr=0.1, nesterov=True, momentum=0.9, dampening=0.1), "Nesterov"),
    (lambda p: optim.Adagrad(p, lr_decay=-1.0), "lr_decay"),
    (lambda p: optim.Adagrad(p, initial_accumulator_value=-1.0), "initial_accumulator_value"),
    (lambda p: optim.RMSprop(p, alpha=-1.0), "alpha"),
    (lambda p: optim.Adam(p, eps=-1.0), "epsilon"),
    (lambda p: optim.Adam(p, betas=(1.0, 0.9)), "index 0"),
    (lambda p: optim.AdamW(p, betas=(0.9, -0.1)), "index 1"),
]


@pytest.mark.parametrize(("make", "words"), WRONG)
def test_options_are_checked(make, words):
    with pytest.raises(ValueError, match=words):
        make(parameters())


def test_parameters_are_checked():
    w = tgb.ones(1, requires_grad=True)
    for params, error, words in [
        ([], ValueError, "empty parameter list"),
        (w, TypeError, "put it into a list"),
        ([3], TypeError, "only optimize Tensors, not int"),
        ([w * 2], ValueError, "non-leaf"),
        ([{"params": {w}}], TypeError, "set"),
        ([{"params": [w]}, {"params": [w]}], ValueError, "more than one parameter group"),
    ]:
        with pytest.raises(error, match=words):
            optim.SGD(params, lr=0.1)
    with pytest.raises(TypeError, match="must be a dict"):
        optim.SGD([w], lr=0.1).add_param_group([w])
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optim.SGD([w, w], lr=0.1)
    with pytest.raises(NotImplementedError, match="differentiable"):
        optim.SGD([w], lr=0.1, differentiable=True)
    w.grad = tgb.ones(1)
    base = optim.Optimizer([w], {})
    with pytest.raises(NotImplementedError, match="_update"):
        base.step()


def test_loading_checks_groups():
    a, b = parameters()[:2]
    one = optim.Adam([a]).state_dict()
    with pytest.raises(ValueError, match="doesn't match the size"):
        optim.Adam([a, b]).load_state_dict(one)
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optim.Adam([{"params": [a]}, {"params": [b]}]).load_state_dict(one)
    optimizer = optim.Adam([a])
    a.grad = tgb.ones(*a.shape, dtype=tgb.float64)
    optimizer.step()
    with pytest.raises(ValueError, match=r"'exp_avg' of shape \(3, 4\) for .* \(5,\)"):
        optim.Adam([b]).load_state_dict(optimizer.state_dict())


def test_repr_and_deepcopy():
    optimizer = optim.SGD([tgb.ones(1, requires_grad=True)], lr=0.1)
    assert repr(optimizer) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n"
        "    fused: None\n    lr: 0.1\n    maximize: False\n    momentum: 0\n    nesterov: False\n"
        "    weight_decay: 0\n)"
    )
    twin = copy.deepcopy(optimizer)
    assert twin.param_groups[0]["params"][0] is not optimizer.param_groups[0]["params"][0]


def test_programs_reuse_scratch_arrays():
    names = ("step", "fresh1", "beta2", "fresh2", "eps")
    program = blocks.Program(formulas.adam, 4, names, ())
    assert program.n_scratch <= 2 and len(program.calls) == 12
    assert blocks.Program(formulas.sgd, 2, ("lr",), ()).n_scratch == 1


def test_formulas_are_pure_and_take_tensors():
    w, g, m, v = (tgb.tensor([x], requires_grad=True) for x in (1.0, 2.0, 0.0, 0.0))
    scalars = {"step": 0.1, "fresh1": 0.5, "beta2": 0.5, "fresh2": 0.5, "eps": 1e-8}
    new, m1, v1 = formulas.adam(w, g, m, v, **scalars)
    assert (m1.item(), v1.item()) == (1.0, 2.0) and w.item() == 1.0
    assert new.item() == pytest.approx(1 - 0.1 / 2**0.5)
    new.backward()
    assert w.grad.item() == 1.0 and g.grad is not None


def test_a_network_learns():
    tgb.manual_seed(0)
    x, y = tgb.randn(64, 2), None
    y = (x[:, 0] * x[:, 1] > 0).long()
    for kind, lr in [(optim.SGD, 0.5), (optim.Adagrad, 0.1), (optim.RMSprop, 0.01),
                     (optim.Adam, 0.03), (optim.AdamW, 0.03)]:  # fmt: skip
        net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
        optimizer, loss = kind(net.parameters(), lr=lr), nn.CrossEntropyLoss()
        for _ in range(200):
            optimizer.zero_grad()
            out = loss(net(x), y)
            out.backward()
            optimizer.step()
        assert out.item() < 0.35, kind


def test_threads_share_no_scratch():
    program = blocks.program_of(formulas.sgd, 2, ("lr",), ())
    kind = np.dtype(np.float32)
    mine, theirs = blocks.scratch_for(program, kind), []
    other = threading.Thread(target=lambda: theirs.extend(blocks.scratch_for(program, kind)))
    other.start()
    other.join()
    assert blocks.scratch_for(program, kind) is mine
    assert len(theirs) == len(mine) == 1 and theirs[0] is not mine[0]


def updated(shapes, repeated=False, kind=np.float32):
    """Return parameters after three steps of Adam with all of them, and with each by itself."""
    results = []
    for together in (True, False):
        rng = np.random.default_rng(0)
        base = tgb.tensor(rng.standard_normal(6).astype(kind))
        params = [tgb.tensor(rng.standard_normal(s).astype(kind)) for s in shapes]
        params += [base[:4], base[2:]] if repeated else []  # memory that two of them show
        params = [p.requires_grad_() for p in params]
        makers = [params] if together else [[p] for p in params]
        optimizers = [optim.AdamW(group, lr=0.1, fused=False) for group in makers]
        for _ in range(3):
            for p in params:
                p.grad = tgb.tensor(rng.standard_normal(p.shape).astype(kind))
            for optimizer in optimizers:
                optimizer.step()
        results.append([p.detach().numpy().copy() for p in params])
    return zip(*results, strict=True)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.complex64])
def test_small_parameters_are_updated_in_one(kind):
    for joined, alone in updated([(3, 2), (), (1,), (0,), (5000,), (2048,)], kind=kind):
        np.testing.assert_array_equal(joined, alone)


def test_small_parameters_that_share_memory_are_updated_in_turn():
    for joined, alone in updated([(3,), (2,), (4,)], repeated=True):
        np.testing.assert_array_equal(joined, alone)


def test_a_parameter_that_comes_twice_is_updated_twice():
    w = tgb.tensor([1.0], requires_grad=True)
    others = [tgb.zeros(2, requires_grad=True) for _ in range(2)]
    with pytest.warns(UserWarning, match="duplicate"):
        optimizer = optim.SGD([w, *others, w], lr=0.25, fused=False)
    for p in (w, *others):
        p.grad = tgb.ones_like(p)
    optimizer.step()
    assert w.tolist() == [0.5] and others[0].tolist() == [-0.25, -0.25]
