"""Rates of every scheduler, beside real PyTorch's, epoch by epoch."""

import math
import warnings

import pytest

import tinygrad_bp as tgb

pytestmark = pytest.mark.peers

EPOCHS = 30


def optimizer_of(lib, kind="SGD", **options):
    weights = [lib.zeros(1, requires_grad=True) for _ in range(2)]
    groups = [{"params": [weights[0]]}, {"params": [weights[1]], "lr": 0.5}]
    return getattr(lib.optim, kind)(groups, lr=0.1, **options)


class Shrinking:
    def __init__(self):
        self.rate = 0.9

    def __call__(self, epoch):
        return self.rate**epoch


SIMPLE = [
    ("LambdaLR", {"lr_lambda": lambda epoch: 0.95**epoch}),
    ("LambdaLR", {"lr_lambda": [Shrinking(), lambda epoch: 1 / (1 + epoch)]}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.95}),
    ("MultiplicativeLR", {"lr_lambda": [lambda epoch: 0.95, Shrinking()]}),
    ("StepLR", {"step_size": 4}),
    ("StepLR", {"step_size": 1, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [3, 8, 8, 20]}),
    ("MultiStepLR", {"milestones": [0, 5], "gamma": 0.5}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.5, "total_iters": 1}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.1, "total_iters": 20}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 12, "power": 2.5}),
    ("CosineAnnealingLR", {"T_max": 7}),
    ("CosineAnnealingLR", {"T_max": 10, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 4}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 5, "cycle_momentum": False}),
    ("CyclicLR", {"base_lr": [0.01, 0.02], "max_lr": [0.1, 0.3], "step_size_up": 3,
                  "step_size_down": 6, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 5, "mode": "exp_range",
                  "gamma": 0.95, "base_momentum": 0.7}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 5,
                  "scale_fn": lambda x: 1 / 5**x, "scale_mode": "iterations"}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": EPOCHS}),
    ("OneCycleLR", {"max_lr": [1.0, 2.0], "epochs": 5, "steps_per_epoch": 8, "pct_start": 0.2,
                    "anneal_strategy": "linear", "div_factor": 10, "final_div_factor": 100.0}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": EPOCHS, "three_phase": True,
                    "base_momentum": 0.5}),
]  # fmt: skip


def make(lib, optimizer, name, options, **more):
    scheduler = lib.optim.swa_utils.SWALR if name == "SWALR" else None
    return (scheduler or getattr(lib.optim.lr_scheduler, name))(optimizer, **options, **more)


def rates_of(optimizer):
    return [
        (float(group["lr"]), group.get("momentum"), group.get("betas"))
        for group in optimizer.param_groups
    ]


def run(optimizer, scheduler, epochs=EPOCHS, step=None):
    rates = [rates_of(optimizer)]
    for epoch in range(epochs):
        optimizer.step()
        step(epoch) if step else scheduler.step()
        rates.append(rates_of(optimizer))
        assert [float(rate) for rate in scheduler.get_last_lr()] == [r for r, *_ in rates[-1]]
    return rates


def assert_same(ours, theirs):
    for epoch, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        for a, b in zip(mine, other, strict=True):
            assert a[0] == pytest.approx(b[0], rel=1e-11, abs=1e-13), epoch
            assert a[1:] == pytest.approx(b[1:]) if a[2] is None else a[2] == pytest.approx(b[2])


