"""A run from its record: the model, the Trainer, and the files that it leaves in its folder."""

from __future__ import annotations

import inspect
import math
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

from .. import nn
from ..datasets import Examples
from ..random import manual_seed
from ..serialization import CorruptFileError, load, save
from ..transforms.named import augmentation, parse
from . import models
from .batches import Transform
from .callbacks import Callback, EarlyStopping
from .checkpoints import Checkpoints, CheckpointWarning
from .metrics import METRICS, metric_of
from .optimizers import OPTIMIZERS
from .record import Record, RunError
from .runs import write
from .trainer import Trainer

__all__ = ["FILES", "Experiment", "RunFiles", "load_model"]

#: What a run writes -> what it is, in the order in which a reader wants it.
FILES = {
    "report.html": "everything on one page: open it in a browser",
    "curves.png": "loss and metrics after each epoch",
    "confusion.png": "which class was taken for which",
    "predictions.png": "what was predicted against what is true",
    "mistakes.png": "test images that the model gets wrong",
    "metrics.jsonl": "the numbers of each epoch, a line of JSON each",
    "run.json": "what was run, and how it ended",
    "model.safetensors": "what was learnt: tgb.load",
    "model.py": "the Python file of the model",
    "checkpoints": "the whole state, to go on from",
    "tensorboard": "what TensorBoard shows",
}
CHECKPOINTS, WEIGHTS = "checkpoints", "model.safetensors"
NUMBERS, SOURCE = "metrics.jsonl", "model.py"


