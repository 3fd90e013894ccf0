"""What schedulers do beside computing rates."""

import copy
import pickle

import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn, optim
from tinygrad_bp.optim import lr_scheduler as schedules
from tinygrad_bp.optim.lr_scheduler import LRScheduler, StepLR, _LRScheduler
from tinygrad_bp.optim.swa_utils import (
    SWALR,
    AveragedModel,
    get_ema_avg_fn,
    get_ema_multi_avg_fn,
    get_swa_multi_avg_fn,
    update_bn,
)


def optimizer_of(lr=1.0, groups=1, **options):
    weights = [{"params": [tgb.zeros(1, requires_grad=True)]} for _ in range(groups)]
    return optim.SGD(weights, lr=lr, **options)


def follow(optimizer, scheduler, epochs):
    for _ in range(epochs):
        optimizer.step()
        scheduler.step()
    return optimizer.param_groups[0]["lr"]


def test_a_scheduler_of_the_users_own():
    class Warmup(_LRScheduler):
        def __init__(self, optimizer, steps, last_epoch=-1):
            self.steps = steps
            super().__init__(optimizer, last_epoch)

        def get_lr(self):
            share = min(1.0, (self.last_epoch + 1) / self.steps)
            return [base * share for base in self.base_lrs]

    optimizer = optimizer_of()
    scheduler = Warmup(optimizer, 4)
    assert scheduler.get_last_lr() == [0.25] and issubclass(_LRScheduler, LRScheduler)
    assert follow(optimizer, scheduler, 2) == 0.75
    assert scheduler.last_epoch == 2 and scheduler.base_lrs == [1.0]
    with pytest.raises(NotImplementedError, match="LRScheduler has no get_lr"):
        LRScheduler(optimizer)


def test_the_order_of_steps():
    optimizer = optimizer_of()
    scheduler = StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match=r"before optimizer\.step"):
        scheduler.step()
    scheduler.step()  # said once


def test_warnings():
    optimizer = optimizer_of()
    optimizer.step()
    scheduler = StepLR(optimizer, 2, gamma=0.5)
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()
    with pytest.warns(UserWarning, match="epoch argument"):
        scheduler.step(4)
    assert scheduler.get_last_lr() == [0.25]
    with pytest.warns(UserWarning, match="verbose"):
        StepLR(optimizer, 2, verbose=True)
    with pytest.warns(UserWarning, match="verbose"):
        schedules.ReduceLROnPlateau(optimizer, "min", verbose=True)


def test_resuming_needs_the_first_rate():
    optimizer = optimizer_of()
    with pytest.raises(KeyError, match="initial_lr"):
        StepLR(optimizer, 2, last_epoch=3)
    optimizer.param_groups[0]["initial_lr"] = 0.5
    assert StepLR(optimizer, 2, last_epoch=2).base_lrs == [0.5]


def test_saving():
    for make in (
        lambda o: StepLR(o, 2, gamma=0.5),
        lambda o: schedules.OneCycleLR(o, 1.0, total_steps=12),
        lambda o: schedules.CyclicLR(o, 0.1, 1.0, step_size_up=3),
        lambda o: schedules.CosineAnnealingWarmRestarts(o, 3),
        lambda o: schedules.ChainedScheduler([StepLR(o, 2), schedules.ConstantLR(o)]),
        lambda o: schedules.SequentialLR(
            o, [schedules.LinearLR(o), schedules.ExponentialLR(o, 0.9)], [4]
        ),
        lambda o: schedules.LambdaLR(o, lambda epoch: 0.9**epoch),
    ):
        optimizer = optimizer_of(momentum=0.9)
        scheduler = make(optimizer)
        follow(optimizer, scheduler, 5)
        saved = pickle.loads(pickle.dumps((optimizer.state_dict(), scheduler.state_dict())))
        expected = follow(optimizer, scheduler, 4)
        again = optimizer_of(momentum=0.9)
        resumed = make(again)
        before = copy.deepcopy(saved[1])
        again.load_state_dict(saved[0])
        resumed.load_state_dict(saved[1])
        assert saved[1] == before
        assert follow(again, resumed, 4) == pytest.approx(expected, rel=1e-14)


