"""A compiled step: the function, and the programs that it was traced to.

The first call with arguments of a kind runs the function as ever, and notes what it does; so does
the second, and the next ones run the program that came of it. A program goes for shapes, dtypes and
flags; what these are is checked in every call (see `guards`), and where nothing fits the function
is traced again.
"""

from __future__ import annotations

import functools
import warnings
import weakref
from collections import Counter
from collections.abc import Callable
from typing import Any

from ..memory import give_back
from ..mode import modes
from ..tensor import Tensor
from .config import config
from .entry import MISS, Entry
from .errors import CompileWarning, TraceError
from .explaining.explanation import explanation
from .progress import Progress
from .reference import Build, reference
from .specialise import Specialised, trace
from .turns import Turns

__all__ = ["CompiledStep"]

#: Programs that are kept for other arguments; the one that was not used for the longest time goes.
LIMIT = 16

#: Programs for arguments that differ in Python numbers alone after which there is a warning.
MANY = 8


#: All that there are, for `reset`.
STEPS: weakref.WeakSet[CompiledStep] = weakref.WeakSet()


class CompiledStep(Turns):
    """A function whose calls run as one program. Made by :func:`tinygrad_bp.compile`."""

    def __init__(self, function: Callable[..., Any], fallback: bool = False,
                 build: Build | None = None) -> None:  # fmt: skip
        super().__init__()
        self.function, self.fallback = function, fallback
        self._build = build or reference
        self.specialised: list[Specialised] = []
        self.traces = 0
        self._kinds: Counter[Any] = Counter()  # of arguments, and how many programs they have
        self._latest: Entry = _no_entry
        self._eager = False  # whether it fell back
        functools.update_wrapper(self, function, updated=())
        STEPS.add(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run a step."""
        if modes.trace is not None:  # as a part of another, and without its turn: that one has it
            return self.function(*args, **kwargs)
        with self.turn:
            out = self._latest(args, kwargs)
            if out is MISS:
                out = self._other(args, kwargs)
        return self.function(*args, **kwargs) if out is MISS else out

    def _other(self, args: Any, kwargs: Any) -> Any:
        for one in self.specialised:
            if not one.proven:
                if one.fits(args, kwargs):
                    return self._traced(args, kwargs, one)
                continue
            out = one.entry(args, kwargs)
            if out is not MISS:
                self.specialised.remove(one)
                self.specialised.insert(0, one)
                self._latest = one.entry
                return out
        return MISS if self._eager else self._traced(args, kwargs)

    def ready(self, *args: Any, **kwargs: Any) -> bool:
        """Whether a call with these arguments would run a program, or eagerly after a fallback.

        If not, the call runs the function as it is, and notes it.
        """
        return self._eager or any(one.proven and one.fits(args, kwargs) for one in self.specialised)

    @property
    def source(self) -> str:
        """The code that the program of the latest call runs as; "" before the first."""
        return getattr(self.specialised[0].execute, "source", "") if self.specialised else ""

    def explain(self, times: bool = True, file: Any = None) -> None:
        """Print the program of the latest call, its fusions, its memory and where time goes.

        Parameters
        ----------
        times : bool
            Whether to measure. The parts of the program are compiled one by one then, and run
            some times on copies: parameters, gradients and random numbers stay as they are.
        file : file, optional
            Where to write, by default to standard output.

        See Also
        --------
        explanation : the same as a string
        """
        print(self.explanation(times), file=file)

    def explanation(self, times: bool = True) -> str:
        """Return what :meth:`explain` prints."""
        if not self.specialised:
            return "not compiled yet: call it first"
        one = self.specialised[0]
        return explanation(one.program, one.execute, one.given, times)

    def reset(self) -> None:
        """Forget all programs: the next call is traced."""
        self.specialised.clear()
        self._latest, self._eager = _no_entry, False

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        # Decorated methods: one compiled step an instance.
        if instance is None:
            return self
        bound = CompiledStep(self.function.__get__(instance), self.fallback, self._build)
        name = getattr(self.function, "__name__", "step")
        vars(instance).setdefault(name, bound)
        return vars(instance)[name]

    def __reduce__(self) -> Any:
        # A copy is of the function; its programs are made anew, for what it then refers to.
        return CompiledStep, (self.function, self.fallback, self._build)

    def __getattr__(self, name: str) -> Any:
        if name == "function":
            raise AttributeError(name)
        return getattr(self.function, name)  # a compiled module is still looked into

    def _traced(self, args: Any, kwargs: Any, first: Specialised | None = None) -> Any:
        """Run the function and trace it; for the second time, if `first` is given.

        A program is run only if the second call turned out to do the same as the first.
        """
        out: Any = _NOTHING
        one: Any
        lenient = self.fallback or config.suppress_errors
        try:
            with Progress(getattr(self.function, "__name__", type(self.function).__name__)):
                out, one = trace(self.function, args, kwargs, self._build, lenient,
                                 None if first is None else first.digest)  # fmt: skip
                give_back()  # what comes next takes memory of its own
                if one is None and first is not None:
                    first.prove()
                    give_back()
        except TraceError as error:
            if first is not None:
                self._forget(first)
            if not lenient:
                self.traces += first is None
                raise
            one = error
        if isinstance(one, TraceError):
            self._eager = True
            if first is not None:
                self._forget(first)
            warnings.warn(f"{one} It runs eagerly from now on.", CompileWarning, stacklevel=4)
            return MISS if out is _NOTHING else out
        if one is None and first is not None:  # the same again
            self._forget(first)
            self.specialised.insert(0, first)
            self._latest = first.entry
            return out
        self.traces += 1
        self._warn_of_numbers(args, kwargs)
        self.specialised.insert(0, one)
        self._latest = _no_entry
        del self.specialised[LIMIT:]
        return out

    def _warn_of_numbers(self, args: Any, kwargs: Any) -> None:
        """Warn, once, when programs are made that differ in a Python number alone."""
        kind = _without_numbers((args, kwargs))
        if kind == _without_numbers((args, kwargs), keep=True):
            return  # there are none
        self._kinds[kind] += 1
        if self._kinds[kind] == MANY:
            warnings.warn(
                f"tgb.compile: {MANY} programs were made for arguments that differ in Python "
                "numbers alone, and each new number takes a trace and a program of its own. Pass "
                "what changes from call to call as a tensor (tgb.tensor(x)), which is read anew "
                "each time, or as the optimizer's lr.",
                CompileWarning, stacklevel=5,
            )  # fmt: skip

    def _forget(self, one: Specialised) -> None:
        self.specialised = [other for other in self.specialised if other is not one]
        self._latest = _no_entry


def _without_numbers(x: Any, keep: bool = False) -> Any:
    """Describe arguments by what a program goes for, but for the values of numbers."""
    if isinstance(x, Tensor):
        return x._array.shape, x._array.dtype
    if isinstance(x, (tuple, list)):
        return tuple([_without_numbers(y, keep) for y in x])
    if isinstance(x, dict):
        return tuple([(k, _without_numbers(y, keep)) for k, y in x.items()])
    if type(x) in (int, float):
        return (type(x), x) if keep else type(x)
    return id(x)


def _no_entry(args: Any, kwargs: Any) -> Any:
    return MISS


_NOTHING: Any = object()  # a step has not been run
