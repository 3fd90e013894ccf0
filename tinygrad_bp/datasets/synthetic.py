"""Toy problems in the plane, generated: what a linear classifier cannot separate, and a net can."""

import numpy as np
import numpy.typing as npt

from tinygrad_bp.datasets import arguments
from tinygrad_bp.datasets.arguments import Seed
from tinygrad_bp.datasets.dataset import Features, Labels


def moons(
    n: int = 200, noise: float = 0.1, seed: Seed = 0, *, dtype: npt.DTypeLike = np.float32
) -> tuple[Features, Labels]:
    """Generate two interleaving half circles of radius 1.

    With t evenly from 0 to π and ε normal with standard deviation `noise`::

        class 0:  (cos t, sin t) + ε          class 1:  (1 - cos t, 1/2 - sin t) + ε

    Parameters
    ----------
    n : int, default 200
        Number of samples, at least 2; class 0 takes the odd one.
    noise : float, default 0.1
        Standard deviation of the noise of each coordinate.
    seed : int, Generator or None, default 0
        An int gives the same samples each time, None new ones; a generator is advanced.
    dtype : dtype, default float32
        The floating-point type of `X`.

    Returns
    -------
    X : ndarray of `dtype`, shape (n, 2)
        One point a row, shuffled.
    y : ndarray of int64, shape (n,)
        The class of each point, 0 or 1.

    Raises
    ------
    ValueError
        An argument is out of its range.

    Examples
    --------
    >>> X, y = moons(100, noise=0.0)
    >>> X.shape, np.bincount(y)
    ((100, 2), array([50, 50]))
    >>> bool(np.allclose(np.linalg.norm(X[y == 0], axis=1), 1, atol=1e-6))
    True

    References
    ----------
    The curves of scikit-learn's ``make_moons``.
    """
    n = arguments.integer("n", n, least=2)
    noise = arguments.deviation("noise", noise)
    rng, dtype = arguments.generator(seed), arguments.floating(dtype)
    outer = np.linspace(0, np.pi, n - n // 2)
    inner = np.linspace(0, np.pi, n // 2)
    X = np.concatenate(
        [
            np.stack([np.cos(outer), np.sin(outer)], axis=1),
            np.stack([1 - np.cos(inner), 0.5 - np.sin(inner)], axis=1),
        ]
    )
    X += noise * rng.standard_normal(X.shape)
    y = np.repeat(np.arange(2, dtype=np.int64), [len(outer), len(inner)])
    order = rng.permutation(n)
    return X[order].astype(dtype), y[order]


def spirals(
    n: int = 300,
    classes: int = 3,
    noise: float = 0.2,
    seed: Seed = 0,
    *,
    dtype: npt.DTypeLike = np.float32,
) -> tuple[Features, Labels]:
    """Generate spiral arms, one a class, that leave the origin evenly turned from each other.

    With r evenly in (0, 1] and ε normal with standard deviation `noise`, class k of K is::

        θ = 2πk/K + 4r + ε,          x = (r cos θ, r sin θ)

    Parameters
    ----------
    n : int, default 300
        Number of samples over all classes, at least one a class; the first classes take the rest.
    classes : int, default 3
        Number of arms K, at least 2.
    noise : float, default 0.2
        Standard deviation of the angle, in radians. Neighbouring arms are 2π/K apart.
    seed : int, Generator or None, default 0
        An int gives the same samples each time, None new ones; a generator is advanced.
    dtype : dtype, default float32
        The floating-point type of `X`.

    Returns
    -------
    X : ndarray of `dtype`, shape (n, 2)
        One point a row, shuffled, in the unit disc.
    y : ndarray of int64, shape (n,)
        The class of each point, 0 to K - 1.

    Raises
    ------
    ValueError
        An argument is out of its range.

    Examples
    --------
    >>> X, y = spirals(300, classes=3)
    >>> X.shape, np.bincount(y)
    ((300, 2), array([100, 100, 100]))

    References
    ----------
    A. Karpathy, "Putting it together: Minimal Neural Network Case Study", Stanford CS231n notes.
    https://cs231n.github.io/neural-networks-case-study/. There r begins at 0, where the classes
    share a point, and the arms are 4 rad apart for any K.
    """
    classes = arguments.integer("classes", classes, least=2)
    n = arguments.integer("n", n, least=classes)
    noise = arguments.deviation("noise", noise)
    rng, dtype = arguments.generator(seed), arguments.floating(dtype)
    y = np.arange(n, dtype=np.int64) % classes
    counts = np.bincount(y)
    r = (np.arange(n) // classes + 1) / counts[y]
    theta = 2 * np.pi * y / classes + 4 * r + noise * rng.standard_normal(n)
    X = np.stack([r * np.cos(theta), r * np.sin(theta)], axis=1)
    order = rng.permutation(n)
    return X[order].astype(dtype), y[order]


def xor(
    n: int = 4, noise: float = 0.0, seed: Seed = 0, *, dtype: npt.DTypeLike = np.float32
) -> tuple[Features, Labels]:
    """Generate exclusive or: by default its truth table, with `noise` a cloud about each corner.

    Row i lies at corner (a, b) = 00, 01, 10, 11, 00, … in turn, so each four rows are balanced::

        x = (a, b) + ε,          y = a XOR b

    Parameters
    ----------
    n : int, default 4
        Number of samples, at least 4.
    noise : float, default 0
        Standard deviation of ε, for each coordinate.
    seed : int, Generator or None, default 0
        An int gives the same samples each time, None new ones; a generator is advanced.
    dtype : dtype, default float32
        The floating-point type of `X`.

    Returns
    -------
    X : ndarray of `dtype`, shape (n, 2)
        One point a row.
    y : ndarray of int64, shape (n,)
        1 where exactly one of the corner's coordinates is 1, else 0.

    Raises
    ------
    ValueError
        An argument is out of its range.

    Examples
    --------
    >>> X, y = xor()
    >>> np.column_stack([X, y])
    array([[0., 0., 0.],
           [0., 1., 1.],
           [1., 0., 1.],
           [1., 1., 0.]])
    >>> X, y = xor(400, noise=0.1)

    References
    ----------
    M. Minsky, S. Papert, "Perceptrons", MIT Press, 1969: no single layer computes it.
    """
    n = arguments.integer("n", n, least=4)
    noise = arguments.deviation("noise", noise)
    rng, dtype = arguments.generator(seed), arguments.floating(dtype)
    corner = np.arange(n, dtype=np.int64) % 4
    a, b = corner // 2, corner % 2
    X = np.stack([a, b], axis=1) + noise * rng.standard_normal((n, 2))
    return X.astype(dtype), a ^ b
