"""What is seen while a run is under way: a bar on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
import textwrap
from typing import Any

from .history import WIDTH, heading, line, shown_columns

__all__ = ["Progress"]


class Progress:
    """Shows the rows of the history as they come, and a bar for the epoch under way.

    Parameters
    ----------
    show : bool or None
        None shows rows always and a bar on terminals (if tqdm is installed); False nothing.
    """

    def __init__(self, show: bool | None, batches: int, epochs: int) -> None:
        self._show, self._batches, self._epochs = show is not False, batches, epochs
        self._columns: list[str] = []
        self._bar: Any = None

    def begin(self, epoch: int, done: int) -> None:
        """Begin an epoch of which some batches are done already."""
        if not self._show or not sys.stderr.isatty():
            return
        try:
            from tqdm import tqdm
        except ImportError:
            return
        self._bar = tqdm(total=self._batches, initial=done, leave=False, dynamic_ncols=True,
                         desc=f"epoch {epoch + 1}/{self._epochs}", unit="batch")  # fmt: skip

    def advance(self, loss: float, batches: int = 1) -> None:
        """Go further by some batches."""
        if self._bar is not None:
            self._bar.set_postfix_str(f"loss {loss:.4g}", refresh=False)
            self._bar.update(batches)

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def row(self, row: dict[str, Any]) -> None:
        """Show a row."""
        if not self._show:
            return
        columns = shown_columns(list(row))
        if columns != self._columns:
            self._columns = columns
            self.say(heading(columns))
        self.say(line(row, columns))

    def note(self, text: str) -> None:
        """Print a sentence that is not of the table, in lines of 80 columns."""
        self.say(textwrap.fill(f"note: {text}", WIDTH, subsequent_indent="      "))

    def say(self, text: str) -> None:
        """Print a line, above the bar."""
        if not self._show:
            return
        if self._bar is None:
            print(text, flush=True)
        else:
            self._bar.write(text)
