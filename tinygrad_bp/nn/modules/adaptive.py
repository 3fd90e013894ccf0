"""Softmax over very many classes, by frequency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...functions.shape import cat
from ...rules import elementwise as ew
from ...rules import reduce as red
from ...tensor import wrap
from .. import functional as F
from .container import ModuleList, Sequential
from .linear import Linear
from .module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """A softmax over frequent classes, and over clusters of rarer ones behind it.

    Classes are numbered from the most frequent on. The first ``cutoffs[0]`` of them, and one output
    for each cluster, form the head; the classes between two cutoffs form a cluster, whose inputs
    are projected to fewer features the rarer they are.

    Parameters
    ----------
    in_features, n_classes : int
    cutoffs : sequence of int
        Where clusters begin, increasing, between 1 and n_classes − 1.
    div_value : float
        Cluster i has in_features / div_value^(i + 1) features.
    head_bias : bool
        Learn a bias in the head.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Raises
    ------
    ValueError
        If the cutoffs are not as described.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs=[4, 10], div_value=2)
    >>> output, loss = layer(tgb.randn(5, 8), tgb.tensor([0, 3, 5, 11, 19]))
    >>> output.shape, layer.log_prob(tgb.randn(5, 8)).shape
    (tinygrad_bp.Size([5]), tinygrad_bp.Size([5, 20]))

    Notes
    -----
    Grave and others, "Efficient Softmax Approximation for GPUs", 2017.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            cutoffs != sorted(set(cutoffs))
            or cutoffs[0] <= 0
            or cutoffs[-1] > n_classes - 1
            or any(int(c) != c for c in cutoffs)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
                f"order, where each value is between 1 and n_classes-1, not {cutoffs}"
            )
        self.in_features, self.n_classes = in_features, n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size = cutoffs[0]
        self.n_clusters = len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        kind = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **kind)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            inner = int(in_features // (div_value ** (i + 1)))
            size = self.cutoffs[i + 1] - self.cutoffs[i]
            self.tail.append(
                Sequential(
                    Linear(in_features, inner, bias=False, **kind),
                    Linear(inner, size, bias=False, **kind),
                )
            )

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for first, second in self.tail:
            first.reset_parameters()
            second.reset_parameters()

    def forward(self, input_: Any, target_: Any) -> _ASMoutput:
        """Return ``output``, the log-probability of each target, and ``loss``, minus their mean.

        Parameters
        ----------
        input_ : Tensor of shape (N, in_features) or (in_features,)
        target_ : Tensor of int64, of shape (N,) or ()

        Raises
        ------
        RuntimeError
            If the shapes do not fit, or there is no such class.
        """
        batched = self._check(input_, target_)
        x = input_ if batched else input_.unsqueeze(0)
        target = target_ if batched else target_.unsqueeze(0)
        # The place in the head: the class itself, or its cluster's.
        clusters = np.searchsorted(self.cutoffs, target._array, side="right")
        places = np.where(clusters, self.shortlist_size + clusters - 1, target._array)
        scores = F.log_softmax(self.head(x), dim=1)
        output = scores.gather(1, wrap(places[:, None])).squeeze(1)
        for i in range(self.n_clusters):
            rows = np.flatnonzero(clusters == i + 1)
            if not rows.size:
                continue
            inner = F.log_softmax(self.tail[i](x[wrap(rows)]), dim=1)
            within = wrap(target._array[rows, None] - self.cutoffs[i])
            output = output.index_add(0, wrap(rows), inner.gather(1, within).squeeze(1))
        loss = red.mean(ew.negative(output), axis=None)
        return _ASMoutput(output if batched else output.squeeze(0), loss)

    def _check(self, input: Any, target: Any) -> bool:
        if target.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if input.ndim != target.ndim + 1:
            raise RuntimeError(
                f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found "
                f"inputs with size {tuple(input.shape)}"
            )
        if target.ndim and input.shape[0] != target.shape[0]:
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension, but are of "
                f"{tuple(input.shape)} and {tuple(target.shape)}"
            )
        array = target._array
        if array.size and not 0 <= array.min() <= array.max() < self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{array.min()}, {array.max()}] were found."
            )
        return bool(target.ndim)

    def log_prob(self, input: Any) -> Any:
        """Give the log-probabilities of all classes: (N, in_features) to (N, n_classes)."""
        scores = F.log_softmax(self.head(input), dim=1)
        parts = [scores[:, : self.shortlist_size]]
        for i in range(self.n_clusters):
            of_cluster = self.shortlist_size + i
            parts.append(
                F.log_softmax(self.tail[i](input), dim=1) + scores[:, of_cluster : of_cluster + 1]
            )
        return cat(parts, 1)

    def predict(self, input: Any) -> Any:
        """Give the most probable class of each sample: (N, in_features) to (N,)."""
        first = self.head(input).argmax(1)
        rare = first >= self.shortlist_size
        return ew.where(rare, self.log_prob(input).argmax(1), first)
