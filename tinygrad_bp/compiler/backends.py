"""What runs a program: native code where that can be made, else NumPy."""

from __future__ import annotations

import warnings
from importlib.util import find_spec

from .errors import CompileWarning
from .program import Program
from .reference import Build, Execute, reference
from .replay import ReplayStep

__all__ = ["BACKENDS", "builder"]

#: Names of `backend`, with what they run a program by.
BACKENDS = ("native", "numpy", "reference")


#: PyTorch's, which scripts name.
_PYTORCH = frozenset(("inductor", "eager", "aot_eager", "cudagraphs", "onnxrt", "openxla", "tvm"))


def _native(program: Program) -> Execute:
    from .machine.native import NativeStep

    return NativeStep(program)


def _native_or_numpy(program: Program) -> Execute:
    from .machine.native import NativeStep, NotHereError

    try:
        return NativeStep(program)
    except NotHereError as why:
        # Nobody asked for native code by name, and the results are the same.
        warnings.warn(f"tgb.compile: {why}", CompileWarning, stacklevel=6)
        return ReplayStep(program)


def builder(backend: str | None) -> Build:
    """Return the function that makes a program run.

    Raises
    ------
    ImportError
        For "native" where llvmlite is not installed; it comes with the extra `compile`.
    ValueError
        For another name.
    """
    found = find_spec("llvmlite") is not None
    if backend is None or backend in _PYTORCH:
        return _native_or_numpy if found else ReplayStep
    if backend == "reference":
        return reference
    if backend == "numpy":
        return ReplayStep
    if backend not in ("native", "numba"):  # what the native one was called before it had a name
        raise ValueError(f"compile: backend has to be one of {BACKENDS}, not {backend!r}")
    if not found:
        raise ImportError(
            f"compile(backend={backend!r}) needs llvmlite: pip install 'tinygrad_bp[compile]'. "
            "Without it, backend='numpy' runs the same program"
        )
    return _native