@pytest.mark.parametrize(
    ("name", "options"),
    [*SIMPLE, ("SWALR", {"swa_lr": 0.05}), ("SWALR", {"swa_lr": 0.01, "anneal_strategy": "linear",
                                                      "anneal_epochs": 0})],
    ids=lambda v: str(v)[:40],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_epoch_by_epoch(name, options, kind):
    import torch

    extra = {"momentum": 0.9} if kind == "SGD" else {}
    rates, states = [], []
    for lib in (tgb, torch):
        optimizer = optimizer_of(lib, kind, **extra)
        scheduler = make(lib, optimizer, name, options)
        rates.append(run(optimizer, scheduler))
        states.append(scheduler.state_dict())
    assert_same(*rates)
    mine, other = states
    private = {"_scale_fn_ref", "anneal_func"}
    assert set(mine) == set(other) - private
    for key in set(mine) - {"_schedule_phases"}:
        assert mine[key] == pytest.approx(other[key]) if key != "lr_lambdas" else True


@pytest.mark.parametrize(("name", "options"), SIMPLE, ids=lambda v: str(v)[:40])
def test_resumed(name, options):
    import torch

    rates = []
    for lib in (tgb, torch):
        optimizer = optimizer_of(lib, momentum=0.9)
        scheduler = make(lib, optimizer, name, options)
        run(optimizer, scheduler, 7)
        again = make(lib, optimizer, name, options, last_epoch=scheduler.last_epoch)
        rates.append(run(optimizer, again, 8))
    assert_same(*rates)


@pytest.mark.parametrize(("name", "options"), SIMPLE, ids=lambda v: str(v)[:40])
def test_jumps_to_an_epoch(name, options):
    import torch

    rates = []
    for lib in (tgb, torch):
        optimizer = optimizer_of(lib, momentum=0.9)
        scheduler = make(lib, optimizer, name, options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rates.append(
                run(optimizer, scheduler, 8, lambda e, s=scheduler: s.step((e * 3 + 2) % 13))
            )
    assert_same(*rates)


def composed(lib, which):
    s = lib.optim.lr_scheduler
    optimizer = optimizer_of(lib, momentum=0.9)
    if which == "chained":
        parts = [s.ConstantLR(optimizer, 0.1, 3), s.ExponentialLR(optimizer, 0.9)]
        return optimizer, s.ChainedScheduler(parts, optimizer)
    if which == "cosine":
        warm = s.LinearLR(optimizer, 0.01, total_iters=5)
        return optimizer, s.SequentialLR(optimizer, [warm, s.CosineAnnealingLR(optimizer, 25)], [5])
    if which == "three":
        parts = [
            s.ConstantLR(optimizer, 0.1, 3),
            s.StepLR(optimizer, 4, 0.5),
            s.ExponentialLR(optimizer, 0.9),
        ]
        return optimizer, s.SequentialLR(optimizer, parts, [4, 15])
    inner = s.SequentialLR(
        optimizer, [s.ConstantLR(optimizer, 0.1, 3), s.ExponentialLR(optimizer, 0.9)], [4]
    )
    return optimizer, s.ChainedScheduler([inner, s.StepLR(optimizer, 7)])


@pytest.mark.parametrize("which", ["chained", "cosine", "three", "nested"])
def test_composed(which):
    import torch

    rates = []
    for lib in (tgb, torch):
        optimizer, scheduler = composed(lib, which)
        rates.append(run(optimizer, scheduler))
    assert_same(*rates)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize(("cooldown", "min_lr"), [(0, 0), (3, 0.01), (1, [0.02, 0.001])])
def test_plateau(mode, threshold_mode, cooldown, min_lr):
    import torch

    rates = []
    for lib in (tgb, torch):
        optimizer = optimizer_of(lib, momentum=0.9)
        scheduler = lib.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, mode, factor=0.5, patience=2, threshold=0.01,
            threshold_mode=threshold_mode, cooldown=cooldown, min_lr=min_lr,
        )  # fmt: skip
        metric = [1 + 1 / (1 + e) + 0.1 * math.sin(e) for e in range(40)]
        rates.append(run(optimizer, scheduler, 40, lambda e, s=scheduler, m=metric: s.step(m[e])))
    assert_same(*rates)


def test_a_rate_that_is_a_tensor():
    import torch

    for name, options in SIMPLE:
        rates = []
        for lib in (tgb, torch):
            w = lib.zeros(1, requires_grad=True)
            rate = lib.tensor(0.25, dtype=lib.float64)
            optimizer = lib.optim.SGD([w], lr=rate, momentum=0.9)
            single = {
                key: value[0] if isinstance(value, list) and key != "milestones" else value
                for key, value in options.items()
            }
            scheduler = make(lib, optimizer, name, single)
            assert optimizer.param_groups[0]["lr"] is rate
            rates.append(run(optimizer, scheduler, 12))
        assert_same(*rates)
