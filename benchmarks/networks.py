"""The networks of the benchmarks, written once for any library with PyTorch's names.

What knows only functions of arrays finds the same networks in `functional`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Data = Callable[[], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Network:
    """A model, its batch size, how to build it and what to feed it.

    `build` takes a library and whether to drop out. `kind` names the network in `functional`;
    `sizes` are those of a multi-layer perceptron.
    """

    name: str
    batch: int
    kind: str
    build: Callable[[Any, bool], Any]
    data: Data
    sizes: tuple[int, ...] = ()

    @property
    def drops_out(self) -> bool:
        """Whether its training step is random."""
        return self.kind == "cnn"

    def initial(self) -> dict[str, np.ndarray]:
        """Return the parameters that every contender begins with, by name."""
        import tinygrad_bp as tgb

        tgb.manual_seed(0)
        model = self.build(tgb, False)
        return {name: p.detach().clone().numpy().copy() for name, p in model.named_parameters()}

    def loss(self, m: Any) -> Callable[[Any, Any, Any], Any]:
        """Return the function of model, batch and targets that is differentiated."""
        nn = m.nn
        if self.kind == "gpt":

            def characters(model: Any, x: Any, y: Any) -> Any:
                scores = model(x)
                return nn.functional.cross_entropy(
                    scores.reshape(-1, scores.shape[-1]), y.reshape(-1)
                )

            return characters
        if self.kind == "mlp" and self.sizes[-1] == 1:
            criterion = nn.MSELoss()
        else:
            criterion = nn.NLLLoss() if self.kind == "cnn" else nn.CrossEntropyLoss()
        return lambda model, x, y: criterion(model(x), y)


def mlp(*sizes: int, batch: int) -> Network:
    """Linear layers with ReLU between them: a regression on one output, or a classifier."""

    def build(m: Any, dropout: bool) -> Any:
        layers: list[Any] = []
        for n_in, n_out in itertools.pairwise(sizes):
            layers += [m.nn.Linear(n_in, n_out), m.nn.ReLU()]
        return m.nn.Sequential(*layers[:-1])

    def data() -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(1)
        X = rng.standard_normal((batch, sizes[0])).astype(np.float32)
        if sizes[-1] == 1:
            return X, rng.standard_normal((batch, 1)).astype(np.float32)
        return X, rng.integers(0, sizes[-1], batch)

    return Network("-".join(map(str, sizes)), batch, "mlp", build, data, sizes)


def _images(n: int) -> Data:
    def draw() -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(1)
        images = rng.standard_normal((n, 1, 28, 28)).astype(np.float32)
        return images, rng.integers(0, 10, n)

    return draw


def _rows(n: int) -> Data:
    def draw() -> tuple[np.ndarray, np.ndarray]:
        images, labels = _images(n)()
        return images[:, 0], labels

    return draw


def _characters(n: int, context: int) -> Data:
    def draw() -> tuple[np.ndarray, np.ndarray]:
        text = np.random.default_rng(1).integers(0, 65, (n, context + 1))
        return text[:, :-1].copy(), text[:, 1:].copy()

    return draw


def _lenet(m: Any, dropout: bool) -> Any:
    nn = m.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def _mnist_cnn(m: Any, dropout: bool) -> Any:
    nn = m.nn
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25 if dropout else 0.0), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(),
        nn.Dropout(0.5 if dropout else 0.0), nn.Linear(128, 10), nn.LogSoftmax(dim=1),
    )  # fmt: skip


def _lstm(m: Any, dropout: bool) -> Any:
    nn = m.nn

    class Rows(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.head = nn.LSTM(28, 128, batch_first=True), nn.Linear(128, 10)

        def forward(self, x: Any) -> Any:
            return self.head(self.lstm(x)[0][:, -1])

    return Rows()


def _gpt(layers: int, width: int, heads: int, context: int) -> Callable[[Any, bool], Any]:
    def build(m: Any, dropout: bool) -> Any:
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

    return build


def lenet(batch: int = 64) -> Network:
    """LeNet-5 with ReLU and max pooling, for 28 × 28 images."""
    return Network("LeNet", batch, "lenet", _lenet, _images(batch))


def mnist_cnn(batch: int = 64) -> Network:
    """The network of the MNIST script in pytorch/examples: two convolutions, 1.2 M parameters."""
    return Network("MNIST CNN", batch, "cnn", _mnist_cnn, _images(batch))


def lstm(batch: int = 64) -> Network:
    """An LSTM that reads an image row by row, and classifies by its last state."""
    return Network("LSTM 28x28-128", batch, "lstm", _lstm, _rows(batch))


def gpt(batch: int = 12, layers: int = 4, width: int = 128, context: int = 64) -> Network:
    """A character model in the manner of GPT-2: pre-norm blocks of attention and a GELU MLP."""
    build = _gpt(layers, width, 4, context)
    return Network(f"GPT {layers} x {width}", batch, "gpt", build, _characters(batch, context))


SMALL_MLPS = [
    mlp(2, 16, 16, 1, batch=100),
    mlp(784, 128, 10, batch=64),
    mlp(784, 256, 128, 10, batch=64),
]
MLPS = [*SMALL_MLPS, mlp(784, 1024, 1024, 10, batch=256)]
LARGER = [lenet(), mnist_cnn(), lstm(), gpt()]
NETWORKS = [*MLPS, *LARGER]
