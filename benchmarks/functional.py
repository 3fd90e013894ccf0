"""The networks of the benchmarks as functions of arrays, for libraries that have only such.

``scores(kit, network, p, x, drop)`` is the forward pass; `p` are the parameters under the names
that PyTorch gives them, and a `Kit` says what the library calls its functions.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy

from benchmarks.networks import Network
from benchmarks.peers.contender import UnsupportedError

Parameters = dict[str, Any]
Drop = Callable[[Any, float], Any]


@dataclass(frozen=True)
class Kit:
    """What a library has: its NumPy, and what NumPy hasn't. None where it has no such thing."""

    np: Any
    relu: Callable[[Any], Any]
    sigmoid: Callable[[Any], Any]
    cross_entropy: Callable[[Any, Any], Any]
    #: (step, state, sequence) -> the last state
    scan: Callable[[Callable[[Any, Any], Any], Any, Any], Any]
    erf: Callable[[Any], Any] | None = None
    #: (images, kernels, padding)
    conv: Callable[[Any, Any, int], Any] | None = None
    #: of 2 × 2
    pool: Callable[[Any], Any] | None = None


def require(kit: Kit, network: Network) -> None:
    """Raise where a library has not what a network is made of."""
    if network.kind in ("lenet", "cnn") and kit.conv is None:
        raise UnsupportedError("no convolution")
    if network.kind == "gpt" and kit.erf is None:
        raise UnsupportedError("no erf, for GELU")


def loss(kit: Kit, network: Network, p: Parameters, x: Any, y: Any, drop: Drop) -> Any:
    """Return the mean loss of a batch."""
    out = _SCORES[network.kind](kit, network, p, x, drop)
    if network.kind == "mlp" and network.sizes[-1] == 1:
        return kit.np.mean((out - y) ** 2)
    if network.kind == "gpt":
        out, y = out.reshape((-1, out.shape[-1])), y.reshape(-1)
    return kit.cross_entropy(out, y)


def _linear(p: Parameters, name: str, x: Any) -> Any:
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def _mlp(kit: Kit, network: Network, p: Parameters, x: Any, drop: Drop) -> Any:
    last = 2 * (len(network.sizes) - 2)
    for i in range(0, last, 2):
        x = kit.relu(_linear(p, str(i), x))
    return _linear(p, str(last), x)


def _conv(kit: Kit, p: Parameters, name: str, x: Any, padding: int = 0) -> Any:
    assert kit.conv is not None
    out = kit.conv(x, p[f"{name}.weight"], padding)
    return kit.relu(out + p[f"{name}.bias"].reshape((1, -1, 1, 1)))


def _lenet(kit: Kit, network: Network, p: Parameters, x: Any, drop: Drop) -> Any:
    assert kit.pool is not None
    x = kit.pool(_conv(kit, p, "0", x, padding=2))
    x = kit.pool(_conv(kit, p, "3", x)).reshape((x.shape[0], -1))
    x = kit.relu(_linear(p, "7", x))
    return _linear(p, "11", kit.relu(_linear(p, "9", x)))


def _cnn(kit: Kit, network: Network, p: Parameters, x: Any, drop: Drop) -> Any:
    assert kit.pool is not None
    x = drop(kit.pool(_conv(kit, p, "2", _conv(kit, p, "0", x))), 0.25)
    x = drop(kit.relu(_linear(p, "7", x.reshape((x.shape[0], -1)))), 0.5)
    return _linear(p, "10", x)


def _lstm(kit: Kit, network: Network, p: Parameters, x: Any, drop: Drop) -> Any:
    np, n = kit.np, p["head.weight"].shape[1]
    bias = p["lstm.bias_ih_l0"] + p["lstm.bias_hh_l0"]
    # The products with the input, for all rows at once, as LSTMs of the libraries do.
    given = np.transpose(x, (1, 0, 2)) @ p["lstm.weight_ih_l0"].T + bias
    recurrent = p["lstm.weight_hh_l0"].T

    def step(state: tuple[Any, Any], z: Any) -> tuple[Any, Any]:
        h, c = state
        z = z + h @ recurrent
        i, f, o = (kit.sigmoid(z[:, k * n : (k + 1) * n]) for k in (0, 1, 3))
        c = f * c + i * np.tanh(z[:, 2 * n : 3 * n])
        return o * np.tanh(c), c

    zeros = numpy.zeros((x.shape[0], n), numpy.float32)
    return _linear(p, "head", kit.scan(step, (zeros, zeros), given)[0])


def _norm(kit: Kit, p: Parameters, name: str, x: Any) -> Any:
    np = kit.np
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    return centred / np.sqrt(variance + 1e-5) * p[f"{name}.weight"] + p[f"{name}.bias"]


def _attention(kit: Kit, p: Parameters, name: str, x: Any, heads: int = 4) -> Any:
    np, (n, t, width) = kit.np, x.shape
    joint = _linear(p, f"{name}.qkv", x).reshape((n, t, 3, heads, width // heads))
    q, k, v = np.transpose(joint, (2, 0, 3, 1, 4))
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(width // heads)
    past = numpy.tril(numpy.ones((t, t), bool))
    # The scores are small: without the maximum taken off, exp can't overflow here, and it would
    # cost these libraries a derivative more.
    e = np.where(past, np.exp(scores), numpy.float32(0))
    mixed = e / np.sum(e, axis=-1, keepdims=True) @ v
    return _linear(p, f"{name}.project", np.transpose(mixed, (0, 2, 1, 3)).reshape((n, t, width)))


def _gpt(kit: Kit, network: Network, p: Parameters, x: Any, drop: Drop) -> Any:
    erf = kit.erf
    assert erf is not None
    x = p["tokens.weight"][x] + p["places.weight"]
    for i in itertools.count():
        name = f"blocks.{i}"
        if f"{name}.qkv.weight" not in p:
            break
        x = x + _attention(kit, p, name, _norm(kit, p, f"{name}.norm1", x))
        z = _linear(p, f"{name}.mlp.0", _norm(kit, p, f"{name}.norm2", x))
        x = x + _linear(p, f"{name}.mlp.2", 0.5 * z * (1 + erf(z * math.sqrt(0.5))))
    return _norm(kit, p, "norm", x) @ p["head.weight"].T


_SCORES = {"mlp": _mlp, "lenet": _lenet, "cnn": _cnn, "lstm": _lstm, "gpt": _gpt}
