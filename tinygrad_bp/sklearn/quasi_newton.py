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
    arrays = [p.detach().numpy() for p in parameters]
    cuts = np.cumsum([a.size for a in arrays])[:-1]

    def load(flat: Any) -> None:
        for array, part in zip(arrays, np.split(flat, cuts), strict=True):
            array[...] = part.reshape(array.shape)

    def value(flat: Any) -> tuple[float, Any]:
        load(flat)
        for p in parameters:
            p.grad = None
        loss = objective(module(*batch.inputs), batch.target, batch.weight)
        penalty = objective.penalty(parameters)
        if penalty is not None:
            loss = loss + penalty
        loss.backward()
        total, parts = float(loss), []
        for p, array in zip(parameters, arrays, strict=True):
            g = np.zeros_like(array) if p.grad is None else p.grad.numpy()
            if array.ndim > 1:
                total += 0.5 * alpha * float(array.ravel() @ array.ravel())
                g = g + alpha * array
            parts.append(g.ravel())
        return total, np.concatenate(parts).astype(np.float64)

    module.train()
    found = minimize(
        value, np.concatenate([a.ravel() for a in arrays]).astype(np.float64), jac=True,
        method="L-BFGS-B", options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter,
                                    "gtol": estimator.tol},
    )  # fmt: skip
    load(found.x)
    return found
