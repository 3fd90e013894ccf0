"""What is missing, and what is no number: scikit-learn's names and meanings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dtype import as_numpy, get_default_dtype
from ..tensor import Tensor
from .base import Array, floating, real
from .fitted import Fitted

__all__ = ["OneHotEncoder", "SimpleImputer"]

_STRATEGIES = ("mean", "median", "most_frequent", "constant")


class SimpleImputer(Fitted):
    """Put a number where one is missing.

    Parameters
    ----------
    missing_values : float
        What marks it: NaN, or a number such as −999.
    strategy : {"mean", "median", "most_frequent", "constant"}
        Of the column; of several most frequent numbers, the least.
    fill_value : float, optional
        The constant; 0 by default.
    add_indicator : bool
        Add a column of 0 and 1 for each in which numbers were missing in training.

    Attributes
    ----------
    statistics_ : array, (columns,)
        What is put there.
    indicated_ : array
        The columns that had gaps.

    Examples
    --------
    >>> import numpy as np
    >>> SimpleImputer().fit_transform(np.array([[1.0], [np.nan], [3.0]]))
    array([[1.],
           [2.],
           [3.]])
    """

    learnt = ("statistics_", "indicated_")
    odd = ("indicated_",)

    def __init__(self, *, missing_values: float = math.nan, strategy: str = "mean",
                 fill_value: float | None = None, add_indicator: bool = False) -> None:  # fmt: skip
        if strategy not in _STRATEGIES:
            raise ValueError(f"strategy is one of {', '.join(_STRATEGIES)}; not {strategy!r}")
        if not isinstance(missing_values, (int, float)):
            raise TypeError(f"missing_values is a number or NaN, not {missing_values!r}")
        self.missing_values, self.strategy = missing_values, strategy
        self.fill_value = None if fill_value is None else real("fill_value", fill_value)
        self.add_indicator = add_indicator

    def learn(self, rows: Array) -> None:
        """Learn what is put in each column."""
        missing = self._missing(rows)
        if self.strategy == "constant":
            self.statistics_ = np.full(rows.shape[1], self.fill_value or 0.0)
        else:
            empty = missing.all(0)
            if empty.any():
                raise ValueError(
                    f"SimpleImputer: column {int(empty.argmax())} has no value at all: leave it "
                    "out, or take strategy='constant'"
                )
            columns = zip(rows.T.astype(np.float64), missing.T, strict=True)
            self.statistics_ = np.array([self._typical(c[~gaps]) for c, gaps in columns])
        self.indicated_ = np.flatnonzero(missing.any(0))

    def _typical(self, values: Array) -> float:
        if self.strategy == "most_frequent":
            found, counts = np.unique(values, return_counts=True)
            return float(found[counts.argmax()])
        return float(np.mean(values) if self.strategy == "mean" else np.median(values))

    def _missing(self, rows: Array) -> Array:
        if math.isnan(self.missing_values):
            return np.asarray(rows != rows)
        if rows.dtype.kind == "f" and np.isnan(rows).any():
            raise ValueError(f"SimpleImputer(missing_values={self.missing_values!r}): there are "
                             "NaN in the rows as well")  # fmt: skip
        return np.asarray(rows == self.missing_values)

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform rows."""
        missing = self._missing(batch)
        out = np.where(missing, self.statistics_, batch).astype(floating(batch))
        if self.add_indicator:
            out = np.concatenate([out, missing[:, self.indicated_].astype(out.dtype)], 1)
        return out


class OneHotEncoder(Fitted):
    """Make a column of 0 and 1 for each value of each column.

    Dense, and of the default dtype; scikit-learn's is sparse.

    Parameters
    ----------
    handle_unknown : {"error", "ignore"}
        Of a value that was not seen in training: refuse it, or make all its columns 0.

    Attributes
    ----------
    categories_ : list of list
        The values of each column, in order.

    Examples
    --------
    >>> import numpy as np
    >>> encoder = OneHotEncoder().fit(np.array([["red"], ["blue"]]))
    >>> encoder.categories_
    [['blue', 'red']]
    >>> encoder.transform(np.array([["red"]]))
    array([[0., 1.]], dtype=float32)
    """

    learnt = ("categories_",)
    lists = ("categories_",)

    def __init__(self, *, handle_unknown: str = "error") -> None:
        if handle_unknown not in ("error", "ignore"):
            raise ValueError(f"handle_unknown is 'error' or 'ignore', not {handle_unknown!r}")
        self.handle_unknown = handle_unknown

    def plain(self, inputs: Any) -> Array:
        """Return rows as an array of numbers, texts or objects of one kind a column."""
        array = inputs.numpy() if isinstance(inputs, Tensor) else np.asarray(inputs)
        if array.dtype.kind not in "biufUO":
            raise TypeError(f"OneHotEncoder takes numbers and texts, not dtype {array.dtype}")
        return array

    def learn(self, rows: Array) -> None:
        """Learn the values of each column."""
        self.categories_ = [_values(rows[:, i], i) for i in range(rows.shape[1])]

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform rows."""
        kind = as_numpy(get_default_dtype())
        out = np.zeros((len(batch), sum(map(len, self.categories_))), kind)
        first = 0
        for i, values in enumerate(self.categories_):
            place = {value: k for k, value in enumerate(values)}
            found = np.array([place.get(v, -1) for v in batch[:, i].tolist()])
            if self.handle_unknown == "error" and (found < 0).any():
                row = int((found < 0).argmax())
                raise ValueError(
                    f"OneHotEncoder: {batch[row, i]!r} in column {i} was not seen in training "
                    f"({_listed(values)}); handle_unknown='ignore' makes it all 0"
                )
            known = np.flatnonzero(found >= 0)
            out[known, first + found[known]] = 1
            first += len(values)
        return out

    def undo(self, rows: Array) -> Array:
        """Transform rows back."""
        width = sum(map(len, self.categories_))
        if rows.shape[1] != width:
            raise ValueError(f"OneHotEncoder gives {width} columns, and these are {rows.shape[1]}")
        columns, first = [], 0
        for values in self.categories_:
            part = rows[:, first : first + len(values)]
            if not part.any(1).all():
                row = int((~part.any(1)).argmax())
                raise ValueError(f"OneHotEncoder: row {row} is none of {_listed(values)}")
            columns.append(np.array(values)[part.argmax(1)])
            first += len(values)
        same = len({c.dtype.kind for c in columns}) == 1
        return np.stack(columns if same else [c.astype(object) for c in columns], 1)

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the columns: ``x0_red``, or ``colour_red`` where names are given."""
        self._check_fitted()
        names = input_features
        if names is None:
            names = [f"x{i}" for i in range(self.n_features_in_)]
        if len(names) != self.n_features_in_:
            raise ValueError(f"{len(names)} names for {self.n_features_in_} columns")
        return np.array([f"{name}_{value}" for name, values in zip(names, self.categories_,
                         strict=True) for value in values], object)  # fmt: skip


def _values(column: Array, number: int) -> list[Any]:
    found = set(column.tolist())
    if any(v is None or v != v for v in found):
        raise ValueError(f"OneHotEncoder: values are missing in column {number}: put something "
                         "there first")  # fmt: skip
    if len({isinstance(v, str) for v in found}) > 1:
        raise TypeError(f"OneHotEncoder: column {number} has texts and numbers: make all texts")
    return sorted(found)


def _listed(values: list[Any]) -> str:
    return ", ".join(map(str, values[:8])) + (", …" if len(values) > 8 else "")
