"""Examples from arrays with names: an ``.npz`` file, or a data set that is known by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .encoding import Column, Encoding
from .errors import DataError
from .examples import PART_NAMES, Examples, divide
from .table import Table
from .tasks import choose_task, class_names

__all__ = ["examples_of", "gathered", "scale_of"]

Array = np.ndarray[Any, Any]

_INPUTS = ("x", "data", "images", "inputs", "features")
_TARGETS = ("y", "target", "targets", "label", "labels")


def gathered(arrays: Mapping[str, Array], where: Any,
             target: str | None) -> tuple[Array, Array | None, Array | None, str]:  # fmt: skip
    """Find inputs, targets and parts: ``X`` and ``y``, or ``X_train``, ``y_train``, ``X_test``, ….

    Returns
    -------
    X, y, part, name of the targets
    """
    found: dict[tuple[bool, int | None], tuple[str, Array]] = {}
    for name, array in arrays.items():
        first, _, last = name.lower().partition("_")
        part = PART_NAMES.get(last) if last else None
        if last and part is None:
            first = name.lower()
        is_target = name == target or (target is None and first in _TARGETS)
        if is_target or first in _INPUTS or (target is not None and first == target.lower()):
            key = (is_target or first not in _INPUTS, part)
            if key in found:
                raise DataError(f"{where}: both {found[key][0]!r} and {name!r} could be meant. "
                                "Leave one of them out")  # fmt: skip
            found[key] = name, array
    present = {part for (is_y, part) in found if not is_y}
    parts = sorted(present, key=lambda part: -1 if part is None else part)
    if not parts:
        raise DataError(f"{where}: no array called X (there are {', '.join(map(repr, arrays))}). "
                        "Write X and y, or X_train, y_train, X_test, y_test")  # fmt: skip
    if None in parts and len(parts) > 1:
        parts = [None]
    inputs = [found[False, part] for part in parts]
    targets = [found[True, part] for part in parts if (True, part) in found]
    if target is not None and not targets:
        raise DataError(f"{where}: no array {target!r} of targets (there are "
                        f"{', '.join(map(repr, arrays))}). Name another")  # fmt: skip
    if targets and len(targets) < len(inputs):
        raise DataError(f"{where}: {len(inputs)} arrays of inputs and {len(targets)} of targets. "
                        "Write both for each part")  # fmt: skip
    for name, array in inputs:
        if array.dtype.kind not in "biuf" or array.ndim < 2 or not array.size:
            raise DataError(f"{where}: {name!r} is {array.dtype} of shape {array.shape}, and "
                            "inputs are numbers of shape (n, …). Write them so")  # fmt: skip
        if array.shape[1:] != inputs[0][1].shape[1:]:
            first, shape = inputs[0][0], inputs[0][1].shape[1:]
            raise DataError(f"{where}: {name!r} has examples of shape {array.shape[1:]}, and "
                            f"{first!r} of {shape}. Make them equal")  # fmt: skip
    for (name, x), (name_y, y) in zip(inputs, targets, strict=False):
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        if y.shape != (len(x),):
            raise DataError(f"{where}: {name_y!r} is of shape {y.shape}, and {name!r} has {len(x)} "
                            f"examples. Targets are of shape ({len(x)},)")  # fmt: skip
    X = inputs[0][1] if len(inputs) == 1 else np.concatenate([a for _, a in inputs])
    if len({a.dtype.kind in "US" for _, a in targets}) > 1:
        raise DataError(f"{where}: targets are texts in one part and numbers in another. Write "
                        "them alike")  # fmt: skip
    y_all = np.concatenate([a.reshape(-1) for _, a in targets]) if targets else None
    part_all = None
    if len(parts) > 1:
        sizes = [len(a) for _, a in inputs]
        part_all = np.repeat(np.array(parts, np.int8), sizes)
    return X, y_all, part_all, targets[0][0] if targets else (target or "y")


def examples_of(where: Any, X: Array, y: Array | None, *, name: str = "y",
                part: Array | None = None, task: str | None = None,
                names: tuple[str, ...] = (), encoding: Encoding | None = None,
                validation: float = 0.1, test: float = 0.2, seed: int = 0) -> Examples:  # fmt: skip
    """Encode arrays: pixels (uint8, or of rank 3 and more) from 0 to 1, columns standardised."""
    X = _with_channels(X)
    if X.dtype.kind == "f" and not np.isfinite(X).all():
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(X))[0])
        raise DataError(f"{where}: X{list(at)} is {X[at]}, no finite number. Correct it")
    if y is not None and y.dtype.kind == "f" and not np.isfinite(y).all():
        at_y = int((~np.isfinite(y)).argmax())
        raise DataError(f"{where}: {name}[{at_y}] is {y[at_y]}, no finite number. Correct it")
    if encoding is not None:
        return _like(where, X, y, encoding)
    if y is None:
        raise DataError(f"{where}: there are no targets. Write an array y beside X, or name it: "
                        "target=…")  # fmt: skip
    task, why = choose_task(y, name, where, task)
    classes = class_names(y, name, where) if task == "classification" else ()
    bare = Encoding("array", task, name, classes, (), X.shape[1:], names=names)
    targets = _targets(where, y, bare)
    strata = targets if classes else None
    if part is None:
        part = divide(strata, len(X), validation, test, seed)
    elif not (part == 1).any() and validation:
        inner = np.flatnonzero(part == 0)
        labels = None if strata is None else strata[inner]
        part = part.copy()
        part[inner[divide(labels, len(inner), validation, 0.0, seed) == 1]] = 1
    training = np.flatnonzero(part == 0)
    columns: tuple[Column, ...] = ()
    if X.ndim == 2 and X.dtype != np.uint8:
        names = names or tuple(f"x{i}" for i in range(X.shape[1]))
        centre = X[training].mean(0, dtype=np.float64)
        spread = X[training].std(0, dtype=np.float64)
        spread[spread <= 1e-6 * np.maximum(1e-30, abs(centre))] = 1.0
        columns = tuple(
            Column(n, "number", float(m), float(s))
            for n, m, s in zip(names, centre, spread, strict=True)
        )
    fitted = Encoding("array", task, name, classes, columns, X.shape[1:],
                      (), *scale_of(targets[training], task), names=names)  # fmt: skip
    return Examples(str(where), _inputs(where, X, fitted), targets, fitted, why, part)


def scale_of(y: Array, task: str) -> tuple[float, float]:
    """Return the mean and deviation of a regression's targets."""
    if task == "classification":
        return 0.0, 1.0
    return float(y.mean(dtype=np.float64)), float(y.std(dtype=np.float64)) or 1.0


