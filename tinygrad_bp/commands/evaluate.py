"""Measure what a run has learnt.

By default on the part of its data that was put aside for that; --data takes a file of the same
kind, whose columns are matched by their names and encoded as those that were learnt from.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from . import options
from .options import count, refusals


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``tinygrad-bp evaluate``."""
    options.add_run(parser)
    parser.add_argument("--data", metavar="DATA", help="other data than those of the run")
    parser.add_argument("--part", choices=("train", "validation", "test"), default="test",
                        help="of the run's own data (test)")  # fmt: skip
    parser.add_argument("--metrics", metavar="NAMES", help="such as accuracy,f1,auc")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Measure and print; return the exit code."""
    with refusals(parser, KeyError, RuntimeError):
        from .. import datasets
        from ..train.experiment import Experiment, load_model, plain
        from ..train.metrics import ConfusionMatrix
        from ..train.record import Record
        from ..train.runs import shown
        from .running import confusion_table, pair, told_in_lines

        record = Record.load(args.run_folder)
        if args.data is None:
            data = getattr(record.read(), args.part)
        else:
            data = datasets.read(args.data, encoding=record.decoded(args.run_folder))
        if not len(data):
            raise ValueError(f"the run has no {args.part} part")
        if data.y is None:
            raise ValueError(f"{data.source}: there is no {data.encoding.target!r} to compare "
                             "with. tinygrad-bp predict needs none")  # fmt: skip
        if args.metrics:
            record.training["metrics"] = [m.strip() for m in args.metrics.split(",")]
        record.training["patience"] = None
        experiment = Experiment(record, data, args.run_folder, quiet=True)
        with told_in_lines():
            experiment.model.load_state_dict(load_model(args.run_folder, record).state_dict())
        trainer = experiment.trainer
        values = plain(trainer.evaluate(data.X, data.y))
        if args.json:
            print(json.dumps(values))
            return 0
        source = shown(Path(data.source)) if "/" in data.source else data.source
        print(pair("data", f"{source}: {count(len(data), 'example')}"))
        for name, value in values.items():
            print(pair(name, "not a number" if value is None else f"{value:.6g}"))
        if data.classes:
            matrix = ConfusionMatrix()
            matrix.update(trainer.predict(data.X), data.y)
            print(confusion_table(matrix, data.classes))
    return 0
