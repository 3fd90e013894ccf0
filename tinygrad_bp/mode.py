"""Whether operations are recorded just now, and whether they are watched: flags of a thread."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

Function = TypeVar("Function", bound=Callable[..., Any])

_GENERATOR = 0x20  # CPython's CO_GENERATOR; importing `inspect` for it would double our import time


class Modes(threading.local):
    """The flags that the recording of an operation looks at."""

    grad = True
    inference = False
    anomaly = False
    trace: Any = None  # of a step that is being compiled: what notes the operations
    packing: Any = None  # what packs the values kept for backward: `saved_tensors_hooks`
    watched = False  # any of the last three: a recording looks at one flag, not at three

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name != "grad" and name != "trace":
            watched = self.inference or self.anomaly or self.packing is not None
            super().__setattr__("watched", watched)


modes = Modes()


class _Switch:
    """A context manager, and a decorator, that sets flags and puts them back."""

    _set: dict[str, bool]

    def __init__(self) -> None:
        self._before: list[dict[str, bool]] = []  # a stack: one switch may be entered twice

    def __enter__(self) -> Self:
        self._before.append({name: getattr(modes, name) for name in self._set})
        for name, value in self._set.items():
            setattr(modes, name, value)
        if modes.inference:
            modes.grad = False  # enable_grad does not record what may never be recorded
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for name, value in self._before.pop().items():
            setattr(modes, name, value)

    def _again(self) -> _Switch:
        return type(self)()

    def __call__(self, function: Function) -> Function:
        if getattr(getattr(function, "__code__", None), "co_flags", 0) & _GENERATOR:

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                # The flags hold while the generator runs, not while its consumer does.
                running = function(*args, **kwargs)
                resume: Callable[[], Any] = functools.partial(next, running)
                while True:
                    with self._again():
                        try:
                            item = resume()
                        except StopIteration as stop:
                            return stop.value
                    try:
                        resume = functools.partial(running.send, (yield item))
                    except GeneratorExit:
                        with self._again():
                            running.close()
                        raise
                    except BaseException as error:
                        # What the consumer throws in is the generator's to handle.
                        resume = functools.partial(running.throw, error)

            return generator  # type: ignore[return-value]

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


class no_grad(_Switch):  # noqa: N801  PyTorch's name
    """Do not record: results inside do not require a gradient. A context manager and a decorator.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.ones(2, requires_grad=True)
    >>> with tgb.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    _set = {"grad": False}

    def __new__(cls, function: Any = None) -> Any:
        """Decorate at once when used without parentheses, as PyTorch allows."""
        switch = super().__new__(cls)
        if callable(function):
            switch.__init__()  # type: ignore[misc]
            return switch(function)
        return switch

    def __init__(self, function: Any = None) -> None:
        super().__init__()


class enable_grad(no_grad):  # noqa: N801
    """Record again, inside a :class:`no_grad`."""

    _set = {"grad": True}


class set_grad_enabled(_Switch):  # noqa: N801
    """Switch recording on or off: at once when called, and until the end of a ``with`` block."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self._set = {"grad": bool(mode)}
        self._entry = modes.grad
        modes.grad = bool(mode) and not modes.inference

    def __enter__(self) -> Self:
        super().__enter__()
        self._before[-1]["grad"] = self._entry
        return self

    def _again(self) -> _Switch:
        return set_grad_enabled(self._set["grad"])

    def __call__(self, function: Function) -> Function:
        """Decorate a function."""
        modes.grad = self._entry  # used as a decorator: the call itself is to change nothing
        return super().__call__(function)


class inference_mode(_Switch):  # noqa: N801
    """:class:`no_grad` for good: what is made inside may never take part in a recorded graph."""

    def __new__(cls, mode: Any = True) -> Any:
        """Decorate at once when used without parentheses, as PyTorch allows."""
        switch = super().__new__(cls)
        if callable(mode):
            switch.__init__()  # type: ignore[misc]
            return switch(mode)
        return switch

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self._mode = bool(mode)
        self._set = {"inference": bool(mode), "grad": not mode}  # as in PyTorch

    def _again(self) -> _Switch:
        return inference_mode(self._mode)


def is_grad_enabled() -> bool:
    """Whether operations are recorded just now."""
    return modes.grad


def is_inference_mode_enabled() -> bool:
    """Whether :class:`inference_mode` holds just now."""
    return modes.inference
