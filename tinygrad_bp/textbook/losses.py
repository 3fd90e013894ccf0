"""The notes' losses and their derivatives with respect to the prediction ŷ.

Every loss is **for one sample**, as the notes write it: the mean over the m samples is taken by
whoever sums them up, and that is where the 1/m of `dW` and `db` comes from. Logarithms are
natural, so cross-entropies are in nats.

Source: "Classification by Backpropagation", part A section 3; "Understanding Backpropagation".
"""

import numpy as np
import numpy.typing as npt

from ._checks import Array, in_unit_interval, same_shape


def half_squared_error(y: npt.ArrayLike, y_hat: npt.ArrayLike) -> Array:
    """Half the squared error of each entry: the notes' "MSE", before any mean.

    L = ½ (y − ŷ)²

    Parameters
    ----------
    y, y_hat : arrays of one shape
        Targets and predictions.

    Returns
    -------
    array of the same shape
        In squared units of y.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> half_squared_error([0.9], [0.6]).round(3)
    array([0.045])

    Notes
    -----
    Part A section 3. The ½ is there so that the derivative has no 2.
    """
    y, y_hat = np.asarray(y), np.asarray(y_hat)
    same_shape("half_squared_error", y=y, y_hat=y_hat)
    return np.asarray(0.5 * (y - y_hat) ** 2)


def half_squared_error_derivative(y: npt.ArrayLike, y_hat: npt.ArrayLike) -> Array:
    """Slope of ½(y − ŷ)² in ŷ.

    ∂L/∂ŷ = ŷ − y

    Parameters
    ----------
    y, y_hat : arrays of one shape
        Targets and predictions.

    Returns
    -------
    array of the same shape
        Negative where the prediction is too small.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> half_squared_error_derivative([0.9], [0.6]).round(3)
    array([-0.3])

    Notes
    -----
    Part A section 3.
    """
    y, y_hat = np.asarray(y), np.asarray(y_hat)
    same_shape("half_squared_error_derivative", y=y, y_hat=y_hat)
    return np.asarray(y_hat - y)


def mean_squared_error(y: npt.ArrayLike, y_hat: npt.ArrayLike) -> float:
    """Mean over all entries of the squared error: what the notes' `train` prints.

    mean (y − ŷ)², **without** the ½ of `half_squared_error`

    Parameters
    ----------
    y, y_hat : arrays of one shape
        Targets and predictions.

    Returns
    -------
    float
        In squared units of y, mean over every entry.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> round(mean_squared_error([0.9], [0.6]), 3)
    0.09

    Notes
    -----
    Part B section 4 (`train`).
    """
    y, y_hat = np.asarray(y), np.asarray(y_hat)
    same_shape("mean_squared_error", y=y, y_hat=y_hat)
    return float(np.mean((y - y_hat) ** 2))


def binary_cross_entropy(y: npt.ArrayLike, y_hat: npt.ArrayLike) -> Array:
    """Surprise at a yes/no answer, for each entry.

    L = −[y log ŷ + (1 − y) log(1 − ŷ)]

    Parameters
    ----------
    y, y_hat : arrays of one shape
        Targets and predicted probabilities, both in [0, 1].

    Returns
    -------
    array of the same shape
        Nats. ∞ where the prediction is certain and wrong.

    Raises
    ------
    ValueError
        If the shapes differ, or an entry is not a probability.

    Examples
    --------
    >>> binary_cross_entropy([1.0, 0.0], [0.8, 0.8]).round(4)
    array([0.2231, 1.6094])

    Notes
    -----
    Part A section 3.
    """
    y, y_hat = np.asarray(y), np.asarray(y_hat)
    same_shape("binary_cross_entropy", y=y, y_hat=y_hat)
    in_unit_interval("binary_cross_entropy", "y", y)
    in_unit_interval("binary_cross_entropy", "y_hat", y_hat)
    return np.asarray(-(_times_log(y, y_hat) + _times_log(1 - y, 1 - y_hat)))


