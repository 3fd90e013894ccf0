"""From a function and its arguments to a program for them, and to what it is good for.

The function is run as ever, and what it does is noted; what it leaves behind says what a run of the
program has to leave behind; and what it has looked at, when the program may be run.
"""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dtype import get_default_dtype
from ..graph import topological_order
from ..mode import modes
from ..nn.modules.module import Module
from ..source import is_ours
from ..storage import storage_of
from ..tensor import wrap
from .entry import Entry, write_entry
from .errors import TraceError, refuse
from .explaining.times import Given
from .forward import Backward
from .program import Program, Value
from .reference import Build, Execute
from .tracing.guards import Conditions, tensors_in
from .tracing.naming import name_values
from .tracing.questions import question
from .tracing.recording import Recording
from .tracing.repeat import Digest, digest_of
from .tracing.returned import Returned, leaves_of
from .tracing.scalars import ask_for
from .tracing.surroundings import Surroundings
from .tracing.watch import watching

__all__ = ["Specialised", "trace"]


#: ``finish(proven)`` makes what runs a program, and the way into it.
Finish = Callable[[bool], "tuple[Execute, Entry]"]


class Specialised:
    """A program, and the way into it.

    What runs the program is made once the step has turned out to do the same in its second call,
    or when it is asked for: of what is called once only, nothing is compiled, and while the second
    call runs as ever, nothing of it takes memory.

    Parameters
    ----------
    program : Program
    given : Given
        What it was traced on.
    fits : callable
        ``fits(args, kwargs)``: whether the program goes for them.
    digest : Digest
        Of the run that it was traced in.
    finish : Finish

    Attributes
    ----------
    proven : bool
        Whether the step has turned out to do the same in its second call.
    """

    def __init__(self, program: Program, given: Given, fits: Callable[[Any, Any], bool],
                 digest: Digest, finish: Finish) -> None:  # fmt: skip
        self.program, self.given, self.fits, self.digest = program, given, fits, digest
        self.proven = False
        self._finish: Finish | None = finish
        self._made: tuple[Execute, Entry]

    def _finished(self) -> tuple[Execute, Entry]:
        if self._finish is not None:
            self._made = self._finish(self.proven)
            self._finish = None
        return self._made

    def prove(self) -> None:
        """Note that the second call, which is just over, has done the same."""
        self.proven = True
        self._finished()

    @property
    def execute(self) -> Execute:
        """What runs the program."""
        return self._finished()[0]

    @property
    def entry(self) -> Entry:
        """``entry(args, kwargs)``: all of a call, or ``MISS`` if the program does not go for it."""
        return self._finished()[1]


@dataclass
class _Gradient:
    """What is in a tensor's ``grad`` after a step: `held`, or else what is computed anew."""

    tensor: Any
    held: Any
    memory: Value | None = None

    def settle(self, proven: bool) -> tuple[Any, Any, bool]:
        """Choose the memory that the program writes to: that of the call just over, if it can be.

        At any other time what is in ``grad`` may be somebody else's.
        """
        if self.memory is None:
            return self.tensor, self.held, False
        found: Any = self.tensor.grad if proven else None
        memory = self.memory
        like = found is not None and (found._array.shape, found._array.dtype)
        if like != (memory.shape, memory.dtype):
            found = wrap(np.empty(memory.shape, memory.dtype))
        memory.array = found._array
        return self.tensor, found, True


