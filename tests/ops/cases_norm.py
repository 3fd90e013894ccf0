"""Cases of `rules.norm` and `rules.rows`: references by loops over Python numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers, build, element, reduced
from tinygrad_bp.rules import channel_norm, norm, rows
from tinygrad_bp.rules import layer_norm as ln

draw = Numbers(11)


def mean(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers) if numbers else math.nan


def variance(numbers: list[float]) -> float:
    return mean([(n - mean(numbers)) ** 2 for n in numbers])


def moments(x: Any, *, axis: Any) -> Any:
    parts = [reduced(f)(x, axis=axis, keepdims=True) for f in (mean, variance)]
    return np.array(parts)


def normalize(x: Any, statistics: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    def one(*place: int) -> float:
        m, v = (element(part, place) for part in statistics)
        z = (x[place].item() - m) / math.sqrt(v + eps)
        return z * element(weight, place) + element(bias, place)

    return build(x.shape, one)


def statistics(*shape: int) -> Any:
    return np.stack([draw(*shape), draw.positive(*shape)])


def channel_moments(x: Any, *, groups: int, together: bool) -> Any:
    grouped = x.reshape(x.shape[0], groups, -1)
    return moments(grouped, axis=(0, 2) if together else (2,))[..., 0]


def _unit(x: Any, statistics: Any, eps: float) -> Any:
    """Give z, and 1 / √(variance + ε) where z is, element by element."""
    _, n, k = statistics.shape

    def scale(i: int, c: int, *_: int) -> float:
        return 1 / math.sqrt(statistics[1, i % n, c * k // x.shape[1]].item() + eps)

    def unit(i: int, c: int, *at: int) -> float:
        mean = statistics[0, i % n, c * k // x.shape[1]].item()
        return (x[i, c, *at].item() - mean) * scale(i, c)

    return build(x.shape, unit), build(x.shape, scale)


def standardize(x: Any, statistics: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    z, _ = _unit(x, statistics, eps)
    return build(
        x.shape, lambda i, c, *at: z[i, c, *at] * element(weight, (c,)) + element(bias, (c,))
    )


def standardize_sums(u: Any, x: Any, statistics: Any, *, eps: float) -> Any:
    z, _ = _unit(x, statistics, eps)
    samples = [[i] for i in range(len(x))] if statistics.shape[1] > 1 else [range(len(x))]
    return np.array([
        [[math.fsum(v[i, c].sum() for i in chosen) for c in range(x.shape[1])]
         for chosen in samples] for v in (u, u * z)])  # fmt: skip


def standardize_x(u: Any, x: Any, statistics: Any, weight: Any, sums: Any, *, eps: float) -> Any:
    z, s = _unit(x, statistics, eps)
    _, n, k = statistics.shape
    each, size = x.shape[1] // k, x.size / (n * k)

    def one(i: int, c: int, *at: int) -> float:
        group = range(c // each * each, (c // each + 1) * each)
        level, slope = (
            math.fsum(part[i % n, j].item() * element(weight, (j,)) for j in group) / size
            for part in sums
        )
        here = (i, c, *at)
        return s[here] * (u[here] * element(weight, (c,)) - level - z[here] * slope)

    return build(x.shape, one)


def _alone(statistics: Any) -> dict[str, Any]:
    """Say how `channel_moments` gives statistics of this shape."""
    return {"groups": statistics.shape[2], "together": statistics.shape[1] == 1}


def _own(x: Any, statistics: Any, *affine: Any) -> Any:
    """Put the moments of x itself in their place, which these operations take for granted."""
    return x, channel_norm.channel_moments(x, **_alone(statistics)), *affine


def _own_sums(u: Any, x: Any, statistics: Any, *rest: Any) -> Any:
    """As :func:`_own`, and the sums too, if any are asked for."""
    statistics = _own(x, statistics)[1]
    if not rest:
        return u, x, statistics
    return u, x, statistics, rest[0], channel_norm.standardize_sums(u, x, statistics, eps=1e-3)


def _moments_of(x: Any, n: int, k: int) -> Any:
    return channel_norm.channel_moments(x, groups=k, together=n == 1)


CHANNELS = [
    (x, _moments_of(x, n, k))
    for shape, n, k in (
        ((3, 2, 4), 1, 2), ((2, 4, 3), 2, 2), ((2, 3, 2, 2), 2, 3), ((4, 3), 1, 3),
        ((2, 4), 2, 2))
    for x in [draw(*shape)]
]  # fmt: skip


def layer_norm(x: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    return normalize(x, moments(x, axis=-1), weight, bias, eps=eps)


def layer_norm_pull(gradient: Any, x: Any, weight: Any, *, eps: float) -> Any:
    n = x.shape[-1]
    rows, slopes = x.reshape(-1, n).tolist(), gradient.reshape(-1, n).tolist()
    out = np.zeros((len(rows) + 2, n))
    for i, (row, g) in enumerate(zip(rows, slopes, strict=True)):
        scale = 1 / math.sqrt(variance(row) + eps)
        z = [(v - mean(row)) * scale for v in row]
        h = [v * element(weight, (j,)) for j, v in enumerate(g)]
        along = mean([a * b for a, b in zip(h, z, strict=True)])
        for j in range(n):
            out[i, j] = scale * (h[j] - mean(h) - z[j] * along)
            out[-2, j] += g[j] * z[j]
            out[-1, j] += g[j]
    return out


def row_dot(x: Any, y: Any) -> Any:
    return build((*x.shape[:-1], 1), lambda *p: math.fsum(x[p[:-1]] * y[p[:-1]]))


def softmax_pull(gradient: Any, y: Any, *, scale: float = 1.0) -> Any:
    total = row_dot(gradient, y)
    return build(y.shape, lambda *p: scale * y[p] * (gradient[p] - total[(*p[:-1], 0)]))


def softmax(row: Any, forbidden: float) -> list[float]:
    if max(row) == -math.inf:
        return [forbidden] * len(row)
    total = math.fsum(math.exp(v - max(row)) for v in row)
    return [math.exp(v - max(row)) / total for v in row]


CASES = [
    *[Case(norm.moments, (draw(*shape),), moments, {"axis": axis})
      for shape, axis in (
          ((2, 3), (1,)), ((2, 3), (0,)), ((2, 3, 4), (1, 2)), ((2, 3, 4), (0, 2)),
          ((2, 12), (1,)), ((3, 2, 2, 2), (0, 2, 3)), ((2, 0), (0,)))],
    *[Case(norm.normalize, (draw(*shape), statistics(*kept), draw(*affine), draw(*affine)),
           normalize, {"eps": 1e-3})
      for shape, kept, affine in (
          ((2, 3), (2, 1), (3,)), ((2, 3, 4), (2, 1, 1), (3, 4)), ((2, 3, 4), (1, 3, 1), (3, 1)),
          ((2, 3, 2), (2, 3, 1), (3, 1)), ((2, 2, 2, 3), (2, 2, 1, 1), (2, 2, 1)),
          ((2, 3), (1, 3), ()), ((0, 3), (1, 3), (3,)))],
    *[Case(channel_norm.channel_moments, (draw(*shape),), channel_moments,
           {"groups": groups, "together": together})
      for shape, groups, together in (
          ((3, 2, 4), 2, True), ((2, 4, 3), 2, False), ((2, 4, 3), 2, True), ((4, 3), 3, True),
          ((2, 3, 300), 3, False), ((2, 3, 300), 3, True))],
    *[Case(channel_norm.standardize, (x, own, draw(*affine), draw(*affine)), standardize,
           {"eps": 1e-3}, into=_own)
      for x, own in CHANNELS for affine in ((x.shape[1],),)],
    *[Case(channel_norm.standardize_sums, (draw(*x.shape), x, own), standardize_sums,
           {"eps": 1e-3}, into=_own_sums)
      for x, own in CHANNELS],
    *[Case(channel_norm.standardize_x,
           (u, x, own, draw(x.shape[1]), channel_norm.standardize_sums(u, x, own, eps=1e-3)),
           standardize_x, {"eps": 1e-3}, into=_own_sums)
      for x, own in CHANNELS for u in (draw(*x.shape),)],
    *[Case(ln.layer_norm, (draw(*shape), draw(shape[-1]), draw(shape[-1])), layer_norm,
           {"eps": 1e-3}) for shape in ((3, 4), (2, 3, 3), (4,), (2, 9), (0, 3))],
    *[Case(ln.layer_norm_pull, (draw(*shape), draw(*shape), draw(shape[-1])), layer_norm_pull,
           {"eps": 1e-3}) for shape in ((3, 4), (2, 3, 3), (4,), (2, 9), (0, 3))],
    *[Case(rows.softmax_pull, (draw(*shape), draw(*shape)), softmax_pull, attrs)
      for shape in ((2, 3), (2, 3, 4), (4,), (0, 3), (2, 9)) for attrs in ({}, {"scale": 0.7})],
    *[Case(rows.row_dot, (draw(*shape), draw(*shape)), row_dot)
      for shape in ((2, 3), (2, 3, 4), (4,), (0, 3), (2, 9))],
]  # fmt: skip
