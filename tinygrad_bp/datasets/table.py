"""Columns with names, as a file has them: numbers or texts, before they are encoded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DataError

__all__ = ["Table", "named", "same_names", "text_of"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of a file.

    Attributes
    ----------
    path : Path
    columns : dict of name to array
        (n,) of float64, or of texts (dtype object); what is missing is NaN or None.
    lines : ndarray of int, or None
        The line of the file on which each row ends; None where a file has no lines.
    """

    path: Path
    columns: dict[str, Array]
    lines: Array | None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def place(self, row: int, column: str) -> str:
        """Return where a cell is, for an error."""
        line = f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"
        return f"{self.path}, {line}, column {column!r}"

    def rows(self, index: Array) -> Table:
        """Return some of the rows."""
        columns = {name: values[index] for name, values in self.columns.items()}
        return Table(self.path, columns, None if self.lines is None else self.lines[index])

    def without(self, names: Sequence[str]) -> Table:
        """Return the table without some columns."""
        for name in names:
            self.column(name)
        left = {name: v for name, v in self.columns.items() if name not in names}
        if not left:
            raise DataError(f"{self.path}: no column is left. Leave out fewer of them")
        return Table(self.path, left, self.lines)

    def column(self, name: str) -> Array:
        """Return a column, or say which there are."""
        if name not in self.columns:
            raise DataError(f"{self.path}: {named(name, self.columns)}")
        return self.columns[name]

    def complete(self, missing: str) -> Table:
        """Refuse or leave out the rows that lack a value; return the table."""
        if missing not in ("error", "drop"):
            raise ValueError(f"missing is 'error' or 'drop', not {missing!r}")
        lacking = np.zeros(len(self), dtype=bool)
        first: tuple[int, str] | None = None
        for name, values in self.columns.items():
            if values.dtype == object:
                empty = np.fromiter((v is None for v in values), bool, len(values))
            else:
                empty = np.isnan(values)
                self._check_finite(name, values)
            if empty.all() and len(empty):
                raise DataError(
                    f"{self.path}: column {name!r} has no value at all. Leave it out: "
                    f"drop=[{name!r}]"
                )
            if empty.any() and (first is None or empty.argmax() < first[0]):
                first = int(empty.argmax()), name
            lacking |= empty
        if first is None:
            return self
        if missing == "error":
            count = int(lacking.sum())
            rows = "1 row lacks" if count == 1 else f"{count} rows lack"
            raise DataError(
                f"{self.place(*first)}: there is no value ({rows} one, of {len(self)}). Fill it "
                "in, or leave such rows out: missing='drop', or the column: drop=[…]"
            )
        if lacking.all():
            raise DataError(f"{self.path}: every row lacks a value in some column. Leave columns "
                            "out with drop=[…]")  # fmt: skip
        return self.rows(np.flatnonzero(~lacking))

    def _check_finite(self, name: str, values: Array) -> None:
        with np.errstate(over="ignore"):
            huge = ~np.isnan(values) & ~np.isfinite(values.astype(np.float32))
        if huge.any():
            row = int(huge.argmax())
            raise DataError(
                f"{self.place(row, name)}: {values[row]:g} is too large for float32, or not "
                "finite. Correct it, or scale the column"
            )


def weights_of(table: Table, name: str) -> Array:
    """Return a column of weights, one of each row."""
    values = table.column(name)
    if values.dtype == object or not (values >= 0).all() or not values.any():
        wrong = np.array([isinstance(v, str) or v < 0 for v in values])
        place = table.place(int(wrong.argmax()), name) if wrong.any() else f"{table.path}, {name!r}"
        raise DataError(f"{place}: weights are numbers, none below 0 and not all 0. Correct it")
    return values.astype(np.float32)


def named(name: str, names: Iterable[str]) -> str:
    """Say that there is no such column, and which could have been meant."""
    names = list(names)
    near = difflib.get_close_matches(name, names, 1)
    listed = ", ".join(repr(n) for n in names[:12]) + (", …" if len(names) > 12 else "")
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"there is no column {name!r}.{hint} The columns: {listed}"


def same_names(path: Path, names: Sequence[str]) -> None:
    """Refuse columns that have the same name."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(
                f"{path}: two columns are called {name!r}. Rename one of them: columns are "
                "matched by their names"
            )
        seen.add(name)


def text_of(value: Any) -> str:
    """Return a value as a label: 3.0 is "3"."""
    if isinstance(value, str):
        return value
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
