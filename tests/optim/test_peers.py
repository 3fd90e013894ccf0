"""Twenty steps of training from the same weights, beside real PyTorch's."""

import itertools

import numpy as np
import pytest

import tinygrad_bp as tgb

pytestmark = pytest.mark.peers

STEPS = 20


def grid(**options):
    return [
        dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())
    ]


OPTIMIZERS = [
    *[("SGD", {"lr": 0.1, **o}) for o in grid(
        momentum=[0, 0.9], dampening=[0, 0.3], weight_decay=[0, 0.1], maximize=[False, True])],
    *[("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, **o}) for o in grid(
        weight_decay=[0, 0.1], maximize=[False, True])],
    *[("Adagrad", o) for o in grid(
        lr_decay=[0, 0.1], weight_decay=[0, 0.1], initial_accumulator_value=[0, 0.5],
        maximize=[False, True], eps=[1e-10, 1e-3])],
    *[("RMSprop", o) for o in grid(
        momentum=[0, 0.9], centered=[False, True], weight_decay=[0, 0.1], alpha=[0.99, 0.5],
        maximize=[False, True])],
    *[(name, o) for name in ("Adam", "AdamW") for o in grid(
        amsgrad=[False, True], weight_decay=[0, 0.1], maximize=[False, True],
        betas=[(0.9, 0.999), (0.5, 0.6)], eps=[1e-8, 1e-2])],
    ("Adam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    *[("Adadelta", {"lr": 0.5, **o}) for o in grid(
        rho=[0.9, 0.5], eps=[1e-6, 1e-2], weight_decay=[0, 0.1], maximize=[False, True])],
    *[("Adamax", o) for o in grid(
        betas=[(0.9, 0.999), (0.5, 0.6)], eps=[1e-8, 1e-2], weight_decay=[0, 0.1],
        maximize=[False, True])],
    *[(name, o) for name in ("NAdam", "RAdam") for o in grid(
        betas=[(0.9, 0.999), (0.5, 0.7)], eps=[1e-8, 1e-2], weight_decay=[0, 0.1],
        decoupled_weight_decay=[False, True], maximize=[False, True])],
    ("NAdam", {"momentum_decay": 0.1}),
    *[("ASGD", {"lr": 0.1, **o}) for o in grid(
        lambd=[1e-4, 0.1], alpha=[0.75, 0.5], t0=[1e6, 5], weight_decay=[0, 0.1],
        maximize=[False, True])],
    *[("Rprop", o) for o in grid(
        etas=[(0.5, 1.2), (0.3, 1.5)], step_sizes=[(1e-6, 50), (0.005, 0.02)],
        maximize=[False, True])],
    *[("Adafactor", o) for o in grid(
        beta2_decay=[-0.8, -0.3], eps=[(None, 1e-3), (1e-3, 0.1)], d=[1.0, 2.0],
        weight_decay=[0.0, 0.1], maximize=[False, True])],
    *[("LBFGS", {"max_iter": 4, **o}) for o in grid(
        lr=[1, 0.1], history_size=[100, 3], line_search_fn=[None, "strong_wolfe"])],
    ("LBFGS", {"max_iter": 10, "max_eval": 3, "line_search_fn": "strong_wolfe"}),
    ("LBFGS", {"tolerance_grad": 0.1}),
    ("LBFGS", {"tolerance_change": 0.01}),
]  # fmt: skip


def train(lib, name, options, dtype, load=None):
    """Train a small classifier; return its weights and the optimizer's state."""
    rng = np.random.default_rng(0)
    kind = getattr(lib, dtype)
    x = lib.tensor(rng.normal(size=(8, 4)), dtype=kind)
    y = lib.tensor(rng.integers(0, 3, 8))
    net = lib.nn.Sequential(lib.nn.Linear(4, 6), lib.nn.Tanh(), lib.nn.Linear(6, 3)).to(kind)
    with lib.no_grad():
        for p in net.parameters():
            p.copy_(lib.tensor(rng.normal(size=tuple(p.shape)), dtype=kind))
    optimizer = getattr(lib.optim, name)(net.parameters(), **options)
    if load is not None:
        optimizer.load_state_dict(load)
    loss = lib.nn.CrossEntropyLoss()

    def closure():
        optimizer.zero_grad()
        value = loss(net(x), y)
        value.backward()
        return value

    for _ in range(STEPS):
        optimizer.step(closure)
    return [p.detach().numpy() for p in net.parameters()], optimizer


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-9), ("float32", 1e-2)])
@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=lambda v: str(v))
def test_twenty_steps(name, options, dtype, rtol):
    # Single precision drifts apart where the options climb: the formulas are held by float64.
    # LBFGS divides by differences of gradients, and drifts further.
    import torch

    drifts = name == "LBFGS" and dtype == "float32"

    ours, mine = train(tgb, name, options, dtype)
    theirs, other = train(torch, name, options, dtype)
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        if not drifts:
            np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-11 if dtype == "float64" else 1e-3)
    a, b = mine.state_dict(), other.state_dict()
    assert list(a["param_groups"][0]) == list(b["param_groups"][0])
    assert a["param_groups"] == b["param_groups"]
    assert set(a["state"]) == set(b["state"])
    for number, state in b["state"].items():
        assert set(a["state"][number]) == set(state)
    assert repr(mine) == repr(other)


def test_the_state_of_pytorch_loads():
    import torch

    options = {"amsgrad": True, "weight_decay": 0.1}
    _, other = train(torch, "Adam", options, "float64")
    state = other.state_dict()
    ours, _ = train(tgb, "Adam", options, "float64", load=state)
    theirs, _ = train(torch, "Adam", options, "float64", load=state)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("options", [
    {}, {"nesterov": False, "weight_decay": 0.0}, {"adjust_lr_fn": "match_rms_adamw"},
])  # fmt: skip
def test_muon(options):
    # Both compute in the 8 bits of bfloat16, and round in other places.
    import torch

    rng = np.random.default_rng(1)
    for shape in ((6, 4), (4, 6)):
        start, gradients = rng.normal(size=shape), rng.normal(size=(STEPS, *shape))
        weights = [lib.tensor(start, requires_grad=True) for lib in (tgb, torch)]
        for lib, w in zip((tgb, torch), weights, strict=True):
            optimizer = lib.optim.Muon([w], lr=0.1, **options)
            for gradient in gradients:
                w.grad = lib.tensor(gradient)
                optimizer.step()
        a, b = (w.detach().numpy() for w in weights)
        np.testing.assert_allclose(a, b, atol=0.05)
