"""How wide to draw the first weights, so that signals neither fade nor blow up.

All return W of shape (n_out, n_in), drawn from an explicit generator. Each normal one has mean 0
and the standard deviation in its formula.

Source: "Classification by Backpropagation", part A sections 5 and 6, part B section 4.
"""

import math

import numpy as np

from ._checks import Array


def lecun_normal(n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    """Draw with the notes' spread, which they call Xavier.

    W ~ N(0, σ²), σ = √(1 / n_in)

    Parameters
    ----------
    n_out, n_in : int
        Rows and columns of W.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    array (n_out, n_in)
        float64 weights.

    Examples
    --------
    >>> W = lecun_normal(300, 100, np.random.default_rng(0))
    >>> W.shape, round(float(W.std()), 2)
    ((300, 100), 0.1)

    Notes
    -----
    Part B section 4. LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.6. It
    keeps the variance of z = Wx equal to the variance of x.
    """
    return rng.standard_normal((n_out, n_in)) * math.sqrt(1 / n_in)


def glorot_normal(n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    """Draw with Xavier Glorot's spread: a compromise of forward and backward.

    W ~ N(0, σ²), σ = √(2 / (n_in + n_out))

    Parameters
    ----------
    n_out, n_in : int
        Rows and columns of W.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    array (n_out, n_in)
        float64 weights.

    Examples
    --------
    >>> W = glorot_normal(300, 100, np.random.default_rng(0))
    >>> round(float(W.std()), 3)
    0.071

    Notes
    -----
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010, equation 12.
    """
    return rng.standard_normal((n_out, n_in)) * math.sqrt(2 / (n_in + n_out))


def glorot_uniform(n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    """Draw evenly, with the standard deviation of `glorot_normal`.

    W ~ U(−r, r), r = √(6 / (n_in + n_out)); a uniform on (−r, r) has σ = r/√3

    Parameters
    ----------
    n_out, n_in : int
        Rows and columns of W.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    array (n_out, n_in)
        float64 weights.

    Examples
    --------
    >>> W = glorot_uniform(300, 100, np.random.default_rng(0))
    >>> round(float(W.std()), 2), round(float(abs(W).max()), 2)
    (0.07, 0.12)

    Notes
    -----
    Glorot and Bengio, 2010, equation 16.
    """
    r = math.sqrt(6 / (n_in + n_out))
    return rng.uniform(-r, r, (n_out, n_in))


def he_normal(n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    """Draw wider, for layers that read ReLU outputs.

    W ~ N(0, σ²), σ = √(2 / n_in); the 2 pays for the half that ReLU cuts off

    Parameters
    ----------
    n_out, n_in : int
        Rows and columns of W.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    array (n_out, n_in)
        float64 weights.

    Examples
    --------
    >>> W = he_normal(300, 100, np.random.default_rng(0))
    >>> round(float(W.std()), 2)
    0.14

    Notes
    -----
    He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", 2015, equation 10.
    """
    return rng.standard_normal((n_out, n_in)) * math.sqrt(2 / n_in)
