"""Predict with what a run has learnt: a file in, a CSV out.

A table has the columns that the run learnt from, by their names and in any order; the target may be
missing. The CSV repeats each row of a CSV and adds `prediction`, and for classes `probability`,
that of the class predicted; of other data it begins with the number of the example, from 1.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import options
from .options import check_place, refusals

if TYPE_CHECKING:
    from ..datasets import Examples


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``tinygrad-bp predict``."""
    options.add_run(parser)
    parser.add_argument("data", metavar="DATA",
                        help="a table, .npz, an image, or a folder of images")  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, metavar="FILE",
                        help="write the CSV there instead of printing it")  # fmt: skip
    parser.add_argument("--probabilities", action="store_true",
                        help="the probability of each class, a column each")  # fmt: skip
    parser.add_argument("--unknown", choices=("error", "zeros"), default="error",
                        help="a text that was never seen in training: refuse, or take it for none "
                        "of those known (error)")  # fmt: skip


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Predict and write; return the exit code."""
    with refusals(parser, KeyError, RuntimeError):
        from .. import datasets
        from ..train.experiment import load_model
        from ..train.record import Record
        from ..train.runs import write
        from .running import told_in_lines

        check_place(args.output)
        record = Record.load(args.run_folder)
        encoding = record.decoded(args.run_folder)
        with told_in_lines():
            model = load_model(args.run_folder, record)
        data = datasets.read(args.data, encoding=encoding, unknown=args.unknown)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        head, rows = _given(args.data, data)
        names, predicted = _predicted(model, data, args.probabilities, record.training["loss"])
        writer.writerow([*head, *(_fresh(name, head) for name in names)])
        writer.writerows([*row, *more] for row, more in zip(rows, predicted, strict=True))
        if args.output is None:
            sys.stdout.write(text.getvalue())
            sys.stdout.flush()
        else:
            write(args.output, text.getvalue())
    return 0


def _given(path: str, data: Examples) -> tuple[list[str], list[list[Any]]]:
    """Return the rows of a CSV as they stand there; of anything else, the numbers of examples."""
    if Path(path).suffix.lower() == ".csv":
        with open(path, encoding="utf-8-sig", newline="") as file:
            dialect = _dialect(file.readline())
            file.seek(0)
            lines = [row for row in csv.reader(file, delimiter=dialect) if any(row)]
        if len(lines) == len(data) + 1 and {len(row) for row in lines} == {len(lines[0])}:
            return lines[0], lines[1:]
    return ["example"], [[i + 1] for i in range(len(data))]


def _dialect(line: str) -> str:
    return max(",;\t|", key=line.count)


def _fresh(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _predicted(model: Any, data: Examples, probabilities: bool,
               loss: str | None) -> tuple[list[str], Iterator[list[Any]]]:  # fmt: skip
    import numpy as np

    from .. import no_grad, tensor

    with no_grad():
        outputs = np.concatenate(
            [model(tensor(data.X[i : i + 256])).numpy() for i in range(0, len(data), 256)]
        )
    if not np.isfinite(outputs).all():
        raise ValueError("the model gives numbers that are not finite: it has not learnt")
    outputs = outputs.reshape(len(data), -1).astype(np.float64)
    if not data.classes:
        found = np.exp(outputs[:, 0]) if loss == "poisson" else outputs[:, 0]
        return ["prediction"], ([f"{value:.7g}"] for value in found)
    P = np.exp(outputs - outputs.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    best = P.argmax(1)
    names = ["prediction", "probability"]
    names += [f"p({c})" for c in data.classes] if probabilities else []
    return names, (
        [data.classes[k], f"{p[k]:.6f}", *(f"{x:.6f}" for x in p if probabilities)]
        for k, p in zip(best, P, strict=True)
    )
