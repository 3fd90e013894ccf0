"""Epochs of mini-batches with autograd's gradients, each followed by the comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_bp as tgb

from ..textbook import TwoLayerSoftmax, mini_batch
from .gradients import Comparison, compare
from .network import Array, Network, tensors
from .settings import Settings
from .sources import Columns

#: Samples that go through the network at once where nothing is learnt: bounds the memory.
CHUNK = 5000


@dataclass(frozen=True)
class Epoch:
    """What was measured after an epoch; number 0 is before the first update.

    Attributes
    ----------
    number : int
    loss : float
        On all training samples: nats, mean.
    train_accuracy, test_accuracy : float
        Share of the samples whose likeliest class is the label, 0 to 1.
    comparisons : dict of str to Comparison
        Of the six gradients.
    weights : dict of str to array
        Copies of the parameters at that time.
    """

    number: int
    loss: float
    train_accuracy: float
    test_accuracy: float
    comparisons: dict[str, Comparison]
    weights: dict[str, Array]

    @property
    def worst(self) -> str:
        """The name of the gradient with the largest difference."""
        return max(self.comparisons, key=lambda name: _nan_last(self.comparisons[name].difference))

    @property
    def difference(self) -> float:
        """The largest difference of all six."""
        return self.comparisons[self.worst].difference

    @property
    def agrees(self) -> bool:
        """Whether all six agree."""
        return all(comparison.agrees for comparison in self.comparisons.values())

    @property
    def finite(self) -> bool:
        """Whether the training has not diverged."""
        return math.isfinite(self.loss)

    def record(self) -> dict[str, Any]:
        """Return the numbers as JSON holds them: a number that is not finite becomes null."""
        return {
            "epoch": self.number,
            "loss": _json_number(self.loss),
            "train_accuracy": self.train_accuracy,
            "test_accuracy": self.test_accuracy,
            "largest_gradient_difference": _json_number(self.difference),
            "gradient_differences": {
                name: _json_number(comparison.difference)
                for name, comparison in self.comparisons.items()
            },
        }


def updates(settings: Settings, data: Columns) -> int:
    """Return how many updates a whole run makes."""
    return settings.epochs * math.ceil(len(data.y_train) / settings.batch_size)


def check_batch(data: Columns) -> tuple[Array, Array]:
    """Return the samples that gradients are compared on: the first 5000 of training, or all."""
    return data.X_train[:, :CHUNK], data.y_train[:CHUNK]


def train(
    settings: Settings, data: Columns, after_update: Callable[[], object] = lambda: None
) -> Iterator[Epoch]:
    """Train the notes' network; yield what was measured before the first and after each epoch.

    Parameters
    ----------
    settings : Settings
    data : Columns
    after_update : function, optional
        Called after each update, for a progress bar.

    Yields
    ------
    Epoch
        It ends early after one that is not `finite`.

    Examples
    --------
    >>> from tinygrad_bp.demo.sources import load
    >>> *_, last = train(Settings.of(data="digits", epochs=2), load("digits"))
    >>> last.number, last.test_accuracy > 0.9, last.agrees
    (2, True, True)
    """
    rng = np.random.default_rng(settings.seed)
    start = TwoLayerSoftmax.from_sizes(len(data.X_train), settings.hidden, 10, rng=rng)
    network = Network(start.W1, start.b1, start.W2, start.b2)
    descent = {"sgd": tgb.optim.SGD, "adam": tgb.optim.Adam}[settings.optimizer]
    optimizer = descent(network.parameters(), lr=settings.lr)
    yield _measure(0, network, data)
    for number in range(1, settings.epochs + 1):
        for batch in mini_batch(len(data.y_train), settings.batch_size, rng):
            X, labels = tensors(data.X_train[:, batch], data.y_train[batch])
            loss = network.loss(network.forward(X).Z2, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            after_update()
        epoch = _measure(number, network, data)
        yield epoch
        if not epoch.finite:
            return


def predict(weights: dict[str, Array], X: Array) -> Array:
    """Return the probabilities (c, m) that a network with these weights gives to the samples X."""
    network = Network(**weights)
    with tgb.no_grad():
        return np.asarray(tgb.softmax(network.forward(tgb.tensor(X)).Z2, 0).numpy())


def _measure(number: int, network: Network, data: Columns) -> Epoch:
    loss, train_accuracy = _evaluate(network, data.X_train, data.y_train)
    _, test_accuracy = _evaluate(network, data.X_test, data.y_test)
    return Epoch(
        number,
        loss,
        train_accuracy,
        test_accuracy,
        compare(network, *check_batch(data)),
        network.weights(),
    )


def _evaluate(network: Network, X: Array, labels: Array) -> tuple[float, float]:
    """Return the mean loss and the accuracy."""
    loss, right, m = 0.0, 0, len(labels)
    with tgb.no_grad():
        for start in range(0, m, CHUNK):
            part = slice(start, start + CHUNK)
            inputs, targets = tensors(X[:, part], labels[part])
            Z2 = network.forward(inputs).Z2
            loss += network.loss(Z2, targets).item() * len(targets)
            right += int((Z2.numpy().argmax(axis=0) == labels[part]).sum())
    return loss / m, right / m


def _nan_last(value: float) -> float:
    return math.inf if math.isnan(value) else value


def _json_number(value: float) -> float | None:
    return value if math.isfinite(value) else None
