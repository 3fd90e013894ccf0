"""The report of a run: one HTML page that needs no other file and no network.

`SECTIONS` is its table of contents. A section is a function of the `Report` that returns HTML, or
"" to be left out. Text that comes from outside goes through `text`, which escapes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape as text
from pathlib import Path
from typing import TYPE_CHECKING

from ..models import InUnits
from ..runs import shown
from .markup import document, image, table
from .pictures import Seen

if TYPE_CHECKING:
    from ..experiment import Experiment

__all__ = ["SECTIONS", "page"]

#: how a run can end -> how the report says so
ENDINGS = {
    "early stopping": "Stopped early: nothing became better. The best epoch's weights are kept.",
    "interrupted": "Stopped by Ctrl-C: this is what was done until then.",
    "diverged": "The loss was no longer a finite number, so the run ended. A smaller learning rate "
    "helps.",
}
_FORMATS = {"epoch": "d", "updates": ",d", "seconds": ".1f", "lr": ".2e", "grad_norm": ".2e"}
_SHARES = ("accuracy", "precision", "recall", "f1")
_MOST_COLUMNS = 200


@dataclass
class Report:
    """What the sections read."""

    experiment: Experiment
    seen: Seen
    drawn: dict[str, bytes]
    skipped: list[str]
    folder: Path


def page(experiment: Experiment, seen: Seen, drawn: dict[str, bytes], skipped: list[str]) -> str:
    """Write the page."""
    assert experiment.folder is not None
    report = Report(experiment, seen, drawn, skipped, experiment.folder)
    body = "\n".join(part for section in SECTIONS if (part := section(report)))
    return document(f"{report.folder.name}: {source(report)}", body)


def source(report: Report) -> str:
    """Return what was learnt from, by a short name."""
    return Path(report.experiment.data.source).name


def number(name: str, value: float | None) -> str:
    """Write a metric as people read it."""
    if value is None:
        return "–"
    return f"{100 * value:.2f} %" if name in _SHARES else f"{value:.4g}"


def headline(report: Report) -> str:
    """What came out, in a few numbers."""
    experiment = report.experiment
    record = experiment.record
    part = "test" if "test" in record.results else "validation"
    values = record.results.get(part, {})
    cards = "".join(
        f"<div><strong>{text(number(name, value))}</strong><span>{text(name)}, {part} part</span>"
        "</div>"
        for name, value in sorted(values.items(), key=lambda item: item[0] == "loss")[:4]
    )
    epochs = len(experiment.trainer.history)
    cards += (
        f"<div><strong>{epochs}</strong><span>of {record.training['epochs']} epochs, in "
        f"{record.seconds:.1f} s</span></div>"
    )
    ending = ENDINGS.get(record.ending, "")
    note = f'<p class="note">{ending}</p>' if ending else ""
    what = experiment.data.encoding.target or "target"
    return (
        f"<header>\n<p class=kicker>tinygrad-bp train · {text(report.folder.name)}</p>\n"
        f"<h1>“{text(what)}”, learnt from {text(source(report))}</h1>\n{note}"
        f"<div class=figures>{cards}</div>\n</header>"
    )


def findings(report: Report) -> str:
    """What kept the model from learning."""
    found = report.experiment.trainer.history.findings
    if not found:
        return ""
    items = "".join(f'<p class="note">{text(line)}</p>' for line in found)
    return f"<section>\n<h2>What was noticed</h2>\n{items}</section>"


def curves(report: Report) -> str:
    """Loss and metrics, as a picture and as the table that it is drawn from."""
    history = report.experiment.trainer.history
    if not len(history):
        return ""
    alt = "Diagrams of the loss and of each metric over the epochs; the table has the numbers."
    rows = (
        [format(row[c], _FORMATS.get(c, ".4g")) if c in row else "" for c in history.columns]
        for row in history
    )
    return (
        f"<section>\n<h2>Learning</h2>\n{image(report.drawn, 'curves.png', alt)}\n"
        f"<details><summary>All epochs in numbers</summary>\n{table(history.columns, rows)}\n"
        "<p class=caption>val_ is the validation's part. The training's numbers are taken while "
        "the weights change, the validation's after the epoch.</p></details>\n</section>"
    )


def classes(report: Report) -> str:
    """How each class fared."""
    seen, names = report.seen, report.experiment.data.classes
    if seen.matrix is None:
        return ""
    hits, true, taken = seen.matrix.diagonal(), seen.matrix.sum(1), seen.matrix.sum(0)
    rows = (
        [text(name), f"{true[i]:,}",
         *(f"{100 * hits[i] / n[i]:.1f} %" if n[i] else "–" for n in (true, taken))]
        for i, name in enumerate(names)
    )  # fmt: skip
    alt = "The confusion matrix: rows are the true classes, columns what they were taken for."
    wrong = len(seen.y) - int(hits.sum())
    head = ("class", "examples", "found (recall)", "right when named (precision)")
    return (
        f"<section>\n<h2>Which class was taken for which</h2>\n<p>{wrong:,} of the "
        f"{len(seen.y):,} examples of the {seen.part} part are taken for another class.</p>\n"
        f"{image(report.drawn, 'confusion.png', alt)}\n<details><summary>Each class in "
        f"numbers</summary>\n{table(head, rows)}"
        "</details>\n</section>"
    )


def predictions(report: Report) -> str:
    """Predicted and true numbers."""
    if "predictions.png" not in report.drawn:
        return ""
    alt = f"Predicted over true values, {len(report.seen.y)} points about the diagonal."
    return (
        f"<section>\n<h2>Predicted and true</h2>\n<p>The {len(report.seen.y):,} examples of the "
        f"{report.seen.part} part; on the line, the prediction is right.</p>\n"
        f"{image(report.drawn, 'predictions.png', alt)}\n</section>"
    )


def mistakes(report: Report) -> str:
    """The images that the model gets wrong."""
    if "mistakes.png" not in report.drawn:
        return ""
    alt = "Images, each with its class and the one that the model takes it for."
    return (
        "<section>\n<h2>Mistakes</h2>\n<p>Those of which the model is surest.</p>\n"
        f"{image(report.drawn, 'mistakes.png', alt)}\n</section>"
    )


def what_was_run(report: Report) -> str:
    """Data, model, settings, versions: enough to repeat it."""
    experiment = report.experiment
    record, data = experiment.record, experiment.data
    options = record.training
    count = sum(p.numel() for p in experiment.model.parameters())
    limits = {k: options[k] for k in ("clip_norm", "clip_value", "l1", "l2", "class_weight",
                                      "patience", "augment") if options.get(k)}  # fmt: skip
    limits |= options["set"] | ({"accumulate": options["accumulate"]}
                                if options["accumulate"] > 1 else {})  # fmt: skip
    more = "".join(f", {k.replace('_', ' ')} {v}" for k, v in limits.items())
    pairs = (
        ("Data", text(data.describe().splitlines()[0])),
        ("Task", text(f"{data.task}: {data.why_task}")),
        ("Model", f"<code>{text(Path(record.model['name']).name)}</code>: {count:,} parameters"),
        ("Loss", text(experiment.loss_name + (
            ", of the target less its mean, in standard deviations"
            if isinstance(experiment.model, InUnits) else ""
        ))),
        ("Training", text(
            f"{options['optimizer']}, learning rate {options['lr'] or 'default'}, "
            f"{options['schedule'] or 'constant'}, batches of {options['batch_size'] or 'all'}, "
            f"seed {options['seed']}{more}"
        )),
        ("Versions", text(", ".join(f"{k} {v}" for k, v in record.versions.items()))),
        ("Again", f"<code>{text(record.command)}</code>"),
    )  # fmt: skip
    rows = "".join(f"<dt>{name}</dt><dd>{what}</dd>" for name, what in pairs)
    layers = text(str(experiment.model))
    return (
        f"<section>\n<h2>What was run</h2>\n<dl>{rows}</dl>\n<details><summary>The layers"
        f"</summary>\n<pre><code>{layers}</code></pre></details>\n{columns(report)}</section>"
    )


def columns(report: Report) -> str:
    """How each column of a table was encoded."""
    encoded = report.experiment.data.encoding.columns
    if not encoded:
        return ""
    items = "".join(f"<li>{text(c.describe())}</li>" for c in encoded[:_MOST_COLUMNS])
    left = len(encoded) - _MOST_COLUMNS
    items += f"<li>and {left:,} more, in run.json</li>" if left > 0 else ""
    return (f"<details><summary>How the {len(encoded):,} columns are encoded</summary>"
            f"<ul>{items}</ul></details>\n")  # fmt: skip


def how_to_go_on(report: Report) -> str:
    """What to do with the run."""
    folder = shown(report.folder)
    tries = (
        (f"tinygrad-bp predict {folder} FILE -o predictions.csv", "predict for other data"),
        (f"tinygrad-bp evaluate {folder} --data FILE", "measure on other data"),
        (f"tinygrad-bp explain {folder}", "the gradients as formulas"),
        (f"tinygrad-bp draw {folder}", "a picture of the network"),
        (f"tinygrad-bp resume {folder} --epochs N", "train for longer"),
    )
    items = "".join(
        f"<li><code>{text(command)}</code><span>{text(why)}</span></li>" for command, why in tries
    )
    skipped = "".join(f'<p class="note">{text(line)}</p>' for line in report.skipped)
    return f"<section>\n<h2>How to go on</h2>\n<ul class=tries>{items}</ul>\n{skipped}</section>"


SECTIONS: tuple[Callable[[Report], str], ...] = (
    headline,
    findings,
    curves,
    classes,
    predictions,
    mistakes,
    what_was_run,
    how_to_go_on,
)
