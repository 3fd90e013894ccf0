"""What every chapter asks of its arrays: shapes that fit, or an error that names them."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]


def same_shape(where: str, **arrays: Array) -> None:
    """Raise ValueError, naming every shape, unless all arrays have one shape.

    NumPy would broadcast (1, m) against (m, 1) to (m, m) without a word, and the loss of that is
    a number like any other. So nothing here broadcasts by accident.
    """
    if len({array.shape for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(
            f"{where}: {shapes} must have the same shape; "
            "samples are columns (features × m), so transpose what has them in rows"
        )


def matrix(where: str, name: str, array: Array, rows: int) -> None:
    """Raise ValueError unless `array` is a matrix with `rows` rows and at least one column."""
    if array.ndim != 2 or array.shape[0] != rows or array.shape[1] == 0:
        raise ValueError(
            f"{where}: {name} has shape {array.shape}, expected ({rows}, m) with m ≥ 1; "
            "samples are columns, so transpose what has them in rows"
        )


def parameter_pair(where: str, layer: int, W: Array, b: Array) -> None:
    """Raise ValueError unless W is (n_out × n_in) and b is (n_out × 1)."""
    if W.ndim != 2 or b.shape != (W.shape[0], 1):
        raise ValueError(
            f"{where}: W{layer} {W.shape} and b{layer} {b.shape} do not fit; "
            "W is (n_out, n_in) and b is a column (n_out, 1): use b.reshape(-1, 1)"
        )


def floating(*arrays: npt.ArrayLike) -> np.dtype[Any]:
    """Return the float dtype that holds all arrays: float64 when they are integers."""
    dtype = np.result_type(*(np.asarray(array) for array in arrays))
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def in_unit_interval(where: str, name: str, array: Array) -> None:
    """Raise ValueError unless every entry is a probability."""
    if np.any((array < 0) | (array > 1)):
        raise ValueError(
            f"{where}: {name} {array.shape} has entries outside [0, 1]; "
            "give probabilities: apply sigmoid or softmax to raw scores first"
        )
