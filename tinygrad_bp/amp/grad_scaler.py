"""Scaling the loss, so that small gradients survive a low precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..devices import device as Device
from ..tensor import Tensor

__all__ = ["GradScaler"]


class GradScaler:
    """Multiplies the loss, and divides its gradients, by a factor that adapts itself.

    A step whose gradients are not finite is left out, and the factor falls; after a number of good
    steps it grows. On a device that is not there (CUDA, the default) it is disabled and passes
    everything through, as PyTorch's is.

    Parameters
    ----------
    device : str
    init_scale, growth_factor, backoff_factor : float
        The factor at first, and what it is multiplied by when it grows and falls.
    growth_interval : int
        How many good steps in a row let it grow.
    enabled : bool

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.ones(1, requires_grad=True)
    >>> optimizer, scaler = tgb.optim.SGD([w], lr=0.1), tgb.amp.GradScaler("cpu")
    >>> scaler.scale((w * 2).sum()).backward()
    >>> w.grad.item(), scaler.get_scale()
    (131072.0, 65536.0)
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w.grad.item(), round(w.item(), 6)
    (2.0, 0.8)

    Source: P. Micikevicius et al. (2018), Mixed precision training.
    """

    def __init__(self, device: str = "cuda", init_scale: float = 2.0**16,
                 growth_factor: float = 2.0, backoff_factor: float = 0.5,
                 growth_interval: int = 2000, enabled: bool = True) -> None:  # fmt: skip
        self._device = device
        self._enabled = enabled and Device(device).type == "cpu"
        if self._enabled and growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if self._enabled and backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._scale, self._good_steps = float(init_scale), 0
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval = growth_interval
        self._found: dict[int, bool] = {}  # id of an unscaled optimizer -> whether inf was found
        self._stepped: set[int] = set()

    def scale(self, outputs: Any) -> Any:
        """Multiply a loss, or a nest of them, by the factor."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            return outputs * self._scale
        if isinstance(outputs, (list, tuple)):
            return type(outputs)([self.scale(output) for output in outputs])
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the factor, before they are clipped.

        Raises
        ------
        RuntimeError
            If that was done since the last :meth:`update`.
        """
        if not self._enabled:
            return
        if id(optimizer) in self._stepped:
            raise RuntimeError("unscale_() is being called after step().")
        if id(optimizer) in self._found:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        found = False
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad
                if gradient is not None:
                    found = found or not bool(np.isfinite(gradient._array).all())
                    gradient.data.div_(self._scale)
        self._found[id(optimizer)] = found

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """Unscale, and take the optimizer's step unless a gradient is not finite."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        if id(optimizer) in self._stepped:
            raise RuntimeError("step() has already been called since the last update().")
        if id(optimizer) not in self._found:
            self.unscale_(optimizer)
        self._stepped.add(id(optimizer))
        return None if self._found[id(optimizer)] else optimizer.step(*args, **kwargs)

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Adapt the factor; call it once at the end of each iteration."""
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._found:
            raise AssertionError("No inf checks were recorded prior to update.")
        elif any(self._found.values()):
            self._scale, self._good_steps = self._scale * self._backoff_factor, 0
        else:
            self._good_steps += 1
            if self._good_steps == self._growth_interval:
                self._scale, self._good_steps = self._scale * self._growth_factor, 0
        self._found, self._stepped = {}, set()

    def get_scale(self) -> float:
        """Return the factor; 1 if disabled."""
        return self._scale if self._enabled else 1.0

    def is_enabled(self) -> bool:
        """Whether it scales at all."""
        return self._enabled

    def get_growth_factor(self) -> float:
        """Return what the factor is multiplied by when it grows."""
        return self._growth_factor

    def get_backoff_factor(self) -> float:
        """Return what the factor is multiplied by when it falls."""
        return self._backoff_factor

    def get_growth_interval(self) -> int:
        """Return how many good steps in a row let the factor grow."""
        return self._growth_interval

    def set_growth_factor(self, new_factor: float) -> None:
        """Choose what the factor is multiplied by when it grows."""
        self._growth_factor = new_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Choose what the factor is multiplied by when it falls."""
        self._backoff_factor = new_factor

    def set_growth_interval(self, new_interval: int) -> None:
        """Choose how many good steps in a row let the factor grow."""
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """Return what to save; empty if disabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._good_steps,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned.

        Raises
        ------
        RuntimeError
            For an empty one, of a disabled scaler.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
        self._scale = state_dict["scale"]
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._good_steps = state_dict["_growth_tracker"]
