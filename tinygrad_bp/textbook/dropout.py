"""Two conventions of dropout, which agree on average and name opposite probabilities.

The notes **keep** a unit with probability p and multiply by p at test time. PyTorch **drops** a
unit with probability p, divides by 1 − p while training, and leaves test time alone. Here the
keeping probability is always spelled `keep`.

Source: "Classification by Backpropagation", part A section 7.
"""

import numpy as np
import numpy.typing as npt

from ._checks import Array, same_shape


def dropout_mask(shape: tuple[int, ...], keep: float, rng: np.random.Generator) -> Array:
    """Draw which units stay: 1 with probability `keep`, else 0.

    Parameters
    ----------
    shape : tuple of int
        Shape of the activations.
    keep : float
        Probability of staying, in (0, 1].
    rng : numpy.random.Generator
        Where the coins come from.

    Returns
    -------
    array of the given shape
        Booleans.

    Raises
    ------
    ValueError
        If `keep` is not in (0, 1].

    Examples
    --------
    >>> mask = dropout_mask((100, 100), 0.8, np.random.default_rng(0))
    >>> round(float(mask.mean()), 1)
    0.8

    Notes
    -----
    Srivastava et al., "Dropout", 2014, section 4.
    """
    _probability("dropout_mask", keep)
    return rng.random(shape) < keep


def dropout_at_train(a: npt.ArrayLike, mask: npt.ArrayLike) -> Array:
    """Switch units off while training, the notes' way: no scaling here.

    ã = mask ∘ a

    Parameters
    ----------
    a, mask : arrays of one shape
        Activations, and what `dropout_mask` drew for them.

    Returns
    -------
    array of the same shape
        Its expectation over masks is keep · a.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> dropout_at_train([1.0, 2.0, 3.0], [True, False, True])
    array([1., 0., 3.])

    Notes
    -----
    Part A section 7. The gradient passes the same mask: da = mask ∘ dã.
    """
    a, mask = np.asarray(a), np.asarray(mask)
    same_shape("dropout_at_train", a=a, mask=mask)
    return np.asarray(a * mask)


def dropout_at_test(a: npt.ArrayLike, keep: float) -> Array:
    """Scale all units at test time, the notes' way.

    a_test = keep · a, the expectation of `dropout_at_train`

    Parameters
    ----------
    a : array of any shape
        Activations.
    keep : float
        Probability that a unit stayed while training, in (0, 1].

    Returns
    -------
    array of the same shape
        Scaled activations.

    Raises
    ------
    ValueError
        If `keep` is not in (0, 1].

    Examples
    --------
    >>> dropout_at_test([1.0, 2.0], keep=0.5)
    array([0.5, 1. ])

    Notes
    -----
    Part A section 7.
    """
    _probability("dropout_at_test", keep)
    return np.asarray(np.asarray(a) * keep)


def inverted_dropout(a: npt.ArrayLike, mask: npt.ArrayLike, keep: float) -> Array:
    """Switch units off while training and scale up the rest, PyTorch's way.

    ã = mask ∘ a / keep

    Parameters
    ----------
    a, mask : arrays of one shape
        Activations, and what `dropout_mask` drew for them.
    keep : float
        Probability of staying, in (0, 1]: `1 - p` of `torch.nn.Dropout(p)`.

    Returns
    -------
    array of the same shape
        Its expectation over masks is a, so test time needs no scaling.

    Raises
    ------
    ValueError
        If the shapes differ or `keep` is not in (0, 1].

    Examples
    --------
    >>> inverted_dropout([1.0, 2.0, 3.0], [True, False, True], keep=0.5)
    array([2., 0., 6.])

    Notes
    -----
    Same method, other bookkeeping: Srivastava et al., 2014, section 10, describe it as equivalent.
    """
    a, mask = np.asarray(a), np.asarray(mask)
    same_shape("inverted_dropout", a=a, mask=mask)
    _probability("inverted_dropout", keep)
    return np.asarray(a * mask / keep)


def _probability(where: str, keep: float) -> None:
    if not 0 < keep <= 1:
        raise ValueError(
            f"{where}: keep is {keep}, expected 0 < keep ≤ 1; "
            "it is the probability of staying, 1 - p of torch.nn.Dropout(p)"
        )