class RunFiles(Callback):
    """Write the record when a run begins, and the history as lines of JSON after each epoch."""

    def __init__(self, folder: Path, record: Record) -> None:
        self.folder, self.record = folder, record

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Mark the run as running: what tells of an earlier end is no longer true."""
        self.record.ending, self.record.results = "running", {}
        self.record.save(self.folder)
        for name in FILES:
            if name.endswith((".png", ".html", ".safetensors")):
                (self.folder / name).unlink(missing_ok=True)
        self._write(trainer)  # a run that is resumed may have got further before

    def on_epoch_end(self, trainer: Trainer, row: dict[str, Any]) -> None:
        """Write all rows."""
        self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        path = self.folder / NUMBERS
        try:
            write(path, trainer.history.json_lines())
        except OSError as error:
            warnings.warn(f"{path} could not be written ({error.strerror or error}); training "
                          "goes on", CheckpointWarning, stacklevel=2)  # fmt: skip


class Experiment:
    """A run: a model that learns from data as its record says.

    Parameters
    ----------
    record : Record
    data : Examples
    folder : path, optional
        Of the run, where there is one already.
    quiet : bool

    Raises
    ------
    ValueError
        For a model, an optimizer or a metric that there is not, or that does not fit the data.
    """

    def __init__(self, record: Record, data: Examples, folder: Path | None = None,
                 quiet: bool = False) -> None:  # fmt: skip
        self.record, self.data = record, data
        options = record.training
        self.model = built(record, folder)
        self.folder: Path | None = None
        check_last_batch(self.model, len(data.train), options["batch_size"])
        names = options["metrics"] or (["accuracy"] if data.classes else ["r2", "mae"])
        callbacks: list[Callback] = []
        if options["patience"] is not None:
            watchable(options["monitor"], names, data)
            callbacks.append(EarlyStopping(options["monitor"], options["patience"]))
        given = {k: tuple(v) if isinstance(v, list) else v for k, v in options["set"].items()}
        name = options["optimizer"].lower()
        if name not in OPTIMIZERS:
            raise ValueError(f"no optimizer {name!r}: there are {', '.join(OPTIMIZERS)}")
        loss = options["loss"] or ("cross_entropy" if data.classes else "mse")
        if (loss in ("cross_entropy", "binary_cross_entropy", "nll")) != bool(data.classes):
            raise ValueError(f"the loss {loss} is not for a {data.task}")
        for metric in map(metric_of, names):
            if metric.task not in ("", data.task):
                fit = [n for n, kind in METRICS.items() if kind.task in ("", data.task)]
                raise ValueError(f"the metric {metric.name} is not for a {data.task}: there are "
                                 f"{', '.join(fit)}")  # fmt: skip
        # Runs of earlier versions have no such entry.
        self.augment = augmented(options.get("augment"), data, loss)
        if loss == "nll" and source_of(record) is None:
            raise ValueError("the loss nll is for a model that ends with a log-softmax, and an mlp "
                             "does not: take cross_entropy")  # fmt: skip
        inner = loss
        if isinstance(self.model, models.InUnits):
            loss = self.model.loss(loss)
        self.loss_name = inner
        lr = options["lr"] if options["lr"] != "auto" else None
        if given:
            if lr is not None or name == "sgd":
                given["lr"] = 0.1 if lr is None else lr
            optimizer: Any = partial(OPTIMIZERS[name], **given)
        else:
            optimizer = name
        try:
            self.trainer = Trainer(
                self.model, loss, optimizer, lr=lr, schedule=options["schedule"], metrics=names,
                callbacks=callbacks, clip_norm=options["clip_norm"],
                clip_value=options["clip_value"], accumulate=options["accumulate"],
                l1=options["l1"], l2=options["l2"],
                class_weight=class_weights(options["class_weight"], data),
                compile=options["compile"], seed=options["seed"],
                checkpoint_every=options["checkpoint_every"], health=options["health"],
                progress=False if quiet else None,
            )  # fmt: skip
        except TypeError:
            taken = list(inspect.signature(OPTIMIZERS[name]).parameters)[1:]
            strange = [repr(option) for option in given if option not in taken]
            if not strange:
                told = ", ".join(f"{k}={v}" for k, v in given.items())
                raise ValueError(f"the optimizer {name} can't be made with {told}") from None
            raise ValueError(f"the optimizer {name} has no option {strange[0]}: there are "
                             f"{', '.join(taken)}") from None  # fmt: skip

    def find_lr(self) -> float:
        """Look for a learning rate, and take it."""
        train, options = self.data.train, self.record.training
        found = self.trainer.find_lr(train.X, train.y, batch_size=options["batch_size"]).suggestion
        for group in self.trainer.optimizer.param_groups:
            group["lr"] = found
        options["lr"] = float(f"{found:.3g}")
        return float(options["lr"])

    def keep_source(self) -> dict[str, bytes]:
        """Return the Python file of the model, to be kept with the run."""
        path = source_of(self.record)
        return {} if path is None else {SOURCE: path.read_bytes()}

    def fit(self, folder: Path, resume: bool = False) -> str:
        """Train; return how it ended."""
        self.folder, trainer, options = folder, self.trainer, self.record.training
        trainer.checkpoints = Checkpoints(folder / CHECKPOINTS)
        if options["tensorboard"]:
            from .tensorboard import TensorBoard

            trainer.callbacks.append(TensorBoard(folder / "tensorboard"))
        trainer.callbacks.append(RunFiles(folder, self.record))
        train, validation = self.data.train, self.data.validation
        begun = time.perf_counter()
        # A run that was killed before its first checkpoint has none to go on from.
        going_on = resume and bool(trainer.checkpoints.files())
        history = trainer.fit(
            train.X, train.y, epochs=options["epochs"], batch_size=options["batch_size"],
            validation=(validation.X, validation.y) if len(validation) else None,
            sample_weight=train.weight, shuffle=options["shuffle"], transform=self.augment,
            resume=going_on,
        )  # fmt: skip
        self.record.seconds += round(time.perf_counter() - begun, 3)
        self.record.ending = history.stopped or "completed"
        return self.record.ending

    def finish(self) -> None:
        """Measure, and write the weights and the record."""
        assert self.folder is not None
        save(self.model.state_dict(), self.folder / WEIGHTS)
        for name, part in (("validation", self.data.validation), ("test", self.data.test)):
            if len(part):
                self.record.results[name] = plain(self.trainer.evaluate(part.X, part.y))
        self.record.save(self.folder)


def augmented(text: str | None, data: Examples, loss: str) -> Transform | None:
    """Return the transform of the training batches that ``--augment`` describes.

    Raises
    ------
    ValueError
        For one that does not go with the data or the loss.
    """
    if not text:
        return None
    numbers = None
    if data.encoding.columns:
        names = [name for c in data.encoding.columns if c.kind == "number" for name in c.names]
        numbers = [data.columns.index(name) for name in names]
    try:
        transform = augmentation(text, data.X.shape[1:], len(data.classes) or None, numbers)
    except ValueError as error:
        raise ValueError(f"--augment: {error}") from None
    mixes = [name for name in parse(text) if name in ("mixup", "cutmix")]
    if mixes and loss not in ("cross_entropy", "mse", "l1", "huber"):
        raise ValueError(f"--augment: {mixes[0]} makes shares of the classes, which the loss "
                         f"{loss} does not take: cross_entropy does")  # fmt: skip
    return transform


def check_last_batch(model: Any, n: int, size: int | None) -> None:
    """Refuse a batch of one example, of which a batch norm can't take the variance."""
    normed = any(isinstance(m, nn.BatchNorm1d) for m in model.modules())
    if normed and size is not None and n > 1 and (n % size == 1 or size == 1):
        better = next(s for s in (*range(max(size, 2), n), n) if n % s != 1)
        raise ValueError(f"of {n} examples in batches of {size} the last has one, and batch norm "
                         f"needs two: take --batch-size {better}")  # fmt: skip


