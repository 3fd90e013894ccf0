"""Transforms that learn something from the training rows: scikit-learn's names and meanings.

Unlike scikit-learn's they keep float32, and take one row as well as many.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..tensor import Tensor, wrap
from .base import Array, Transform, floating, interval

__all__ = ["Fitted", "MinMaxScaler", "StandardScaler"]


class Fitted(Transform):
    """Base of what is fitted to the columns of a table, (n, columns).

    A subclass writes :meth:`learn` and :meth:`change`, perhaps :meth:`undo`, and names what it
    learns in `learnt`: an array with a number for each column; a list, where `lists` has it; of
    another length, where `odd` has it.
    """

    learnt: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    n_features_in_: int

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from rows (n, columns); `y` is not looked at."""
        rows = self.plain(X)
        if rows.ndim != 2:
            raise ValueError(f"{self._name} is fitted on rows (n, columns), not on {rows.shape}")
        self.learn(rows)
        self.n_features_in_ = rows.shape[1]
        return self

    def learn(self, rows: Array) -> None:
        """Learn from rows."""
        raise NotImplementedError(f"{self._name} has to define learn()")

    def transform(self, X: Any) -> Any:
        """Transform rows, (n, columns)."""
        return self(X, batched=True)

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Learn from rows, and transform them."""
        return self.fit(X).transform(X)

    def inverse_transform(self, X: Any) -> Any:
        """Return rows, or one row, as they were before."""
        array = self.plain(X)
        many = array.ndim > 1
        self._check_fitted()
        out = self.undo(array if many else array[None])
        out = out if many else out[0]
        return wrap(out) if isinstance(X, Tensor) else out

    def undo(self, rows: Array) -> Array:
        """Transform rows back."""
        raise NotImplementedError(f"{self._name} has to define undo()")

    def plain(self, inputs: Any) -> Array:
        """Return rows as an array; NaN stands for what is missing, and infinity for nothing."""
        array = super().plain(inputs)
        if array.dtype.kind == "f" and np.isinf(array).any():
            raise ValueError(f"{self._name}: there are infinite numbers in the rows")
        return array

    def looks_many(self, array: Array) -> bool:
        """Tell a batch by its axes."""
        return array.ndim > 1

    def run(self, array: Array, targets: Any, rng: np.random.Generator,
            many: bool) -> tuple[Array, Any]:  # fmt: skip
        """Transform inputs and targets."""
        self._check_fitted()
        if array.shape[many:] != (self.n_features_in_,):
            raise ValueError(f"{self._name} was fitted on {self.n_features_in_} columns, and is "
                             f"given {array.shape}")  # fmt: skip
        return super().run(array, targets, rng, many)

    def state_dict(self) -> dict[str, Any]:
        """Return what was learnt: numbers, arrays and lists, as ``tgb.save`` takes them."""
        self._check_fitted()
        return {name: getattr(self, name) for name in ("n_features_in_", *self.learnt)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        own = {"n_features_in_", *self.learnt}
        if not isinstance(state, dict) or state.keys() != own:
            raise ValueError(f"this is no state of a {self._name}: it has {', '.join(sorted(own))}")
        width = state["n_features_in_"]
        for name in self.learnt:
            value = state[name]
            value = value.numpy() if isinstance(value, Tensor) else value
            kinds = list if name in self.lists else np.ndarray
            if not isinstance(value, kinds) or (name not in self.odd and len(value) != width):
                raise ValueError(f"this is no state of a {self._name}: {name} is not a number for "
                                 f"each of {width} columns")  # fmt: skip
            setattr(self, name, value.copy())
        self.n_features_in_ = width

    def _check_fitted(self) -> None:
        if not hasattr(self, "n_features_in_"):
            raise ValueError(f"this {self._name} has learnt nothing yet: call fit(X) with the "
                             "training rows, or load_state_dict")  # fmt: skip


class _Linear(Fitted):
    """``(x − shift) / unit``."""

    def _terms(self) -> tuple[Array, Array]:
        raise NotImplementedError(f"{self._name} has to define _terms()")

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform rows."""
        shift, unit = self._terms()
        return np.asarray(((batch - shift) / unit).astype(floating(batch)))

    def undo(self, rows: Array) -> Array:
        """Transform rows back."""
        shift, unit = self._terms()
        return np.asarray((rows * unit + shift).astype(floating(rows)))


