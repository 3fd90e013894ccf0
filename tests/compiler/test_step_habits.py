"""What training scripts do in a step besides: schedules, hooks, averages, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS, array
from tinygrad_bp import nn, optim
from tinygrad_bp.compiler import TraceError

F = nn.functional
lr_scheduler = optim.lr_scheduler
swa = optim.swa_utils

SCHEDULERS: dict[str, Callable[[Any], Any]] = {
    "StepLR": lambda o: lr_scheduler.StepLR(o, 7),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [3, 11]),
    "ConstantLR": lambda o: lr_scheduler.ConstantLR(o),
    "LinearLR": lambda o: lr_scheduler.LinearLR(o),
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda o: lr_scheduler.PolynomialLR(o, 15),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 10),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 6),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.2, 4),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, 0.2, 25),
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.95**epoch),
    "MultiplicativeLR": lambda o: lr_scheduler.MultiplicativeLR(o, lambda epoch: 0.95),
    "ChainedScheduler": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.StepLR(o, 5), lr_scheduler.ExponentialLR(o, 0.99)]
    ),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.ConstantLR(o, 0.1), lr_scheduler.ExponentialLR(o, 0.9)], [4]
    ),
    "SWALR": lambda o: swa.SWALR(o, 0.01),
}


class Script:
    """A model, its optimizer, and the parts of a step that others exchange."""

    def __init__(self) -> None:
        self.model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
        self.optimizer: Any = optim.SGD(self.model.parameters(), 0.1, momentum=0.9)
        self.prepare()

    def prepare(self) -> None:
        pass

    def loss(self, x: Any, y: Any) -> Any:
        return F.cross_entropy(self.model(x), y)

    def step(self, x: Any, y: Any) -> Any:
        self.optimizer.zero_grad()
        loss = self.loss(x, y)
        loss.backward()
        self.optimizer.step()
        self.after()
        return loss

    def after(self) -> None:
        pass

    def left(self) -> list[Any]:
        rates = [group["lr"] for group in self.optimizer.param_groups]
        return [*self.model.state_dict().values(), *rates]


def run(script: Callable[[], Script], wrapped: Callable[[Any], Any]) -> list[Any]:
    """Run twenty steps: what they return and leave behind."""
    tgb.manual_seed(0)
    made = script()
    step = wrapped(made.step)
    found = []
    for _ in range(20):
        found += [step(tgb.randn(5, 4), tgb.randint(0, 3, (5,))), *made.left()]
        found = [array(x) for x in found]
    return [*found, tgb.get_rng_state().numpy()]


def compare(script: Callable[[], Script], backend: str, traces: int = 1) -> None:
    compiled: list[Any] = []

    def wrapped(step: Any) -> Any:
        compiled.append(tgb.compile(step, backend=backend))
        return compiled[0]

    expected, found = run(script, lambda step: step), run(script, wrapped)
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-6)
    assert compiled[0].traces == traces


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_a_scheduler_is_stepped_in_the_step(kind: str) -> None:
    class Scheduled(Script):
        def prepare(self) -> None:
            self.scheduler = SCHEDULERS[kind](self.optimizer)

        def after(self) -> None:
            self.scheduler.step()

        def left(self) -> list[Any]:
            return [*super().left(), *self.scheduler.get_last_lr()]

    compare(Scheduled, "reference")


class Hooked(Script):
    """Hooks around the optimizer's step, one of which changes gradients."""

    def prepare(self) -> None:
        self.optimizer = optim.Adam(self.model.parameters(), 0.01)
        self.seen = tgb.zeros(())
        self.optimizer.register_step_pre_hook(self.before)
        self.optimizer.register_step_post_hook(self.count)

    def before(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        with tgb.no_grad():
            for p in self.model.parameters():
                p.grad.mul_(0.5)

    def count(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        self.seen.add_(1)

    def left(self) -> list[Any]:
        return [*super().left(), self.seen]


class TwoSteps(Script):
    """Two steps of one optimizer."""

    def prepare(self) -> None:
        self.optimizer = optim.Adam(self.model.parameters(), 0.01)

    def step(self, x: Any, y: Any) -> Any:
        return super().step(x, y) + super().step(-x, y)


class TwoStepsOfNAdam(TwoSteps):
    """The same of an optimizer that keeps more than a count."""

    def prepare(self) -> None:
        self.optimizer = optim.NAdam(self.model.parameters(), 0.01)


class Averaged(Script):
    """An equal average of the weights, the first of which is a copy."""

    def prepare(self) -> None:
        self.optimizer = optim.SGD(self.model.parameters(), 0.1)
        self.averaged = swa.AveragedModel(self.model)

    def after(self) -> None:
        self.averaged.update_parameters(self.model)

    def left(self) -> list[Any]:
        return [*super().left(), *self.averaged.state_dict().values()]


class Decaying(Averaged):
    """An exponential average of the weights."""

    def prepare(self) -> None:
        super().prepare()
        self.averaged = swa.AveragedModel(self.model, multi_avg_fn=swa.get_ema_multi_avg_fn(0.9))


class Checkpointed(Script):
    """A part that is run again in backward, when it is not compiled; with dropout."""

    def prepare(self) -> None:
        self.optimizer = optim.SGD(self.model.parameters(), 0.1)

    def loss(self, x: Any, y: Any) -> Any:
        checkpoint = tgb.utils.checkpoint.checkpoint
        h = checkpoint(lambda x: F.dropout(self.model[0](x), 0.3), x, use_reentrant=False)
        return F.cross_entropy(self.model[2](h), y)


class EquallyAveragingNorm(Script):
    """Running statistics that are the mean over all batches."""

    def prepare(self) -> None:
        self.model.append(nn.BatchNorm1d(3, momentum=None))
        self.optimizer = optim.SGD(self.model.parameters(), 0.1)


class Scaled(Script):
    """Mixed precision as PyTorch's recipe has it, on a CPU."""

    def prepare(self) -> None:
        self.optimizer = optim.SGD(self.model.parameters(), 0.1)
        self.scaler = tgb.amp.GradScaler("cpu", init_scale=64.0, growth_interval=3)

    def step(self, x: Any, y: Any) -> Any:
        self.optimizer.zero_grad()
        with tgb.autocast("cpu"):
            loss = self.loss(x, y)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        nn.utils.clip_grad_norm_(self.model.parameters(), 0.5)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss


HABITS: dict[str, tuple[type[Script], int]] = {
    "hooks of the optimizer": (Hooked, 1),
    "two steps": (TwoSteps, 1),
    "two steps of NAdam": (TwoStepsOfNAdam, 1),
    "an average of weights": (Averaged, 2),
    "a decaying average": (Decaying, 2),
    "a checkpoint": (Checkpointed, 1),
    "momentum None": (EquallyAveragingNorm, 1),
    "a scaler": (Scaled, 1),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", HABITS)
def test_habits(name: str, backend: str) -> None:
    script, traces = HABITS[name]
    compare(script, backend, traces)


def test_a_rate_that_the_step_reads_is_never_stale() -> None:
    class Reading(Script):
        def loss(self, x: Any, y: Any) -> Any:
            return super().loss(x, y) * self.optimizer.param_groups[0]["lr"]

        def left(self) -> list[Any]:
            self.count = getattr(self, "count", 0) + 1
            if self.count in (6, 12):  # past what the second call shows
                self.optimizer.param_groups[0]["lr"] *= 0.5
            return super().left()

    compare(Reading, "reference", 3)


def rates(scheduler: Any) -> Any:
    return scheduler.get_last_lr()


def with_a_tensor(scheduler: Any) -> Any:
    return lr_scheduler.ReduceLROnPlateau(scheduler.optimizer).step(tgb.ones(()).sum())


@pytest.mark.parametrize(
    ("asked", "match"), [(rates, "asked for its rates"), (with_a_tensor, "takes a tensor")]
)
def test_what_a_scheduler_can_not_do_in_a_step(asked: Callable[[Any], Any], match: str) -> None:
    made = Script()
    scheduler = lr_scheduler.StepLR(made.optimizer, 7)

    def step(x: Any, y: Any) -> Any:
        made.step(x, y)
        return asked(scheduler)

    with pytest.raises(TraceError, match=match):
        tgb.compile(step, backend="reference")(tgb.randn(5, 4), tgb.randint(0, 3, (5,)))


def test_a_scheduler_before_its_optimizer_is_refused() -> None:
    made = Script()
    made.optimizer.step()  # so that the scheduler does not warn
    scheduler = lr_scheduler.StepLR(made.optimizer, 7)

    def step(x: Any, y: Any) -> Any:
        scheduler.step()
        return made.step(x, y)

    with pytest.raises(TraceError, match=r"before its optimizer.* after optimizer\.step"):
        tgb.compile(step, backend="reference")(tgb.randn(5, 4), tgb.randint(0, 3, (5,)))
