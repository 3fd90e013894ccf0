"""What is measured besides the loss: sums over batches, from which a number is made at the end.

A metric sees every batch once and keeps only counts and sums (the area under the ROC curve keeps
the scores), so that its value is that of all examples together, however they were divided.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

__all__ = [
    "AUC", "F1", "METRICS", "R2", "Accuracy", "BitsPerCharacter", "ConfusionMatrix",
    "MeanAbsoluteError", "MeanSquaredError", "Metric", "Perplexity", "Precision", "Recall",
    "metric_of",
]  # fmt: skip

Array = np.ndarray[Any, Any]


class Metric:
    """Base of the metrics.

    A subclass sets `name`, begins its sums in :meth:`reset` (as attributes that are numbers or
    arrays), adds a batch in :meth:`update` and gives the value in :meth:`compute`.

    Attributes
    ----------
    name : str
        How its column is called.
    higher_is_better : bool
    task : str
        "classification" or "regression", if it is for one of them alone.
    """

    name = ""
    higher_is_better = True
    task = ""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        raise NotImplementedError(f"{type(self).__name__} has to define reset()")

    def update(self, output: Array, target: Array) -> None:
        """Add a batch: what the model gave, and what was right."""
        raise NotImplementedError(f"{type(self).__name__} has to define update()")

    def compute(self) -> float:
        """Return the value over all that was added; NaN before anything was."""
        raise NotImplementedError(f"{type(self).__name__} has to define compute()")

    def state_dict(self) -> dict[str, Any]:
        """Return the sums, for a checkpoint."""
        return copy.deepcopy(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with sums from a checkpoint."""
        vars(self).update(copy.deepcopy(state))


def predicted(output: Array) -> Array:
    """Return the likeliest class: of logits (m, k), or of one logit (m,) or (m, 1) for class 1."""
    if output.ndim > 1 and output.shape[1] > 1:
        return np.asarray(output.argmax(1)).reshape(-1)
    return (output.reshape(-1) > 0).astype(np.int64)


def labels_of(output: Array, target: Array) -> Array:
    """Return labels, (m,): of targets that are shares of the classes, as MixUp gives, the largest.

    >>> labels_of(np.zeros((1, 3)), np.array([[0.2, 0.8, 0.0]]))
    array([1])
    """
    shares = target.dtype.kind == "f" and target.ndim > 1 and target.shape == output.shape
    if shares and target.shape[1] > 1:
        target = target.argmax(1)
    return target.reshape(-1).astype(np.int64)


class ConfusionMatrix(Metric):
    """How often class i was taken for class j: ``matrix[i, j]``. Its number is the accuracy.

    Examples
    --------
    >>> m = ConfusionMatrix()
    >>> m.update(np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]]), np.array([0, 1, 1]))
    >>> m.matrix.tolist(), round(m.compute(), 3)
    ([[1, 0], [1, 1]], 0.667)
    """

    name = "accuracy"
    task = "classification"

    def reset(self) -> None:
        """Begin anew."""
        self.matrix = np.zeros((0, 0), np.int64)

    def update(self, output: Array, target: Array) -> None:
        """Add a batch."""
        right, taken = labels_of(output, target), predicted(output)
        counted = right >= 0  # −100 marks what does not count
        right, taken = right[counted], taken[counted]
        width = output.shape[1] if output.ndim > 1 and output.shape[1] > 1 else 2
        k = max(width, len(self.matrix), int(right.max(initial=0)) + 1)
        if k > len(self.matrix):
            self.matrix = np.pad(self.matrix, (0, k - len(self.matrix)))
        self.matrix += np.bincount(right * k + taken, minlength=k * k).reshape(k, k)

    def compute(self) -> float:
        """Return the share of the examples that were taken for what they are."""
        return _share(np.trace(self.matrix), self.matrix.sum())

    def of_class(self, share: Any) -> float:
        """Return the mean of a number of each class: of two classes, that of class 1."""
        if len(self.matrix) == 2:
            return float(share[1])
        there = (self.matrix.sum(0) + self.matrix.sum(1)) > 0
        return float(share[there].mean()) if there.any() else math.nan


