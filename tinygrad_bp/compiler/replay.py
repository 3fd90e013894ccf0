"""The plan through NumPy, where there is no Numba: no graph, no engine, and no fresh memory.

The program becomes one Python function, a line for each operation. What writes element by element,
sums or multiplies matrices does so into the memory that was planned for it. Composites stay whole:
their forward is the fastest that NumPy can do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..memory import aligned
from ..rules import elementwise as ew
from ..rules import linalg
from .passes.buffers import LINE
from .passes.packing import Span, pack
from .passes.writer import Writer
from .program import Call, Program, Value

__all__ = ["ReplayStep"]

Array = np.ndarray[Any, np.dtype[Any]]

_BLOCK = 32768  # elements of each array of a chain at a time


class ReplayStep:
    """A program as one Python function of NumPy calls.

    Parameters
    ----------
    program : Program
    tick : callable, optional
        Called after each operation, with its number, and at the end with that after the last.

    Attributes
    ----------
    source : str
        The function.
    program : Program
        What it does: repetitions are left out.
    """

    def __init__(self, program: Program, tick: Callable[[int], None] | None = None) -> None:
        self.program = program = _shortened(program)
        self._names: dict[str, Any] = {"np": np, "tick": tick}
        self._ticks = tick is not None
        self._known: dict[Value, str] = {}
        self._count = 0
        self._kept: dict[str, tuple[Value, Span]] = {}
        self._scratch: dict[Value, str] = {}
        self.source = self._write(program)
        self._lay_out()
        exec(compile(self.source, "<tinygrad_bp replay>", "exec"), self._names)
        # Taken out: were it among its own globals, its memory would wait for the collector.
        self._run = self._names.pop("step")

    @property
    def memory(self) -> int:
        """Bytes that are kept for results from step to step."""
        scratch = [x for name, x in self._names.items()
                   if name.startswith("b") and name not in self._kept]  # fmt: skip
        return self._size + sum(x.nbytes for x in scratch if isinstance(x, np.ndarray))

    def __call__(self, inputs: Sequence[Array], scalars: Sequence[float] = (),
                 draws: Sequence[Array] = ()) -> list[Array]:  # fmt: skip
        """Run the step; see `NativeStep`."""
        with np.errstate(all="ignore"):
            outputs: list[Array] = self._run(*inputs, *scalars, *draws)
        return outputs

    # ------------------------------------------------------------------------------ writing

    def _constant(self, thing: Any, stem: str) -> str:
        self._count += 1
        name = f"{stem}{self._count}"
        self._names[name] = thing
        return name

    def _name(self, x: Any) -> str:
        if not isinstance(x, Value):
            return repr(x) if type(x) in (int, bool) else self._constant(x, "c")
        if x not in self._known:
            # A state that is replaced as a whole would be another array: its memory is what counts.
            array = x.array
            self._known[x] = self._constant(array, "w" if x.kind == "state" else "c")
        return self._known[x]

    def _lay_out(self) -> None:
        """Give what is written into kept memory its places, as `buffers` does."""
        offsets, self._size = pack([span for _, span in self._kept.values()])
        block = aligned((self._size,), np.dtype(np.uint8))
        for offset, (name, (value, _)) in zip(offsets, self._kept.items(), strict=True):
            self._names[name] = np.ndarray(value.shape, value.dtype, block, offset)

    def _write(self, program: Program) -> str:
        lines: list[str] = []
        parameters: list[str] = []
        for v in (*program.inputs, *program.scalars, *program.draws):
            name = self._known[v] = f"a{len(parameters)}"
            parameters.append(name)
        for v in program.scalars:
            kind = self._constant(v.dtype.type, "kind")
            lines.append(f"{self._known[v]} = {kind}({self._known[v]})")
        self._shared = {c.out: _shared(c) for c in program.calls}
        last: dict[Value, int] = {}
        for i, call in enumerate(program.calls):
            for v in call.operands:
                last[v] = i
        pinned = set(program.outputs) | {new for _, new in program.stores}
        self._pin_views(program, last, pinned)
        homes = self._homes(program, last)
        skip = 0
        for i, call in enumerate(program.calls):
            if i < skip:
                continue
            run = _run_of(program.calls, i)
            if len(run) > 1:
                skip = i + len(run)
                lines += self._blocks(run, last, pinned, homes, i)
                lines += self._dropped(run, last, pinned, skip)
                lines += [f"tick({i})"] * self._ticks
                continue
            out = call.out
            if out in homes:
                lines.append(self._line(call, self._name(homes[out])))
                self._known[out] = self._name(homes[out])
            elif _into(call) and out not in pinned:
                name = self._constant(None, "b")
                size = math.prod(out.shape) * out.dtype.itemsize
                self._kept[name] = out, Span(-(-size // LINE) * LINE, i, last.get(out, i))
                lines.append(self._line(call, name))
                self._known[out] = name
            else:
                name = f"v{i}"
                lines.append(f"{name} = {self._line(call, None)}")
                self._known[out] = name
            lines += self._dropped([call], last, pinned, i + 1)
            lines += [f"tick({i})"] * self._ticks
        outputs = ", ".join(self._output(v) for v in program.outputs)
        lines.append(f"outputs = [{outputs}]")
        stores = [(s, n) for s, n in program.stores if homes.get(n) is not s and s is not n]
        # What is stored may be the old memory of another state: all are read before.
        for k, (_, new) in enumerate(stores):
            copied = ".copy()" if new.kind == "state" or len(stores) > 1 else ""
            lines.append(f"n{k} = {self._name(new)}{copied}")
        lines += [f"{self._name(state)}[...] = n{k}" for k, (state, _) in enumerate(stores)]
        lines += [f"tick({len(program.calls)})"] * self._ticks
        lines.append("return outputs")
        body = "\n".join(f"    {line}" for line in lines)
        return f"def step({', '.join(parameters)}):\n{body}\n"

    def _dropped(self, run: list[Call], last: dict[Value, int], pinned: set[Value],
                 stop: int) -> list[str]:  # fmt: skip
        """Let go of what nobody reads from `stop` on: else it would stay to the end."""
        met = dict.fromkeys(v for call in run for v in (*call.operands, call.out))
        over = [v for v in met if v not in pinned and last.get(v, stop) < stop]
        names = [name for v in over if (name := self._known.get(v, "")).startswith("v")]
        return [f"del {', '.join(names)}"] if names else []

    def _blocks(self, run: list[Call], last: dict[Value, int], pinned: set[Value],
                homes: dict[Value, Value], first: int) -> list[str]:  # fmt: skip
        """Write a chain on large arrays block by block: what is between stays in the cache."""
        shape, stop = run[0].out.shape, first + len(run)
        size = math.prod(shape)
        lines, inside = [], []
        blocks: dict[Value, str] = {}
        scratch: list[str] = []

        def flat(v: Value, whole: str) -> None:
            name = blocks[v] = f"x{len(blocks)}"
            lines.append(f"{name}_ = np.reshape({whole}, -1)")
            inside.append(f"{name} = {name}_[i:i + {_BLOCK}]")

        ends: dict[Value, int] = {v: k for k, c in enumerate(run) for v in c.operands}
        for k, call in enumerate(run):
            for v in call.operands:
                if v.shape and v not in blocks:
                    flat(v, self._name(v))
            out = call.out
            taken: str | None = None
            if out in homes:
                blocks[out] = blocks.get(homes[out], "")
                if not blocks[out]:
                    flat(out, self._name(homes[out]))
                self._known[out] = self._name(homes[out])
            elif last.get(out, 0) >= stop or out in pinned:
                name = self._known[out] = f"v{first + k}"
                lines.append(f"{name} = np.empty({shape}, {self._constant(out.dtype, 'd')})")
                flat(out, name)
            else:
                taken = (
                    scratch.pop()
                    if scratch
                    else self._constant(np.empty(min(_BLOCK, size), out.dtype), "b")
                )
                blocks[out] = f"x{len(blocks)}"
                inside.append(f"{blocks[out]} = {taken}[:min({_BLOCK}, {size} - i)]")
                self._scratch[out] = taken
            names = {v: blocks[v] for v in call.operands if v in blocks}
            inside.append(self._line(call, blocks[out], names))
            over = [v for v in {*call.operands} if ends[v] == k and v in self._scratch]
            scratch += [self._scratch.pop(v) for v in over]
        views = [line.split(" = ")[0] for line in (*lines, *inside) if line.startswith("x")]
        lines.append(f"for i in range(0, {size}, {_BLOCK}):")
        return [*lines, *("    " + line for line in inside), f"del {', '.join(views)}"]

    def _pin_views(self, program: Program, last: dict[Value, int], pinned: set[Value]) -> None:
        """Let memory live as long as the views of it."""
        for call in reversed(program.calls):
            for source in self._shared[call.out]:
                last[source] = max(last.get(source, 0), last.get(call.out, 0))
                if call.out in pinned:
                    pinned.add(source)

    def _homes(self, program: Program, last: dict[Value, int]) -> dict[Value, Value]:
        """Find the new values that may be written over a state at once."""
        made = {call.out: i for i, call in enumerate(program.calls)}
        # What is stored elsewhere is read at the end.
        viewed = {v for sources in self._shared.values() for v in sources}
        viewed.update(new for _, new in program.stores if new.kind == "state")
        homes: dict[Value, Value] = {}
        for state, new in program.stores:
            i = made.get(new, -1)
            call = program.calls[i] if i >= 0 else None
            if (
                call is not None and _into(call) and new not in homes
                # A product must not be written over what it reads.
                and last.get(state, -1) <= i - (call.op is linalg.matmul)
                and viewed.isdisjoint((state, new))
                and state not in program.outputs and new not in program.outputs
                and state.shape == new.shape and state.dtype == new.dtype
            ):  # fmt: skip
                homes[new] = state
        return homes

    def _output(self, value: Value) -> str:
        sources = [value]
        for source in sources:  # which grows on the way
            sources += self._shared.get(source, [])
        own = all(source.kind == "computed" for source in sources)
        return f"np.{'asarray' if own else 'array'}({self._name(value)})"

    def _line(self, call: Call, out: str | None, names: Any = None) -> str:
        given = names or {}
        args = ", ".join(given.get(a) or self._name(a) for a in call.args)
        into = f", out={out}" if out else ""
        if call.op is linalg.matmul:
            return f"np.matmul({args}{into})"
        forward = call.op.forward
        if call.op is ew.relu:
            zero = self._constant(np.zeros((), call.out.dtype), "c")
            return f"np.maximum({args}, {zero}{into})"
        if isinstance(forward, np.ufunc):
            return f"np.{forward.__name__}({args}{into})"
        name = self._constant(forward, f"{call.op.name}_")
        attrs = f", **{self._constant(call.attrs, 'o')}" if call.attrs else ""
        return f"{name}({args}{attrs})"


def _run_of(calls: list[Call], first: int) -> list[Call]:
    """Return the calls from here on that go over the same large arrays, element by element."""
    shape, dtype = calls[first].out.shape, calls[first].out.dtype
    if math.prod(shape) <= 2 * _BLOCK:
        return []
    run = []
    for call in calls[first:]:
        alike = (
            call.out.shape == shape
            and call.out.dtype == dtype
            and all(v.shape in (shape, ()) and v.dtype == dtype for v in call.operands)
        )
        if not alike or not isinstance(call.op.forward, np.ufunc):
            break
        run.append(call)
    return run


def _shared(call: Call) -> list[Value]:
    """List the operands whose memory the result may lie in."""
    if call.op.name.startswith("numpy_"):  # a function of NumPy's, which may give a view of any
        return list(call.operands)
    return list(call.operands)[:1] if call.op.view else []


def _into(call: Call) -> bool:
    """Whether NumPy writes this into memory that is given."""
    if call.op is linalg.matmul:
        return all(isinstance(a, Value) and len(a.shape) > 1 for a in call.args)
    known = isinstance(call.op.forward, np.ufunc) or call.op is ew.relu
    return known and bool(call.out.shape)


def _shortened(program: Program) -> Program:
    """Drop copies, repetitions, and what is not read; composites stay."""
    w = Writer()
    now: dict[Value, Value] = {}
    for call in program.calls:
        args = tuple(now.get(a, a) if isinstance(a, Value) else a for a in call.args)
        now[call.out] = w.call(call.op, args, call.attrs, call.out, call.line)
    new = Program(list(program.inputs), list(program.scalars), list(program.draws), w.calls)
    new.stores = [(state, now.get(v, v)) for state, v in program.stores]
    new.outputs = [now.get(v, v) for v in program.outputs]
    new.drop_unread()
    return new
