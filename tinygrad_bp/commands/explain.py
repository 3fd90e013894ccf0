"""Derive the gradients of a run's network, as formulas, and check each on the run's own numbers.

Nobody typed these lines: the derivative of each recorded operation is run on symbols in place of
numbers. Prints text; with -o, a page (.html), TeX (.tex) or Markdown (.md).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from . import options
from .options import check_place, refusals, whole

_KINDS = (".html", ".tex", ".md", ".txt")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``tinygrad-bp explain``."""
    options.add_run(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE",
                        help=f"with one of {', '.join(_KINDS)}")  # fmt: skip
    parser.add_argument("--examples", type=whole(1), default=4, metavar="N",
                        help="that the formulas are checked on (4)")  # fmt: skip


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Derive and print; return the exit code."""
    if args.output is not None and args.output.suffix not in _KINDS:
        parser.error(f"argument --output: a file that ends with {', '.join(_KINDS)}")
    with refusals(parser, KeyError, RuntimeError, TypeError):
        from .. import explain, tensor
        from ..train.experiment import Experiment, load_model
        from ..train.models import InUnits
        from ..train.record import Record
        from ..train.runs import shown, write
        from .running import told_in_lines

        check_place(args.output)
        record = Record.load(args.run_folder)
        data = record.read().train
        record.training["patience"] = None
        with told_in_lines():
            model = load_model(args.run_folder, record)
        experiment = Experiment(record, data, args.run_folder, quiet=True)
        objective = experiment.trainer.objective
        assert data.y is not None
        objective.settle(data.y)
        X = tensor(data.X[: args.examples]).named("X")
        y = tensor(data.y[: args.examples])
        if isinstance(model, InUnits):  # on the scale that it learns on
            y, model, objective.loss = (
                (y - model.mean) / model.scale,
                model.model,
                experiment.loss_name,
            )
        y = y.named("y")
        loss = objective(model(X), y).named("J")
        derivation = explain(loss, model=model)
        if args.output is None:
            print(derivation)
            return 0
        texts: dict[str, Callable[[], str]] = {
            ".html": derivation.to_html,
            ".tex": lambda: derivation.to_latex(document=True),
            ".md": derivation.to_markdown,
            ".txt": lambda: f"{derivation}\n",
        }
        write(args.output, texts[args.output.suffix]())
        print(f"written to {shown(args.output)}")
    return 0
