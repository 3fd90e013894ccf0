"""Running a program natively: its text compiled, its table filled, its outputs shown as arrays."""

from __future__ import annotations

import ctypes
import functools
import math
import struct
import weakref
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from ...memory import LARGE, aligned
from ..kernels.emit import ARENA, DGEMM, FIRST, POOL, SGEMM, Emitter, lower
from ..passes.places import Place, contiguous
from ..program import Call, Program, Value
from ..progress import at
from . import cache
from .blas import find_blas
from .library import Library, compiled, host
from .threads import Pool, pool_for
from .translate import dialect, to_llvm

__all__ = ["NativeStep", "NotHereError", "check_header"]

Array = np.ndarray[Any, np.dtype[Any]]

#: Makes of a part of a step, and its number, another one.
Around = Callable[[Callable[[int], int], int], Callable[[int], int]]

#: References to an array that nobody else has: the list's, and the call's own.
_OURS = 2


class NotHereError(RuntimeError):
    """Native code can't be run here: the message says why, and what can."""


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


@functools.cache
def check_header() -> None:
    """Make sure that an array's header is what the code takes it for (see `translate`)."""
    array = np.zeros(3)
    if ctypes.c_void_p.from_address(id(array) + 16).value != _address(array):
        raise NotHereError("this Python keeps arrays in another way: use backend='numpy'")


