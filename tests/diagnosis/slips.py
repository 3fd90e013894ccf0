"""Every hypothesis as the lines that a student writes for it: which, where, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from zlib import crc32

import numpy as np

from tests.diagnosis.networks import Network
from tests.diagnosis.student import Slip, Student
from tests.diagnosis.textbook_functions import ACTIVATIONS, COMMON, LOSSES

#: A mistake: mostly one slip; `updated-weight-used` in a loop is one at every layer.
Mistake = tuple[Slip, ...]


def _affine(network: Network) -> Iterator[int]:
    """Yield the layers with a weight of their own that nobody shares."""
    used = {*network.shared, *network.shared.values()}
    yield from (k for k in range(1, network.layers + 1) if k not in used)


def _factors(network: Network) -> dict[str, float]:
    m, n = network.m, network.sizes[-1]
    found = {"m": m, "1/m": 1 / m, "2": 2, "1/2": 0.5, "n": n, "1/n": 1 / n, "m n": m * n}
    return {words: f for words, f in found.items() if f != 1}


def scale(network: Network) -> Iterator[Mistake]:
    places = [f"dZ{network.layers}"] * 2 + [f"d{name}" for name in network.parameters]
    places += [f"dZ{k}" for k in range(1, network.layers)]
    for at in places:
        odd = float(crc32(at.encode()) % 19 + 3) / 10  # between 0.3 and 2.1, another at each place
        for words, factor in {**_factors(network), f"{odd}": odd}.items():
            yield (Slip("scale", at, f"times {words}", lambda s, x, f=factor: x * x.dtype.type(f)),)


def sign(network: Network) -> Iterator[Mistake]:
    places = [f"d{name}" for name in network.parameters]
    places += [f"dZ{k}" for k in range(1, network.layers + 1)]
    places += [f"dA{k}" for k in range(1, network.layers)]
    for at in places:
        yield (Slip("sign", at, "minus", lambda s, x: -x),)


def transposed(network: Network) -> Iterator[Mistake]:
    for name in network.parameters:
        if len(network.arrays[name].shape) == 2:
            yield (Slip("transposed", f"d{name}", "its transpose", lambda s, x: x.T),)


def missing_activation_derivative(network: Network) -> Iterator[Mistake]:
    last = network.layers
    kind = "missing-activation-derivative"
    for k in range(1, last):
        yield (Slip(kind, f"dZ{k}", "dZ = dA", lambda s, x, k=k: s.g[f"dA{k}"]),)
    if not LOSSES[network.loss].by_z:
        error = LOSSES[network.loss].error
        yield (
            Slip(kind, f"dZ{last}", "no slope of the output",
                 lambda s, x: s.early * error(s.v[f"A{last}"], s.v["Y"])),
        )  # fmt: skip


def _with_slope(kind: str, network: Network, k: int, words: str,
                slope: Callable[[Student], Any]) -> Mistake:  # fmt: skip
    """dZ_k with another slope in place of f′(Z_k)."""
    if k < network.layers:
        return (Slip(kind, f"dZ{k}", words, lambda s, x: s.g[f"dA{k}"] * slope(s)),)
    error = LOSSES[network.loss].error
    return (
        Slip(kind, f"dZ{k}", words,
             lambda s, x: s.early * error(s.v[f"A{k}"], s.v["Y"]) * slope(s)),
    )  # fmt: skip


def _sloped(network: Network) -> Iterator[int]:
    """Yield the layers whose dZ has a slope of its own."""
    yield from range(1, network.layers + (not LOSSES[network.loss].by_z))


def activation_derivative_at_output(network: Network) -> Iterator[Mistake]:
    for k in _sloped(network):
        yield _with_slope("activation-derivative-at-output", network, k, "f'(A)",
                          lambda s, k=k: s.slope(k, at=f"H{k}"))  # fmt: skip


def wrong_activation_derivative(network: Network) -> Iterator[Mistake]:
    kind = "wrong-activation-derivative"
    for k in _sloped(network):
        right = network.activations[k - 1]
        if right == "identity":
            continue
        for other in COMMON:
            if other == right:
                continue
            yield _with_slope(kind, network, k, f"{other}'s at Z",
                              lambda s, k=k, other=other: s.slope(k, other))  # fmt: skip
            by_output = ACTIVATIONS[other].from_output
            if by_output is not None:
                yield _with_slope(kind, network, k, f"{other}'s, from the output",
                                  lambda s, k=k, f=by_output: f(s.v[f"H{k}"]))  # fmt: skip


def bias_not_summed(network: Network) -> Iterator[Mistake]:
    if network.biases:
        for k in range(1, network.layers + 1):
            yield (Slip("bias-not-summed", f"db{k}", "db = dZ",
                        lambda s, x, k=k: s.late * s.g[f"dZ{k}"]),)  # fmt: skip


def summed_over_wrong_axis(network: Network) -> Iterator[Mistake]:
    kind = "summed-over-wrong-axis"
    if not network.biases:
        return
    for k in range(1, network.layers + 1):
        for keep in (False, True):
            yield (Slip(kind, f"db{k}", "over the features",
                        lambda s, x, k=k, keep=keep: s.late * s.g[f"dZ{k}"].sum(
                            axis=network.axis, keepdims=keep)),)  # fmt: skip
        yield (Slip(kind, f"db{k}", "over everything",
                    lambda s, x, k=k: s.late * s.g[f"dZ{k}"].sum()),)  # fmt: skip


def mean_instead_of_sum(network: Network) -> Iterator[Mistake]:
    kind = "mean-instead-of-sum"
    if network.m == 1:
        return
    if network.biases:
        for k in range(1, network.layers + 1):
            yield (Slip(kind, f"db{k}", "mean over samples",
                        lambda s, x: x / x.dtype.type(network.m)),)  # fmt: skip
    if network.factor == 1:
        yield (Slip(kind, f"dZ{network.layers}", "mean over samples",
                    lambda s, x: x / x.dtype.type(network.m)),)  # fmt: skip


def missing_path(network: Network) -> Iterator[Mistake]:
    for j in set(network.skips.values()):
        for i, words in enumerate(("the skip alone", "the layer alone")):
            yield (Slip("missing-path", f"dA{j}", words,
                        lambda s, x, j=j, i=i: s.parts[f"dA{j}"][1 - i]),)  # fmt: skip
    for j in set(network.shared.values()):
        for i in (0, 1):
            yield (Slip("missing-path", f"dW{j}", f"use {i} alone",
                        lambda s, x, j=j, i=i: s.with_penalty(
                            j, s.parts[f"dW{j}"][i])),)  # fmt: skip


def loss_derivative(network: Network) -> Iterator[Mistake]:
    loss, last = LOSSES[network.loss], network.layers
    for words, f in loss.wrong.items():

        def write(s: Student, x: Any, f: Any = f) -> Any:
            error = f(s.v[f"Z{last}"], s.v[f"A{last}"], s.v["Y"], network.axis)
            return s.output_error(error)

        yield (Slip("loss-derivative", f"dZ{last}", words, write),)


def _other_weight(network: Network, k: int, kind: str, words: str,
                  weight: Callable[[Student], Any]) -> Slip:  # fmt: skip
    """dA_{k-1} through another weight than W_k; a skip's part stays."""
    return Slip(kind, f"dA{k - 1}", words, lambda s, x: sum(
        [s.back(weight(s), s.g[f"dZ{k}"]), *s.parts[f"dA{k - 1}"][1:]]))  # fmt: skip


