"""The command ``tinygrad-bp``: finds the subcommand, and turns how it ends into an exit code.

A subcommand is one line in `COMMANDS` and a module ``commands/<name>.py`` with two functions:

- ``add_options(parser)`` declares its options on an `argparse` parser;
- ``run(parser, args)`` does the work and returns the exit code. Bad values end in
  ``parser.error(message)``, what is missing on this machine in ``parser.exit(1, message)``.

These modules import what is heavy inside ``run``, so ``--help`` is there at once, without extras.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import NoReturn

from . import __version__

#: name of the subcommand -> what it does, in a line
COMMANDS = {
    "train": "train a network on a table, arrays, images or a data set with a name",
    "resume": "go on with a run that was stopped, as if it never had been",
    "evaluate": "measure what a run has learnt",
    "predict": "predict with what a run has learnt: a file in, a CSV out",
    "explain": "derive the gradients of a run's network, as formulas",
    "draw": "draw the graph of a network",
    "datasets": "list the data sets that are known by name",
    "demo": "train the notes' network on handwritten digits and write a report",
    "port": "rewrite the imports of a PyTorch script and list what it would miss",
}

INTERRUPTED = 130  # as shells count it: 128 + SIGINT
PIPE_CLOSED = 141  # 128 + SIGPIPE

_DESCRIPTION = """\
Backpropagation with PyTorch's names, on NumPy alone.

Start with:  tinygrad-bp demo
             tinygrad-bp train --data digits
"""
_EPILOG = """\
Options of a command:  tinygrad-bp COMMAND --help
Exit codes: 0 done, 1 could not be done, 2 wrong options, 130 stopped by Ctrl-C.
"""


class _Parser(argparse.ArgumentParser):
    """An argument parser that reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def _filled(text: str) -> str:
    """Fill the paragraphs of a text to 80 columns; what is indented stays as it is."""
    parts = (
        part if "\n  " in part else textwrap.fill(part, 80, break_on_hyphens=False)
        for part in text.strip("\n").split("\n\n")
    )
    return "\n\n".join(parts)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line.

    Examples
    --------
    >>> build_parser().parse_args(["demo", "--seed", "7"]).seed
    7
    """
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog="tinygrad-bp",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=raw,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"tinygrad_bp {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        module = import_module(f".commands.{name}", __package__)
        command = commands.add_parser(
            name,
            help=summary,
            description=_filled(module.__doc__ or ""),
            formatter_class=raw,
            allow_abbrev=False,
        )
        module.add_options(command)
        command.set_defaults(run=partial(module.run, command))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        What follows the program's name; by default what this process was started with.

    Returns
    -------
    int
        0 done, 1 could not be done, 2 wrong options, 130 stopped by Ctrl-C.

    Examples
    --------
    >>> main(["--version"])
    tinygrad_bp ...
    0
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character of a file's name gets "?" for it, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        args = build_parser().parse_args(argv)
        return int(args.run(args))
    except SystemExit as end:  # how argparse says that it is done
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # `| head` has read enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
