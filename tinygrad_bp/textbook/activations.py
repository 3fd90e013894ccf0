"""Activation functions and their derivatives, as the notes take them.

Two habits live side by side in the notes' code, and mixing them up is a common mistake:

- `sigmoid_derivative(a)` and `tanh_derivative(a)` take the **output** `a = f(z)`, since the slope
  is cheap to write in it: `a(1 − a)`, `1 − a²`.
- `relu_derivative(z)` and `leaky_relu_derivative(z)` take the **input** `z`, since the slope
  depends on its sign.

Source: "Classification by Backpropagation", part A section 2 and part B section 4.
"""

import numpy as np
import numpy.typing as npt

from ._checks import Array


def sigmoid(z: npt.ArrayLike) -> Array:
    """Squash every number into (0, 1).

    σ(z) = 1 / (1 + e⁻ᶻ)

    Parameters
    ----------
    z : array of any shape
        Pre-activation.

    Returns
    -------
    array of the same shape
        In [0, 1]: in floating point the ends are reached, σ(37) is exactly 1.0 in float64.

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])

    Notes
    -----
    Part A section 2.A. The notes' `1 / (1 + np.exp(-z))` overflows in `exp` for z < −709. Here the
    exponent is never positive: σ(z) = e^z / (1 + e^z) for negative z, which is the same number.
    """
    z = np.asarray(z)
    e = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1, e) / (1 + e))


def sigmoid_derivative(a: npt.ArrayLike) -> Array:
    """Slope of the sigmoid at z, from its **output** a = σ(z).

    σ'(z) = a (1 − a) ≤ ¼

    Parameters
    ----------
    a : array of any shape
        Output of `sigmoid`, not its input.

    Returns
    -------
    array of the same shape
        dσ/dz.

    Examples
    --------
    >>> float(sigmoid_derivative(sigmoid(0.0)))
    0.25

    Notes
    -----
    Part B section 4 (`sigmoid_derivative`), and the factor O(1 − O) of part B section 2.
    """
    a = np.asarray(a)
    return np.asarray(a * (1 - a))


def tanh(z: npt.ArrayLike) -> Array:
    """Squash every number into (−1, 1), symmetrically around 0.

    tanh(z) = (eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ) = 2σ(2z) − 1

    Parameters
    ----------
    z : array of any shape
        Pre-activation.

    Returns
    -------
    array of the same shape
        In [−1, 1].

    Examples
    --------
    >>> tanh([-1000.0, 0.0, 1000.0])
    array([-1.,  0.,  1.])

    Notes
    -----
    Part A section 2.B. The quotient, computed as written, is ∞/∞ for |z| > 709; `np.tanh` is not.
    """
    return np.asarray(np.tanh(z))


def tanh_derivative(a: npt.ArrayLike) -> Array:
    """Slope of tanh at z, from its **output** a = tanh(z).

    tanh'(z) = 1 − a² ≤ 1

    Parameters
    ----------
    a : array of any shape
        Output of `tanh`, not its input.

    Returns
    -------
    array of the same shape
        d tanh/dz.

    Examples
    --------
    >>> float(tanh_derivative(tanh(0.0)))
    1.0

    Notes
    -----
    Part A section 6 (the bound).
    """
    a = np.asarray(a)
    return np.asarray(1 - a * a)


def relu(z: npt.ArrayLike) -> Array:
    """Keep what is positive, replace the rest by 0.

    ReLU(z) = max(0, z)

    Parameters
    ----------
    z : array of any shape
        Pre-activation.

    Returns
    -------
    array of the same shape
        In [0, ∞).

    Examples
    --------
    >>> relu([-2.0, 0.0, 3.0])
    array([0., 0., 3.])

    Notes
    -----
    Part A section 2.C.
    """
    return np.asarray(np.maximum(0, z))


