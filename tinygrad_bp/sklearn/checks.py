"""What is asked of an estimator's parameters and of a given module, before anything is learnt."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..mode import no_grad
from ..tensor import wrap
from .rows import dense

__all__ = ["check_outputs", "check_parameters", "kind_of", "listed"]

#: name -> the least and the largest that it may be
_LIMITS = {
    "alpha": (0, np.inf), "tol": (0, np.inf), "l1": (0, np.inf), "momentum": (0, 1),
    "dropout": (0, 1), "n_iter_no_change": (1, np.inf), "power_t": (-np.inf, np.inf),
    "learning_rate_init": (0, np.inf),
}  # fmt: skip
_FLAGS = ("shuffle", "verbose", "warm_start", "nesterovs_momentum", "early_stopping", "batch_norm",
          "compile")  # fmt: skip


def check_parameters(estimator: Any) -> None:
    """Raise ValueError for a parameter that is no such thing, by its name."""
    e = estimator
    whole = {"max_iter": e.max_iter, "max_fun": e.max_fun}
    if e.batch_size != "auto":
        whole["batch_size"] = e.batch_size
    for name, count in whole.items():
        if not isinstance(count, (int, np.integer)) or count < 1:
            raise ValueError(f"{name} must be an int >= 1, got {count!r}")
    for name, (least, most) in _LIMITS.items():
        value: Any = getattr(e, name)
        if (
            not isinstance(value, (int, float, np.integer, np.floating))
            or not least <= value <= most
        ):
            limits = f">= {least}" if most == np.inf else f"between {least} and {most}"
            raise ValueError(f"{name} must be a number {limits}, got {value!r}")
    for name in _FLAGS:
        value = getattr(e, name)
        if not isinstance(value, (bool, np.bool_, int)):
            raise ValueError(f"{name} must be True or False, got {value!r}")
    if e.learning_rate not in ("constant", "invscaling", "adaptive"):
        raise ValueError(
            "learning_rate is 'constant', 'invscaling' or 'adaptive' (a number is "
            f"learning_rate_init, and other ones are schedule); not {e.learning_rate!r}"
        )
    if e.early_stopping and not 0 < e.validation_fraction < 1:
        raise ValueError(f"validation_fraction is between 0 and 1, not {e.validation_fraction!r}")


def check_outputs(module: Any, X: Any, wanted: set[int]) -> None:
    """Raise ValueError for a module that does not give as many outputs as are wanted."""
    training = [m for m in module.modules() if m.training]
    module.eval()
    with no_grad():
        rows = wrap(np.ascontiguousarray(dense(X[:2]), kind_of(module)))
        shape = tuple(module(rows).shape)
    for m in training:
        m.training = True
    outputs = 1 if len(shape) == 1 else shape[-1]
    if shape[0] != len(rows) or len(shape) > 2 or outputs not in wanted:
        numbers = " or ".join(map(str, sorted(wanted)))
        raise ValueError(
            f"module has to give {numbers} output(s) for each row here, and gives {shape} for "
            f"{len(rows)} rows; a function module(n_features, n_outputs) is told how many"
        )


def kind_of(module: Any) -> Any:
    """Return the dtype of a module's parameters."""
    # Not through NumPy's view of them: what NumPy can reach is compared in every update.
    kinds = [p._array.dtype for p in module.parameters()]
    return next((k for k in kinds if k.kind == "f"), np.dtype(np.float32))


def listed(given: Any, kinds: Any) -> list[Any]:
    """Return a list of what is given: nothing, one, or several."""
    if given is None:
        return []
    return [given] if isinstance(given, kinds) else list(given)
