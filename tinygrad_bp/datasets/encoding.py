"""How the columns of a table become numbers, so that another file is encoded in the same way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from .errors import DataError, check_size
from .table import Table, text_of

__all__ = ["Column", "Encoding", "fitted_column"]

Array = np.ndarray[Any, Any]

#: Different texts of a column that is encoded one-hot.
MOST_TEXTS = 100

_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")


@dataclass(frozen=True)
class Column:
    """How a column is encoded.

    Attributes
    ----------
    name : str
    kind : {"number", "text"}
        A number is standardised, ``(x − mean) / scale``; a text becomes one number for each of
        `values`: 1 for the one that it is, 0 for the others.
    mean, scale : float
    values : tuple of str
    """

    name: str
    kind: str
    mean: float = 0.0
    scale: float = 1.0
    values: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of the numbers that it gives."""
        if self.kind == "number":
            return [self.name]
        return [f"{self.name}={value}" for value in self.values]

    def describe(self) -> str:
        """Say in a line what is done with it."""
        if self.kind == "number":
            return f"{self.name}: (x - {self.mean:.4g}) / {self.scale:.4g}"
        return f"{self.name}: one-hot, {', '.join(self.values)}"


@dataclass(frozen=True)
class Encoding:
    """What was learnt about data from the rows that a model is trained on.

    Attributes
    ----------
    kind : {"table", "array", "images"}
    task : {"classification", "regression"}
    target : str or None
        The column, or the array, that is learnt.
    classes : tuple of str
        The labels; empty for a regression.
    columns : tuple of Column
        Of a table, in order.
    shape : tuple of int
        Of one example.
    dropped : tuple of str
        Columns that were left out.
    target_mean, target_scale : float
        Of a regression's training rows: see :meth:`scaled`.
    """

    kind: str
    task: str
    target: str | None
    classes: tuple[str, ...]
    columns: tuple[Column, ...]
    shape: tuple[int, ...]
    dropped: tuple[str, ...] = ()
    target_mean: float = 0.0
    target_scale: float = 1.0
    names: tuple[str, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        return {"version": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, given: Any, where: Any = "the encoding") -> Encoding:
        """Make it again from :meth:`to_dict`'s data; `where` names them in an error."""
        try:
            if given["version"] != 1:
                raise ValueError(f"version {given['version']!r}")
            columns = tuple(
                Column(_text(c["name"]), _one_of(c["kind"], "number", "text"), _real(c["mean"]),
                       _real(c["scale"]), tuple(_text(v) for v in c["values"]))
                for c in given["columns"]
            )  # fmt: skip
            target = given["target"]
            return cls(
                _one_of(given["kind"], "table", "array", "images"),
                _one_of(given["task"], "classification", "regression"),
                None if target is None else _text(target),
                tuple(_text(c) for c in given["classes"]), columns,
                tuple(_size(n) for n in given["shape"]),
                tuple(_text(n) for n in given["dropped"]),
                _real(given["target_mean"]), _real(given["target_scale"]),
                tuple(_text(n) for n in given["names"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise DataError(f"{where}: no encoding of tinygrad_bp's, or a damaged one ({error}). "
                            "Take the run's own file")  from None  # fmt: skip

    def scaled(self, y: Array) -> Array:
        """Return a regression's targets with mean 0 and deviation 1, which are learnt sooner."""
        array: Array = ((y - self.target_mean) / self.target_scale).astype(np.float32)
        return array

    def unscaled(self, outputs: Array) -> Array:
        """Return outputs of a model that learnt :meth:`scaled` targets in their own unit."""
        array: Array = outputs * self.target_scale + self.target_mean
        return array

    def encode(self, table: Table, unknown: str = "error", limit: int = 1 << 62) -> Array:
        """Return the columns of a table as (n, features) float32.

        Parameters
        ----------
        unknown : {"error", "zeros"}
            What becomes of a text that no training row had.
        """
        if unknown not in ("error", "zeros"):
            raise ValueError(f"unknown is 'error' or 'zeros', not {unknown!r}")
        wanted = [column.name for column in self.columns]
        lacking = [name for name in wanted if name not in table.columns]
        extra = [name for name in table.columns if name not in wanted]
        if lacking or extra:
            raise DataError(f"{table.path}: {_difference(lacking, extra)}")
        width = sum(len(column.names) for column in self.columns)
        check_size(table.path, 4 * width * len(table), limit, "the encoded table")
        X = np.zeros((len(table), width), np.float32)
        at = 0
        for column in self.columns:
            values = table.columns[column.name]
            if column.kind == "number":
                _fill_number(X[:, at], table, column, values)
            else:
                index = _index(table, column.name, values, column.values, unknown, "text")
                known = np.flatnonzero(index >= 0)
                X[known, at + index[known]] = 1
            at += len(column.names)
        return X

    def labels(self, table: Table, values: Array) -> Array:
        """Return the targets of a table: indices of `classes`, or numbers."""
        name = self.target or "target"
        if self.task == "classification":
            return _index(table, name, values, self.classes, "error", "label").astype(np.int64)
        if values.dtype == object:
            raise DataError(f"{table.path}: column {name!r} holds texts, and a regression learns "
                            "numbers. Take another target, or task='classification'")  # fmt: skip
        return values.astype(np.float32)


def fitted_column(table: Table, name: str, training: Array) -> Column:
    """Choose how a column is encoded by the rows that are trained on."""
    values = table.columns[name]
    if values.dtype != object:
        numbers = values[training]
        centre, scale = float(numbers.mean()), float(numbers.std())
        # What varies by no more than rounding is constant.
        tiny = scale <= 1e-12 * max(1e-30, abs(centre))
        return Column(name, "number", centre, 1.0 if tiny else scale)
    texts = list(dict.fromkeys(values.tolist()))
    remedy = f"or leave the column out: drop=[{name!r}]"
    if all(_DATE.fullmatch(t) for t in texts):
        raise DataError(
            f"{table.place(0, name)}: holds dates or times ({texts[0]!r}). Turn them into numbers, "
            f"such as days since the first, {remedy}"
        )
    if all(_DECIMAL_COMMA.fullmatch(t) for t in texts):
        raise DataError(
            f"{table.place(0, name)}: holds numbers with a comma ({texts[0]!r}). Write them with "
            f"a point, {remedy}"
        )
    if len(texts) > MOST_TEXTS:
        raise DataError(
            f"{table.path}: column {name!r} has {len(texts)} different texts, such as "
            f"{texts[0][:40]!r}; {MOST_TEXTS} at most are encoded. Put rare ones together, {remedy}"
        )
    return Column(name, "text", values=tuple(sorted(texts)))


def _fill_number(out: Array, table: Table, column: Column, values: Array) -> None:
    if values.dtype == object:
        row = next((i for i, v in enumerate(values) if not _is_number(v)), 0)
        raise DataError(
            f"{table.place(row, column.name)}: {values[row]!r} is not a number, and the model was "
            "trained with numbers there. Correct it"
        )
    with np.errstate(over="ignore"):
        out[:] = (values - column.mean) / column.scale
    if not np.isfinite(out).all():
        row = int((~np.isfinite(out)).argmax())
        raise DataError(
            f"{table.place(row, column.name)}: {values[row]:g} is too far from what the model was "
            f"trained with, {column.mean:.4g} ± {column.scale:.4g}. Correct it"
        )


def _index(table: Table, name: str, values: Array, known: Sequence[str], unknown: str,
           what: str) -> Array:  # fmt: skip
    numbers = {value: i for i, value in enumerate(known)}
    index = np.fromiter((numbers.get(text_of(v), -1) for v in values), np.int64, len(values))
    if (index < 0).any() and unknown == "error":
        row = int((index < 0).argmax())
        listed = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
        remedy = "" if what == "label" else ", or pass unknown='zeros'"
        raise DataError(
            f"{table.place(row, name)}: the {what} {text_of(values[row])[:40]!r} was never seen in "
            f"training. Known are {listed}. Correct it{remedy}"
        )
    return index


def _difference(lacking: list[str], extra: list[str]) -> str:
    def listed(names: list[str]) -> str:
        return ", ".join(repr(n) for n in names[:8]) + (", …" if len(names) > 8 else "")

    parts = []
    if lacking:
        parts.append(f"lacks the column{'s' * (len(lacking) > 1)} {listed(lacking)}")
    if extra:
        parts.append(f"has {listed(extra)}, which the model does not know")
    return f"the table {' and '.join(parts)}. Take the columns that it was trained with"


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise TypeError(f"{value!r} is no finite number")
    return float(value)


def _size(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 31:
        raise TypeError(f"{value!r} is no size")
    return value


def _one_of(value: Any, *choices: str) -> str:
    if value not in choices:
        raise ValueError(f"{value!r} is none of {', '.join(choices)}")
    return str(value)
