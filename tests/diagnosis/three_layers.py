"""A network of three square layers, and its backward pass by hand, to be bent line by line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_bp as tgb

Array = np.ndarray[Any, np.dtype[Any]]
Lines = dict[str, Callable[[dict[str, Array]], Any]]

#: The backward pass for samples in columns: tanh, sigmoid, then softmax with cross-entropy.
RIGHT: Lines = {
    "dZ3": lambda v: (v["A3"] - v["Y"]) / v["m"],
    "dW3": lambda v: v["dZ3"] @ v["A2"].T,
    "db3": lambda v: v["dZ3"].sum(axis=1, keepdims=True),
    "dA2": lambda v: v["W3"].T @ v["dZ3"],
    "dZ2": lambda v: v["dA2"] * v["A2"] * (1 - v["A2"]),
    "dW2": lambda v: v["dZ2"] @ v["A1"].T,
    "db2": lambda v: v["dZ2"].sum(axis=1, keepdims=True),
    "dA1": lambda v: v["W2"].T @ v["dZ2"],
    "dZ1": lambda v: v["dA1"] * (1 - v["A1"] ** 2),
    "dW1": lambda v: v["dZ1"] @ v["X"].T,
    "db1": lambda v: v["dZ1"].sum(axis=1, keepdims=True),
}
PARAMETERS = ("W3", "b3", "W2", "b2", "W1", "b1")


class ThreeLayers:
    """The network, recorded, with the values of the forward pass in `v`."""

    def __init__(self, dtype: str = "float64", m: int = 7, seed: int = 0, penalty: float = 0.0):
        rng = np.random.default_rng(seed)
        arrays = {"X": rng.normal(size=(4, m)), "Y": np.eye(4)[:, rng.integers(0, 4, m)]}
        for k in (1, 2, 3):
            arrays |= {f"W{k}": rng.normal(size=(4, 4)), f"b{k}": rng.normal(size=(4, 1))}
        self.v: dict[str, Any] = {name: a.astype(dtype) for name, a in arrays.items()}
        self.t = {name: tgb.tensor(a, requires_grad=name[0] in "Wb") for name, a in self.v.items()}
        t = self.t
        t["Z1"] = t["W1"] @ t["X"] + t["b1"]
        t["A1"] = tgb.tanh(t["Z1"])
        t["Z2"] = t["W2"] @ t["A1"] + t["b2"]
        t["A2"] = tgb.sigmoid(t["Z2"])
        t["Z3"] = t["W3"] @ t["A2"] + t["b3"]
        E = tgb.exp(t["Z3"])
        t["A3"] = E / E.sum(dim=0, keepdim=True)
        self.loss = -(t["Y"] * tgb.log(t["A3"])).sum() / m
        if penalty:
            self.loss = self.loss + penalty * sum((t[f"W{k}"] ** 2).sum() for k in (1, 2, 3))
        for name in ("Z1", "A1", "Z2", "A2", "Z3", "A3"):
            self.v[name] = t[name].detach().numpy().copy()
        self.v["m"] = m

    def student(self, **instead: Any) -> dict[str, Array]:
        """Run the backward pass by hand, with some lines written differently."""
        v = dict(self.v)
        for name, line in {**RIGHT, **instead}.items():
            v[name] = np.asarray(line(v))
        return {name: v[name] for name in RIGHT}

    def diagnose(self, keys: Any = PARAMETERS, **instead: Any) -> Any:
        """Diagnose a bent backward pass, of which some gradients are handed in."""
        from tinygrad_bp.diagnosis import diagnose

        hand = self.student(**instead)
        return diagnose(self.loss, {k: hand[f"d{k}"] for k in keys}, names=self.t)
