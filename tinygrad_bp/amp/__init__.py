"""Mixed precision: autocast and the scaling of the loss."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Self

from ..devices import device as Device
from ..dtype import bfloat16, dtype, float16
from .grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]


class autocast:  # noqa: N801  PyTorch's name
    """A with-block, or decorator, in which PyTorch computes in a lower precision.

    Here nothing changes: NumPy's BLAS multiplies matrices of float32, not of bfloat16 or float16,
    so a lower precision would cost time and digits. Results are those of float32, closer to the
    exact ones than PyTorch's, and of dtype float32.

    Parameters
    ----------
    device_type : str
    dtype : dtype, optional
        The lower precision, bfloat16 or float16; remembered.
    enabled : bool
    cache_enabled : bool, optional
        Accepted.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> with tgb.autocast("cpu", dtype=tgb.bfloat16):
    ...     y = tgb.ones(2, 2) @ tgb.ones(2, 2)
    >>> y.dtype
    tinygrad_bp.float32
    """

    def __init__(self, device_type: str, dtype: dtype | None = None, enabled: bool = True,
                 cache_enabled: bool | None = None) -> None:  # fmt: skip
        if not isinstance(device_type, str):
            raise ValueError(
                f"Expected `device_type` of type `str`, got: `{type(device_type)}`: 'cpu', say"
            )
        self.device = Device(device_type).type
        self.fast_dtype = dtype or (float16 if self.device == "cuda" else bfloat16)
        self._enabled = enabled and self.device == "cpu"
        self._cache_enabled = bool(cache_enabled)

    def __enter__(self) -> Self:
        _entered.append(self)
        return self

    def __exit__(self, *error: Any) -> None:
        _entered.pop()

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function."""

        @functools.wraps(func)
        def within(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return within


_entered: list[autocast] = []


def is_autocast_enabled(device_type: str = "cpu") -> bool:
    """Whether this is run inside an enabled :class:`autocast` of the device."""
    return bool(_entered) and _entered[-1]._enabled and device_type == "cpu"


def get_autocast_dtype(device_type: str) -> dtype:
    """Return the lower precision that was chosen for autocast."""
    for block in reversed(_entered):
        if block.device == device_type:
            return block.fast_dtype
    return float16 if device_type == "cuda" else bfloat16


def is_autocast_cpu_enabled() -> bool:
    """Whether this is run inside an enabled :class:`autocast` of the CPU."""
    return is_autocast_enabled("cpu")


def get_autocast_cpu_dtype() -> dtype:
    """Return the lower precision that was chosen for autocast of the CPU."""
    return get_autocast_dtype("cpu")


def get_autocast_gpu_dtype() -> dtype:
    """Return the lower precision that autocast of a CUDA device would have."""
    return get_autocast_dtype("cuda")


def is_autocast_available(device_type: str) -> bool:
    """Whether :class:`autocast` accepts the device."""
    return device_type == "cpu"


def custom_fwd(fwd: Any = None, *, device_type: str = "cpu", cast_inputs: Any = None) -> Any:
    """Decorate the `forward` of an autograd.Function for autocast: it stays as it is.

    Parameters
    ----------
    fwd : callable
    device_type : str
        Accepted.
    cast_inputs : dtype, optional
        Accepted: inputs are not of a lower precision.
    """
    return fwd if fwd is not None else lambda function: function


def custom_bwd(bwd: Any = None, *, device_type: str = "cpu") -> Any:
    """Decorate the `backward` of an autograd.Function for autocast: it stays as it is."""
    return bwd if bwd is not None else lambda function: function
