"""The Python objects that a step can see, compared in each call with what they were.

What a step reads in Python (an option, a flag, an entry of a dict) is the same in each run of its
program. So everything is looked at that its functions can reach by name: globals, closures,
defaults, the attributes of the objects there and of their classes, and what lies in them.
"""

from __future__ import annotations

import argparse
import dis
import enum
import functools
import operator
import os
import sys
import types
from collections import deque
from typing import Any

import numpy as np

from ...changes import changes
from ...nn.modules.hooks import GLOBAL_HOOKS
from ...nn.modules.module import Module
from ...optim.hooks import everywhere
from ...optim.lr_scheduler import LRScheduler
from ...optim.optimizer import Optimizer
from ...source import is_ours
from ...tensor import Tensor
from ..errors import refuse
from .guards import SIMPLE, Conditions
from .recording import Recording
from .sameness import ABSENT, Some, alike, difference, equal, same

__all__ = ["Surroundings"]

_REGISTRIES = ("_parameters", "_buffers", "_modules")
_BOOKS = ("_call_hooks", "_state_hooks", "_non_persistent_buffers_set")
_GLOBAL = ("LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME")
_DEEPEST = 100  # objects in objects
_SMALL = 4096  # bytes of an array whose elements are compared
_US = __name__.partition(".")[0]
_LIBRARIES = frozenset(("numpy", "builtins", _US, *sys.stdlib_module_names)) - {"__main__"}

#: Classes of Python's library whose objects hold what a script puts into them.
_HOLDERS = (types.SimpleNamespace, argparse.Namespace, functools.partial)


