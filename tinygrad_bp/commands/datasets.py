"""List the data sets that are known by name: `tinygrad-bp train --data` takes them, too."""

from __future__ import annotations

import argparse
import textwrap


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare that there are no options."""


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Print the list."""
    from ..datasets import CATALOGUE

    for name, what in CATALOGUE.items():
        print(textwrap.fill(what, 80, initial_indent=f"{name:<15}", subsequent_indent=" " * 15))
    return 0