def test_functions_with_a_state_are_saved():
    class Falling:
        def __init__(self, rate):
            self.rate = rate

        def __call__(self, epoch):
            return self.rate**epoch

    optimizer = optimizer_of()
    saved = schedules.LambdaLR(optimizer, Falling(0.5)).state_dict()
    assert saved["lr_lambdas"] == [{"rate": 0.5}] and "optimizer" not in saved
    other = schedules.LambdaLR(optimizer, Falling(0.1))
    other.load_state_dict(saved)
    assert other.lr_lambdas[0].rate == 0.5
    cyclic = schedules.CyclicLR(optimizer, 0.1, 1.0, scale_fn=Falling(0.5), cycle_momentum=False)
    assert cyclic.state_dict()["_scale_fn_custom"] == {"rate": 0.5}
    cyclic.load_state_dict({**cyclic.state_dict(), "_scale_fn_custom": {"rate": 0.2}})
    assert cyclic.scale_fn(2) == pytest.approx(0.04)


def test_a_rate_that_is_a_tensor_keeps_its_identity():
    rate = tgb.tensor(1.0)
    optimizer = optim.SGD([tgb.zeros(1, requires_grad=True)], lr=rate)
    scheduler = schedules.ExponentialLR(optimizer, 0.5)
    follow(optimizer, scheduler, 2)
    assert optimizer.param_groups[0]["lr"] is rate and rate.item() == 0.25
    assert scheduler.base_lrs[0].item() == 1.0


def test_plateau_with_more_groups():
    optimizer = optimizer_of()
    scheduler = schedules.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0.5])
    optimizer.add_param_group({"params": [tgb.zeros(1, requires_grad=True)]})
    scheduler.step(1.0)
    with pytest.raises(RuntimeError, match="min_lrs"):
        scheduler.step(tgb.tensor(2.0))
    scheduler = schedules.ReduceLROnPlateau(optimizer, patience=0)
    scheduler.step(1.0)
    with pytest.warns(UserWarning, match="epoch"):
        scheduler.step(2.0, epoch=7)
    assert scheduler.last_epoch == 7 and scheduler.get_last_lr() == [0.1, 0.1]


