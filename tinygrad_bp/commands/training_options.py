"""The options of ``train``, and what they mean for a Trainer."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from ..transforms.named import AUGMENTATIONS, parse
from . import options as kinds

__all__ = ["add_options", "batch_size"]

LOSSES = ("cross_entropy", "nll", "mse", "l1", "huber", "poisson")
SCHEDULES = (
    "constant",
    "cosine",
    "warmup-cosine",
    "one-cycle",
    "linear",
    "step",
    "exponential",
    "plateau",
)
ACTIVATIONS = (
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "tanh",
    "sigmoid",
    "softplus",
)


def batch_size(text: str) -> int | None:
    """Read the examples of an update; "all" takes all of them."""
    return None if text == "all" else kinds.whole(1)(text)


def class_weight(text: str) -> Any:
    """Read "balanced", or the weights of classes.

    >>> class_weight("balanced"), class_weight("spam=5,ham=0.5")
    ('balanced', {'spam': 5.0, 'ham': 0.5})
    """
    if text == "balanced":
        return text
    pairs = [part.rpartition("=") for part in text.split(",")]
    try:
        found = {name: float(number) for name, _, number in pairs}
    except ValueError:
        found = {}
    if not found or "" in found or not all(0 <= x < math.inf for x in found.values()):
        raise argparse.ArgumentTypeError(f"balanced, or weights such as spam=5,ham=1; not {text!r}")
    return found


def setting(text: str) -> tuple[str, Any]:
    """Read ``momentum=0.9``.

    >>> setting("nesterov=true"), setting("betas=0.9,0.95")
    (('nesterov', True), ('betas', [0.9, 0.95]))
    """
    name, _, value = text.partition("=")
    words: dict[str, Any] = {"true": True, "false": False}
    try:
        numbers = [float(part) for part in value.split(",") if value.lower() not in words]
        read = words.get(value.lower(), numbers[0] if len(numbers) == 1 else numbers)
    except ValueError:
        read = None
    if not name.isidentifier() or read is None:
        raise argparse.ArgumentTypeError(f"a name and a number such as momentum=0.9, not {text!r}")
    return name, read


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    _data(parser.add_argument_group("what is learnt from"))
    _model(parser.add_argument_group("the model"))
    _training(parser.add_argument_group("how it is trained"))
    _augmenting(parser.add_argument_group("what is done to the training examples"))
    _regularising(parser.add_argument_group("against overfitting, and for classes of unequal size"))
    _watching(parser.add_argument_group("what is seen and kept"))


def _data(group: Any) -> None:
    group.add_argument(
        "--data",
        required=True,
        metavar="DATA",
        help="a .csv, .tsv, .parquet or .npz file, a folder with a folder of images for each "
        "class, or a name that `tinygrad-bp datasets` lists",
    )
    group.add_argument(
        "--target",
        metavar="COLUMN",
        help="the column (or array) to learn; by default the one called target, label, class or y",
    )
    group.add_argument(
        "--task",
        choices=("classification", "regression"),
        help="by default told from the targets, and printed with the reason",
    )
    group.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column to leave out; may be given several times",
    )
    group.add_argument(
        "--weight",
        metavar="COLUMN",
        help="a column that says how much each row counts in training",
    )
    group.add_argument(
        "--missing",
        choices=("error", "drop"),
        default="error",
        help="rows in which a value is missing: refuse, or leave out (error)",
    )
    group.add_argument(
        "--size", type=kinds.size, metavar="HxW", help="resize images to this height and width"
    )
    group.add_argument(
        "--channels",
        type=int,
        choices=(1, 3),
        help="images in grey (1) or in colours (3); by default as they are",
    )
    share = kinds.number(0, 1, open_below=False)
    group.add_argument(
        "--validation",
        type=share,
        default=0.1,
        metavar="X",
        help="share put aside to watch meanwhile; 0 for none (0.1)",
    )
    group.add_argument(
        "--test",
        type=share,
        default=0.2,
        metavar="X",
        help="share put aside to measure with in the end, if the data have no such "
        "part of their own (0.2)",
    )


def _model(group: Any) -> None:
    group.add_argument(
        "--model",
        default="mlp:in-128-out",
        metavar="MODEL",
        help="mlp:784-128-10, the sizes of linear layers, in which `in` and `out` stand for what "
        "the data have (mlp:in-128-out); or a Python file with build(inputs, outputs) or a model",
    )
    group.add_argument(
        "--activation",
        choices=ACTIVATIONS,
        default="relu",
        metavar="NAME",
        help=f"between the layers of an mlp: {', '.join(ACTIVATIONS)} (relu)",
    )
    group.add_argument(
        "--dropout",
        type=kinds.number(0, 1, open_below=False),
        default=0.0,
        metavar="P",
        help="after each activation of an mlp (0)",
    )
    group.add_argument("--batch-norm", action="store_true", help="before each activation of an mlp")


def _training(group: Any) -> None:
    group.add_argument(
        "--epochs",
        type=kinds.whole(1),
        default=10,
        metavar="N",
        help="passes over the training data (10)",
    )
    group.add_argument(
        "--batch-size",
        type=batch_size,
        default=32,
        metavar="N",
        help="examples an update: 1 is stochastic, all is batch descent (32)",
    )
    group.add_argument(
        "--loss",
        choices=LOSSES,
        metavar="NAME",
        help=f"{', '.join(LOSSES)}; by default cross_entropy for classes, mse for numbers",
    )
    group.add_argument(
        "--optimizer",
        default="adam",
        metavar="NAME",
        help="sgd, adam, adamw, rmsprop, adagrad, nadam, ...: those of tinygrad_bp.optim (adam)",
    )
    group.add_argument(
        "--set",
        action="append",
        type=setting,
        default=[],
        metavar="NAME=X",
        help="an option of the optimizer, such as momentum=0.9 or "
        "weight_decay=0.01 or betas=0.9,0.95; may be given several times",
    )
    group.add_argument(
        "--lr",
        type=kinds.number(other="auto"),
        metavar="X",
        help="learning rate; auto looks for one; by default the optimizer's",
    )
    group.add_argument(
        "--schedule",
        choices=SCHEDULES,
        metavar="NAME",
        help=f"how the learning rate changes over the run: {', '.join(SCHEDULES)} (constant)",
    )
    group.add_argument(
        "--clip-norm",
        type=kinds.number(),
        metavar="X",
        help="limit of the length of the whole gradient",
    )
    group.add_argument(
        "--clip-value",
        type=kinds.number(),
        metavar="X",
        help="limit of each number of the gradient",
    )
    group.add_argument(
        "--accumulate",
        type=kinds.whole(1),
        default=1,
        metavar="N",
        help="batches whose gradients are put together to one update (1)",
    )
    group.add_argument("--no-shuffle", action="store_true", help="keep the order of the examples")
    group.add_argument("--compile", action="store_true", help="run each update as one program")
    group.add_argument(
        "--seed",
        type=kinds.whole(0),
        default=0,
        metavar="N",
        help="of the division of the data, the first weights, the order, dropout; "
        "the same seed gives the same numbers (0)",
    )


def augment(text: str) -> str:
    """Read what ``--augment`` takes, and write it in order.

    >>> augment("rotate:10,shift:2")
    'shift:2,rotate:10'
    """
    try:
        return ",".join(f"{name}:{value:g}" for name, value in parse(text).items())
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _augmenting(group: Any) -> None:
    names = [f"{name}:{kind.unit}" if kind.default is None else f"{name}[:{kind.unit}]"
             for name, kind in AUGMENTATIONS.items()]  # fmt: skip
    each = [f"{name} ({kind.help})" for name, kind in zip(names, AUGMENTATIONS.values(),
                                                          strict=True)]  # fmt: skip
    rows = " and ".join(name for name, kind in AUGMENTATIONS.items() if kind.for_rows)
    group.add_argument(
        "--augment",
        type=augment,
        metavar="NAMES",
        help="change the examples of each batch at random, as in shift:2,rotate:10,mixup:0.2: "
        f"{', '.join(each)}. For tables {rows}",
    )


def _regularising(group: Any) -> None:
    zero = kinds.number(0, open_below=False)
    group.add_argument(
        "--l1", type=zero, default=0.0, metavar="X", help="penalty on the sizes of the weights (0)"
    )
    group.add_argument(
        "--l2", type=zero, default=0.0, metavar="X", help="penalty on their squares (0)"
    )
    group.add_argument(
        "--patience",
        type=kinds.whole(0),
        metavar="N",
        help="stop when nothing became better for N epochs, and keep the best",
    )
    group.add_argument(
        "--monitor",
        metavar="COLUMN",
        default="val_loss",
        help="what --patience watches: a column of the printed table (val_loss)",
    )
    group.add_argument(
        "--class-weight",
        type=class_weight,
        metavar="NAME=X,...",
        help="how much each class counts, such as spam=5,ham=1; balanced: all count the same "
        "together",
    )


def _watching(group: Any) -> None:
    group.add_argument(
        "--metrics",
        metavar="NAMES",
        help="with commas between: accuracy, precision, recall, f1, auc, perplexity, bpc, "
        "mse, mae, r2 (accuracy, or r2 and mae)",
    )
    group.add_argument(
        "--checkpoint-every",
        type=kinds.number(0, open_below=False),
        default=60.0,
        metavar="SECONDS",
        help="besides after each epoch (60)",
    )
    group.add_argument(
        "--no-health",
        action="store_true",
        help="don't look for vanishing gradients, dead units, ...",
    )
    group.add_argument(
        "--tensorboard",
        action="store_true",
        help="write what TensorBoard shows into the run's folder",
    )
    group.add_argument(
        "--no-report",
        action="store_true",
        help="no plots and no report.html: a second or two faster",
    )
    group.add_argument("--quiet", action="store_true", help="print the result alone")
    group.add_argument(
        "--out", type=Path, default=Path("runs"), metavar="FOLDER", help="folder of all runs (runs)"
    )
    group.add_argument(
        "--name",
        type=kinds.name,
        metavar="NAME",
        help="folder of this run, inside it (mnist-001, -002, ...)",
    )
    group.add_argument("--overwrite", action="store_true", help="replace the run that --name names")
