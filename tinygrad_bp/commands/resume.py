"""Go on with a run that was stopped: by Ctrl-C, by kill -9, by a power cut.

What comes out is what an uninterrupted run would have given, to the last bit. Data and options are
those of the run; the data may not have changed meanwhile.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from . import options
from .options import refusals, whole

#: Schedules that don't depend on how long a run is.
_ENDLESS = (None, "constant", "plateau")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``tinygrad-bp resume``."""
    options.add_run(parser)
    parser.add_argument("--epochs", type=whole(1), metavar="N",
                        help="train for more epochs than were planned, N in all")  # fmt: skip
    parser.add_argument("--no-report", action="store_true", help="no plots and no report.html")
    parser.add_argument("--quiet", action="store_true", help="print the result alone")


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Go on; return the exit code."""
    with refusals(parser, KeyError, RuntimeError):
        from ..train.experiment import Experiment
        from ..train.record import Record
        from .running import say_what, train_to_end

        folder: Path = args.run_folder
        record = Record.load(folder)
        training = record.training
        if args.epochs is not None and args.epochs != training["epochs"]:
            if training["schedule"] not in _ENDLESS:
                parser.error(f"argument --epochs: the schedule {training['schedule']} was made for "
                             f"{training['epochs']} epochs")  # fmt: skip
            if args.epochs < training["epochs"]:
                parser.error(
                    f"argument --epochs: {training['epochs']} were planned, fewer can't be"
                )
            training["epochs"] = args.epochs
        elif record.ending in ("completed", "early stopping", "diverged"):
            print(f"this run has ended: {record.ending}. With --epochs N it goes on.")
            return 0
        data = record.read()
        if data.encoding.to_dict() != record.decoded(folder).to_dict():
            raise ValueError(f"{data.source} is not what the run learnt from any more. Start a new "
                             "run with it")  # fmt: skip
        experiment = Experiment(record, data, folder, quiet=args.quiet)
        if not args.quiet:
            say_what(experiment, folder)
        return train_to_end(experiment, folder, resume=True, report=not args.no_report,
                            quiet=args.quiet)  # fmt: skip
