"""A batch on which different mistakes give different gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import grad
from ..creation import tensor
from ..graph import Node, topological_order
from ..tensor import Tensor

if TYPE_CHECKING:
    LossFunction = Callable[[Any, Any], Tensor]

__all__ = ["separating_batch"]

Array = np.ndarray[Any, np.dtype[Any]]

_TRIES = 40
_MOST_CLASSES = 1 << 20


def separating_batch(
    loss_fn: LossFunction,
    X: Any,
    Y: Any,
    *,
    m: int | None = None,
    axis: int | None = None,
    seed: int = 0,
) -> tuple[Any, Any]:
    """Draw a batch like (X, Y) that tells mistakes apart which (X, Y) can't.

    With one sample a sum over the batch, a mean and no sum at all are the same; with two, the
    factors m and 2 are; where a ReLU is dead, every factor is. The batch that is returned has
    several samples, a number of them that is no other size of the network, inputs about as large
    as those of X but of both signs, targets of the kind of Y (one-hot stays one-hot, labels stay
    labels), and gradients that are not zero.

    Parameters
    ----------
    loss_fn : function of (X, Y)
        Runs the network and returns the loss, recorded.
    X, Y : Tensor or array
        The batch that doesn't separate: for shapes, dtypes, sizes, and the kind of target.
    m : int, optional
        How many samples. By default the smallest number from 5 that is no other size.
    axis : int, optional
        The axis of the samples: 0 where they are rows, 1 where they are columns. By default where
        X and Y have the same length.
    seed : int
        Where the draws come from.

    Returns
    -------
    X, Y : like those given
        With m samples.

    Raises
    ------
    ValueError
        The axis of the samples can't be told, or some gradient is zero for every batch
        drawn.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> W = tgb.randn(3, 2, requires_grad=True).named("W")
    >>> def loss_fn(X, Y):
    ...     return -(Y * tgb.log_softmax(W @ X, dim=0)).sum() / X.shape[1]
    >>> X, Y = separating_batch(loss_fn, tgb.ones(2, 1), tgb.tensor([[0.0], [1.0], [0.0]]))
    >>> X.shape, Y.shape
    (tinygrad_bp.Size([2, 5]), tinygrad_bp.Size([3, 5]))
    >>> Y.sum(dim=0)
    tensor([1., 1., 1., 1., 1.])
    """
    inputs, targets = _array(X), _array(Y)
    axis = _axis_of_samples(inputs, targets) if axis is None else axis
    rng = np.random.default_rng(seed)
    first = loss_fn(X, Y)
    if m is None:
        taken = _sizes(first, inputs, targets, axis)
        m = next(n for n in range(5, 5 + len(taken) + 1) if n not in taken)
    draw = _target_maker(loss_fn, X, Y, targets, axis)
    best: tuple[int, Any, Any] | None = None
    silent: list[str] = []
    for attempt in range(_TRIES):
        spread = 1.15**attempt  # farther out, a dead unit may wake up
        new_x = _like(X, _inputs(rng, inputs, m, axis, spread))
        new_y = _like(Y, draw(rng, m))
        dead, zero = _dead(loss_fn(new_x, new_y))
        if not zero and (best is None or dead < best[0]):
            best = (dead, new_x, new_y)
        if best is not None and best[0] == 0:
            break
        silent = zero or silent
    if best is None:
        raise ValueError(
            f"separating_batch: the gradient of {', '.join(silent)} stays zero in {_TRIES} batches "
            "of random samples, so nothing can tell mistakes in it apart. Are all units of "
            "a layer dead? Give smaller biases or other weights."
        )
    return best[1], best[2]


def _array(value: Any) -> Array:
    return value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)


def _like(given: Any, array: Array) -> Any:
    """Give an array the type and dtype of what it replaces."""
    if isinstance(given, Tensor):
        return tensor(array, dtype=given.dtype)
    return array.astype(np.asarray(given).dtype)


def _axis_of_samples(X: Array, Y: Array) -> int:
    if X.ndim == 0 or Y.ndim == 0:
        raise ValueError("separating_batch: X and Y are single numbers; give batches")
    if Y.ndim == 1 or X.ndim == 1 or X.ndim > 2:
        return 0  # labels, or samples that are no vectors: one after another
    same = [axis for axis in (0, 1) if X.shape[axis] == Y.shape[axis]]
    if len(same) != 1:
        raise ValueError(
            f"separating_batch: with X of shape {X.shape} and Y of shape {Y.shape}, which axis has "
            "the samples? Give axis=0 if they are rows, axis=1 if they are columns."
        )
    return same[0]


def _sizes(loss: Tensor, X: Array, Y: Array, axis: int) -> set[int]:
    """Collect the sizes of everything but the batch."""
    taken: set[int] = set()
    for node in _leaves(loss):
        taken |= set(node.shape)
    for array in (X, Y):
        taken |= {n for i, n in enumerate(array.shape) if i != axis}
    return taken


def _leaves(loss: Tensor) -> list[Node]:
    if loss.node is None:
        raise ValueError("separating_batch: loss_fn returned a tensor that records no graph")
    return [node for node in topological_order([loss.node]) if node.op is None]


def _inputs(rng: np.random.Generator, X: Array, m: int, axis: int, spread: float) -> Array:
    """Draw inputs about as large as those of X, of both signs: then most units see both, too."""
    shape = (*X.shape[:axis], m, *X.shape[axis + 1 :])
    if X.dtype.kind in "biu":  # tokens, say
        return rng.integers(int(X.min()), int(X.max()) + 1, shape)
    return rng.normal(0, (float(np.sqrt(np.mean(np.square(X)))) or 1.0) * spread, shape)


def _target_maker(
    loss_fn: LossFunction, X: Any, Y: Any, given: Array, axis: int
) -> Callable[[np.random.Generator, int], Array]:
    """Return a function that draws m targets of the same kind."""

    def shape(m: int) -> tuple[int, ...]:
        return (*given.shape[:axis], m, *given.shape[axis + 1 :])

    if given.dtype.kind in "iu" and given.ndim == 1:
        classes = _count_classes(loss_fn, X, Y, given)
        return lambda rng, m: _labels(rng, classes, m)
    binary = bool(np.isin(given, (0, 1)).all())
    if given.ndim == 2:
        features = 1 - axis
        sums = given.sum(axis=features)
        if given.shape[features] > 1 and given.min() >= 0 and np.allclose(sums, 1):
            n = given.shape[features]

            def classes_of(rng: np.random.Generator, m: int) -> Array:
                rows = np.eye(n)[_labels(rng, n, m)] if binary else rng.dirichlet(np.ones(n), m)
                return rows if axis == 0 else rows.T

            return classes_of
    if binary:
        return lambda rng, m: _both(rng.integers(0, 2, shape(m)))
    if given.min() >= 0 and given.max() <= 1:
        return lambda rng, m: rng.uniform(0, 1, shape(m))
    scale = float(given.std()) or max(float(np.abs(given).max()), 1.0)
    return lambda rng, m: rng.normal(float(given.mean()), scale, shape(m))


def _labels(rng: np.random.Generator, classes: int, m: int) -> Array:
    """Draw labels of which not all are the same."""
    labels = rng.integers(0, classes, m)
    if classes > 1 and m > 1 and (labels == labels[0]).all():
        labels[-1] = (labels[0] + 1) % classes
    return labels


def _both(bits: Array) -> Array:
    """See to it that both values are among the targets."""
    if bits.size > 1 and (bits == bits.flat[0]).all():
        bits.flat[-1] = 1 - bits.flat[0]
    return bits


def _count_classes(loss_fn: LossFunction, X: Any, Y: Any, given: Array) -> int:
    """Ask the loss which labels it takes: the first that it refuses is the number of classes."""

    def takes(label: int) -> bool:
        try:
            loss_fn(X, _like(Y, np.full(given.shape, label)))
        except (IndexError, ValueError, RuntimeError):
            return False
        return True

    low, high = int(given.max()), int(given.max()) + 1
    while takes(high):
        low, high = high, 2 * high
        if high > _MOST_CLASSES:  # it takes anything: then what was seen has to do
            return max(int(given.max()) + 1, 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if takes(middle) else (low, middle)
    return high


def _dead(loss: Tensor) -> tuple[int, list[str]]:
    """Count the rows without a gradient, and name the leaves that have none at all."""
    leaves = [node.variable for node in _leaves(loss)]
    tensors = [leaf for leaf in leaves if leaf is not None]
    found = grad(loss, tensors, materialize_grads=True)
    dead, silent = 0, []
    for leaf, g in zip(tensors, found, strict=True):
        array = np.abs(g.numpy())
        dead += sum(int((line == 0).sum()) for line in _lines(array))
        if not array.any() or not np.isfinite(array).all():
            silent.append(leaf.name or f"a leaf of shape {tuple(leaf.shape)}")
    return dead, silent


def _lines(array: Array) -> Iterator[Array]:
    """Yield the sums over rows and over columns: a unit that is dead has a line of zeros."""
    if array.ndim < 2:
        yield array.reshape(-1)
        return
    for axis in range(array.ndim):
        yield array.sum(axis=tuple(i for i in range(array.ndim) if i != axis))
