"""The data sets that are known by name, and what each is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import examples_of
from .examples import Examples
from .mnist_idx import mnist
from .optdigits import digits
from .synthetic import moons, spirals, xor

__all__ = ["CATALOGUE", "load_named"]

#: The names that :func:`read` takes in place of a path, with a line about each.
CATALOGUE: dict[str, str] = {
    "mnist": "70,000 handwritten digits, 28 x 28; from TINYGRAD_BP_DATA, or downloaded",
    "digits": "1797 handwritten digits, 8 x 8; shipped",
    "moons": "two half moons in the plane, 1000 points; generated",
    "spirals": "three spirals in the plane, 1500 points; generated",
    "xor": "four clouds in the plane that no line divides, 800 points; generated",
    "iris": "150 irises of three kinds by 4 measures; scikit-learn's",
    "wine": "178 wines of three growers by 13 chemical measures; scikit-learn's",
    "breast_cancer": "569 tumours, malignant or benign, by 30 measures; scikit-learn's",
    "diabetes": "442 patients' progress by 10 measures (regression); scikit-learn's",
}


def load_named(name: str, **options: Any) -> Examples:
    """Return a data set of the catalogue."""
    if name in ("mnist", "digits"):
        data = mnist() if name == "mnist" else digits()
        X = np.concatenate([data.X_train, data.X_test]).reshape(-1, 1, *data.feature_shape)
        y = np.concatenate([data.y_train, data.y_test])
        part = np.repeat(np.array([0, 2], np.int8), [len(data.y_train), len(data.y_test)])
        return examples_of(name, X, y, name="digit", part=part, **options)
    if name in _GENERATED:
        X, y = _GENERATED[name]()
        return examples_of(name, X, y, name="class", names=("x", "y"), **options)
    try:
        from sklearn import datasets as theirs
    except ImportError:
        raise ImportError(
            f'the data set {name!r} needs scikit-learn: pip install "tinygrad_bp[sklearn]"'
        ) from None
    found: Any = getattr(theirs, f"load_{name}")()
    y = found.target
    if hasattr(found, "target_names"):
        y = np.asarray(found.target_names, dtype=str)[y]
    names = tuple(map(str, found.feature_names))
    return examples_of(name, found.data, y, name="target", names=names,
                       **options)  # fmt: skip


_GENERATED: dict[str, Callable[[], Any]] = {
    "moons": lambda: moons(1000),
    "spirals": lambda: spirals(1500),
    "xor": lambda: xor(800),
}
