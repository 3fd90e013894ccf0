"""Which samples go into one update: all of them, one, or k.

Each function yields index arrays for **one epoch**: every sample appears exactly once. Use them
as columns: `X[:, batch]`, `Y[:, batch]`.

Source: "Classification by Backpropagation", part A section 4 (variants of gradient descent).
"""

from collections.abc import Iterator

import numpy as np

from ._checks import Array


def batch(m: int) -> Iterator[Array]:
    """Yield all m samples at once: one update an epoch.

    Parameters
    ----------
    m : int
        Number of samples.

    Yields
    ------
    array (m,)
        0, 1, …, m − 1.

    Raises
    ------
    ValueError
        If m < 1.

    Examples
    --------
    >>> list(batch(3))
    [array([0, 1, 2])]

    Notes
    -----
    Part A section 4, "Batch GD".
    """
    _at_least_one("batch", "m", m)
    yield np.arange(m)


def stochastic(m: int, rng: np.random.Generator) -> Iterator[Array]:
    """Yield one sample at a time, in random order: m updates an epoch.

    Parameters
    ----------
    m : int
        Number of samples.
    rng : numpy.random.Generator
        Shuffles the order.

    Yields
    ------
    array (1,)
        The index of one sample.

    Raises
    ------
    ValueError
        If m < 1.

    Examples
    --------
    >>> sorted(int(i[0]) for i in stochastic(3, np.random.default_rng(0)))
    [0, 1, 2]

    Notes
    -----
    Part A section 4, "Stochastic GD".
    """
    _at_least_one("stochastic", "m", m)
    yield from mini_batch(m, 1, rng)


def mini_batch(m: int, k: int, rng: np.random.Generator) -> Iterator[Array]:
    """Yield k samples at a time, in random order: ⌈m/k⌉ updates an epoch.

    Parameters
    ----------
    m : int
        Number of samples.
    k : int
        Batch size. When it does not divide m, the last batch is smaller: nothing is dropped.
    rng : numpy.random.Generator
        Shuffles the order.

    Yields
    ------
    array (k,), the last one maybe shorter
        Indices of the samples. Average over the batch's own size, not over k.

    Raises
    ------
    ValueError
        If m < 1 or k < 1.

    Examples
    --------
    >>> [len(i) for i in mini_batch(10, 4, np.random.default_rng(0))]
    [4, 4, 2]

    Notes
    -----
    Part A section 4, "Mini-Batch GD".
    """
    _at_least_one("mini_batch", "m", m)
    _at_least_one("mini_batch", "k", k)
    order = rng.permutation(m)
    for start in range(0, m, k):
        yield order[start : start + k]


def _at_least_one(where: str, name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{where}: {name} is {value}, expected at least 1 sample")
