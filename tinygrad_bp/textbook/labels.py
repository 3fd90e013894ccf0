"""Labels as columns, the form in which both notes' losses read them."""

import numpy as np
import numpy.typing as npt

from ._checks import Array


def one_hot(labels: npt.ArrayLike, classes: int, dtype: npt.DTypeLike = np.float64) -> Array:
    """Write every label as a column with a single 1.

    Y[label, i] = 1 for sample i, else 0

    Parameters
    ----------
    labels : array of int (m,)
        Labels 0, 1, …, classes − 1.
    classes : int
        Number of classes c.
    dtype : dtype
        Of the result.

    Returns
    -------
    array (classes, m)
        One column a sample, each summing to 1.

    Raises
    ------
    ValueError
        If labels are not a vector of integers within 0 … classes − 1.

    Examples
    --------
    >>> one_hot([2, 0], classes=3)
    array([[0., 1.],
           [0., 0.],
           [1., 0.]])

    Notes
    -----
    "Understanding Backpropagation", the vector y for label 4.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(
            f"one_hot: labels have shape {labels.shape} and dtype {labels.dtype}, "
            "expected a vector (m,) of integers; use labels.reshape(-1).astype(int)"
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"one_hot: labels run from {labels.min()} to {labels.max()}, but {classes} classes "
            f"are numbered 0 to {classes - 1}; raise classes, or renumber from 0"
        )
    Y = np.zeros((classes, labels.size), dtype=dtype)
    Y[labels, np.arange(labels.size)] = 1
    return Y
