"""From LLVM's text to code that can be called."""

from __future__ import annotations

import contextlib
import functools
from typing import Any

import llvmlite.binding as llvm
from llvmlite.binding.newpassmanagers import NewPassManager

__all__ = ["Library", "compiled", "host"]


@functools.cache
def _target() -> tuple[Any, str, str]:
    for part in (llvm.initialize_native_target, llvm.initialize_native_asmprinter):
        part()
    target = llvm.Target.from_default_triple()
    return target, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def host() -> str:
    """Say what code is made for, and by which version: code for another is of no use here."""
    _, cpu, features = _target()
    return f"{llvm.llvm_version_info} {llvm.get_default_triple()} {cpu} {features}"


def _machine() -> Any:
    target, cpu, features = _target()
    return target.create_target_machine(cpu=cpu, features=features, opt=3, jit=True,
                                        reloc="pic")  # fmt: skip


def compiled(text: str) -> bytes:
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


class Library:
    """An object file in memory; its code goes when this does."""

    def __init__(self, code: bytes) -> None:
        _target()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Return where a function begins."""
        address: int = self._engine.get_function_address(name)
        if not address:
            raise ImportError(f"no function {name}")
        return address
