"""Optimizers by name."""

from __future__ import annotations

from typing import Any

from .. import optim

__all__ = ["OPTIMIZERS", "optimizer_of"]

#: name -> class
OPTIMIZERS = {
    name.lower(): getattr(optim, name) for name in optim.__all__
    if isinstance(getattr(optim, name), type) and name not in ("Optimizer", "LBFGS")
}  # fmt: skip
_RATES = {"sgd": 0.1}  # which has no default that suits


def optimizer_of(given: Any, model: Any, lr: float | None) -> Any:
    """Return the optimizer of a name, of a function of the parameters, or the one given.

    Raises
    ------
    ValueError, TypeError
        If there is none, or nothing to learn.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("the model has no parameter that requires a gradient: nothing can learn")
    if isinstance(given, str):
        if given.lower() not in OPTIMIZERS:
            raise ValueError(f"no optimizer {given!r}: there are {', '.join(OPTIMIZERS)}")
        rate = _RATES.get(given.lower()) if lr is None else lr
        kind = OPTIMIZERS[given.lower()]
        return kind(parameters) if rate is None else kind(parameters, lr=rate)
    if not isinstance(given, optim.Optimizer):
        if not callable(given):
            raise TypeError(f"optimizer is a name, an Optimizer or a function that makes one; not "
                            f"a {type(given).__name__}")  # fmt: skip
        given = given(parameters)
    if lr is not None:
        for group in given.param_groups:
            group["lr"] = lr
    return given