def weight_not_transposed(network: Network) -> Iterator[Mistake]:
    for k in range(2, network.layers + 1):
        if network.sizes[k] == network.sizes[k - 1]:
            yield (_other_weight(network, k, "weight-not-transposed", "W dZ",
                                 lambda s, k=k: s.v[f"W{network.owner(k)}"].T),)  # fmt: skip


def wrong_layer_weight(network: Network) -> Iterator[Mistake]:
    own = [k for k in range(1, network.layers + 1) if k not in network.shared]
    for k in range(2, network.layers + 1):
        for j in own:
            same = network.arrays[f"W{j}"].shape == network.arrays[f"W{network.owner(k)}"].shape
            if j != network.owner(k) and same:
                yield (_other_weight(network, k, "wrong-layer-weight", f"W{j}",
                                     lambda s, j=j: s.v[f"W{j}"]),)  # fmt: skip


def wrong_layer_activation(network: Network) -> Iterator[Mistake]:
    for k in _affine(network):
        others = {"X", f"Z{k - 1}", f"A{k - 2}", f"A{k}"} - {"Z0", "A-1", "A0"}
        if k == 1:
            others -= {"X"}
        if k == network.layers:
            others -= {f"A{k}"}  # the output is nobody's input
        for other in sorted(others):
            width = network.sizes[0 if other == "X" else int(other[1:])]
            if network.penalty and width != network.sizes[k - 1]:
                continue  # NumPy would have stopped the student at `+ λ W`
            yield (Slip("wrong-layer-activation", f"dW{k}", other,
                        lambda s, x, k=k, other=other: s.with_penalty(
                            k, s.late * s.outer(s.g[f"dZ{k}"], s.v[other]))),)  # fmt: skip


