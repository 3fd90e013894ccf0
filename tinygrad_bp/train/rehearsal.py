"""Compiled functions, each of whose calls runs the program.

The first calls of a compiled function run it as it is, to note what it does, and their numbers
differ in the last digits from the program's. A run that is resumed would have such calls at other
places than one that was never stopped. So they are made on the side here, and all is put back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..compiler import compile
from ..mode import no_grad
from ..tensor import Tensor
from .randomness import positions, restore

__all__ = ["Rehearsed"]

#: Calls after which a function that is still traced anew is left alone.
_CALLS = 6


class Rehearsed:
    """A compiled function of a training step.

    Parameters
    ----------
    function : callable
    model : Module
    optimizer : Optimizer
        What the function changes, besides the gradients of the model's parameters.
    """

    def __init__(self, function: Callable[..., Any], model: Any, optimizer: Any) -> None:
        self._function, self._model, self._optimizer = function, model, optimizer
        self._compiled = compile(function)

    def __call__(self, *args: Any) -> Any:
        """Run the function."""
        if not self._compiled.ready(*args):
            put_back = self._remember()
            if not self._optimizer.state:
                result = self._function(*args)
                if self._optimizer.state:  # what began with this call can't be put back
                    return result
                put_back()  # an optimizer without a state, as plain SGD
            for _ in range(_CALLS):
                self._compiled(*args)
                # Where it was called once more with the program, nothing is left to note.
                put_back()
                if self._compiled.ready(*args):
                    break
        return self._compiled(*args)

    def _remember(self) -> Callable[[], None]:
        """Return a function that puts back what is now."""
        streams = positions()
        parameters = list(self._model.parameters())
        gradients = [(p, p.grad, None if p.grad is None else p.grad.clone()) for p in parameters]
        tensors = [*parameters, *self._model.buffers()]
        numbers = []
        for state in self._optimizer.state.values():
            for name, value in state.items():
                if isinstance(value, Tensor):
                    tensors.append(value)
                else:
                    numbers.append((state, name, value))
        kept = [(t, t.detach().clone()) for t in tensors]

        def put_back() -> None:
            with no_grad():
                for tensor, value in kept:
                    tensor.copy_(value)
                for parameter, gradient, value in gradients:
                    parameter.grad = gradient
                    if gradient is not None:
                        gradient.copy_(value)
            for state, name, value in numbers:
                state[name] = value
            restore(streams)

        return put_back
