"""JAX, each step one function under `jax.jit`; the optimizer's arrays are given away for reuse."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks import functional
from benchmarks.networks import Network
from benchmarks.peers.contender import LEARNING_RATE, Contender

_PLACES = ("NCHW", "OIHW", "NCHW")


def _cross_entropy(scores: Any, y: Any) -> Any:
    logs = jax.nn.log_softmax(scores, axis=1)
    return -jnp.mean(jnp.take_along_axis(logs, y[:, None], axis=1))


def _conv(x: Any, kernels: Any, padding: int) -> Any:
    return lax.conv_general_dilated(
        x, kernels, (1, 1), [(padding, padding)] * 2, dimension_numbers=_PLACES
    )


def _pool(x: Any) -> Any:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


KIT = functional.Kit(
    jnp, jax.nn.relu, jax.nn.sigmoid, _cross_entropy,
    lambda step, state, rows: lax.scan(lambda s, z: (step(s, z), None), state, rows)[0],
    erf=lax.erf, conv=_conv, pool=_pool,
)  # fmt: skip


def prepare(network: Network, dropout: bool = True) -> Contender:
    """Make a network ready to run."""
    x, y = (jnp.asarray(array) for array in network.data())

    def loss(p: Any, x: Any, y: Any, key: Any) -> Any:
        keys = iter(jax.random.split(key, 2))

        def drop(z: Any, rate: float) -> Any:
            kept = jax.random.bernoulli(next(keys), 1 - rate, z.shape)
            return jnp.where(kept, z / (1 - rate), 0)

        return functional.loss(KIT, network, p, x, y, drop if dropout else lambda z, rate: z)

    differentiate = jax.value_and_grad(loss)

    @jax.jit
    def gradients_of(p: Any, x: Any, y: Any, key: Any) -> Any:
        now, then = jax.random.split(key)
        return differentiate(p, x, y, now), then

    def adam(p: Any, state: Any, x: Any, y: Any) -> Any:
        m, v, t, key = state
        now, then = jax.random.split(key)
        value, g = differentiate(p, x, y, now)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate, correction = LEARNING_RATE / (1 - 0.9**t), jnp.sqrt(1 - 0.999**t)
        p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) / correction + 1e-8), p, m, v)
        return value, p, (m, v, t, then)

    trained = jax.jit(adam, donate_argnums=(0, 1))
    names = list(network.initial())
    p = {name: jnp.asarray(array) for name, array in network.initial().items()}
    zeros = [{name: jnp.zeros_like(array) for name, array in p.items()} for _ in range(2)]
    now: dict[str, Any] = {
        "p": p, "g": None, "state": (*zeros, jnp.float32(0), jax.random.key(0)),
        "key": jax.random.key(1),
    }  # fmt: skip

    def run() -> None:
        (_, now["g"]), now["key"] = gradients_of(now["p"], x, y, now["key"])
        jax.block_until_ready(now["g"])

    def step() -> None:
        value, now["p"], now["state"] = trained(now["p"], now["state"], x, y)
        jax.block_until_ready((value, now["p"]))

    return Contender(
        run,
        step,
        lambda: [np.array(now["g"][name]) for name in names],
        lambda: [np.array(now["p"][name]) for name in names],
    )