def relu_derivative(z: npt.ArrayLike) -> Array:
    """Slope of ReLU at its **input** z: 1 where z > 0, else 0.

    Parameters
    ----------
    z : array of any shape
        Pre-activation, not the output.

    Returns
    -------
    array of the same shape and float dtype
        Zeros and ones.

    Examples
    --------
    >>> relu_derivative([-2.0, 0.0, 3.0])
    array([0., 0., 1.])

    Notes
    -----
    "Understanding Backpropagation" (g′) and part B section 4. At z = 0 there is no derivative: the
    slope is 0 from the left and 1 from the right. 0 is the convention of the notes' code
    (`z > 0`) and of PyTorch.
    """
    z = np.asarray(z)
    return (z > 0).astype(z.dtype if z.dtype.kind == "f" else np.float64)


def leaky_relu(z: npt.ArrayLike, alpha: float = 0.01) -> Array:
    """ReLU with a small slope left of 0.

    LeakyReLU(z) = z for z > 0, αz for z ≤ 0

    Parameters
    ----------
    z : array of any shape
        Pre-activation.
    alpha : float
        Slope for negative inputs.

    Returns
    -------
    array of the same shape
        In (−∞, ∞).

    Examples
    --------
    >>> leaky_relu([-2.0, 0.0, 3.0])
    array([-0.02,  0.  ,  3.  ])

    Notes
    -----
    Part A section 2.D.
    """
    z = np.asarray(z)
    return np.asarray(np.where(z > 0, z, alpha * z))


def leaky_relu_derivative(z: npt.ArrayLike, alpha: float = 0.01) -> Array:
    """Slope of leaky ReLU at its **input** z: 1 where z > 0, else α.

    Parameters
    ----------
    z : array of any shape
        Pre-activation, not the output.
    alpha : float
        Slope for negative inputs; also taken at z = 0, as in the notes' cases and in PyTorch.

    Returns
    -------
    array of the same shape and float dtype
        Ones and alphas.

    Examples
    --------
    >>> leaky_relu_derivative([-2.0, 0.0, 3.0])
    array([0.01, 0.01, 1.  ])

    Notes
    -----
    Part A section 2.D.
    """
    z = np.asarray(z)
    slope = np.where(z > 0, 1.0, alpha)
    return slope.astype(z.dtype if z.dtype.kind == "f" else np.float64)


def softmax(Z: npt.ArrayLike) -> Array:
    """Turn every column of scores into probabilities.

    softmax(z)ᵢ = e^{zᵢ} / Σⱼ e^{zⱼ}

    Parameters
    ----------
    Z : array (k, m) or (k,)
        Scores: one column a sample.

    Returns
    -------
    array of the same shape
        Every column is ≥ 0 and sums to 1.

    Examples
    --------
    >>> softmax([[1000.0, 0.0], [1000.0, 0.0]])
    array([[0.5, 0.5],
           [0.5, 0.5]])

    Notes
    -----
    Part A section 2.E. Softmax needs the whole column: "Softmax(zᵢ)" is component i of a function
    of all of z. Taking the column's maximum off first changes nothing (numerator and denominator
    lose the same factor) and keeps `exp` from overflowing.
    """
    Z = np.asarray(Z)
    e = np.exp(Z - Z.max(axis=0, keepdims=True))
    return np.asarray(e / e.sum(axis=0, keepdims=True))


def softmax_jacobian(a: npt.ArrayLike) -> Array:
    """All derivatives of softmax at one column, from its **output** a = softmax(z).

    ∂aᵢ/∂zⱼ = aᵢ (δᵢⱼ − aⱼ), that is diag(a) − a aᵀ

    Parameters
    ----------
    a : array (k,) or (k, 1)
        Output of `softmax` for one sample.

    Returns
    -------
    array (k, k)
        Row i, column j: ∂aᵢ/∂zⱼ. Symmetric; rows and columns sum to 0.

    Raises
    ------
    ValueError
        If `a` has more than one column.

    Examples
    --------
    >>> softmax_jacobian([0.5, 0.5])
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])

    Notes
    -----
    The step that "Understanding Backpropagation" leaves out between dA2 and dZ2.
    """
    a = np.asarray(a)
    if a.ndim > 2 or a.ndim == 0 or (a.ndim == 2 and a.shape[1] != 1):
        raise ValueError(
            f"softmax_jacobian: a has shape {a.shape}, expected one column (k,) or (k, 1); "
            "call it once a sample: softmax_jacobian(A[:, i])"
        )
    column = a.reshape(-1)
    return np.asarray(np.diag(column) - np.outer(column, column))