class NativeStep:
    """A compiled program.

    Parameters
    ----------
    program : Program
        Whose states and constants stay where they are.
    around : callable, optional
        Each step of the program runs by itself then, as what ``around(part, number)`` makes of it.

    Attributes
    ----------
    source : str
        The generated code.
    entries : list of (str or Call)
        Its parts, in order: the name of an entry, or a call that NumPy does.
    room : int
        Bytes that it works in.
    """

    def __init__(self, program: Program, around: Around | None = None) -> None:
        check_header()
        self.lowered = lower(program)
        native = Emitter(self.lowered, apart=around is not None).emit()
        self.source, self.slots = native.source, native.slots
        self._table = np.zeros(FIRST + len(self.slots), np.int64)
        self._cells: Any = memoryview(self._table)  # type: ignore[arg-type]
        self._table_at = _address(self._table)
        self.room = self.lowered.memory.size + 64
        # Taken when it is first run: until then the memory is that of steps which are traced.
        self._arena: Any = None
        self._pool: Pool | None = None
        blas = find_blas()
        if blas is None or not blas.wide:
            raise NotHereError(
                "NumPy comes with no BLAS that counts in 64 bits here: use backend='numpy'"
            )
        self._table[SGEMM], self._table[DGEMM] = blas.sgemm, blas.dgemm
        new = self.lowered.program
        self._scalars: Any = np.zeros(max(len(new.scalars), 1))
        for i, v in enumerate(new.scalars):
            self._table[self.slots[v]] = _address(self._scalars) + 8 * i
        self._pack = struct.Struct(f"{len(new.scalars)}d").pack_into
        self._given = [self.slots[v] for v in (*new.inputs, *new.draws)]
        self._first = min(self._given, default=0)
        self._held: list[Array] = []
        self._now: list[Array] = []
        for v, slot in self.slots.items():
            if v.array is not None:
                array = np.asarray(v.array)
                self._held.append(array)
                self._table[slot] = _address(array)
        self._memory: list[Any] = [self._fresh(v) for v in self.lowered.memory.returned]
        self._own = [
            (i, self.slots[v], v) for i, v in enumerate(self.lowered.memory.returned)
            if v in self.slots
        ]  # fmt: skip
        self.entries = native.entries
        self._compile(native.entries)
        if around is not None:
            self._parts[:] = map(around, self._parts, native.owners)
        if native.shares and (pool := pool_for(blas)).address:
            self._pool = pool
            self._table[POOL] = pool.address
            self._parts.insert(0, pool.ready)
        self._shown = [self._show(v) for v in new.outputs]

    def _work_in(self, raw: Array) -> None:
        self._arena = raw[-_address(raw) % 64 :]
        self._table[ARENA] = _address(self._arena)

    def alone(self, room: list[Array]) -> Callable[[Sequence[Array]], list[Array]]:
        """Return a function that runs the program, and keeps neither operands nor results.

        Parameters
        ----------
        room : list of one ndarray
            The memory in which this and other programs work in turn; a larger one is put in its
            place if it is too small.

        Returns
        -------
        callable
            ``run(inputs) -> outputs``. The inputs have to lie in memory as those of the program.
        """
        shapes = [v.shape for v in self.lowered.memory.returned]
        shown = [self._whole(v, shapes) for v in self.lowered.program.outputs]
        own = [(i, slot, shapes[i], v.dtype) for i, slot, v in self._own]
        cells, memory, table, first = self._cells, self._memory, self._table_at, self._first
        pool, parts = self._pool, self._parts[self._pool is not None :]
        nothing: list[Any] = [None] * len(memory)
        memory[:] = nothing
        plain = shown == [*range(len(memory))]
        empty = np.empty

        def run(inputs: Sequence[Array]) -> list[Array]:
            lent = room[0]
            if self._arena is None or self._arena.base is not lent:
                if len(lent) < self.room:
                    lent = room[0] = empty(self.room, np.uint8)
                self._work_in(lent)
            slot = first
            for array in inputs:
                cells[slot] = id(array)
                slot += 1
            for i, slot, shape, kind in own:
                memory[i] = array = empty(shape, kind)
                cells[slot] = id(array)
            if pool is not None and pool.awry:
                pool.ready()
            for part in parts:
                if part(table):
                    raise IndexError("an index is out of range")
            if plain:
                results = memory[:]
            else:
                results = [memory[x] if type(x) is int else self._output(x) for x in shown]
            memory[:] = nothing
            return results

        return run

    def _whole(self, value: Value, shapes: list[Any]) -> Any:
        """Return how an output is found; where it is all of some memory, that gets its shape."""
        place, returned = self.lowered.places[value], self.lowered.memory.returned
        if place.base in returned and not place.offset:
            i = returned.index(place.base)
            alike = math.prod(shapes[i]) == math.prod(value.shape)
            free = shapes[i] == value.shape or (alike and shapes[i] == place.base.shape)
            if free and place.strides == contiguous(value.shape):
                shapes[i] = value.shape
                return i
        return value

    @staticmethod
    def _fresh(value: Value) -> Array:
        size = math.prod(value.shape) * value.dtype.itemsize
        return (aligned if size >= LARGE else np.empty)(value.shape, value.dtype)

    def _show(self, value: Value) -> Any:
        """Return how an output is found after a run: as the i-th memory, or by its value."""
        place = self.lowered.places[value]
        returned = self.lowered.memory.returned
        return returned.index(value) if place.base is value and value in returned else value

    def _output(self, value: Value) -> Array:
        array = self._array(value)
        returned = self.lowered.places[value].base in self.lowered.memory.returned
        return array if returned else array.copy()

    def _compile(self, entries: list[str | Call]) -> None:
        key = f"{host()}\n{dialect()}\n{self.source}"
        code = cache.load(key)
        if code is None:
            at(f"LLVM compiles {self.source.count(chr(10)):,} lines")
            code = compiled(to_llvm(self.source))
            cache.save(key, code)
        self._library = Library(code)
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)
        self._parts: list[Any] = [
            kind(self._library.address(e)) if isinstance(e, str) else self._python(e)
            for e in entries
        ]

    def _python(self, call: Call) -> Any:
        attrs = dict(call.attrs)
        into = attrs.pop("into", None)
        mine = weakref.ref(self)  # among its own parts, a step would wait for the collector

        def run(table: int) -> int:
            step = mine()
            assert step is not None
            target = step._array(call.out) if into is None else into.array
            args = [step._array(a) if isinstance(a, Value) else a for a in call.args]
            with np.errstate(all="ignore"):
                target[...] = call.op.forward(*args, **attrs)
            return 0

        return run

    def _array(self, value: Value) -> Array:
        """Show a value as an array."""
        place: Place = self.lowered.places[value]
        base = self.lowered.memory.homes.get(place.base, place.base)
        wide = value.dtype.itemsize
        strides = [s * wide for s in place.strides]
        if base.array is not None:
            memory: Any = base.array
            return np.lib.stride_tricks.as_strided(memory, value.shape, strides)
        if base.kind in ("input", "drawn"):
            given = self._now[self._given.index(self.slots[base])]
            return np.ndarray(value.shape, value.dtype, given, place.offset * wide, strides)
        if base.kind == "scalar":
            at = (self._table[self.slots[base]] - _address(self._scalars)) // 8
            return np.asarray(self._scalars[at], value.dtype)
        if base in self.lowered.memory.returned:
            memory = self._memory[self.lowered.memory.returned.index(base)]
            return np.ndarray(value.shape, value.dtype, memory, place.offset * wide, strides)
        start = self.lowered.memory.offsets[base] + place.offset * wide
        return np.ndarray(value.shape, value.dtype, self._arena, start, strides)

    def __call__(self, inputs: Sequence[Array], scalars: Sequence[float] = (),
                 draws: Sequence[Array] = ()) -> list[Array]:  # fmt: skip
        """Run the step.

        Parameters
        ----------
        inputs, draws : sequence of ndarray
            Of the program's shapes and dtypes.
        scalars : sequence of float

        Returns
        -------
        list of ndarray
            The program's outputs. Their memory is used again once nobody holds them.
        """
        cells = self._cells
        self._now = given = [*inputs, *draws]
        slot = self._first  # theirs are one after the other
        for array in given:
            if not array.flags.c_contiguous:
                return self([np.ascontiguousarray(a) for a in inputs], scalars,
                            [np.ascontiguousarray(a) for a in draws])  # fmt: skip
            cells[slot] = id(array)
            slot += 1
        if self._arena is None:
            self._work_in(np.empty(self.room, np.uint8))
        memory = self._memory
        for i, slot, value in self._own:
            if getrefcount(memory[i]) > _OURS:  # somebody has the last result
                memory[i] = self._fresh(value)
            cells[slot] = id(memory[i])
        if scalars:
            self._pack(self._scalars, 0, *scalars)
        table = self._table_at
        for part in self._parts:
            if part(table):
                raise IndexError("an index is out of range")
        return [memory[x] if type(x) is int else self._output(x) for x in self._shown]