def _with_channels(X: Array) -> Array:
    """Return images (n, height, width[, channels]) as (n, channels, height, width)."""
    if X.dtype == np.uint8 and X.ndim == 3:
        return X[:, None]
    if X.dtype == np.uint8 and X.ndim == 4 and X.shape[3] in (1, 3, 4) and X.shape[1] > 4:
        return X.transpose(0, 3, 1, 2)
    return X


def _inputs(where: Any, X: Array, encoding: Encoding) -> Array:
    if X.dtype == np.uint8:
        pixels: Array = X.astype(np.float32, order="C")
        pixels /= 255
        return pixels
    if not encoding.columns:
        return X.astype(np.float32)
    centre = np.array([c.mean for c in encoding.columns])
    spread = np.array([c.scale for c in encoding.columns])
    with np.errstate(over="ignore"):
        out: Array = ((X - centre) / spread).astype(np.float32)
    if not np.isfinite(out).all():
        raise DataError(f"{where}: X holds numbers too large for float32. Scale them")
    return out


def _targets(where: Any, y: Array, encoding: Encoding) -> Array:
    values = y.astype(object) if y.dtype.kind == "U" else y.astype(np.float64)
    return encoding.labels(Table(where, {encoding.target or "y": values}, None), values)


def _like(where: Any, X: Array, y: Array | None, encoding: Encoding) -> Examples:
    if X.shape[1:] != encoding.shape:
        raise DataError(f"{where}: its examples are of shape {X.shape[1:]}, and the model was "
                        f"trained with {encoding.shape}. Take data of that shape")  # fmt: skip
    if bool(encoding.columns) != (X.ndim == 2 and X.dtype != np.uint8):
        raise DataError(f"{where}: X is {X.dtype}, and the model was trained with "
                        f"{'numbers' if encoding.columns else 'pixels'}. Convert it")  # fmt: skip
    targets = None if y is None else _targets(where, y, encoding)
    return Examples(str(where), _inputs(where, X, encoding), targets, encoding,
                    "the model was trained so", np.zeros(len(X), np.int8))  # fmt: skip
