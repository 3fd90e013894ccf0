"""The loop: epochs over batches, validation, checkpoints, and everything that is told of them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from .. import optim
from ..random import Generator, begin_anew, default_generator, manual_seed
from ..rules.native import numpy_alone
from .batches import Batch, Batches, Transform, batches_of, put_aside
from .callbacks import Callback
from .checkpoints import Checkpoints
from .health import Health, divergence
from .history import History
from .interrupts import deferred
from .lr_range import LRRange, lr_range
from .metrics import Metric, metric_of
from .objectives import Objective
from .optimizers import optimizer_of
from .progress import Progress
from .resuming import generators, identity, targets_of
from .running import Running, evaluating, measured
from .saving import Saving, newest
from .schedules import schedule_of
from .updates import Updates, groups, mean_loss

__all__ = ["Trainer"]


class Trainer:
    """Trains a model.

    Parameters
    ----------
    model : Module
    loss : str, Module, callable or None
        See :class:`~tinygrad_bp.train.Objective`; None chooses by the targets.
    optimizer : str, Optimizer or callable
        A name ("adam", "sgd", "adamw", …), an optimizer of the model's parameters, or a function
        that makes one of them.
    lr : float, optional
        The learning rate of an optimizer given by name; by default the optimizer's own.
    schedule : str, scheduler or callable, optional
        See `SCHEDULES`. Named ones are stepped every update, given ones every epoch (but OneCycleLR
        and CyclicLR).
    metrics : list of str or Metric
        What is measured besides the loss, see `METRICS`.
    callbacks : list of Callback
    clip_norm, clip_value : float, optional
        Limits of the whole gradient's norm, and of its elements.
    accumulate : int
        Batches whose gradients are put together to one update: as if they were one batch.
    l1, l2 : float
        Penalties on the weights.
    class_weight : "balanced", array or dict, optional
    compile : bool
        Run each update as one program, see :func:`tinygrad_bp.compile`.
    seed : int, optional
        Where the default generator and the order of the examples begin in each ``fit``.
    checkpoints : path, optional
        A folder. The whole state is written there after each epoch and each `checkpoint_every`
        seconds; ``fit(resume=True)`` goes on from there, to the last bit as if never stopped.
    checkpoint_every : float
        Seconds.
    health : bool
        Tell what keeps the model from learning, see :class:`~tinygrad_bp.train.Health`.
    progress : bool, optional
        False prints nothing; by default a line each epoch, and a bar on a terminal.

    Attributes
    ----------
    history : History
    epoch, batch, updates : int
        Where the run is: the epoch (from 0), the batches of it that are done, all updates.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> data = tgb.datasets.digits()
    >>> model = tgb.nn.Sequential(tgb.nn.Linear(64, 32), tgb.nn.ReLU(), tgb.nn.Linear(32, 10))
    >>> trainer = tgb.train.Trainer(model, lr=0.01, metrics=["accuracy"], seed=0, progress=False)
    >>> history = trainer.fit(data.X_train, data.y_train, epochs=3,
    ...                       validation=(data.X_test, data.y_test))
    >>> history[-1]["val_accuracy"] > 0.9
    True
    """

    def __init__(self, model: Any, loss: Any = None, optimizer: Any = "adam", *,
                 lr: float | None = None, schedule: Any = None, metrics: Iterable[Any] = (),
                 callbacks: Iterable[Callback] = (), clip_norm: float | None = None,
                 clip_value: float | None = None, accumulate: int = 1, l1: float = 0.0,
                 l2: float = 0.0, class_weight: Any = None, compile: bool = False,
                 seed: int | None = None, checkpoints: Any = None, checkpoint_every: float = 60.0,
                 health: bool = True, progress: bool | None = None) -> None:  # fmt: skip
        if accumulate < 1:
            raise ValueError(f"accumulate counts batches, at least 1: not {accumulate}")
        for name, limit in (("clip_norm", clip_norm), ("clip_value", clip_value)):
            if limit is not None and not limit > 0:
                raise ValueError(f"{name} is a positive limit, not {limit}")
        self.model, self.seed = model, seed
        self.generator = Generator()
        self.objective = Objective(loss, class_weight, l1, l2)
        self.optimizer = optimizer_of(optimizer, model, lr)
        self.scheduler: Any = None
        self.metrics: list[Metric] = [metric_of(m) for m in metrics]
        self.callbacks = [*callbacks, *([Health()] if health else [])]
        self.checkpoints = None if checkpoints is None else Checkpoints(Path(checkpoints))
        self.checkpoint_every = checkpoint_every
        self.accumulate, self._progress_wanted = accumulate, progress
        self.history = History()
        self.epoch = self.batch = self.updates = self.batches = 0
        self.sample: Batch | None = None  # the first batch, for callbacks to look at
        self.resumed = False
        self._steps = Updates(model, self.objective, self.optimizer, clip_norm, clip_value, compile)
        self._schedule, self._per_update = schedule, False
        self._stop, self._final = "", False
        self._base: list[float] = []  # the learning rates that the last fit began with
        self._left: list[float] = []  # and those that its schedule left behind
        self._progress = Progress(False, 0, 0)

    def fit(self, data: Any, targets: Any = None, *, epochs: int = 10,
            batch_size: int | None = 32, validation: Any = None, sample_weight: Any = None,
            shuffle: bool = True, transform: Transform | None = None,
            resume: bool = False) -> History:  # fmt: skip
        """Train for some epochs.

        Parameters
        ----------
        data : array, Tensor, tuple of them, Dataset or DataLoader
            Inputs (n, ...), or what gives batches ``(inputs, targets)``.
        targets : array or Tensor
            (n, ...): integer labels, or numbers.
        epochs : int
        batch_size : int or None
            Of arrays and datasets: 1 is stochastic, None batch gradient descent.
        validation : tuple, Dataset, DataLoader or float, optional
            What is measured after each epoch; a number is the share of the arrays that is put aside
            for it.
        sample_weight : array, optional
            (n,): how much each example counts.
        shuffle : bool
        transform : callable, optional
            Changes each training batch, see `tinygrad_bp.train.Transform`.
        resume : bool
            Go on from the newest checkpoint that is whole; begin anew if there is none.

        Returns
        -------
        History

        Raises
        ------
        ValueError
            For data that don't fit; for a checkpoint of other data or another model.
        """
        if not isinstance(epochs, int) or epochs < 0:
            raise ValueError(f"epochs is how often all examples are seen, not {epochs!r}")
        kept = self.checkpoints
        try:
            if kept is not None:
                kept.hold()
            return self._fit(data, targets, epochs, batch_size, validation, sample_weight, shuffle,
                             transform, newest(kept) if resume else None)  # fmt: skip
        finally:
            if kept is not None:
                kept.release()

    def _fit(self, data: Any, targets: Any, epochs: int, batch_size: int | None, validation: Any,
             sample_weight: Any, shuffle: bool, transform: Transform | None,
             state: dict[str, Any] | None) -> History:  # fmt: skip
        seed = self._seed() if state is None else state["seed"]
        options: dict[str, Any] = {
            "batch_size": batch_size, "shuffle": shuffle, "generator": self.generator,
        }  # fmt: skip
        if transform is not None:
            options |= {"seed": seed, "transform": transform}
        if isinstance(validation, float):
            data, targets, sample_weight, validation = put_aside(
                data, targets, sample_weight, validation, seed
            )
        train = batches_of(data, targets, sample_weight, **options)
        checked = (
            None if validation is None else batches_of(validation, batch_size=256, shuffle=False)
        )
        self._begin(train, checked, epochs, seed, state is not None)
        if state is not None:
            self._seconds, self._final = self._saving.resume(state, self._running)
        if self.checkpoints is not None:
            self.checkpoints.hold(make=True)
        for callback in self.callbacks:
            callback.on_fit_begin(self)
        if state is None:
            self._save()  # a run that is killed before its first epoch ends can go on, too
        self._progress = Progress(self._progress_wanted, self.batches, epochs)
        # When machine code takes over from NumPy hangs on what was computed before. A run that can
        # be resumed is to be the same in another process, any other when it is repeated.
        begin_anew()
        exactly = nullcontext() if self.checkpoints is None else numpy_alone()
        # A loss that is not finite is told of; NumPy's warnings would come before that.
        with (exactly, deferred() as interrupted,
              np.errstate(over="ignore", invalid="ignore")):  # fmt: skip
            try:
                while self.epoch < epochs and not self._stop and not self._final:
                    self._one_epoch(train, checked, interrupted)
            finally:
                self._progress.end()
        self.history.stopped = self._stop
        for callback in self.callbacks:
            callback.on_fit_end(self)
        self._left = [group["lr"] for group in self.optimizer.param_groups]
        return self.history

    def find_lr(self, data: Any, targets: Any = None, *, low: float = 1e-6, high: float = 10.0,
                steps: int = 100, batch_size: int | None = 32) -> LRRange:  # fmt: skip
        """Find a learning rate to begin with: let it grow, and see where the loss falls.

        Nothing is learnt by it: model, optimizer and random streams are put back.

        Examples
        --------
        >>> import tinygrad_bp as tgb
        >>> data = tgb.datasets.digits()
        >>> model = tgb.nn.Sequential(tgb.nn.Linear(64, 32), tgb.nn.ReLU(), tgb.nn.Linear(32, 10))
        >>> trainer = tgb.train.Trainer(model, seed=0)
        >>> 1e-4 < trainer.find_lr(data.X_train, data.y_train).suggestion < 1
        True

        References
        ----------
        L. N. Smith, "Cyclical learning rates for training neural networks", WACV 2017: section 3.3.
        """
        self._seed()
        batches = batches_of(data, targets, batch_size=batch_size, generator=self.generator)
        self.objective.settle(targets_of(batches, self))
        return lr_range(self, batches, low, high, steps)

    def learn(self, group: list[Batch]) -> float:
        """Update the parameters by some batches; return the mean loss of their examples."""
        return mean_loss(self._steps.learn(group))

    def stop(self, reason: str, final: bool = False) -> None:
        """End the training after the update under way; if `final`, for resumed runs as well."""
        self._stop = self._stop or reason
        self._final = self._final or final

    def find(self, text: str) -> None:
        """Note what keeps the model from learning, and show it."""
        self.history.findings.append(text)
        self._progress.note(text)

    def gradient_norm(self) -> float:
        """Return the norm of the gradients of the last update."""
        return self._steps.gradient_norm()

    @property
    def lr(self) -> float:
        """The learning rate (of the first group)."""
        return float(self.optimizer.param_groups[0]["lr"])

    def _seed(self) -> int:
        """Start the streams; return the seed of what has to be the same after an interruption."""
        seed = self.seed
        if seed is None:
            seed = int(default_generator.numpy.integers(2**31))
        else:
            manual_seed(seed)
        self.generator.manual_seed(seed)
        return seed

    def _begin(self, train: Batches, checked: Batches | None, epochs: int, seed: int,
               resumed: bool) -> None:  # fmt: skip
        self.batches, self._modules = len(train), list(self.model.modules())
        self.objective.settle(targets_of(train, self))
        rates = [group["lr"] for group in self.optimizer.param_groups]
        if isinstance(self._schedule, str) and rates == self._left:
            # Where the last schedule ended is no rate to begin the next one with.
            for group, rate in zip(self.optimizer.param_groups, self._base, strict=True):
                group["lr"] = rate
        self._base = [group["lr"] for group in self.optimizer.param_groups]
        updates = epochs * math.ceil(self.batches / self.accumulate)
        self.scheduler, self._per_update = schedule_of(self._schedule, self.optimizer, updates)
        self.history, self._stop, self._final, self.resumed = History(), "", False, resumed
        self.epoch = self.batch = self.updates = 0
        self._running = Running(self.metrics)
        kind = identity(self, train, epochs, self._schedule)
        self._saving = Saving(self, kind, generators(self, train, checked), seed)
        self._seconds = 0.0

    def _one_epoch(self, train: Batches, checked: Batches | None, interrupted: Any) -> None:
        begun = time.perf_counter() - self._seconds
        saving = self._saving
        if not self.batch:
            saving.go_on()
            saving.begin_epoch()
            self._running = Running(self.metrics)
            for callback in self.callbacks:
                callback.on_epoch_begin(self)
            saving.before = self._steps.snapshot()
        else:
            saving.go_back()
        batches = train.epoch(self.epoch, self.batch)
        saving.go_on()
        self._progress.begin(self.epoch, self.batch)
        for module in self._modules:
            if not module.training:
                module.training = True
        for group in groups(batches, self.accumulate):
            self.sample = group[0]
            results = self._steps.learn(group)
            self.batch += len(group)
            self.updates += 1
            loss = mean_loss(results)
            if not math.isfinite(loss):
                self.model.load_state_dict(saving.before)
                self.find(divergence(loss, self.epoch, self.batch - 1, self.lr, True))
                self.stop("diverged", final=True)
                return
            for one in results:
                self._running.add(one)
            if self._per_update:
                self.scheduler.step()
            self._progress.advance(loss, len(group))
            for callback in self.callbacks:
                callback.on_update_end(self, loss)
            if interrupted():
                self.stop("interrupted")
            self._seconds = time.perf_counter() - begun
            if self.batch < self.batches and (self._stop or saving.late):
                self._save()
            if self._stop and self.batch < self.batches:
                return
        self._progress.end()
        self._end_epoch(train, checked, begun)

    def _end_epoch(self, train: Batches, checked: Batches | None, begun: float) -> None:
        row: dict[str, Any] = {"epoch": self.epoch + 1, **self._running.values()}
        if checked is not None:
            found = measured(self._steps, checked, self.metrics, self._running)
            row |= {f"val_{k}": v for k, v in found.items()}
        row |= {"lr": self.lr, "updates": self.updates, "grad_norm": self.gradient_norm()}
        if self.scheduler is not None and not self._per_update:
            plateau = isinstance(self.scheduler, optim.lr_scheduler.ReduceLROnPlateau)
            self.scheduler.step(*([row.get("val_loss", row["loss"])] if plateau else []))
        row["seconds"] = time.perf_counter() - begun
        self.history.rows.append(row)
        for callback in self.callbacks:
            callback.on_epoch_end(self, row)
        self._progress.row(row)
        self.epoch, self.batch, self._seconds = self.epoch + 1, 0, 0.0
        self._saving.before = None
        self._saving.begin_epoch()
        self._save()

    def _save(self) -> None:
        self._saving.save(self._running, self._seconds, self._final)

    def evaluate(self, data: Any, targets: Any = None, *, batch_size: int = 256,
                 sample_weight: Any = None) -> dict[str, float]:  # fmt: skip
        """Return the loss and the metrics on data, in evaluation mode.

        Examples
        --------
        >>> import numpy as np
        >>> import tinygrad_bp as tgb
        >>> trainer = tgb.train.Trainer(tgb.nn.Linear(2, 1), "mse", metrics=["r2"], seed=0)
        >>> sorted(trainer.evaluate(np.ones((3, 2)), np.arange(3.0)))
        ['loss', 'r2']
        """
        batches = batches_of(data, targets, sample_weight, batch_size=batch_size, shuffle=False)
        if self.objective.loss is None:
            self.objective.settle(targets_of(batches, self))
        return measured(self._steps, batches, self.metrics, getattr(self, "_running", None))

    def predict(self, inputs: Any, batch_size: int = 256) -> np.ndarray[Any, Any]:
        """Return what the model gives for inputs (n, ...), in evaluation mode."""
        first = inputs[0] if isinstance(inputs, tuple) else inputs
        batches = batches_of(inputs, np.zeros(len(first)), batch_size=batch_size, shuffle=False)
        with evaluating(self.model):
            return np.concatenate([self._steps.output(batch) for batch in batches.epoch(0)])
