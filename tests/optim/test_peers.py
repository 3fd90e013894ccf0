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
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(net(x), y).backward()
        optimizer.step()
    return [p.detach().numpy() for p in net.parameters()], optimizer


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-9), ("float32", 1e-2)])
@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=lambda v: str(v))
def test_twenty_steps(name, options, dtype, rtol):
    # Single precision drifts apart where the options climb: the formulas are held by float64.
    import torch

    ours, mine = train(tgb, name, options, dtype)
    theirs, other = train(torch, name, options, dtype)
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
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