def binary_cross_entropy_derivative(y: npt.ArrayLike, y_hat: npt.ArrayLike) -> Array:
    """Slope of the binary cross-entropy in ŷ.

    ∂L/∂ŷ = −y/ŷ + (1 − y)/(1 − ŷ) = (ŷ − y) / (ŷ (1 − ŷ))

    Parameters
    ----------
    y, y_hat : arrays of one shape
        Targets and predicted probabilities, both in [0, 1].

    Returns
    -------
    array of the same shape
        Nats a unit of probability. Times σ′ = ŷ(1 − ŷ) it is ŷ − y.

    Raises
    ------
    ValueError
        If the shapes differ, or an entry is not a probability.

    Examples
    --------
    >>> binary_cross_entropy_derivative([1.0, 0.0], [0.8, 0.8]).round(2)
    array([-1.25,  5.  ])

    Notes
    -----
    Part A section 3, differentiated.
    """
    y, y_hat = np.asarray(y), np.asarray(y_hat)
    same_shape("binary_cross_entropy_derivative", y=y, y_hat=y_hat)
    in_unit_interval("binary_cross_entropy_derivative", "y", y)
    in_unit_interval("binary_cross_entropy_derivative", "y_hat", y_hat)
    return np.asarray(_over(1 - y, 1 - y_hat) - _over(y, y_hat))


def categorical_cross_entropy(Y: npt.ArrayLike, A: npt.ArrayLike) -> Array:
    """Surprise at the right class, for each sample.

    L = −Σₖ yₖ log ŷₖ, which is −log ŷ_label when Y is one-hot

    Parameters
    ----------
    Y, A : arrays (c, m) or (c,)
        One-hot targets and predicted probabilities: one column a sample.

    Returns
    -------
    array (m,), or 0-d for one column without samples axis
        Nats, one number a sample. ∞ where the right class got probability 0.

    Raises
    ------
    ValueError
        If the shapes differ, or an entry is not a probability.

    Examples
    --------
    >>> categorical_cross_entropy([[0.0], [1.0]], [[0.2], [0.8]]).round(4)
    array([0.2231])

    Notes
    -----
    "Understanding Backpropagation" (J) and part A section 3. Terms with yₖ = 0 are 0 whatever ŷₖ
    is: 0·log 0 is taken as its limit, 0, where NumPy would say nan.
    """
    Y, A = np.asarray(Y), np.asarray(A)
    same_shape("categorical_cross_entropy", Y=Y, A=A)
    in_unit_interval("categorical_cross_entropy", "Y", Y)
    in_unit_interval("categorical_cross_entropy", "A", A)
    return np.asarray(-_times_log(Y, A).sum(axis=0))


def categorical_cross_entropy_derivative(Y: npt.ArrayLike, A: npt.ArrayLike) -> Array:
    """Slope of the categorical cross-entropy in each predicted probability.

    ∂L/∂Aᵢ = −Yᵢ / Aᵢ

    Parameters
    ----------
    Y, A : arrays (c, m) or (c,)
        One-hot targets and predicted probabilities.

    Returns
    -------
    array of the same shape
        Nats a unit of probability: the true dA2 of "Understanding Backpropagation".

    Raises
    ------
    ValueError
        If the shapes differ, or an entry is not a probability.

    Examples
    --------
    >>> categorical_cross_entropy_derivative([[0.0], [1.0]], [[0.2], [0.8]])
    array([[ 0.  ],
           [-1.25]])

    Notes
    -----
    "Understanding Backpropagation", the derivation under dA2. Its last line, Y − A2, is wrong.
    """
    Y, A = np.asarray(Y), np.asarray(A)
    same_shape("categorical_cross_entropy_derivative", Y=Y, A=A)
    in_unit_interval("categorical_cross_entropy_derivative", "Y", Y)
    in_unit_interval("categorical_cross_entropy_derivative", "A", A)
    # 0 − x instead of −x: no "-0." in what a student prints.
    return np.asarray(0 - _over(Y, A))


def _times_log(weight: Array, p: Array) -> Array:
    """Return weight · log p, with 0 · log 0 = 0 and log 0 = −∞ without a warning."""
    with np.errstate(divide="ignore"):
        logarithm = np.log(np.where(weight == 0, 1, p))
    return np.asarray(weight * logarithm)


def _over(weight: Array, p: Array) -> Array:
    """Return weight / p, with 0 / 0 = 0 and w / 0 = ∞ without a warning."""
    with np.errstate(divide="ignore"):
        return np.asarray(weight / np.where(weight == 0, 1, p))
