"""What the subcommands share: kinds of values of options, and errors in one line."""

from __future__ import annotations

import argparse
import math
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["add_run", "as_options", "check_place", "count", "name", "number", "one_line",
           "refusals", "size", "whole"]  # fmt: skip

# An argument in the remedy of an error, and the clause that it is an alternative in.
_ARGUMENT = re.compile(
    r"(?P<clause>[,;]? or [^,;:.]*?:? ?)?(?<![\w.'-])"
    r"(?P<name>target|task|missing|drop|unknown|size|channels|validation|test|limit"
    r"|text_encoding)="
    r"(?P<value>\[.*?\]|\(.*?\)|'[^']*'|…|[\d.]*\d)"
)


def whole(least: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `least` on."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"a whole number from {least} on, not {text!r}")
        return value

    return read


def number(least: float = 0.0, most: float = math.inf, *, open_below: bool = True,
           other: str = "") -> Callable[[str], float | str]:  # fmt: skip
    """Return a reader of numbers from `least` to `most`; `other` is a word that may stand there.

    Examples
    --------
    >>> number()("0.1"), number(other="auto")("auto")
    (0.1, 'auto')
    """
    words = f"a number {'above' if open_below else 'from'} {least:g}"
    words += "" if open_below else " on" if most == math.inf else ""
    words += f" and below {most:g}" if most < math.inf else ""
    words += f", or {other}" if other else ""

    def read(text: str) -> float | str:
        if other and text == other:
            return text
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (least < value if open_below else least <= value) or not value < most:
            raise argparse.ArgumentTypeError(f"{words}, not {text!r}")
        return value

    return read


def name(text: str) -> str:
    """Read the name of one folder."""
    plain = text.strip() and text.isprintable() and not set(text) & {"/", "\\"}
    if not plain or text.startswith("."):
        raise argparse.ArgumentTypeError(
            f"the name of one folder, not {text!r}; --out says where it is"
        )
    return text


def size(text: str) -> tuple[int, int]:
    """Read a height and a width.

    >>> size("28x32")
    (28, 32)
    """
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(s.isdecimal() and 0 < int(s) <= 10_000 for s in sides):
        raise argparse.ArgumentTypeError(f"height and width such as 28x28, not {text!r}")
    return int(sides[0]), int(sides[1])


def add_run(parser: argparse.ArgumentParser) -> None:
    """Declare the argument that names a run."""
    parser.add_argument(
        "run_folder", metavar="RUN", type=Path, help="the run's folder: runs/mnist-001"
    )


def count(n: int, noun: str) -> str:
    """Write a number with what is counted.

    >>> count(1, "epoch"), count(2_000, "parameter")
    ('1 epoch', '2,000 parameters')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"


def check_place(path: Path | None) -> None:
    """Refuse a file to write in a folder that is not there."""
    if path is not None and not path.absolute().parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}. Make it")


def one_line(error: BaseException) -> str:
    """Write what an error says in a line, with paths as they look from here."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror and error.filename:
        text = f"{error.filename}: {error.strerror}"
    return " ".join(text.split()).replace(os.getcwd() + os.sep, "") or type(error).__name__


def as_options(text: str, known: Iterable[str]) -> str:
    """Write the arguments of Python in an error as the options of a command.

    A remedy that the command has no option for is left out.

    Examples
    --------
    >>> as_options("Leave the column out: drop=['built']", ["--drop"])
    'Leave the column out: --drop built'
    >>> as_options("Fill it in, or leave the row out with missing='drop'", ["--drop"])
    'Fill it in'
    """
    places = {"drop": "COLUMN", "size": "HxW", "target": "COLUMN"}

    def written(found: re.Match[str]) -> str:
        name, value = found["name"], found["value"].strip("[]()")
        if f"--{name}" not in known:
            return "" if found["clause"] else found[0]
        if "…" in value or "," in value:
            value = places[name]
        elif value[:1] in "'\"":
            value = shlex.quote(value[1:-1])
        return f"{found['clause'] or ''}--{name} {value}"

    return _ARGUMENT.sub(written, text)


@contextmanager
def refusals(parser: argparse.ArgumentParser, *kinds: type[Exception]) -> Iterator[None]:
    """Turn errors of what was given (files, columns, values) into a line and the exit code 1.

    `kinds` are those that may come besides ValueError and OSError.
    """
    told: tuple[type[Exception], ...] = (ValueError, OSError, ImportError, *kinds)
    try:
        yield
    except BrokenPipeError:
        raise
    except told as error:
        known = parser._option_string_actions
        parser.exit(1, f"{parser.prog}: error: {as_options(one_line(error), known)}\n")
    except MemoryError:
        parser.exit(1, f"{parser.prog}: error: there is too little memory for this\n")
