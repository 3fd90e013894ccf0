"""The BLAS that NumPy has loaded: its products of matrices, by address.

Taking the very same library means one pool of threads, and that the products which are left to it
equal eager's to the last bit. NumPy's wheels carry it in `numpy.libs`; elsewhere SciPy names its
own.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

__all__ = ["Blas", "find_blas"]


class Blas:
    """Addresses of ``cblas_sgemm`` and ``cblas_dgemm``.

    Attributes
    ----------
    wide : bool
        Whether they count in 64 bits.
    get_threads, set_threads : int
        Addresses of the functions that tell and choose how many threads it uses; 0 if there are
        none.
    """

    def __init__(self, library: ctypes.CDLL, pattern: str, wide: bool) -> None:
        self.wide = wide
        self.sgemm, self.dgemm = (
            ctypes.cast(getattr(library, pattern.format(name)), ctypes.c_void_p).value or 0
            for name in ("sgemm", "dgemm")
        )
        self.get_threads, self.set_threads = (_threads(library, name) for name in ("get", "set"))
        self.library = library  # kept loaded


def _threads(library: ctypes.CDLL, verb: str) -> int:
    for pattern in ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_",
                    "scipy_openblas_{}_num_threads", "openblas_{}_num_threads"):  # fmt: skip
        function = getattr(library, pattern.format(verb), None)
        if function is not None:
            return ctypes.cast(function, ctypes.c_void_p).value or 0
    return 0


def _loaded() -> Iterator[str]:
    """Name the BLAS libraries of this process, NumPy's first."""
    folder = Path(np.__file__).parent
    bundled = [*folder.with_name("numpy.libs").glob("*openblas*"), *folder.glob(".dylibs/*blas*")]
    yield from map(str, bundled)
    maps = Path("/proc/self/maps")
    if maps.exists():
        lines = maps.read_text().splitlines()
        yield from sorted({x.split()[-1] for x in lines if "blas" in x and ".so" in x})


_PATTERNS = (
    ("scipy_cblas_{}64_", True), ("cblas_{}64_", True), ("scipy_cblas_{}", False),
    ("cblas_{}", False),
)  # fmt: skip


@functools.cache
def find_blas() -> Blas | None:
    """Return the BLAS of this process; None if none is found by its name."""
    for path in _loaded():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for pattern, wide in _PATTERNS:
            if hasattr(library, pattern.format("sgemm")):
                return Blas(library, pattern, wide)
    return None
