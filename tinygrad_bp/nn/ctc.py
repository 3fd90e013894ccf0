"""Connectionist temporal classification: the loss of a sequence whose alignment is not known."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..rules import elementwise as ew
from ..rules import reduce as red
from ..rules.index import ARRAY, index, take_along_axis
from ..rules.trellis import trellis
from ..tensor import wrap
from .losses import _floating, _reduced

__all__ = ["ctc_loss"]


def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """Give −log of the probability of a sequence of labels, summed over all its alignments.

    An alignment names a label or the blank at each time; equal neighbours count once, and blanks
    are left out.

    Parameters
    ----------
    log_probs : Tensor of shape (T, N, C) or (T, C)
        Logarithms of the probabilities of C classes, from :func:`log_softmax`.
    targets : Tensor of int64, of shape (N, S), or of shape (sum of the lengths,)
        The labels, padded or joined; none is the blank.
    input_lengths, target_lengths : Tensor or tuple of N int
        How much of each sample counts.
    blank : int
        The class that stands for no label.
    reduction : {"mean", "sum", "none"}
        The mean is over the samples, each divided by the length of its target.
    zero_infinity : bool
        Give 0, with gradient 0, where there is no alignment, and not infinity.

    Returns
    -------
    Tensor
        Nats: a number, or of shape (N,) for "none".

    Raises
    ------
    RuntimeError
        If shapes, lengths or labels do not fit.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> p = tgb.tensor([[0.5, 0.5], [0.5, 0.5]])  # "a-", "-a" and "aa" of four alignments
    >>> tgb.nn.functional.ctc_loss(p.log(), tgb.tensor([1]), (2,), (1,), reduction="sum").exp()
    tensor(1.3333)

    Notes
    -----
    Graves and others, "Connectionist Temporal Classification", 2006. As in PyTorch, the gradient is
    that of probabilities which sum to 1: softmax − (how often a class is expected at that time).
    """
    _floating("ctc_loss", log_probs)
    if log_probs.ndim not in (2, 3):
        raise RuntimeError(
            f"ctc_loss: log_probs has to be of shape (T, N, C) or (T, C), not "
            f"{tuple(log_probs.shape)}"
        )
    batched = log_probs.ndim == 3
    scores = log_probs if batched else log_probs.unsqueeze(1)
    inputs, lengths = _lengths(input_lengths), _lengths(target_lengths)
    _check_lengths(scores, inputs, lengths, blank)
    labels = _padded(targets, lengths, scores.shape, blank)
    losses = _losses(scores, labels, inputs, lengths, blank, zero_infinity)
    if reduction == "mean":
        return red.mean(losses / wrap(np.maximum(lengths, 1).astype(losses.dtype.dtype)), axis=None)
    return _reduced(losses if batched else losses.squeeze(0), reduction)


def _lengths(given: Any) -> Any:
    array = np.asarray(given.detach() if hasattr(given, "detach") else given)
    if array.dtype.kind not in "iu":
        raise RuntimeError(f"ctc_loss: lengths are integers, not {array.dtype}")
    return array.reshape(-1).astype(np.int64)


def _check_lengths(scores: Any, inputs: Any, lengths: Any, blank: int) -> None:
    times, samples, classes = scores.shape
    if not 0 <= blank < classes:
        raise RuntimeError(f"ctc_loss: blank must be in label range 0 to {classes - 1}: {blank}")
    for what, array in (("input_lengths", inputs), ("target_lengths", lengths)):
        if len(array) != samples:
            raise RuntimeError(f"ctc_loss: {what} must be of size {samples}, not {len(array)}")
        if samples and array.min() < 0:
            raise RuntimeError(f"ctc_loss: {what} can't be negative, as {array.min()}")
    if samples and inputs.max() > times:
        raise RuntimeError(
            f"ctc_loss: expected input_lengths to have value at most {times}, the number of times, "
            f"but got {inputs.max()}"
        )


def _padded(targets: Any, lengths: Any, shape: Any, blank: int) -> Any:
    """Give the labels as rows, with blanks behind the end of each."""
    array = np.asarray(targets.detach())
    if array.dtype.kind not in "iu":
        raise RuntimeError(f"ctc_loss: targets are class indices, not {targets.dtype.name}")
    samples, longest = shape[1], int(lengths.max(initial=0))
    counts = np.arange(longest) < lengths[:, None]
    labels = np.full((samples, longest), blank, np.int64)
    if array.ndim == 1:
        if array.size != lengths.sum():
            raise RuntimeError(
                f"ctc_loss: joined targets of length {array.size} do not fit target_lengths, whose "
                f"sum is {lengths.sum()}"
            )
        labels[counts] = array
    elif array.ndim == 2 and len(array) == samples and array.shape[1] >= longest:
        labels[counts] = array[:, :longest][counts]
    else:
        raise RuntimeError(
            f"ctc_loss: targets of shape {array.shape} do not fit {samples} samples of up to "
            f"{longest} labels; expected ({samples}, at least {longest})"
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < shape[2]:
        raise RuntimeError(f"ctc_loss: targets lie in [{labels.min()}, {labels.max()}], but there "
                           f"are {shape[2]} classes")  # fmt: skip
    return labels


def _losses(scores: Any, labels: Any, inputs: Any, lengths: Any, blank: int,
            zero_infinity: bool) -> Any:  # fmt: skip
    times, samples = scores.shape[:2]
    # The states of a path: the labels with blanks between and around them.
    states = np.full((samples, 2 * labels.shape[1] + 1), blank)
    states[:, 1::2] = labels
    # A blank between two labels may be left out, unless they are equal.
    skips = np.zeros(states.shape, bool)
    skips[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    places = np.broadcast_to(states, (times, *states.shape))
    # A path begins with the first label or the blank before it.
    begins = (np.arange(times)[:, None, None] > 0) | (np.arange(states.shape[1]) < 2)
    paths = trellis(ew.where(begins, take_along_axis(scores, places, axis=2), -np.inf), skips)
    # A path ends at the last label or at the blank behind it.
    rows, ends = np.arange(samples), np.maximum(inputs - 1, 0)
    last = [
        index(paths, ends, rows, np.maximum(2 * lengths - k, 0), template=(ARRAY,) * 3)
        for k in (0, 1)
    ]
    empty, unread = lengths == 0, inputs == 0
    total = ew.where(empty, last[0], ew.logaddexp(*_alive(last, empty, zero_infinity)))
    possible = (last[0]._array > -np.inf) | (last[1]._array > -np.inf)
    total = ew.where(unread, wrap(np.where(empty, 0.0, -np.inf).astype(total.dtype.dtype)), total)
    possible = np.where(unread, empty, possible)
    losses = -total
    if zero_infinity:
        losses = ew.where(wrap(possible), losses, 0.0)
    return losses + _normalised(scores, inputs, possible | (not zero_infinity))


def _alive(last: list[Any], empty: Any, zero_infinity: bool) -> list[Any]:
    """Keep −∞ − (−∞) out of the slopes of what is not chosen."""
    off = empty
    if zero_infinity:
        off = off | ((last[0]._array == -np.inf) & (last[1]._array == -np.inf))
    return [ew.where(wrap(off), 0.0, x) for x in last]


def _normalised(scores: Any, inputs: Any, counted: Any) -> Any:
    """Give 0, with the slope Σ p of a sum of probabilities that is kept at 1."""
    read = (np.arange(scores.shape[0])[:, None] < inputs) & counted
    p = ew.where(wrap(read[:, :, None]), ew.exp(scores), 0.0)
    return red.sum(p - p.detach(), axis=(0, 2))