def watchable(column: str, metrics: list[str], data: Examples) -> None:
    """Refuse a column that the history is not going to have."""
    if column.startswith("val_") and not len(data.validation):
        raise ValueError("stopping early needs a validation part: --validation 0.1")
    measured = ["loss", *metrics]
    columns = [*measured, *(f"val_{name}" for name in measured), "grad_norm", "lr"]
    if column not in columns:
        raise ValueError(f"--monitor: there will be no column {column!r}: take one of "
                         f"{', '.join(columns)}")  # fmt: skip


def class_weights(given: Any, data: Examples) -> Any:
    """Return the weights of classes as a Trainer takes them: by their numbers."""
    if given is not None and not data.classes:
        raise ValueError("--class-weight is for classes, and this is a regression")
    if not isinstance(given, dict):
        return given
    numbers = {name: i for i, name in enumerate(data.classes)}
    for name in given:
        if name not in numbers:
            raise ValueError(f"--class-weight: no class is called {name!r}: there are "
                             f"{', '.join(data.classes[:20])}")  # fmt: skip
    return {numbers[name]: weight for name, weight in given.items()}


def plain(values: dict[str, float]) -> dict[str, float | None]:
    """Return numbers as JSON takes them."""
    return {k: float(v) if math.isfinite(v) else None for k, v in values.items()}


def source_of(record: Record) -> Path | None:
    """Return the Python file of a model, if it is one."""
    name: str = record.model["name"]
    if name.partition(":")[0] == "mlp":
        return None
    return Path(name if name.endswith(".py") else name.rpartition(":")[0])


def built(record: Record, folder: Path | None = None) -> Any:
    """Return the model of a record, with first weights; that of a run from its own copy."""
    given = dict(record.model)
    try:
        name, shape, outputs = given.pop("name"), tuple(given.pop("shape")), given.pop("outputs")
        if folder is not None and source_of(record) is not None:
            name = f"{folder / SOURCE}{name[name.rindex('.py') + 3 :]}"
        manual_seed(record.training["seed"])
        model = models.build(name, shape, outputs, **given)
        if record.encoding["task"] == "regression" and record.training["loss"] != "poisson":
            mean, scale = record.encoding["target_mean"], record.encoding["target_scale"]
            model = models.InUnits(model, mean, scale)
    except (KeyError, TypeError) as error:
        raise RunError(f"the record of the run lacks something, or is damaged ({error})") from None
    return model


def load_model(folder: Path, record: Record) -> Any:
    """Return the model of a run with what it has learnt, in evaluation mode.

    Of a run that has not ended, that is what the newest checkpoint holds.

    Raises
    ------
    RunError
    """
    model = built(record, folder)
    path = folder / WEIGHTS
    try:
        if path.is_file():
            state = load(path)
        else:
            kept = Checkpoints(folder / CHECKPOINTS).load()
            if kept is None:
                raise RunError(f"{folder} has no {WEIGHTS} and no checkpoint: nothing was learnt "
                               f"yet. tinygrad-bp resume {folder}")  # fmt: skip
            state = kept["model"]
        model.load_state_dict(state)
    except (CorruptFileError, RuntimeError, EOFError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"the weights in {folder} are damaged, or of another model "
                       f"({' '.join(str(error).split())[:200]})") from None  # fmt: skip
    model.eval()
    return model