class Accuracy(ConfusionMatrix):
    """The share of the examples whose likeliest class is the label, 0 to 1."""


class Precision(ConfusionMatrix):
    """Of what was taken for a class, the share that is of it; the mean over classes (macro).

    Of two classes, that of class 1. 0 for a class that nothing was taken for.
    """

    name = "precision"

    def compute(self) -> float:
        """Return the value."""
        return self.of_class(_shares(self.matrix.diagonal(), self.matrix.sum(0)))


class Recall(ConfusionMatrix):
    """Of what is of a class, the share that was taken for it; the mean over classes (macro)."""

    name = "recall"

    def compute(self) -> float:
        """Return the value."""
        return self.of_class(_shares(self.matrix.diagonal(), self.matrix.sum(1)))


class F1(ConfusionMatrix):
    """The harmonic mean of precision and recall, 2 P R / (P + R); the mean over classes (macro)."""

    name = "f1"

    def compute(self) -> float:
        """Return the value."""
        both = self.matrix.sum(0) + self.matrix.sum(1)
        return self.of_class(_shares(2 * self.matrix.diagonal(), both))


class AUC(Metric):
    """The area under the ROC curve: how often an example of class 1 scores above one of class 0.

    Ties count half. Of more than two classes, the mean over one against the rest, by the logits.

    Examples
    --------
    >>> auc = AUC()
    >>> auc.update(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
    >>> auc.compute()
    0.75
    """

    name = "auc"
    task = "classification"

    def reset(self) -> None:
        """Begin anew."""
        self.scores: list[Array] = []
        self.labels: list[Array] = []

    def update(self, output: Array, target: Array) -> None:
        """Add a batch."""
        scores = output.reshape(len(output), -1)
        if scores.shape[1] == 2:
            scores = scores[:, 1:] - scores[:, :1]
        elif scores.shape[1] > 2:  # comparable between examples: log-probabilities
            top = scores.max(1, keepdims=True)
            scores = scores - top - np.log(np.exp(scores - top).sum(1, keepdims=True))
        self.scores.append(np.array(scores))
        self.labels.append(labels_of(output, target))

    def compute(self) -> float:
        """Return the value; NaN if there are not both kinds of examples."""
        if not self.scores:
            return math.nan
        scores, labels = np.concatenate(self.scores), np.concatenate(self.labels)
        if scores.shape[1] == 1:
            return _area(scores[:, 0], labels == 1)
        areas = [_area(scores[:, c], labels == c) for c in range(scores.shape[1])]
        return float(np.nanmean(areas)) if not np.isnan(areas).all() else math.nan


class _Sums(Metric):
    def reset(self) -> None:
        """Begin anew."""
        self.count, self.total = 0, 0.0

    def compute(self) -> float:
        """Return the mean."""
        return self.total / self.count if self.count else math.nan


class MeanSquaredError(_Sums):
    """The mean of (y − ŷ)², in the square of the target's unit."""

    name = "mse"
    higher_is_better = False
    task = "regression"

    def update(self, output: Array, target: Array) -> None:
        """Add a batch."""
        difference = output.reshape(-1).astype(np.float64) - target.reshape(-1)
        self.total += float(difference @ difference)
        self.count += len(difference)


class MeanAbsoluteError(_Sums):
    """The mean of |y − ŷ|, in the target's unit."""

    name = "mae"
    higher_is_better = False
    task = "regression"

    def update(self, output: Array, target: Array) -> None:
        """Add a batch."""
        difference = output.reshape(-1).astype(np.float64) - target.reshape(-1)
        self.total += float(np.abs(difference).sum())
        self.count += len(difference)


