"""All streams of random numbers that a training run may draw from, as data that can be saved."""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np

from ..random import Generator, default_generator

__all__ = ["positions", "restore"]


def positions(*generators: Generator) -> dict[str, Any]:
    """Return where all streams are: ours, NumPy's and Python's global ones, and `generators`."""
    name, keys, *rest = np.random.get_state()
    return {
        "default": default_generator.get_state(),
        "own": [g.get_state() for g in generators],
        "numpy": (name, np.array(keys), *rest),
        "python": python_random.getstate(),
    }


def restore(state: dict[str, Any], *generators: Generator) -> None:
    """Go back to where the streams were."""
    default_generator.set_state(state["default"])
    for generator, own in zip(generators, state["own"], strict=True):
        generator.set_state(own)
    np.random.set_state(state["numpy"])
    python_random.setstate(state["python"])