def updated_weight_used(network: Network) -> Iterator[Mistake]:
    kind = "updated-weight-used"
    own = [k for k in _affine(network) if k > 1]
    for rate in (0.03, 0.1, 0.5, 1.0):

        def updated(s: Student, k: int, rate: float = rate) -> Any:
            return s.v[f"W{k}"] - s.v["X"].dtype.type(rate) * s.g[f"dW{k}"]

        slips = [
            _other_weight(
                network, k, kind, f"W{k} after its update, rate {rate}",
                lambda s, k=k, updated=updated: updated(s, k),
            )
            for k in reversed(own)
        ]  # fmt: skip
        yield from ((slip,) for slip in slips)
        if len(slips) > 1:
            yield tuple(slips)


def missing_regularizer(network: Network) -> Iterator[Mistake]:
    if network.penalty:
        for k in range(1, network.layers + 1):
            if k not in network.shared:
                yield (Slip("missing-regularizer", f"dW{k}", "no penalty",
                            lambda s, x, k=k: sum(s.parts[f"dW{k}"])),)  # fmt: skip


def unknown(network: Network) -> Iterator[Mistake]:
    rng = np.random.default_rng(crc32(network.describe().encode()))
    for name in network.parameters:
        shape = network.arrays[name].shape
        if np.prod(shape) < 4:
            continue  # one number is always some multiple of another
        noise = rng.normal(size=shape)
        yield (Slip("unknown", f"d{name}", "random numbers",
                    lambda s, x, noise=noise: noise.astype(x.dtype)),)  # fmt: skip
        yield (Slip("unknown", f"d{name}", "one entry off",
                    lambda s, x, noise=noise: _one_entry(x, noise)),)  # fmt: skip


def _one_entry(x: Any, noise: Any) -> Any:
    x = x.copy()
    x.flat[np.abs(noise).argmax()] += 1 + np.abs(x).max()
    return x


#: id -> the mistakes of that kind that fit a network
KINDS: dict[str, Callable[[Network], Iterator[Mistake]]] = {
    "scale": scale,
    "sign": sign,
    "transposed": transposed,
    "missing-activation-derivative": missing_activation_derivative,
    "activation-derivative-at-output": activation_derivative_at_output,
    "wrong-activation-derivative": wrong_activation_derivative,
    "bias-not-summed": bias_not_summed,
    "summed-over-wrong-axis": summed_over_wrong_axis,
    "mean-instead-of-sum": mean_instead_of_sum,
    "missing-path": missing_path,
    "loss-derivative": loss_derivative,
    "weight-not-transposed": weight_not_transposed,
    "wrong-layer-weight": wrong_layer_weight,
    "wrong-layer-activation": wrong_layer_activation,
    "updated-weight-used": updated_weight_used,
    "missing-regularizer": missing_regularizer,
    "unknown": unknown,
}
