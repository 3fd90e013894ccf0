r"""Train a network on a table, arrays, images or a data set with a name.

The task is told from the targets: classes or numbers. Columns of numbers are standardised, texts
become one-hot, pixels go from 0 to 1. A part of the data is put aside to watch meanwhile, another
to measure with in the end. The folder of the run gets a report.html, plots, the numbers of each
epoch, the weights, and checkpoints from which `tinygrad-bp resume` goes on. Ctrl-C stops, and
leaves what was done so far.

Examples
--------
  tinygrad-bp train --data digits
  tinygrad-bp train --data houses.csv --target price --patience 20 --epochs 200
  tinygrad-bp train --data photos/ --size 64x64 --model net.py
  tinygrad-bp train --data mnist --model mlp:784-256-128-10 --epochs 15 \
      --batch-size 128 --lr 0.005 --schedule one-cycle --dropout 0.1 \
      --batch-norm --augment shift:1 --compile
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import training_options
from .options import refusals

if TYPE_CHECKING:
    from ..datasets import Examples
    from ..train.experiment import Experiment
    from ..train.record import Record

add_options = training_options.add_options


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Train and write; return the exit code."""
    if args.overwrite and args.name is None:
        parser.error("argument --overwrite: needs --name")
    with refusals(parser):
        from .running import say_what, train_to_end

        record, data = _record(args)
        experiment = _experiment(record, data, args)
        if args.lr == "auto":
            experiment.find_lr()
        folder = _folder(parser, args, record, experiment)
        if not args.quiet:
            say_what(experiment, folder)
        return train_to_end(experiment, folder, report=not args.no_report, quiet=args.quiet)


def _record(args: argparse.Namespace) -> tuple[Record, Examples]:
    from ..datasets import CATALOGUE
    from ..train.record import Record

    path = args.data if args.data in CATALOGUE else os.path.abspath(args.data)
    reading = {
        "path": path, "target": args.target, "task": args.task, "drop": args.drop,
        "weight": args.weight, "missing": args.missing, "size": args.size,
        "channels": args.channels, "validation": args.validation, "test": args.test,
        "seed": args.seed,
    }  # fmt: skip
    training = {
        "epochs": args.epochs, "batch_size": args.batch_size, "shuffle": not args.no_shuffle,
        "loss": args.loss, "optimizer": args.optimizer, "set": dict(args.set), "lr": args.lr,
        "schedule": args.schedule, "clip_norm": args.clip_norm, "clip_value": args.clip_value,
        "accumulate": args.accumulate, "l1": args.l1, "l2": args.l2,
        "class_weight": args.class_weight, "augment": args.augment, "compile": args.compile,
        "seed": args.seed,
        "patience": args.patience, "monitor": args.monitor,
        "metrics": [m.strip() for m in args.metrics.split(",")] if args.metrics else None,
        "checkpoint_every": args.checkpoint_every, "health": not args.no_health,
        "tensorboard": args.tensorboard,
    }  # fmt: skip
    record = Record(command=command_of(args), data=reading, model={}, training=training,
                    encoding={})  # fmt: skip
    data = record.read()
    name = args.model
    if name.partition(":")[0] == "mlp":
        name = name if ":" in name else "mlp:in-128-out"
    else:
        name = os.path.abspath(name)
    record.model = {
        "name": name, "shape": list(data.X.shape[1:]), "outputs": data.outputs,
        "activation": args.activation, "dropout": args.dropout, "batch_norm": args.batch_norm,
    }  # fmt: skip
    record.encoding = data.encoding.to_dict()
    return record, data


def _experiment(record: Record, data: Examples, args: argparse.Namespace) -> Experiment:
    from ..train.experiment import Experiment

    if not len(data.train):
        raise ValueError(f"{data.source}: no example is left to train on")
    try:
        import safetensors.numpy  # noqa: F401
    except ImportError:
        raise ImportError(
            'checkpoints need safetensors: pip install "tinygrad_bp[train]"'
        ) from None
    return Experiment(record, data, quiet=args.quiet)


def _folder(parser: argparse.ArgumentParser, args: argparse.Namespace, record: Record,
            experiment: Experiment) -> Path:  # fmt: skip
    from ..train import runs
    from ..train.experiment import FILES

    files: dict[str, bytes | str] = {**experiment.keep_source(), runs.RECORD: record.json()}
    try:
        if args.name is not None:
            return runs.named(args.out, args.name, args.overwrite, FILES, files)
        return runs.fresh(args.out, stem(args.data), files)
    except FileExistsError as error:
        option = "--out" if error.errno else "--name"  # errno: the system's own error
        parser.error(f"argument {option}: {error}")


def stem(data: str) -> str:
    """Return the name that runs on some data begin with.

    >>> stem("mnist"), stem("data/my houses.csv"), stem("photos/")
    ('mnist', 'my-houses', 'photos')
    """
    name = Path(data).stem if Path(data).suffix else Path(data).name
    return re.sub(r"[^\w-]+", "-", name).strip("-") or "run"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(f"{x:.12g}" for x in value) if isinstance(value, list) else f"{value:.12g}"


def command_of(args: argparse.Namespace) -> str:
    """Return the command line, with what was not left at its default."""
    parser = argparse.ArgumentParser()
    training_options.add_options(parser)
    words = ["tinygrad-bp", "train"]
    for action in parser._actions:
        value: Any = getattr(args, action.dest, action.default)
        if value == action.default or action.dest in ("out", "name", "overwrite", "help", "quiet"):
            continue
        option = action.option_strings[0]
        if isinstance(action, argparse._StoreTrueAction):
            words.append(option)
        elif action.dest == "set":
            words += [w for k, v in value for w in (option, f"{k}={_written(v)}")]
        elif isinstance(value, dict):
            words += [option, ",".join(f"{k}={v:.12g}" for k, v in value.items())]
        elif action.dest == "drop":
            words += [w for column in value for w in (option, column)]
        elif action.dest == "size":
            words += [option, "x".join(map(str, value))]
        else:
            words += [option, "all" if value is None else f"{value}"]
    return shlex.join(words)
