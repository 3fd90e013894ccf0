"""A run from beginning to end, and what is printed of it: 80 columns of plain lines."""

from __future__ import annotations

import contextlib
import sys
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path

from ..train.checkpoints import CheckpointWarning
from ..train.experiment import FILES, Experiment
from ..train.metrics import ConfusionMatrix
from ..train.runs import shown
from .options import count

__all__ = ["confusion_table", "say_what", "train_to_end"]

INTERRUPTED = 130
_WIDTH = 80


def say(text: str = "") -> None:
    """Print a line now, also into a pipe."""
    print(text, flush=True)


def pair(name: str, text: str) -> str:
    """Write a name and what is told of it, in lines of 80 columns.

    >>> print(pair("data", "digits"))
    data       digits
    """
    return textwrap.fill(text, _WIDTH, initial_indent=f"{name:<11}", subsequent_indent=" " * 11,
                         break_long_words=False, break_on_hyphens=False)  # fmt: skip


def say_what(experiment: Experiment, folder: Path) -> None:
    """Say what is about to be run."""
    data, options = experiment.data, experiment.record.training
    first, *_ = data.describe().splitlines()
    source = shown(Path(data.source)) if "/" in data.source else data.source
    say(pair("data", first.replace(data.source, source, 1)))
    say(pair("task", f"{data.task}: {data.why_task}"))
    parameters = sum(p.numel() for p in experiment.model.parameters())
    name = experiment.record.model["name"]
    model = name if name.startswith("mlp:") else shown(Path(name))
    say(pair("model", f"{model}: {count(parameters, 'parameter')}, "
                      f"{count(experiment.record.model['outputs'], 'output')}"))  # fmt: skip
    size = options["batch_size"] or "all"
    schedule = f", {options['schedule']}" if options["schedule"] else ""
    epochs = count(options["epochs"], "epoch")
    say(pair("training", f"{experiment.loss_name} by {options['optimizer']}, learning rate "
                         f"{experiment.trainer.lr:.3g}{schedule}, batches of {size}, "
                         f"{epochs}, seed {options['seed']}"))  # fmt: skip
    if options.get("augment"):
        say(pair("augmented", options["augment"].replace(",", ", ").replace(":", " ")))
    say(pair("folder", shown(folder)))
    say()


def train_to_end(experiment: Experiment, folder: Path, resume: bool = False,
                 report: bool = True, quiet: bool = False) -> int:  # fmt: skip
    """Train, measure, write; return the exit code."""
    with told_in_lines():
        ending = experiment.fit(folder, resume)
        experiment.finish()
        skipped: list[str] = []
        if report:
            from ..train.report import write_report

            skipped = write_report(experiment)
    say(conclusion(experiment, folder, skipped, quiet))
    return {"diverged": 1, "interrupted": INTERRUPTED}.get(ending, 0)


def conclusion(experiment: Experiment, folder: Path, skipped: list[str], quiet: bool) -> str:
    """Say how it ended, and what was written."""
    record = experiment.record
    lines = [] if quiet else [""]
    for part, values in record.results.items():
        numbers = ", ".join(f"{k} {'-' if v is None else format(v, '.4g')}"
                            for k, v in values.items())  # fmt: skip
        lines.append(pair(part, numbers))
    if record.ending == "early stopping":
        lines.append("stopped early: nothing became better; the best epoch's weights are kept")
    if record.ending == "diverged":
        lines.append("the loss is not a finite number any more: try a smaller --lr")
    if record.ending == "interrupted":
        lines.append(f"stopped by Ctrl-C; to go on: tinygrad-bp resume {shown(folder)}")
    if quiet:
        return "\n".join([*lines, pair("folder", shown(folder))])
    lines += ["", f"written to {shown(folder)}:"]
    lines += [f"  {name:<20}{what}" for name, what in FILES.items() if (folder / name).exists()]
    return "\n".join([*lines, *(f"  {line}" for line in skipped)])


def confusion_table(metric: ConfusionMatrix, classes: tuple[str, ...]) -> str:
    """Write which class was taken for which; "" where a line can't hold so many."""
    width = max(5, *(min(len(c), 10) for c in classes), len(f"{metric.matrix.max():d}")) + 1
    if width * (len(classes) + 1) > _WIDTH:
        return ""
    lines = ["rows: what is true; columns: what it was taken for",
             " " * width + "".join(f"{c[:10]:>{width}}" for c in classes)]  # fmt: skip
    lines += [f"{c[:10]:>{width}}" + "".join(f"{n:>{width}d}" for n in row)
              for c, row in zip(classes, metric.matrix, strict=True)]  # fmt: skip
    return "\n".join(lines)


@contextlib.contextmanager
def told_in_lines() -> Iterator[None]:
    """Print warnings as lines on stderr, without the place in the code that they come from."""

    def tell(
        message: Warning | str, category: type[Warning], *rest: object, **others: object
    ) -> None:
        print(f"warning: {' '.join(str(message).split())}", file=sys.stderr, flush=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", CheckpointWarning)
        warnings.showwarning = tell
        yield
