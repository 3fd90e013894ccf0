"""What a program was specialised on, checked before it is run again.

The conditions on arguments and on the tensors that a step reads are written out as one function
of plain comparisons. The Python objects around (modules, options of the user) are compared with
what they were; those of modules only after one was changed, which a count tells.
"""

from __future__ import annotations

import dis
import operator
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..changes import changes
from ..dtype import get_default_dtype
from ..mode import modes
from ..nn.modules.hooks import GLOBAL_HOOKS
from ..nn.modules.module import Module
from ..optim.lr_scheduler import LRScheduler
from ..optim.optimizer import Optimizer
from ..source import is_ours
from ..tensor import Tensor
from .errors import refuse

__all__ = ["Conditions", "Surroundings", "tensors_in"]

_REGISTRIES = ("_parameters", "_buffers", "_modules")
_SIMPLE = (int, float, complex, str, bytes, bool, type(None), type(Ellipsis), slice, range)
_DEEPEST = 6
_GLOBAL = ("LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME")


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
        elif isinstance(value, _SIMPLE):
            self.add(f"type({text}) is {{k}} and {text} == {{v}}", k=kind, v=value)
        else:
            self.add(f"{text} is {{v}}", v=value)

    def text(self) -> str:
        """Return the conditions as an expression of `args` and `kwargs`, and of `names`."""
        return " and ".join(f"({t})" for t in self.tests) or "True"


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