class R2(Metric):
    """The share of the variance that is explained: ``1 − Σ (y − ŷ)² / Σ (y − ȳ)²``.

    1 is perfect, 0 as good as the mean. Of several targets, the mean over them.
    """

    name = "r2"
    task = "regression"

    def reset(self) -> None:
        """Begin anew."""
        self.count = 0
        self.mean = self.spread = self.residual = np.zeros(1)

    def update(self, output: Array, target: Array) -> None:
        """Add a batch; means and spreads are merged as by Chan, Golub and LeVeque (1979)."""
        y = target.reshape(len(target), -1).astype(np.float64)
        m, mean = len(y), y.mean(0)
        spread = ((y - mean) ** 2).sum(0)
        shift, n = mean - self.mean, self.count + m
        self.spread = self.spread + spread + shift**2 * (self.count * m / n)
        self.mean, self.count = self.mean + shift * (m / n), n
        self.residual = self.residual + ((y - output.reshape(y.shape)) ** 2).sum(0)

    def compute(self) -> float:
        """Return the value; NaN where the targets are all the same."""
        if self.count < 2 or not self.spread.all():
            return math.nan
        return float((1 - self.residual / self.spread).mean())


class _CrossEntropy(_Sums):
    higher_is_better = False
    task = "classification"

    def update(self, output: Array, target: Array) -> None:
        """Add a batch of logits (m, k) or (m, k, ...) and labels."""
        logits = np.moveaxis(output, 1, -1).reshape(-1, output.shape[1]).astype(np.float64)
        labels = labels_of(output, target)
        counted = labels >= 0
        logits, labels = logits[counted], labels[counted]
        top = logits.max(1)
        log_sum = top + np.log(np.exp(logits - top[:, None]).sum(1))
        self.total += float((log_sum - logits[np.arange(len(labels)), labels]).sum())
        self.count += len(labels)


class Perplexity(_CrossEntropy):
    """``exp`` of the mean cross-entropy in nats: as uncertain as between so many equal choices."""

    name = "perplexity"

    def compute(self) -> float:
        """Return the value."""
        with np.errstate(over="ignore"):
            return float(np.exp(super().compute()))


class BitsPerCharacter(_CrossEntropy):
    """The mean cross-entropy in bits: what each character of a text takes to be written down.

    Of a model that scores the next character, (m, k) or (m, k, T). It is log2 of the perplexity.

    Examples
    --------
    >>> bits = BitsPerCharacter()
    >>> bits.update(np.zeros((2, 8)), np.array([3, 5]))  # 8 characters, all as likely
    >>> bits.compute()
    3.0
    """

    name = "bpc"

    def compute(self) -> float:
        """Return the value."""
        return super().compute() / math.log(2)


#: name -> class
METRICS: dict[str, type[Metric]] = {
    kind.name: kind
    for kind in (Accuracy, Precision, Recall, F1, AUC, MeanSquaredError, MeanAbsoluteError, R2,
                 Perplexity, BitsPerCharacter)
}  # fmt: skip


def metric_of(given: Any) -> Metric:
    """Return the metric of a name, a class or a metric.

    Raises
    ------
    ValueError, TypeError
        If there is none.
    """
    if isinstance(given, str):
        if given not in METRICS:
            raise ValueError(f"no metric {given!r}: there are {', '.join(METRICS)}")
        return METRICS[given]()
    if isinstance(given, type) and issubclass(given, Metric):
        return given()
    if not isinstance(given, Metric):
        raise TypeError(f"a metric is a name or a Metric; not a {type(given).__name__}")
    return given


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else math.nan


def _shares(parts: Array, wholes: Array) -> Array:
    return np.divide(parts, wholes, out=np.zeros(len(parts)), where=wholes > 0)


def _area(scores: Array, positive: Array) -> float:
    """Return the area by the ranks (Mann and Whitney, 1947); ties have their mean rank."""
    m, n = int(positive.sum()), int((~positive).sum())
    if not m or not n:
        return math.nan
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - m * (m + 1) / 2) / (m * n))