class Surroundings:
    """What a function can see.

    Parameters
    ----------
    function : callable
        A function, method, module, or any object that is called.

    Attributes
    ----------
    arrays : list of ndarray
        That its programs read where they lie.
    """

    def __init__(self, function: Any) -> None:
        self.roots = [function]
        self.names: set[str] = set()
        self._look()
        self.count = changes.count

    def _look(self) -> None:
        """Walk from the roots; again, as long as functions turn up that ask for further names."""
        known = -1
        while known != len(self.names):
            known = len(self.names)
            self._begin()
            for root in self.roots:
                self._walk(root, 0)

    def _begin(self) -> None:
        self.modules: list[tuple[Any, Any]] = []  # those of `nn`: looked at after a change of any
        self.held: list[tuple[Any, Any]] = []  # a container, and what it held
        self.cells: list[tuple[Any, Any]] = []
        self.globals: dict[tuple[int, str], tuple[dict[str, Any], str, Any]] = {}
        self.attributes: list[tuple[Any, str, Any]] = []
        self.functions: list[tuple[Any, Any, Any, Any]] = []
        self.arrays: list[Any] = []
        self.small: list[tuple[Any, bytes]] = []
        self.seen: dict[int, Any] = {}
        self.classes: dict[int, Any] = {}
        self._hold(GLOBAL_HOOKS, self.modules)
        for hooks in everywhere.values():
            self._hold(hooks)
            self._entries(hooks.values(), 0)

    def add(self, used: list[Any]) -> None:
        """Look at further objects that the step turned out to use."""
        self.roots += [x for x in used if id(x) not in self.seen]
        self._look()

    def _hold(self, x: Any, where: list[tuple[Any, Any]] | None = None) -> None:
        kept = dict(x) if isinstance(x, (dict, types.MappingProxyType)) else list(x)
        (self.held if where is None else where).append((x, kept))

    def _walk(self, x: Any, depth: int) -> None:
        if isinstance(x, (*SIMPLE, types.ModuleType, Tensor, enum.Enum)) or id(x) in self.seen:
            return
        if depth > _DEEPEST:
            return
        self.seen[id(x)] = x
        if isinstance(x, np.ndarray):
            self.arrays.append(x)
            if x.nbytes <= _SMALL:
                self.small.append((x, x.tobytes()))
        elif isinstance(x, type):
            self._class(x, depth, made=True)
        elif isinstance(x, types.MethodType):
            self._walk(x.__self__, depth + 1)
            self._walk(x.__func__, depth + 1)
        elif isinstance(x, types.FunctionType):
            if not is_ours(x) and not _is_library(x):
                self._function(x, depth)
        elif isinstance(x, (staticmethod, classmethod)):
            self._walk(x.__func__, depth + 1)
        elif isinstance(x, (property, functools.cached_property)):
            self._walk(x.fget if isinstance(x, property) else x.func, depth + 1)
        elif isinstance(x, Module):
            self._module(x, depth)
        elif isinstance(x, Optimizer):
            # Its options are asked for in each step.
            for group in x.param_groups:
                self._hold(group["params"])
                asked = {k: v for k, v in group.items() if k in self.names and k != "params"}
                if "param_groups" in self.names and asked:  # by the step itself
                    self.held.append((group, Some(asked)))
            self._hold(x.param_groups)
            for hooks in (x._optimizer_step_pre_hooks, x._optimizer_step_post_hooks):
                self._hold(hooks)
                self._entries(hooks.values(), depth)
        elif isinstance(x, LRScheduler):
            pass
        elif isinstance(x, (list, tuple, set, frozenset, deque)):
            if not isinstance(x, (tuple, frozenset)):
                self._hold(x)
            self._entries(x, depth)
        elif isinstance(x, dict):
            self._hold(x)
            self._entries(x.values(), depth)
        else:
            self._object(x, depth)

    def _entries(self, entries: Any, depth: int) -> None:
        for each in entries:
            self._walk(each, depth + 1)

    def _asked_for(self, x: Any) -> dict[str, Any]:
        """Return the attributes of an object that the functions name, or may name."""
        own = vars(x)
        if not self.names.isdisjoint(_ANY_NAME):
            return dict(own)
        shadowed = {name: ABSENT for k in type(x).__mro__ for name in vars(k)}
        return {name: v for name, v in {**shadowed, **own}.items() if name in self.names}

    def _module(self, x: Any, depth: int) -> None:
        if is_ours(type(x).forward):
            self._hold(vars(x), self.modules)
        else:
            asked = self._asked_for(x)
            numbers = {k for k, v in vars(x).items() if isinstance(v, SIMPLE) and k not in _FLAGS}
            rest = {k: v for k, v in vars(x).items() if k not in numbers}
            own = {"forward": ABSENT, **rest, **asked}
            self.modules.append((vars(x), Some(own)))
        for registry in _REGISTRIES:
            self._hold(vars(x).get(registry, {}), self.modules)
        self._hold(x._call_hooks, self.modules)
        for name, each in vars(x).items():
            if name not in _REGISTRIES and name not in _BOOKS:
                self._walk(each, depth)
        for each in x._modules.values():
            self._walk(each, depth)  # as deep as modules go
        self._class(type(x), depth)

    def _object(self, x: Any, depth: int) -> None:
        known = _is_library(type(x))
        ours = type(x).__module__.partition(".")[0] in _LIBRARIES
        if ours and not isinstance(x, _HOLDERS):
            return
        if isinstance(x, functools.partial):
            self._entries((x.func, *x.args), depth)
            self._walk(x.keywords, depth + 1)
        if isinstance(x, _HOLDERS):
            self._walk(vars(x), depth + 1)
        elif hasattr(x, "__dict__"):
            asked = self._asked_for(x)
            self.held.append((vars(x), Some(asked)))
            self._entries(asked.values(), depth)
        for kind in type(x).__mro__:
            slots = vars(kind).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if hasattr(x, name):
                    self._attribute(x, name, depth)
        if not known:
            self._class(type(x), depth)

    def _class(self, x: type, depth: int, made: bool = False) -> None:
        """Look at a class: that of an object, or one that functions may make objects of."""
        for kind in (*x.__mro__, type(x)):
            if _is_library(kind):
                continue
            if id(kind) not in self.classes:
                self.classes[id(kind)] = kind
                self._hold(kind.__dict__)
            for name, each in list(vars(kind).items()):
                special = name.startswith("__") and (made or name not in _MAKING)
                if special or name in self.names or name == "forward":
                    self._walk(each, depth + 1)

    def _attribute(self, owner: Any, name: str, depth: int) -> None:
        value = getattr(owner, name)
        self.attributes.append((owner, name, value))
        self._walk(value, depth + 1)

    def _function(self, f: types.FunctionType, depth: int) -> None:
        for cell in f.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:  # not set yet
                continue
            self.cells.append((cell, value))
            self._walk(value, depth + 1)
        self.functions.append((f, f.__defaults__, f.__code__, f.__kwdefaults__))
        for each in (f.__defaults__, f.__kwdefaults__, vars(f)):
            if each:
                self._walk(each, depth + 1)
        names, asked = _names_in(f.__code__)
        self.names |= names
        if not names.isdisjoint(("environ", "getenv")):
            self._hold(os.environ._data)  # type: ignore[attr-defined]
        for name in sorted(asked.intersection(f.__globals__)):
            value = f.__globals__[name]
            self.globals[id(f.__globals__), name] = f.__globals__, name, value
            self._walk(value, depth + 1)
            if isinstance(value, types.ModuleType):
                self._of_module(value, names, depth)

    def _of_module(self, module: Any, names: set[str], depth: int) -> None:
        """Look at what a function may ask a module for, be it one of ours."""
        if id(module) in self.seen or (_is_library(module) and not _is_our_own(module)):
            return
        for name in sorted(names.intersection(vars(module))):
            self._attribute(module, name, depth)
            value = vars(module)[name]
            if isinstance(value, types.ModuleType) and value is not module:
                self._of_module(value, names, depth + 1)

    def unchanged(self) -> bool:
        """Whether the modules are what they were; the count of changes is brought up to date."""
        if not all(alike(now, before) for now, before in self.modules):
            return False
        self.count = changes.count
        return True

    def conditions(self, conditions: Conditions, recording: Recording) -> None:
        """Add what is to be checked in each step, but for what its program reads anew."""
        conditions.names.update(changes=changes, alike=alike, is_=operator.is_)
        conditions.add("changes.count == {s}.count or {s2}()", s=self, s2=self.unchanged)
        for cell, value in self.cells:
            conditions.add(equal("{c}.cell_contents", value), c=cell, v=value)
        for function, defaults, code, named in self.functions:
            conditions.add("{f}.__defaults__ is {d} and {f2}.__code__ is {c}", f=function,
                           d=defaults, f2=function, c=code)  # fmt: skip
            if named:
                conditions.add("{f}.__kwdefaults__ is {d}", f=function, d=named)
        for owner, name, value in self.attributes:
            conditions.add(equal(f"{{o}}.{name}", value), o=owner, v=value)
        for namespace, name, value in self.globals.values():
            conditions.add(equal(f"{{g}}.get({name!r})", value), g=namespace, v=value)
        for now, before in self.held:
            if type(now) is list and not any(isinstance(x, SIMPLE) for x in before):
                each = "".join(f" and {{a}}[{i}] is {{b}}[{i}]" for i in range(len(before)))
                each = each if len(before) < 4 else " and all(map(is_, {a}, {b}))"
                conditions.add("len({a}) == {n}" + each, a=now, b=before, n=len(before))
            else:
                conditions.add("alike({a}, {b})", a=now, b=before)
        self.roots.clear()  # which may have the step's own conditions in their closures
        self.seen.clear()
        for array, content in self.small:
            if not recording.has_met(array):
                conditions.add("{a}.tobytes() == {b}", a=array, b=content)

    def check_after(self) -> None:
        """Refuse a step that has changed them itself: the change would not come again."""
        what = None
        for now, before in self.modules:
            if not alike(now, before):
                what = f"{difference(now, before)} of a module"
        for now, before in self.held:
            if not alike(now, before):
                kind = "class" if isinstance(now, types.MappingProxyType) else type(now).__name__
                what = f"{difference(now, before)} of a {kind}"
        for cell, value in self.cells:
            if not same(cell.cell_contents, value):
                what = "a variable of the function around it"
        for owner, name, value in self.attributes:
            if not same(getattr(owner, name), value):
                what = f"{name!r} of {owner!r}"
        for namespace, name, value in self.globals.values():
            if not same(namespace.get(name), value):
                what = f"the global variable {name!r}"
        for array, content in self.small:
            if array.tobytes() != content:
                what = f"a NumPy array of shape {array.shape}"
        if what is not None:
            raise refuse(
                f"the step changes {what}, which a compiled step would not do again",
                "Return the new value and keep it outside of the step, or use fallback=True.",
            )