WRONG = [
    (lambda o: StepLR(None, 2), TypeError, "not an Optimizer"),
    (lambda o: schedules.LambdaLR(o, [abs, abs]), ValueError, "Expected 1 lr_lambdas"),
    (lambda o: schedules.MultiplicativeLR(o, 0.5), TypeError, "should be a function"),
    (lambda o: schedules.ConstantLR(o, factor=2), ValueError, "between 0 and 1"),
    (lambda o: schedules.LinearLR(o, start_factor=0), ValueError, "start_factor"),
    (lambda o: schedules.LinearLR(o, end_factor=2), ValueError, "end_factor"),
    (lambda o: schedules.CosineAnnealingWarmRestarts(o, 0), ValueError, "T_0"),
    (lambda o: schedules.CosineAnnealingWarmRestarts(o, 2, 0.5), ValueError, "T_mult"),
    (lambda o: schedules.CosineAnnealingWarmRestarts(o, 2, eta_min="0"), ValueError, "eta_min"),
    (lambda o: schedules.CosineAnnealingWarmRestarts(o, 2).step(-1), ValueError, "non-negative"),
    (lambda o: schedules.CyclicLR(o, 0.1, 1.0, mode="square"), ValueError, "mode"),
    (lambda o: schedules.CyclicLR(o, [0.1, 0.2], 1.0), ValueError, "same length"),
    (lambda o: schedules.OneCycleLR(o, 1.0), ValueError, "either total_steps OR"),
    (lambda o: schedules.OneCycleLR(o, 1.0, total_steps=-1), ValueError, "total_steps"),
    (lambda o: schedules.OneCycleLR(o, 1.0, 9, pct_start=2.0), ValueError, "pct_start"),
    (lambda o: schedules.OneCycleLR(o, 1.0, 9, anneal_strategy="no"), ValueError, "anneal"),
    (lambda o: schedules.ReduceLROnPlateau(o, factor=1.0), ValueError, "Factor"),
    (lambda o: schedules.ReduceLROnPlateau(o, mode="mid"), ValueError, "mode 'mid'"),
    (lambda o: schedules.ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold mode"),
    (lambda o: schedules.ReduceLROnPlateau(o, min_lr=[0, 0]), ValueError, "min_lrs"),
    (lambda o: schedules.ChainedScheduler([]), ValueError, "at least one"),
    (lambda o: schedules.ChainedScheduler([3]), TypeError, "optimizer"),
    (lambda o: schedules.ChainedScheduler([schedules.ReduceLROnPlateau(o)]), ValueError, "metric"),
    (lambda o: schedules.SequentialLR(o, [StepLR(o, 1)], [3]), ValueError, "one scheduler more"),
    (lambda o: schedules.SequentialLR(o, [StepLR(optimizer_of(), 1)], []), ValueError, "another"),
    (lambda o: SWALR(o, 0.1, anneal_strategy="no"), ValueError, "anneal_strategy"),
    (lambda o: SWALR(o, 0.1, anneal_epochs=-1), ValueError, "anneal_epochs"),
    (lambda o: get_ema_avg_fn(2.0), ValueError, "decay"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "error", "words"), WRONG)
def test_arguments_are_checked(make, error, words):
    with pytest.raises(error, match=words):
        make(optimizer_of(momentum=0.9))


def test_cycles_need_a_momentum_and_end():
    plain = optim.Adagrad([tgb.zeros(1, requires_grad=True)])
    for make in (
        lambda: schedules.CyclicLR(plain, 0.1, 1.0),
        lambda: schedules.OneCycleLR(plain, 1.0, 9),
    ):
        with pytest.raises(ValueError, match="cycle_momentum"):
            make()
    optimizer = optim.Adam([tgb.zeros(1, requires_grad=True)])
    scheduler = schedules.OneCycleLR(optimizer, 1.0, total_steps=3)
    follow(optimizer, scheduler, 3)
    with pytest.raises(ValueError, match="Tried to step 4 times"):
        scheduler.step()


def test_averaged_models():
    def with_values(model, value):
        with tgb.no_grad():
            for p in model.parameters():
                p.fill_(value)
        return model

    for make, expected in (
        ({}, 2.0),
        ({"multi_avg_fn": get_swa_multi_avg_fn()}, 2.0),
        ({"avg_fn": get_ema_avg_fn(0.5)}, 2.25),
        ({"multi_avg_fn": get_ema_multi_avg_fn(0.5)}, 2.25),
        ({"use_buffers": True}, 2.0),
    ):
        model = nn.Linear(2, 1)
        averaged = AveragedModel(model, **make)
        for value in (1.0, 2.0, 3.0):
            averaged.update_parameters(with_values(model, value))
        assert averaged.n_averaged == 3
        assert averaged.module.weight.tolist() == [[expected, expected]]
        assert averaged(tgb.ones(1, 2)).item() == 3 * expected
        assert "module.weight" in averaged.state_dict() and "n_averaged" in averaged.state_dict()
    with pytest.raises(AssertionError, match="Only one"):
        AveragedModel(model, avg_fn=get_ema_avg_fn(), multi_avg_fn=get_ema_multi_avg_fn())


def test_update_bn_without_batch_norm_does_nothing():
    model = nn.Linear(2, 1)
    calls = []
    model.register_forward_hook(lambda *args: calls.append(1))
    update_bn([tgb.ones(3, 2)], model)
    assert not calls


def test_update_bn_averages_the_statistics_of_all_batches():
    layer = nn.BatchNorm1d(2)
    model = nn.Sequential(layer).eval()
    tgb.manual_seed(0)
    batches = [tgb.randn(8, 2) + i for i in range(3)]
    update_bn([(batch, None) for batch in batches], model, device="cpu")
    mean = sum(b.mean(0) for b in batches) / 3
    assert tgb.allclose(layer.running_mean, mean, atol=1e-6)
    assert layer.momentum == 0.1 and not model.training
