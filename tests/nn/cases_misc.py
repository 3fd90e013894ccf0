"""Records of affine maps, distances, containers and parametrisations."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tests.nn.layer_case import LayerCase, draw

X = draw(5, 3, seed=21)
Y = draw(5, 3, seed=22)


def old_weight_norm(m: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return m.nn.utils.weight_norm(m.nn.Linear(3, 2))


class _Steady:
    """Sets the drawn vectors of a spectral norm, which the libraries draw differently."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def __call__(self, module: Any, *inputs: Any) -> Any:
        import sys

        m = sys.modules[type(inputs[0]).__module__.split(".")[0]]
        with m.no_grad():
            for i, name in enumerate(self.names):
                buffer = module.get_buffer(name)
                values = np.linspace(0.2, 1 + i, buffer.numel())
                buffer.copy_(m.tensor(values / np.linalg.norm(values)))
        return module(*inputs)


NEW, OLD = "parametrizations.weight.0.", "weight"

CASES: list[LayerCase] = [
    LayerCase("Linear", lambda m: m.nn.Linear(3, 2), (X,)),
    LayerCase("Linear without bias", lambda m: m.nn.Linear(3, 2, bias=False), (X,)),
    LayerCase("Linear of one vector", lambda m: m.nn.Linear(3, 2), (X[0],)),
    LayerCase("Linear of a sequence", lambda m: m.nn.Linear(3, 2), (draw(2, 4, 3),)),
    LayerCase("LazyLinear", lambda m: m.nn.LazyLinear(2), (X,)),
    LayerCase("Bilinear", lambda m: m.nn.Bilinear(3, 4, 2), (X, draw(5, 4))),
    LayerCase("Bilinear without bias", lambda m: m.nn.Bilinear(3, 4, 2, False),
              (draw(2, 5, 3), draw(2, 5, 4))),
    LayerCase("Identity", lambda m: m.nn.Identity(1, any=2), (X,)),
    LayerCase("Flatten", lambda m: m.nn.Flatten(), (draw(2, 3, 4),)),
    LayerCase("Unflatten", lambda m: m.nn.Unflatten(1, (2, 2)), (draw(3, 4),)),
    LayerCase("CosineSimilarity", lambda m: m.nn.CosineSimilarity(), (X, Y)),
    LayerCase("CosineSimilarity of an axis", lambda m: m.nn.CosineSimilarity(0, 1e-4), (X, Y)),
    LayerCase("PairwiseDistance", lambda m: m.nn.PairwiseDistance(), (X, Y)),
    LayerCase("PairwiseDistance p", lambda m: m.nn.PairwiseDistance(3.0, 1e-3, True), (X, Y)),
    LayerCase("Sequential", lambda m: m.nn.Sequential(m.nn.Linear(3, 4), m.nn.Tanh(),
              m.nn.Linear(4, 2)), (X,)),
    LayerCase("DataParallel", lambda m: m.nn.DataParallel(m.nn.Linear(3, 2)), (X,)),
    LayerCase("weight_norm", lambda m: m.nn.utils.parametrizations.weight_norm(m.nn.Linear(3, 2)),
              (X,)),
    LayerCase("weight_norm of all", lambda m: m.nn.utils.parametrizations.weight_norm(
              m.nn.Linear(3, 2), dim=None), (X,)),
    LayerCase("weight_norm by a hook", old_weight_norm, (X,)),
    LayerCase("spectral_norm", lambda m: m.nn.utils.parametrizations.spectral_norm(
              m.nn.Linear(3, 2)), (X,), call=_Steady(NEW + "_u", NEW + "_v"), smooth=False),
    LayerCase("spectral_norm by a hook", lambda m: m.nn.utils.spectral_norm(m.nn.Linear(3, 2)),
              (X,), call=_Steady("weight_u", "weight_v"), smooth=False),
    LayerCase("orthogonal householder", lambda m: m.nn.utils.parametrizations.orthogonal(
              m.nn.Linear(3, 2), use_trivialization=False), (X,)),
]  # fmt: skip
