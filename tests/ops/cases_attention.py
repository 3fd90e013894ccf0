"""Cases of `rules.attention` and `rules.embedding`: references by loops over Python numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers, build, element
from tests.ops.cases_norm import softmax
from tinygrad_bp.rules import attention
from tinygrad_bp.rules import embedding as emb

draw = Numbers(12)


def attention_weights(x: Any, bias: Any, *, scale: float) -> Any:
    z = build(x.shape, lambda *p: scale * x[p].item() + element(bias, p))
    out = np.empty(x.shape)
    for place in np.ndindex(*x.shape[:-1]):
        out[place] = softmax(z[place].tolist(), 0.0)
    return out


def embedding(weight: Any, indices: Any, **_: Any) -> Any:
    return build((*indices.shape, weight.shape[1]), lambda *p: weight[indices[p[:-1]], p[-1]])


def add_rows(x: Any, indices: Any, *, count: int) -> Any:
    out = np.zeros((count, x.shape[-1]))
    for place in np.ndindex(*indices.shape):
        for column in range(x.shape[-1]):
            out[indices[place], column] += x[(*place, column)].item()
    return out


def share(indices: Any, *, padding: int | None, by_freq: bool, dtype: Any) -> Any:
    numbers = indices.reshape(-1).tolist()

    def one(*place: int) -> float:
        i = indices[place[:-1]].item()
        return 0.0 if i == padding else 1 / numbers.count(i) if by_freq else 1.0

    return build((*indices.shape, 1), one, dtype)


CAUSAL = np.triu(np.full((3, 3), -math.inf), 1)
BLOCKED = np.array([[0.0, -math.inf, 0.5], [-math.inf] * 3])
INDICES = np.array([[2, 0, 2], [1, 2, 0]])
# A row's gradient: how often it occurs; nothing for padding; once in all if divided by that.
SLOPES = [(None, False, [2.0, 1.0, 3.0, 0.0]), (2, False, [2.0, 1.0, 0.0, 0.0]),
          (None, True, [1.0, 1.0, 1.0, 0.0]), (0, True, [0.0, 1.0, 1.0, 0.0])]  # fmt: skip

CASES = [
    *[Case(attention.attention_weights, (draw(*shape), bias), attention_weights, {"scale": 0.7})
      for shape, bias in (
          ((2, 3), draw(2, 3)), ((2, 3), draw(3)), ((2, 2, 3), draw(2, 1, 3)), ((2, 3), draw()),
          ((0, 3), draw(3)), ((70, 64), draw(64)))],
    *[Case(attention.attention_weights, (draw(2, 3), np.array(0.0)), attention_weights,
           {"scale": 1.0}, "no bias")],
    # A forbidden place stays forbidden; a difference quotient of ∞ has no meaning.
    *[Case(attention.attention_weights, (x, bias), attention_weights, {"scale": 2.0}, note,
           smooth=False, slopes=(np.zeros(x.shape), np.zeros(bias.shape)))
      for x, bias, note in ((np.zeros((2, 3, 3)), CAUSAL, "causal"),
                            (np.zeros((2, 3)), BLOCKED, "blocked"))],
    *[Case(emb.embedding, (draw(4, 3), indices), embedding)
      for indices in (INDICES, np.array([1, 1]), np.array(3), np.zeros((0, 2), np.int64))],
    *[Case(emb.embedding, (draw(4, 2), INDICES), embedding, {"padding": padding, "by_freq": freq},
           smooth=False, slopes=(np.repeat(np.array(slopes)[:, None], 2, 1),))
      for padding, freq, slopes in SLOPES],
    *[Case(emb.add_rows, (draw(*indices.shape, 2), indices), add_rows, {"count": 5})
      for indices in (INDICES, np.array([4, 4, 4]), np.array(3), np.zeros((0, 2), np.int64),
                      np.arange(45) * 7 % 5)],
    *[Case(emb.share, (INDICES,), share,
           {"padding": padding, "by_freq": freq, "dtype": np.dtype(np.float64)})
      for padding in (None, 2) for freq in (False, True)],
    Case(emb.share, (np.zeros(0, np.int64),), share,
         {"padding": None, "by_freq": True, "dtype": np.dtype(np.float64)}),
]  # fmt: skip
