"""Draw the graph of a network: operations as boxes, from the inputs to the outputs.

Takes the folder of a run, sizes such as mlp:784-128-10, or a Python file with --inputs. The file's
suffix says what is written: .svg, .png, .pdf, .dot, or .html for a page with the backward pass.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .options import check_place, refusals, whole

_KINDS = (".svg", ".png", ".pdf", ".dot", ".gv", ".html")


def shape(text: str) -> tuple[int, ...]:
    """Read the shape of an example.

    >>> shape("1x28x28")
    (1, 28, 28)
    """
    sides = text.lower().split("x")
    if not all(s.isdecimal() and 0 < int(s) <= 1_000_000 for s in sides):
        raise argparse.ArgumentTypeError(f"a shape such as 1x28x28, not {text!r}")
    return tuple(map(int, sides))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``tinygrad-bp draw``."""
    parser.add_argument(
        "what", metavar="RUN_OR_MODEL", help="runs/mnist-001, mlp:784-128-10, or net.py"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE",
                        help="by default graph.svg, in the run's folder if it is one")  # fmt: skip
    parser.add_argument("--inputs", type=shape, metavar="SHAPE",
                        help="of an example for a Python file, such as 1x28x28")  # fmt: skip
    parser.add_argument("--outputs", type=whole(1), default=10, metavar="N",
                        help="that a Python file is to give (10)")  # fmt: skip
    parser.add_argument("--direction", choices=("forward", "backward", "both"), default="forward",
                        help="as the values flow, or as the gradients do (forward)")  # fmt: skip
    parser.add_argument("--depth", type=whole(0), metavar="N",
                        help="levels of modules to open; deeper ones are a box each")  # fmt: skip


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Draw; return the exit code."""
    if args.output is not None and args.output.suffix not in _KINDS:
        parser.error(f"argument --output: a file that ends with {', '.join(_KINDS)}")
    with refusals(parser, KeyError, RuntimeError):
        from .. import draw, tensor
        from ..train.runs import shown
        from .running import told_in_lines

        check_place(args.output)
        with told_in_lines():
            model, size, folder = _model(parser, args)
        import numpy as np

        X = tensor(np.zeros((1, *size), np.float32)).named("X")
        model.eval()
        output = model(X).named("output")
        path = args.output or folder / "graph.svg"
        root: Any = output.sum() if args.direction != "forward" else output
        draw(root, model=model, direction=args.direction, depth=args.depth, max_elements=0,
             path=path)  # fmt: skip
        print(f"written to {shown(path)}")
    return 0


def _model(parser: argparse.ArgumentParser,
           args: argparse.Namespace) -> tuple[Any, tuple[int, ...], Path]:  # fmt: skip
    from ..train import models
    from ..train.experiment import load_model
    from ..train.record import Record

    if args.what.partition(":")[0] == "mlp":
        ends = args.what.partition(":")[2].split("-")
        if not (ends[0].isdecimal() and ends[-1].isdecimal()):
            parser.error(f"{args.what}: without data, in and out have to be numbers")
        size: tuple[int, ...] = (int(ends[0]),)
        return models.build(args.what, size, int(ends[-1])), size, Path()
    if Path(args.what).is_dir():
        record = Record.load(Path(args.what))
        model = load_model(Path(args.what), record)
        return model, tuple(record.model["shape"]), Path(args.what)
    if args.inputs is None and ".py" in args.what:
        parser.error("a Python file needs --inputs, the shape of an example")
    return models.build(args.what, args.inputs, args.outputs), args.inputs, Path()