class Surroundings:
    """The Python objects that a function can see, and what they are like.

    Parameters
    ----------
    function : callable
        A function, method, module, or any object that is called.
    """

    def __init__(self, function: Any) -> None:
        self.modules: list[tuple[Any, dict[Any, Any]]] = []
        self.objects: list[tuple[Any, Any]] = []  # a dict or list -> what it held
        self.cells: list[tuple[Any, Any]] = []
        self.globals: list[tuple[dict[str, Any], str, Any]] = []
        self.seen: dict[int, Any] = {}
        self.arrays: list[Any] = []
        self.functions: list[tuple[Any, Any, Any]] = []
        self.attributes: list[tuple[Any, str, Any]] = []
        self.modules.append((GLOBAL_HOOKS, dict(GLOBAL_HOOKS)))
        self._walk(function, 0)
        self.count = changes.count

    def add(self, x: Any) -> None:
        """Look at another object that the step turned out to use."""
        self._walk(x, 0)

    def _walk(self, x: Any, depth: int) -> None:
        if isinstance(x, (*_SIMPLE, type, types.ModuleType, Tensor)) or id(x) in self.seen:
            return
        if depth > _DEEPEST:
            return
        if isinstance(x, np.ndarray):
            self.arrays.append(x)
            return
        self.seen[id(x)] = x
        if isinstance(x, types.MethodType):
            self._walk(x.__self__, depth + 1)
            self._walk(x.__func__, depth + 1)
        elif isinstance(x, types.FunctionType):
            if not is_ours(x):
                self._function(x, depth)
        elif isinstance(x, Module):
            self.modules.append((vars(x), dict(vars(x))))
            for registry in _REGISTRIES:
                held = vars(x).get(registry, {})
                self.modules.append((held, dict(held)))
            self.modules.append((x._call_hooks, dict(x._call_hooks)))
            for name, each in vars(x).items():
                if name not in _REGISTRIES and name not in ("_call_hooks", "_state_hooks"):
                    self._walk(each, depth)
            for each in x._modules.values():
                self._walk(each, depth)  # as deep as modules go
            self._walk(type(x).forward, depth + 1)
        elif isinstance(x, Optimizer):
            # Its options are asked for in each step.
            for group in x.param_groups:
                self.objects.append((group["params"], list(group["params"])))
            self.objects.append((x.param_groups, list(x.param_groups)))
        elif isinstance(x, LRScheduler):
            pass
        elif type(x) in (list, tuple):
            if len(x) <= 100:
                if type(x) is list:
                    self.objects.append((x, list(x)))
                for each in x:
                    self._walk(each, depth + 1)
        elif type(x) is dict:
            if len(x) <= 100:
                self.objects.append((x, dict(x)))
                for each in x.values():
                    self._walk(each, depth + 1)
        elif hasattr(x, "__dict__") and not _is_library(type(x)):
            self._walk(vars(x), depth + 1)
            if isinstance(vars(type(x)).get("__call__"), types.FunctionType):
                self._walk(type(x).__call__, depth + 1)

    def _function(self, f: types.FunctionType, depth: int) -> None:
        if _is_library(f):
            return
        for cell in f.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:  # not set yet
                continue
            self.cells.append((cell, value))
            self._walk(value, depth + 1)
        self.functions.append((f, f.__defaults__, f.__code__))
        for value in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()):
            self._walk(value, depth + 1)
        names: set[str] = set()
        asked: set[str] = set()
        stack = [f.__code__]
        while stack:
            code = stack.pop()
            stack += [c for c in code.co_consts if isinstance(c, types.CodeType)]
            names.update(code.co_names)
            # Not what is only an attribute's name: that of `optimizer.step` may well be the name
            # of the step itself, which would be kept for ever by its own conditions.
            asked.update(
                i.argval for i in dis.get_instructions(code)
                if i.opname in _GLOBAL
            )  # fmt: skip
        for name in sorted(asked.intersection(f.__globals__)):
            value = f.__globals__[name]
            self.globals.append((f.__globals__, name, value))
            self._walk(value, depth + 1)
            if isinstance(value, (type, types.ModuleType)) and not _is_library(value):
                # What the function may ask a module or a class of the user for.
                for attribute in sorted(names.intersection(vars(value))):
                    self.attributes.append((value, attribute, getattr(value, attribute)))
                    self._walk(getattr(value, attribute), depth + 1)

    def unchanged(self) -> bool:
        """Whether the modules are what they were; the count of changes is brought up to date."""
        if not all(_alike(now, before) for now, before in self.modules):
            return False
        self.count = changes.count
        return True

    def conditions(self, conditions: Conditions) -> None:
        """Add what is to be checked in each step."""
        conditions.names["changes"] = changes
        conditions.add("changes.count == {s}.count or {s2}()", s=self, s2=self.unchanged)
        conditions.names["alike"] = _alike
        for cell, value in self.cells:
            conditions.add(_equal("{c}.cell_contents", value), c=cell, v=value)
        for function, defaults, code in self.functions:
            conditions.add("{f}.__defaults__ is {d} and {f2}.__code__ is {c}", f=function,
                           d=defaults, f2=function, c=code)  # fmt: skip
        for owner, name, value in self.attributes:
            conditions.add(_equal(f"{{o}}.{name}", value), o=owner, v=value)
        for namespace, name, value in self.globals:
            conditions.add(_equal(f"{{g}}.get({name!r})", value), g=namespace, v=value)
        conditions.names["is_"] = operator.is_
        for now, before in self.objects:
            if type(now) is list and not any(isinstance(x, _SIMPLE) for x in before):
                each = "".join(f" and {{a}}[{i}] is {{b}}[{i}]" for i in range(len(before)))
                each = each if len(before) < 4 else " and all(map(is_, {a}, {b}))"
                conditions.add("len({a}) == {n}" + each, a=now, b=before, n=len(before))
            else:
                conditions.add("alike({a}, {b})", a=now, b=before)

    def check_after(self) -> None:
        """Refuse a step that has changed them itself: the change would not come again."""
        what = None
        for now, before in self.modules:
            if not _alike(now, before):
                what = f"{_difference(now, before)} of a module"
        for now, before in self.objects:
            if not _alike(now, before):
                what = f"{_difference(now, before)} of a {type(now).__name__}"
        for cell, value in self.cells:
            if not _same(cell.cell_contents, value):
                what = "a variable of the function around it"
        for owner, name, value in self.attributes:
            if not _same(getattr(owner, name), value):
                what = f"{name!r} of {owner!r}"
        for namespace, name, value in self.globals:
            if not _same(namespace.get(name), value):
                what = f"the global variable {name!r}"
        if what is not None:
            raise refuse(
                f"the step changes {what}, which a compiled step would not do again",
                "Return the new value and keep it outside of the step, or use fallback=True.",
            )


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and isinstance(a, _SIMPLE) and a == b)


def _equal(text: str, value: Any) -> str:
    if isinstance(value, _SIMPLE):
        return f"{text} == {{v}}"
    return f"{text} is {{v}}"


def _alike(now: Any, before: Any) -> bool:
    if len(now) != len(before):
        return False
    if isinstance(now, dict):
        return all(k in now and _same(now[k], v) for k, v in before.items())
    return all(_same(a, b) for a, b in zip(now, before, strict=True))


def _difference(now: Any, before: Any) -> str:
    if isinstance(now, dict):
        for name in (*now, *before):
            if name not in now or name not in before or not _same(now[name], before[name]):
                return repr(name)
    return "the entries"


def _is_library(x: Any) -> bool:
    """Whether a function or class is part of Python, of a package or of this one."""
    module = x.__name__ if isinstance(x, types.ModuleType) else getattr(x, "__module__", None)
    name = (module or "").partition(".")[0]
    return name in ("numpy", "builtins", __name__.partition(".")[0]) or name in _STANDARD


_STANDARD = __import__("sys").stdlib_module_names - {"__main__"}
