"""Random networks: what the exercises are about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.diagnosis.textbook_functions import ACTIVATIONS, COMMON, HIDDEN, LOSSES, softmax

Array = np.ndarray[Any, np.dtype[Any]]
Rng = np.random.Generator


@dataclass
class Network:
    """A network of 1 to 4 affine layers: its settings and its numbers.

    Attributes
    ----------
    convention : {"columns", "rows", "linear", "model"}
        ``W @ X + b``; ``X @ W + b``; ``X @ W.T + b`` with `F.linear`; or an `nn.Sequential`.
    sizes : list of int
        The widths, input first.
    activations : list of str
        Of each layer, the output's last (``softmax`` for classes).
    skips : dict
        ``{k: j}``: A_k = f(Z_k) + A_j.
    shared : dict
        ``{k: j}``: layer k uses the weight of layer j.
    penalty : float
        λ of the penalty λ/2 Σ W², 0 for none.
    absolute : bool
        Whether the penalty is λ Σ |W|.
    """

    convention: str
    sizes: list[int]
    m: int
    activations: list[str]
    loss: str
    biases: bool
    dtype: str
    penalty: float
    skips: dict[int, int]
    shared: dict[int, int]
    absolute: bool = False
    arrays: dict[str, Array] = field(default_factory=dict)

    @property
    def layers(self) -> int:
        return len(self.sizes) - 1

    @property
    def columns(self) -> bool:
        """Whether samples are columns."""
        return self.convention == "columns"

    @property
    def axis(self) -> int:
        """The axis of the features."""
        return 0 if self.columns else 1

    @property
    def factor(self) -> float:
        """What stands before the sum in the loss."""
        return LOSSES[self.loss].factor(self.m, self.sizes[-1])

    def owner(self, k: int) -> int:
        """The layer whose weight layer k uses."""
        return self.shared.get(k, k)

    @property
    def parameters(self) -> list[str]:
        names = [f"W{k}" for k in range(1, self.layers + 1) if k not in self.shared]
        if self.biases:
            names += [f"b{k}" for k in range(1, self.layers + 1)]
        return names

    def describe(self) -> str:
        words = [self.convention, "x".join(map(str, self.sizes)), f"m={self.m}"]
        words += [",".join(self.activations), self.loss, self.dtype]
        words += ["no biases"] * (not self.biases)
        words += [f"penalty {self.penalty}" + " Σ|W|" * self.absolute] * bool(self.penalty)
        extra = {"skips": self.skips, "shared": self.shared}
        words += [f"{name} {pairs}" for name, pairs in extra.items() if pairs]
        return " ".join(words)


def draw_network(rng: Rng, **wanted: Any) -> Network:
    """Draw a network.

    Parameters
    ----------
    wanted : keyword arguments
        ``layers`` (at least so many), ``square`` (equal widths), ``skip``, ``shared``, ``penalty``,
        ``biases``, ``several`` (samples), ``wide`` (up to 99 units), ``losses`` (to choose from).
    """
    layers = int(rng.integers(wanted.get("layers", 1), 5))
    loss = str(rng.choice(wanted.get("losses") or list(LOSSES)))
    output = LOSSES[loss].output or str(rng.choice(["identity", "identity", "sigmoid", "tanh"]))
    convention = str(rng.choice(["columns", "rows", "linear", "model"]))
    square = bool(wanted.get("square")) or rng.random() < 0.2
    width = int(rng.integers(2, 9))
    most = 100 if wanted.get("wide") else 9
    sizes = [width if square else int(rng.integers(2, most)) for _ in range(layers + 1)]
    least = 2 if output == "softmax" else 1
    if not square or rng.random() < 0.5:
        sizes[-1] = int(rng.integers(least, 6))
    pool = HIDDEN if rng.random() < 0.4 else COMMON
    same = rng.random() < 0.5
    first = str(rng.choice(pool))
    activations = [first if same else str(rng.choice(pool)) for _ in range(layers - 1)] + [output]
    skips, shared = {}, {}
    if wanted.get("skip") or rng.random() < 0.1:
        pairs = [(k, j) for k in range(2, layers) for j in range(1, k) if sizes[k] == sizes[j]]
        if pairs:
            k, j = pairs[rng.integers(len(pairs))]
            skips[k] = j
    if wanted.get("shared"):
        shape = lambda k: (sizes[k - 1], sizes[k])
        pairs = [(k, j) for k in range(2, layers + 1) for j in range(1, k) if shape(k) == shape(j)]
        if pairs:
            k, j = pairs[rng.integers(len(pairs))]
            shared[k] = j
    if skips or shared:
        convention = str(rng.choice(["columns", "rows", "linear"]))
    penalty = 0.0
    if wanted.get("penalty") or rng.random() < 0.1:
        penalty = float(rng.choice([0.01, 0.1, 0.5, 1.0]))
    network = Network(
        convention, sizes, _batch(rng, wanted), activations, loss,
        bool(wanted.get("biases")) or rng.random() < 0.8, str(rng.choice(["float32", "float64"])),
        penalty, skips, shared, bool(penalty and rng.random() < 0.2),
    )  # fmt: skip
    _fill(network, rng)
    return network


def _batch(rng: Rng, wanted: dict[str, Any]) -> int:
    if wanted.get("several"):
        return int(rng.integers(2, 65))
    return 1 if rng.random() < 0.06 else int(rng.choice([rng.integers(2, 9), rng.integers(2, 65)]))


def _fill(network: Network, rng: Rng) -> None:
    """Draw the arrays: parameters, inputs, targets of the loss's kind."""
    sizes, m, dtype = network.sizes, network.m, network.dtype
    gain = rng.choice([0.7, 1.0, 1.5])
    for k in range(1, network.layers + 1):
        if k not in network.shared:
            W = rng.normal(size=(sizes[k], sizes[k - 1])) * gain / np.sqrt(sizes[k - 1])
            network.arrays[f"W{k}"] = W.T if network.convention == "rows" else W
        if network.biases:
            shape = (sizes[k], 1) if network.columns else (sizes[k],)
            network.arrays[f"b{k}"] = rng.normal(size=shape) * 0.3
    X = rng.normal(size=(m, sizes[0]))
    output = network.activations[-1]
    if output == "softmax":
        Y = np.eye(sizes[-1])[rng.integers(0, sizes[-1], m)]
    elif network.loss.startswith("bce"):
        Y = rng.integers(0, 2, (m, sizes[-1])).astype(float)
    elif output == "sigmoid":
        Y = rng.random((m, sizes[-1]))
    else:
        Y = rng.normal(size=(m, sizes[-1]))
    network.arrays["X"], network.arrays["Y"] = (X.T, Y.T) if network.columns else (X, Y)
    for name, array in network.arrays.items():
        network.arrays[name] = np.ascontiguousarray(array, dtype=dtype)


def forward(network: Network, dtype: Any) -> dict[str, Array]:
    """Compute the forward pass by hand: Z_k, H_k = f(Z_k), A_k (with what a skip adds)."""
    v = {name: array.astype(dtype) for name, array in network.arrays.items()}
    v["A0"] = v["X"]
    for k in range(1, network.layers + 1):
        W, A = v[f"W{network.owner(k)}"], v[f"A{k - 1}"]
        if network.columns:
            Z = W @ A
        else:
            Z = A @ (W if network.convention == "rows" else W.T)
        if network.biases:
            Z = Z + v[f"b{k}"]
        name = network.activations[k - 1]
        H = softmax(Z, network.axis) if name == "softmax" else ACTIVATIONS[name].f(Z)
        v[f"Z{k}"], v[f"H{k}"] = Z, H
        v[f"A{k}"] = H + v[f"A{network.skips[k]}"] if k in network.skips else H
    return v
