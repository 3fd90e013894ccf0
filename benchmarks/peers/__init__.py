"""The contenders, a file each. A library that is not installed is named, and takes no part."""

from __future__ import annotations

import importlib
from typing import Any

#: Name of a contender: its module. Imported when asked for: importing starts thread pools.
MODULES = {
    "tinygrad_bp": "ours",
    "tgb.compile": "ours_compiled",
    "PyTorch": "pytorch",
    "torch.compile": "torch_compile",
    "JAX jit": "jax_jit",
    "MyGrad": "mygrad_tensors",
    "autograd": "hips_autograd",
    "by hand": "by_hand",
}
NAMES = tuple(MODULES)

#: They run a graph that they make anew in each step, or none.
EAGER = ("tinygrad_bp", "PyTorch", "MyGrad", "autograd", "by hand")
COMPILED = ("tgb.compile", "torch.compile", "JAX jit")
OURS = ("tinygrad_bp", "tgb.compile")


def load(names: tuple[str, ...] | list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Import contenders; return their modules, and the reasons why the others are missing."""
    found, missing = {}, {}
    for name in names:
        try:
            found[name] = importlib.import_module(f"benchmarks.peers.{MODULES[name]}")
        except ImportError as error:
            # Without the file in brackets that some messages end with: results are published.
            missing[name] = str(error).split(" (")[0]
    return found, missing