class StandardScaler(_Linear):
    """Give every column mean 0 and standard deviation 1.

    Columns that are constant become 0. NaN is not counted, and stays.

    Parameters
    ----------
    with_mean, with_std : bool
        Whether to subtract the mean, and to divide by the deviation (that of n, not n − 1).

    Attributes
    ----------
    mean_, var_, scale_ : array, (columns,)

    Examples
    --------
    >>> import numpy as np
    >>> StandardScaler().fit_transform(np.array([[1.0, 5.0], [3.0, 5.0]]))
    array([[-1.,  0.],
           [ 1.,  0.]])
    """

    learnt = ("mean_", "var_", "scale_")

    def __init__(self, *, with_mean: bool = True, with_std: bool = True) -> None:
        self.with_mean, self.with_std = with_mean, with_std

    def learn(self, rows: Array) -> None:
        """Learn means and deviations."""
        known = counted(self._name, rows)
        exact = rows.astype(np.float64)
        mean = np.where(known, exact, 0).sum(0) / known.sum(0)
        self.var_ = (np.where(known, exact - mean, 0) ** 2).sum(0) / known.sum(0)
        self.mean_ = mean
        # What varies by no more than rounding is constant.
        eps = np.finfo(np.float64).eps
        n = len(rows)
        tiny = self.var_ <= n * eps * self.var_ + (n * mean * eps) ** 2
        self.scale_ = np.where(tiny, 1.0, np.sqrt(self.var_))

    def _terms(self) -> tuple[Array, Array]:
        ones = np.ones(self.n_features_in_)
        return (self.mean_ if self.with_mean else 0 * ones,
                self.scale_ if self.with_std else ones)  # fmt: skip


class MinMaxScaler(_Linear):
    """Bring every column between two numbers.

    Columns that are constant become the lower one. NaN is not counted, and stays.

    Parameters
    ----------
    feature_range : (float, float)
    clip : bool
        Whether rows that go beyond the training rows are cut off.

    Attributes
    ----------
    data_min_, data_max_ : array, (columns,)

    Examples
    --------
    >>> import numpy as np
    >>> MinMaxScaler().fit_transform(np.array([[2.0], [4.0], [6.0]]))
    array([[0. ],
           [0.5],
           [1. ]])
    """

    learnt = ("data_min_", "data_max_")

    def __init__(self, feature_range: Any = (0, 1), *, clip: bool = False) -> None:
        self.feature_range = interval("feature_range", feature_range, both=False)
        if self.feature_range[0] == self.feature_range[1]:
            raise ValueError(f"feature_range is (least, most), and {feature_range} are the same")
        self.clip = clip

    def learn(self, rows: Array) -> None:
        """Learn the least and the most."""
        counted(self._name, rows)
        self.data_min_ = np.nanmin(rows.astype(np.float64), 0)
        self.data_max_ = np.nanmax(rows.astype(np.float64), 0)

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform rows."""
        out = super().change(batch, rng)
        return np.clip(out, *self.feature_range) if self.clip else out

    def _terms(self) -> tuple[Array, Array]:
        low, high = self.feature_range
        spread = self.data_max_ - self.data_min_
        unit = np.where(spread > 10 * np.finfo(np.float64).eps, spread, 1.0) / (high - low)
        return self.data_min_ - low * unit, unit


def counted(name: str, rows: Array) -> Array:
    """Return which values are not missing; refuse a column that has none."""
    known = ~np.isnan(rows) if rows.dtype.kind == "f" else np.ones(rows.shape, bool)
    if not known.any(0).all():
        column = int((~known.any(0)).argmax())
        raise ValueError(f"{name}: column {column} has no value at all: leave it out")
    return known