def trace(function: Any, args: Any, kwargs: Any, build: Build,
          lenient: bool,
          before: Digest | None = None) -> tuple[Any, Specialised | TraceError | None]:  # fmt: skip
    """Run a function as ever, and make a program of what it did.

    Return what the function returned, and the program; if `lenient`, or why there is none. A
    TraceError is raised otherwise, or where nothing was run yet. No program is made of a run that
    did the same as the one `before`.
    """
    named = [pair for i, arg in enumerate(args) for pair in tensors_in(f"args[{i}]", arg)] + [
        pair for key, arg in kwargs.items() for pair in tensors_in(f"kwargs[{key!r}]", arg)
    ]
    conditions = Conditions()
    conditions.add("len(args) == {n} and len(kwargs) == {m}", n=len(args), m=len(kwargs))
    for i, arg in enumerate(args):
        conditions.argument(f"args[{i}]", arg)
    for key, arg in kwargs.items():
        conditions.add("{k} in kwargs", k=key)
        conditions.argument(f"kwargs[{key!r}]", arg)
    conditions.add(
        "modes.grad is {g} and not modes.watched and modes.trace is None"
        " and default_dtype() is {d}",
        g=modes.grad, d=get_default_dtype(),
    )  # fmt: skip
    surroundings = Surroundings(function)
    recording = Recording()
    recording.lenient = lenient
    for array in surroundings.arrays:
        recording.there_before(array)
    for text, tensor in named:
        recording.input(tensor._array, _spoken(text))
    if modes.watched:
        raise refuse(
            "anomaly detection, inference mode or saved_tensors_hooks is on", "Switch it off."
        )
    others = random.getstate(), _numpy_stream()
    backward = None
    with watching(recording):
        out = function(*args, **kwargs)
        open_ends = [
            t for t in leaves_of(out)
            if recording.was_made(t) and t.requires_grad and not recording.went_through(t)
        ]  # fmt: skip
        if open_ends and recording.failed is None:
            backward = Backward(recording, open_ends, named)
    try:
        if recording.failed is not None:  # the function may have caught it
            raise recording.failed
        if (random.getstate(), _numpy_stream()) != others:
            raise refuse(
                "the step draws from Python's or NumPy's own generator of random numbers",
                "Draw with tgb.rand and the like, which are drawn anew in each step.",
                _line_of(function),
            )
        surroundings.check_after()
        surroundings.add(list(recording.modules.values()))
        recording.check_options()
        digest = digest_of(recording)
        if before is not None and not before.compare(digest):
            recording.forget()
            return out, None
        return out, _specialised(recording, out, conditions, surroundings, named, build, function,
                                 backward, digest)  # fmt: skip
    except TraceError as error:
        if not lenient:
            raise
        return out, error


