"""What a program was specialised on, checked before it is run again.

The conditions on arguments and on the tensors that a step reads are written out as one function
of plain comparisons. The Python objects around (modules, options of the user) are compared with
what they were; those of modules only after one was changed, which a count tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...dtype import get_default_dtype
from ...mode import modes
from ...tensor import Tensor
from ..errors import refuse

__all__ = ["SIMPLE", "Conditions", "tensors_in"]

SIMPLE = (int, float, complex, str, bytes, bool, type(None), type(Ellipsis), slice, range)


class Conditions:
    """Comparisons that are collected, to be compiled into one function: see `entry`."""

    def __init__(self) -> None:
        self.tests: list[str] = []
        self.names: dict[str, Any] = {"modes": modes, "default_dtype": get_default_dtype}

    def name(self, value: Any) -> str:
        """Return a name for an object in the text of the conditions."""
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def add(self, test: str, **values: Any) -> None:
        """Add a comparison; ``{x}`` in its text stands for the object that is given as x."""
        self.tests.append(test.format(**{k: self.name(v) for k, v in values.items()}))

    def argument(self, text: str, value: Any) -> None:
        """Add what is to hold of an argument, which the expression `text` gives."""
        kind = type(value)
        if isinstance(value, Tensor):
            array = value._array
            self.add(f"type({text}) is {{k}}", k=kind)
            self.add(f"{text}._array.shape == {{s}}", s=array.shape)
            self.add(f"{text}._array.dtype is {{d}}", d=array.dtype)
            self.add(f"{text}._array.strides == {{s}}", s=array.strides)
            if value.requires_grad:
                self.tests.append(f"{text}.requires_grad")
            else:
                self.tests.append(f"{text}._node is None")
        elif kind in (tuple, list):
            self.add(f"type({text}) is {{k}} and len({text}) == {len(value)}", k=kind)
            for i, each in enumerate(value):
                self.argument(f"{text}[{i}]", each)
        elif kind is dict:
            self.add(f"type({text}) is dict and list({text}) == {{names}}", names=list(value))
            for key, each in value.items():
                self.argument(f"{text}[{key!r}]", each)
        elif isinstance(value, SIMPLE):
            self.add(f"type({text}) is {{k}} and {text} == {{v}}", k=kind, v=value)
        else:
            self.add(f"{text} is {{v}}", v=value)

    def text(self) -> str:
        """Return the conditions as an expression of `args` and `kwargs`, and of `names`."""
        return " and ".join(f"({t})" for t in self.tests) or "True"

    def function(self) -> Callable[[Any, Any], bool]:
        """Return them as a function of `args` and `kwargs`."""
        # Built from this package's own words and the reprs of strings.
        exec(f"def fits(args, kwargs): return {self.text()}", self.names)
        # Taken out, so that it is not among its own globals: it goes when the step does.
        fits: Callable[[Any, Any], bool] = self.names.pop("fits")
        return fits


def tensors_in(text: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the tensors in an argument, with the expression that gives each."""
    if isinstance(value, Tensor):
        yield text, value
    elif type(value) in (tuple, list):
        for i, each in enumerate(value):
            yield from tensors_in(f"{text}[{i}]", each)
    elif type(value) is dict:
        for key, each in value.items():
            yield from tensors_in(f"{text}[{key!r}]", each)
    elif hasattr(value, "__array_interface__"):
        raise refuse("a NumPy array is an argument of the step", "Pass tensors: tgb.from_numpy(x).")
