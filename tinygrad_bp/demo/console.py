"""What a run prints: 80 columns of plain lines, and on a terminal a progress bar below them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from ..train.runs import shown
from .folder import FILES
from .gradients import TOLERANCE
from .outcome import Outcome
from .pictures import INSTALL
from .training import Epoch

HEADER = f"{'epoch':>6}{'loss':>11}{'train acc':>12}{'test acc':>11}   largest gradient difference"


class Bar(Protocol):
    """The part of tqdm's bar that is used."""

    def update(self) -> object:
        """Go one update further."""

    def set_description(self, text: str) -> object:
        """Say what is under way."""


class _NoBar:
    def update(self) -> None:
        pass

    def set_description(self, text: str) -> None:
        pass


def say(text: str = "") -> None:
    """Print a line now, also into a pipe."""
    print(text, flush=True)


@contextmanager
def progress(total: int) -> Iterator[tuple[Bar, Any]]:
    """Show a bar of `total` updates, if there is a terminal and tqdm.

    Yields
    ------
    bar : Bar
    say : function of a line
        Prints above the bar.
    """
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        yield _NoBar(), say
        return
    try:
        from tqdm import tqdm
    except ImportError:
        say(f"(for a progress bar: {INSTALL})")
        yield _NoBar(), say
        return
    # leave=False: at the end the bar goes, and the table stands alone.
    with tqdm(total=total, leave=False, dynamic_ncols=True, unit=" updates") as bar:
        yield bar, tqdm.write


def introduction(outcome: Outcome) -> str:
    """Say what is about to be run, on which data, and where it goes."""
    settings, data = outcome.settings, outcome.data
    inputs, hidden, classes = outcome.layers
    source = data.source
    pixels = " x ".join(str(side) for side in data.picture)
    return "\n".join(
        [
            f"network  {inputs} inputs, {hidden} ReLU units, softmax over {classes} classes, "
            "float64",
            f"data     {settings.data}: {len(data.y_train)} training and {len(data.y_test)} test "
            f"images of {pixels} pixels",
            f"         {source.authors}",
            f"         {source.link}{source.licence and ', ' + source.licence}",
            f"descent  {settings.optimizer}, learning rate {settings.lr:g}, batches of "
            f"{settings.batch_size}, seed {settings.seed}",
            f"folder   {shown(outcome.folder)}",
            "",
            HEADER,
        ]
    )


def row(epoch: Epoch) -> str:
    """Write an epoch as a line of the table under `HEADER`."""
    note = "" if epoch.agrees or not epoch.finite else "  DIFFERS"
    return (
        f"{epoch.number:>6}{epoch.loss:>11.4f}{percent(epoch.train_accuracy):>12}"
        f"{percent(epoch.test_accuracy):>11}   {epoch.difference:.1e} ({epoch.worst}){note}"
    )


def conclusion(outcome: Outcome) -> str:
    """Say how it ended."""
    last, m = outcome.last, len(outcome.data.y_test)
    right = round(last.test_accuracy * m)
    after = "before the first epoch" if not last.number else f"after epoch {last.number}"
    worst = outcome.largest
    verdict = (
        f"six gradients agree with the textbook: at most {worst.difference:.1e} apart"
        if outcome.agrees
        else f"the gradients DIFFER from the textbook by {worst.difference:.1e} ({worst.worst}); "
        f"expected below {TOLERANCE:g}"
    )
    lines = [
        "",
        f"test accuracy {percent(last.test_accuracy)} {after}: {right} of {m} digits right",
        verdict,
    ]
    if outcome.ending == "diverged":
        lines.append("the loss is not a finite number any more: try a smaller --lr")
    return "\n".join(lines)


def listing(folder: Path, skipped: list[str]) -> str:
    """List the files that are there, and what is not."""
    lines = ["", f"written to {shown(folder)}:"]
    lines += [f"  {name:<20}{what}" for name, what in FILES.items() if (folder / name).exists()]
    lines += [f"  {line}" for line in skipped]
    return "\n".join(lines)


def percent(share: float) -> str:
    """Write a share in percent.

    >>> percent(0.98)
    '98.00 %'
    """
    return f"{100 * share:.2f} %"