#: Methods that run when an object is made, and not when it is used.
_MAKING = frozenset(("__init__", "__new__", "__post_init__", "__init_subclass__"))

_FLAGS = frozenset(("training",))  # that our own code reads

#: Names of what asks for attributes whose names are not written in the code.
_ANY_NAME = frozenset(("vars", "__dict__", "getattr", "attrgetter"))


def _names_in(code: types.CodeType) -> tuple[set[str], set[str]]:
    """Collect names that a function may ask something for, and those that it asks its globals for.

    Not all of them for both: the attribute of `optimizer.step` may well be the name of the step
    itself, which would be kept for ever by its own conditions.
    """
    names: set[str] = set()
    asked: set[str] = set()
    texts: set[str] = set()
    stack = [code]
    while stack:
        code = stack.pop()
        stack += [c for c in code.co_consts if isinstance(c, types.CodeType)]
        names.update(code.co_names)
        texts.update(c for c in code.co_consts if isinstance(c, str) and c.isidentifier())
        asked.update(i.argval for i in dis.get_instructions(code) if i.opname in _GLOBAL)
    if "globals" in names:
        asked |= texts
    return names | texts, asked


def _is_library(x: Any) -> bool:
    """Whether a function, class or module is part of Python, of a package or of this one."""
    name = x.__name__ if isinstance(x, types.ModuleType) else getattr(x, "__module__", None)
    return _is_installed((name or "").partition(".")[0])


@functools.cache
def _is_installed(name: str) -> bool:
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return name in _LIBRARIES or "site-packages" in file or "dist-packages" in file


def _is_our_own(module: Any) -> bool:
    name: str = module.__name__
    return name.partition(".")[0] == _US
