"""What runs a program: native code if there is Numba, else NumPy."""

from __future__ import annotations

from importlib.util import find_spec

from .program import Program
from .reference import Build, Execute, reference
from .replay import ReplayStep

__all__ = ["BACKENDS", "builder"]

#: Names of `backend`, with what they run a program by.
BACKENDS = ("numba", "numpy", "reference")


#: PyTorch's, which scripts name.
_PYTORCH = frozenset(("inductor", "eager", "aot_eager", "cudagraphs", "onnxrt", "openxla", "tvm"))


def _native(program: Program) -> Execute:
    from .native import NativeStep

    return NativeStep(program)


def builder(backend: str | None) -> Build:
    """Return the function that makes a program run.

    Raises
    ------
    ImportError
        For "numba" where Numba is not installed; it comes with the extra `compile`.
    ValueError
        For another name.
    """
    if backend is None or backend in _PYTORCH:
        backend = "numba" if find_spec("numba") is not None else "numpy"
    if backend == "reference":
        return reference
    if backend == "numpy":
        return ReplayStep
    if backend != "numba":
        raise ValueError(f"compile: backend has to be one of {BACKENDS}, not {backend!r}")
    if find_spec("numba") is None:
        raise ImportError(
            "compile(backend='numba') needs Numba: pip install 'tinygrad_bp[compile]'. Without it, "
            "backend='numpy' runs the same program"
        )
    return _native
