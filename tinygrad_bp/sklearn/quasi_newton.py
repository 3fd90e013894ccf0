"""L-BFGS on all rows at once, through SciPy, which scikit-learn brings."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize

from ..train import Batch, Objective

__all__ = ["minimise"]


def minimise(estimator: Any, module: Any, objective: Objective, batch: Batch,
             alpha: float) -> Any:  # fmt: skip
    """Minimise the objective and ½ α Σ W²; return SciPy's result."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    # Not through NumPy's view of them: what NumPy can reach is compared in every backward.
    arrays = [p._array for p in parameters]
    gradient = np.zeros(sum(a.size for a in arrays))
    places, start = [], 0
    for p, array in zip(parameters, arrays, strict=True):
        part = slice(start, start := start + array.size)
        places.append((p, array, part, gradient[part].reshape(array.shape)))

    def load(flat: Any) -> None:
        for _, array, part, _ in places:
            array[...] = flat[part].reshape(array.shape)

    def value(flat: Any) -> tuple[float, Any]:
        load(flat)
        for p in parameters:
            p.grad = None
        loss = objective(module(*batch.inputs), batch.target, batch.weight)
        penalty = objective.penalty(parameters)
        if penalty is not None:
            loss = loss + penalty
        loss.backward()
        total = loss._array.item()
        for p, array, part, place in places:
            place[...] = 0.0 if p.grad is None else p.grad._array
            if array.ndim > 1 and alpha:
                weights = flat[part]
                total += 0.5 * alpha * float(weights @ weights)
                gradient[part] += alpha * weights
        return total, gradient.copy()

    module.train()
    found = minimize(
        value, np.concatenate([a.ravel() for a in arrays]).astype(np.float64), jac=True,
        method="L-BFGS-B", options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter,
                                    "gtol": estimator.tol},
    )  # fmt: skip
    load(found.x)
    return found
