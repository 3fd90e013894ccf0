"""Automatic differentiation: gradients, switches for recording, checks and custom functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)

# At once, not later: the name has to be bound to the function before anyone imports the module.
from .gradcheck import GradcheckError, gradcheck, gradgradcheck
from .gradients import backward, grad
from .why import why_no_grad

if TYPE_CHECKING:
    from . import functional
    from .anomaly_mode import detect_anomaly, set_detect_anomaly
    from .function import Function
    from .variable import Variable

__all__ = [
    "Function", "GradcheckError", "Variable", "backward", "detect_anomaly", "enable_grad",
    "functional", "grad", "gradcheck", "gradgradcheck", "inference_mode", "is_grad_enabled",
    "is_inference_mode_enabled", "no_grad", "set_detect_anomaly", "set_grad_enabled", "why_no_grad",
]  # fmt: skip

# Loaded when first used: importing the package stays cheap.
_LATER = {
    "Function": "function",
    "Variable": "variable",
    "detect_anomaly": "anomaly_mode",
    "set_detect_anomaly": "anomaly_mode",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in ("functional", "function", "grad_mode", "graph", "profiler"):
        value = import_module(f".{name}", __name__)
    elif name in _LATER:
        value = getattr(import_module(f".{_LATER[name]}", __name__), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value
