"""LLVM: from its text to an object file, and from that to code that can be called.

Loading LLVM takes 40 MB of a process, and using it up to as much again, which stays. So it is not
imported where there is another way (see `library`): this file runs as a program of its own too,
which compiles what it is sent, one text after the other, and ends when nobody asks any more. It
imports nothing of this package, so that it starts at once.
"""

from __future__ import annotations

import contextlib
import functools
import select
import struct
import sys
from typing import Any, BinaryIO

import llvmlite.binding as llvm
from llvmlite.binding.newpassmanagers import NewPassManager

__all__ = ["Engine", "host", "optimized"]

#: Seconds after which a program that is asked for nothing ends.
PATIENCE = 5.0

#: Before a text, or an answer: its bytes; before an answer also, whether it is code.
HEAD = struct.Struct("<q?")


@functools.cache
def _target() -> tuple[Any, str, str]:
    for part in (llvm.initialize_native_target, llvm.initialize_native_asmprinter):
        part()
    target = llvm.Target.from_default_triple()
    return target, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def host() -> str:
    """Say what code is made for, and by which version."""
    _, cpu, features = _target()
    return f"{llvm.llvm_version_info} {llvm.get_default_triple()} {cpu} {features}"


def _machine() -> Any:
    target, cpu, features = _target()
    return target.create_target_machine(cpu=cpu, features=features, opt=3, jit=True,
                                        reloc="pic")  # fmt: skip


def optimized(text: str) -> bytes:
    """Optimize, and make an object file of it."""
    with contextlib.ExitStack() as stack:
        machine = stack.enter_context(_machine())
        # A context of its own: the constants and types of all modules stay in the common one.
        context = stack.enter_context(llvm.create_context())
        layout = stack.enter_context(machine.target_data)
        head = f'target datalayout = "{layout}"\ntarget triple = "{machine.triple}"\n'
        module = stack.enter_context(llvm.parse_assembly(head + text, context))
        options = stack.enter_context(llvm.create_pipeline_tuning_options(speed_level=3))
        options.loop_vectorization = options.slp_vectorization = True
        options.loop_interleaving = options.loop_unrolling = True
        builder = stack.enter_context(llvm.create_pass_builder(machine, options))
        passes = builder.getModulePassManager()
        stack.callback(_dispose, passes)
        passes.run(module, builder)
        code: bytes = machine.emit_object(module)
    return code


def _dispose(passes: Any) -> None:
    """Free a pipeline; llvmlite's `close` finds a base class's method, which does nothing."""
    NewPassManager._dispose(passes)
    passes.detach()


class Engine:
    """An object file that LLVM has put into memory; its code goes when this does."""

    def __init__(self, code: bytes) -> None:
        _target()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Return where a function begins; 0 if there is none of that name."""
        address: int = self._engine.get_function_address(name)
        return address


def serve(texts: BinaryIO, answers: BinaryIO) -> None:
    """Answer each text with its object file, or with what is wrong; until there are no more."""
    answers.write(HEAD.pack(0, True))
    answers.flush()
    # The reader is not buffered: what it had read ahead, `select` would not see.
    while select.select([texts], [], [], PATIENCE)[0]:
        head = texts.read(HEAD.size)
        if len(head) < HEAD.size:
            return
        size, _ = HEAD.unpack(head)
        parts = []
        while size:
            parts.append(texts.read(min(size, 1 << 20)))
            if not parts[-1]:
                return
            size -= len(parts[-1])
        try:
            answer, good = optimized(b"".join(parts).decode()), True
        except Exception as error:
            answer, good = f"{type(error).__name__}: {error}".encode(), False
        answers.write(HEAD.pack(len(answer), good) + answer)
        answers.flush()


if __name__ == "__main__":
    with open(0, "rb", buffering=0) as texts:
        serve(texts, sys.stdout.buffer)
