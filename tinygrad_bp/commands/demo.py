"""Train a network on handwritten digits and check its gradients.

The notes' two-layer softmax network learns real handwritten digits. After every
epoch all six gradients that autograd computes, dZ2 dW2 dB2 dZ1 dW1 dB1, are
compared with the notes' formulas worked out by hand in NumPy, and the largest
difference is printed. A folder with pictures and a report.html is written.
Ctrl-C stops, and leaves what was done so far.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..demo.settings import DEFAULTS, HIDDEN, RATES, Settings
from . import options as kinds

if TYPE_CHECKING:
    from ..demo.outcome import Outcome
    from ..demo.sources import Columns

INTERRUPTED = 130


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``tinygrad-bp demo``."""

    def by_data(option: str) -> str:
        return ", ".join(f"{values[option]} for {data}" for data, values in DEFAULTS.items())

    whole = kinds.whole(1)
    what = parser.add_argument_group("what is learnt")
    what.add_argument(
        "--data",
        choices=list(DEFAULTS),
        default="digits",
        help="digits: 8 x 8 pixels, shipped (default); mnist: 28 x 28 pixels, read "
        "from $TINYGRAD_BP_DATA or downloaded",
    )
    what.add_argument(
        "--hidden",
        type=whole,
        metavar="N",
        help=f"ReLU units in the hidden layer (default {HIDDEN})",
    )
    how = parser.add_argument_group("how")
    how.add_argument(
        "--epochs",
        type=whole,
        metavar="N",
        help=f"passes over the training data (default {by_data('epochs')})",
    )
    how.add_argument(
        "--batch-size",
        type=whole,
        metavar="N",
        help=f"samples an update (default {by_data('batch_size')})",
    )
    how.add_argument(
        "--optimizer",
        choices=list(RATES),
        default="sgd",
        help="sgd: the notes' W := W - lr dW (default); adam",
    )
    rates = ", ".join(f"{rate:g} for {name}" for name, rate in RATES.items())
    how.add_argument(
        "--lr", type=kinds.number(), metavar="X", help=f"learning rate (default {rates})"
    )
    how.add_argument(
        "--seed",
        type=kinds.whole(0),
        metavar="N",
        default=0,
        help="of the first weights and the order of the samples; the same seed gives "
        "the same numbers (default 0)",
    )
    where = parser.add_argument_group("where it goes")
    where.add_argument(
        "--out",
        type=Path,
        default=Path("runs"),
        metavar="FOLDER",
        help="folder of all runs (default runs)",
    )
    where.add_argument(
        "--name",
        type=kinds.name,
        metavar="NAME",
        help="folder of this run, inside it (default digits-001, -002, ...)",
    )
    where.add_argument("--overwrite", action="store_true", help="replace the run that --name names")
    where.add_argument("--no-draw", action="store_true", help="no pictures: a second or two faster")


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Train, compare and write; return the exit code.

    0 when done, 1 when the training diverged or a gradient differs, 130 after Ctrl-C.
    """
    if args.overwrite and args.name is None:
        parser.error("argument --overwrite: needs --name")
    options = ("epochs", "hidden", "batch_size", "lr", "seed")
    settings = Settings.of(
        args.data, args.optimizer, **{option: getattr(args, option) for option in options}
    )
    data = _load(parser, args.data)
    folder = _folder(parser, args)
    from ..demo.outcome import Outcome

    outcome = Outcome(settings, data, folder)
    try:
        code = _train(outcome)
        _write(outcome, draw=not args.no_draw)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        parser.exit(1, f"{parser.prog}: error: could not write: {error}\n")
    except MemoryError:
        parser.exit(1, f"{parser.prog}: error: too little memory for --hidden {settings.hidden}\n")
    return code


def _load(parser: argparse.ArgumentParser, name: str) -> Columns:
    from ..demo.pictures import INSTALL
    from ..demo.sources import load

    try:
        return load(name)
    except ImportError as error:
        if error.name != "pooch":
            raise
        parser.exit(
            1,
            f"{parser.prog}: error: {name} is not on this machine, and the download needs pooch: "
            f"{INSTALL}, or set TINYGRAD_BP_DATA to a folder with mnist/\n",
        )
    except (FileNotFoundError, ValueError) as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")


def _folder(parser: argparse.ArgumentParser, args: argparse.Namespace) -> Path:
    from ..demo import folder as files

    try:
        if args.name is None:
            return files.fresh(args.out, args.data)
        return files.named(args.out, args.name, args.overwrite)
    except FileExistsError as error:
        option = "--out" if error.errno else "--name"  # errno: the system's own error
        parser.error(f"argument {option}: {error}")
    except OSError as error:
        parser.exit(1, f"{parser.prog}: error: argument --out: {error}\n")


def _train(outcome: Outcome) -> int:
    import numpy as np

    from ..demo import console, training

    console.say(console.introduction(outcome))
    start = time.perf_counter()
    total = training.updates(outcome.settings, outcome.data)
    try:
        # A run that diverges says so itself, in the table: NumPy's warnings would tear it apart.
        with np.errstate(all="ignore"), console.progress(total) as (bar, say):
            bar.set_description("epoch 1")
            for epoch in training.train(outcome.settings, outcome.data, bar.update):
                outcome.epochs.append(epoch)
                outcome.seconds = time.perf_counter() - start
                outcome.save_numbers()
                say(console.row(epoch))
                bar.set_description(f"epoch {min(epoch.number + 1, outcome.settings.epochs)}")
        outcome.ending = "completed" if outcome.epochs[-1].finite else "diverged"
    except KeyboardInterrupt:
        outcome.ending = "interrupted"
        if not outcome.epochs:
            outcome.folder.rmdir()  # nothing was done, so nothing is left
            raise
        console.say("stopped by Ctrl-C")
        return INTERRUPTED
    return 0 if outcome.ending == "completed" and outcome.agrees else 1


def _write(outcome: Outcome, draw: bool) -> None:
    from ..demo import console, pictures, report
    from ..demo import folder as files

    console.say(console.conclusion(outcome))
    outcome.save_numbers()
    outcome.save_record()
    drawn, skipped = pictures.draw_all(outcome) if draw else ({}, ["no pictures: --no-draw"])
    for name, content in drawn.items():
        if name in files.FILES:
            files.write(outcome.folder / name, content)
    files.write(outcome.folder / "report.html", report.page(outcome, drawn, skipped))
    console.say(console.listing(outcome.folder, skipped))
