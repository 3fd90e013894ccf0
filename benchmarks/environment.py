"""What is the same for all contenders: the environment, and the machine that they run on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

#: They pin NumPy's OpenBLAS to the kernels of an older processor on some machines.
PINNED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")

#: For how long (2 to this power, in ticks of the processor) an idle thread of OpenBLAS spins: some
#: milliseconds. By default it is 26, a tenth of a second in which it takes a core from whoever is
#: measured next, or from a script that evaluates between its epochs.
PATIENCE = {"OPENBLAS_THREAD_TIMEOUT": "22"}

#: Their versions are part of what a figure means.
LIBRARIES = ("numpy", "torch", "jax", "mygrad", "autograd", "llvmlite")


def settle(program: list[str]) -> None:
    """Start the program afresh in an environment for all, since OpenBLAS reads it when loaded."""
    free = {name: value for name, value in os.environ.items() if name not in PINNED}
    free = PATIENCE | free
    if free != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *program, *sys.argv[1:]], free)


def fresh_caches(folder: str) -> dict[str, str]:
    """Return the variables that make every compiler begin with an empty cache, in a folder."""
    return {
        "TORCHINDUCTOR_CACHE_DIR": f"{folder}/inductor",
        "TRITON_CACHE_DIR": f"{folder}/triton",
        "TINYGRAD_BP_CACHE": f"{folder}/tinygrad_bp",
        "XDG_CACHE_HOME": f"{folder}/cache",
    }


def machine() -> dict[str, Any]:
    """Describe the processor, the BLAS and the versions; nothing that tells whose machine it is."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory GB": _memory(),
        "system": platform.system(),
        "python": platform.python_version(),
        "blas": _blas(),
        "versions": _versions(),
        "threads": {name: value for name, value in sorted(os.environ.items())
                    if name.endswith("_NUM_THREADS")},
    }  # fmt: skip


def _line(file: str, key: str) -> str | None:
    try:
        lines = Path(file).read_text().splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), None)


def _processor() -> str:
    name = _line("/proc/cpuinfo", "model name") or platform.processor() or platform.machine()
    flags = (_line("/proc/cpuinfo", "flags") or "").split()
    wide = [flag for flag in ("avx2", "avx512f", "amx_tile") if flag in flags]
    return f"{name} ({', '.join(wide)})" if wide else name


def _memory() -> int | None:
    total = _line("/proc/meminfo", "MemTotal")
    return round(int(total.split()[0]) / 2**20) if total else None


def _blas() -> str:
    import numpy as np

    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']}"
    np.ones((2, 2)) @ np.ones((2, 2))
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            kernels = f", kernels {pool['architecture']}" if "architecture" in pool else ""
            return f"{pool['internal_api']} {pool['version']}{kernels}"
    return "unknown"


def _versions() -> dict[str, str]:
    found = {}
    for name in ("tinygrad_bp", *LIBRARIES):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
