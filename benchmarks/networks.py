"""The larger networks of the benchmarks, written once for any library with PyTorch's names.

``build(m)`` makes a model of the library ``m``; ``data()`` draws a batch; ``loss(m, model, x, y)``
is what is differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Build = Callable[[Any], Any]
Data = Callable[[], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Network:
    """A model, its batch size, how to build it and what to feed it."""

    name: str
    batch: int
    build: Build
    data: Data


def _loss(m: Any, model: Any, x: Any, y: Any) -> Any:
    scores = model(x)
    return m.nn.functional.cross_entropy(scores.reshape(-1, scores.shape[-1]), y.reshape(-1))


def step(m: Any, network: Network) -> tuple[Any, Callable[[], None]]:
    """Make the model, and a function that runs it forward and backward on one batch."""
    m.manual_seed(0)
    model = network.build(m)
    x, y = (m.tensor(array) for array in network.data())
    parameters = list(model.parameters())

    def run() -> None:
        for p in parameters:
            p.grad = None
        _loss(m, model, x, y).backward()

    return model, run


def _images(n: int) -> Data:
    def draw() -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(1)
        images = rng.standard_normal((n, 1, 28, 28)).astype(np.float32)
        return images, rng.integers(0, 10, n)

    return draw


def _rows() -> tuple[np.ndarray, np.ndarray]:
    images, labels = _images(64)()
    return images[:, 0], labels


def _characters() -> tuple[np.ndarray, np.ndarray]:
    text = np.random.default_rng(1).integers(0, 65, (12, 65))
    return text[:, :-1].copy(), text[:, 1:].copy()


def lenet(m: Any) -> Any:
    """LeNet-5 with ReLU and max pooling, for 28 × 28 images."""
    nn = m.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def mnist_cnn(m: Any) -> Any:
    """The layers of the MNIST script in pytorch/examples: two convolutions, 1.2 M parameters."""
    nn = m.nn
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10), nn.LogSoftmax(dim=1),
    )  # fmt: skip


def lstm(m: Any) -> Any:
    """An LSTM that reads an image row by row, and classifies by its last state."""
    nn = m.nn

    class Rows(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.head = nn.LSTM(28, 128, batch_first=True), nn.Linear(128, 10)

        def forward(self, x: Any) -> Any:
            return self.head(self.lstm(x)[0][:, -1])

    return Rows()


def gpt(m: Any, layers: int = 4, width: int = 128, heads: int = 4, context: int = 64) -> Any:
    """A character model in the manner of GPT-2: pre-norm blocks of attention and a GELU MLP."""
    nn, F = m.nn, m.nn.functional

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(
                nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
            )

        def attention(self, x: Any) -> Any:
            n, t, _ = x.shape
            parts = self.qkv(x).split(width, dim=2)
            q, k, v = (p.view(n, t, heads, width // heads).transpose(1, 2) for p in parts)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.project(mixed.transpose(1, 2).contiguous().view(n, t, width))

        def forward(self, x: Any) -> Any:
            x = x + self.attention(self.norm1(x))
            return x + self.mlp(self.norm2(x))

    class GPT(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = nn.Embedding(65, width), nn.Embedding(context, width)
            self.blocks = nn.Sequential(*[Block() for _ in range(layers)])
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 65, bias=False)

        def forward(self, ids: Any) -> Any:
            x = self.tokens(ids) + self.places(m.arange(ids.shape[1]))
            return self.head(self.norm(self.blocks(x)))

    return GPT()


NETWORKS = [
    Network("LeNet", 64, lenet, _images(64)),
    Network("MNIST CNN", 64, mnist_cnn, _images(64)),
    Network("LSTM 28x28-128", 64, lstm, _rows),
    Network("GPT 4 x 128", 12, gpt, _characters),
]