def _specialised(recording: Recording, out: Any, conditions: Conditions,
                 surroundings: Surroundings, named: Any, build: Build,
                 function: Any, backward: Backward | None,
                 digest: Digest) -> Specialised:  # fmt: skip
    for text, tensor in named:
        if id(tensor) in recording.entered:
            raise refuse(
                f"{_spoken(text)} requires a gradient, and backward is called in the step",
                "Pass x.detach(), or use fallback=True.", _line_of(function),
            )  # fmt: skip
    program = recording.program
    program.stores += recording.stores()
    allowed: set[int] = set()
    gradients: list[_Gradient] = []
    accumulated = set()  # gradients that the step came with
    for tensor, before in recording.entered.values():
        gradient = tensor.grad
        if before is None:
            conditions.add("{t}.grad is None", t=tensor)
        elif before is not ...:
            # Its memory: the tensor over it is another one where somebody has kept the last.
            conditions.add("{t}.grad is not None and {t}.grad._array is {a}"
                           " and {t}.grad._node is None", t=tensor, a=before._array)  # fmt: skip
            accumulated.add(id(before))
            if gradient is before:
                continue
        if gradient is not None and recording.was_made(gradient):
            new = recording.value(gradient._array)
            memory = Value("state", new.shape, new.dtype, gradient._array, "gradient")
            program.stores.append((memory, new))
            allowed.add(id(gradient))
            gradients.append(_Gradient(tensor, None, memory))
        else:
            gradients.append(_Gradient(tensor, gradient))
    for tensor in recording.tensors:
        if id(tensor) in accumulated or any(tensor is t for _, t in named):
            continue
        conditions.add("{t}._array is {a}", t=tensor, a=tensor._array)
        conditions.add("{t}._node is {n}" if tensor._node is not None else "{t}._node is None",
                       t=tensor, n=tensor._node)  # fmt: skip
    for optimizer in recording.optimizers:
        conditions.add("{o}.state is {s} and len({o}.state) == {n}", o=optimizer,
                       s=optimizer.state, n=len(optimizer.state))  # fmt: skip
        for state in optimizer.state.values():
            allowed.update(map(id, state.values()))
    leaves: list[Any] = []
    rebuild = Returned(out, recording, leaves, named)
    allowed.update(map(id, leaves))
    allowed.update(id(base) for leaf in leaves for base in _shown_by(leaf))
    # The history of what is returned keeps gradients of leaves that the step made.
    history = topological_order(t.node for t in leaves if t.node is not None)
    allowed.update(id(n.extra.grad) for n in history if n.extra is not None)
    program.outputs += [recording.value(leaf._array) for leaf in leaves]
    if backward is not None:
        program.outputs += backward.carried
        rebuild.record(backward, [
            i for i, leaf in enumerate(leaves)
            if leaf.requires_grad and not recording.went_through(leaf)
        ])  # fmt: skip
    allowed.update(id(t) for t in rebuild.shown)
    _check_escaped(recording, allowed, function)
    rebuild.shown.clear()
    surroundings.conditions(conditions, recording)
    arguments = [text for text, _ in named]
    inputs = "".join(f"{text}._array, " for text in arguments)
    for asked, answer in recording.questions:
        conditions.add(f"{{f}}(({inputs})) == {{a}}", f=question(asked), a=answer)
    written = {id(state.array) for state, _ in program.stores}
    storages = [storage_of(t._array) for t in recording.tensors if id(t._array) in written]
    ask = ask_for(recording.updates, program)
    name_values(program, recording, function)
    given = Given([tensor._array for _, tensor in named], recording.draws)
    for gradient in gradients:
        if gradient.memory is not None:
            gradient.memory.array = None
    recording.forget()
    draws, effects = recording.draws, recording.effects
    operands = "" if backward is None else backward.operands()
    giving_back = None if rebuild.simple else rebuild

    def finish(proven: bool) -> tuple[Execute, Entry]:
        settled = [gradient.settle(proven) for gradient in gradients]
        if backward is not None:
            backward.build(build)
        execute = build(program)
        entry = write_entry(conditions, arguments, ask, draws, execute, settled, storages, effects,
                            giving_back, operands)  # fmt: skip
        return execute, entry

    return Specialised(program, given, conditions.function(), digest, finish)


def _shown_by(tensor: Any) -> Iterator[Any]:
    """Yield the tensors that a view keeps: those that it shows a part of."""
    view = tensor._view
    while view is not None:
        yield view._base
        view = view._base._view


def _check_escaped(recording: Recording, allowed: set[int], function: Any) -> None:
    """Refuse a step that leaves tensors behind elsewhere: the next ones would not be there."""
    for attempt in range(2):
        left = [t for t in recording.alive() if id(t) not in allowed]
        if not left:
            return
        if not attempt:
            del left
            gc.collect()
    tensor = left[0]
    where = tensor._node.line if tensor._node is not None else None
    raise refuse(
        f"a tensor of shape {tuple(tensor.shape)} that the step makes is kept somewhere (in a "
        "list, an attribute, a closure) when the step returns",
        "Return it instead, and keep it outside of the step; or use fallback=True.",
        where or _line_of(function),
    )


def _spoken(text: str) -> str:
    """Say which argument an expression stands for."""
    return text.replace("args[", "argument ", 1).replace("]", "", 1)


def _numpy_stream() -> Any:
    """Return the position of NumPy's global stream, if anything can have drawn from it."""
    module = sys.modules.get("numpy.random")
    if module is None:
        return None
    state: Any = module.get_state(legacy=False)
    return state["state"]["pos"], state["has_gauss"], int(np.sum(state["state"]["key"]))


def _line_of(function: Any) -> Any:
    """Return the first line of the user's function, for a message about all of it."""
    f = function.forward if isinstance(function, Module) else function
    f = getattr(f, "__func__", f)
    code = getattr(f, "__code__", None)
    return None if code is None or is_ours(f) else (code, 0)
