"""From LLVM's text to code that can be called."""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding as llvm

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
    machine = _machine()
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_default_triple()
    module.data_layout = str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = True
    options.loop_interleaving = options.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    code: bytes = machine.emit_object(module)
    return code


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
