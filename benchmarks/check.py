"""Contenders compute the same, before anything is timed."""

from __future__ import annotations

import numpy as np

from benchmarks.peers.contender import Arrays

#: Of float32 sums in different orders, through up to 28 time steps.
GRADIENTS = 2e-3

#: Adam divides a gradient by its size, and so makes a step of what is nothing but rounding: the
#: biases of an attention's keys are such. The whole is compared, where they weigh little.
PARAMETERS = 5e-2


class DifferentError(AssertionError):
    """A contender computes something else."""


def size(arrays: Arrays) -> float:
    """Return the Euclidean norm of all numbers of a network together."""
    return float(np.sqrt(sum(np.square(a, dtype=np.float64).sum() for a in arrays)))


def gradients(name: str, found: Arrays, expected: Arrays) -> None:
    """Raise unless each parameter's gradient is the expected one."""
    whole = size(expected)
    for i, (array, reference) in enumerate(zip(found, expected, strict=True)):
        if array.shape != reference.shape:
            raise DifferentError(f"{name}: gradient {i} is {array.shape}, not {reference.shape}")
        difference = size([array - reference])
        if not difference <= GRADIENTS * size([reference]) + 1e-5 * whole:
            raise DifferentError(f"{name}: gradient {i} differs by {difference:.2g} of {whole:.2g}")


def parameters(name: str, found: Arrays, expected: Arrays, initial: Arrays) -> None:
    """Raise unless Adam has moved the parameters as expected."""
    moved = size([a - b for a, b in zip(expected, initial, strict=True)])
    difference = size([a - b for a, b in zip(found, expected, strict=True)])
    if not (moved > 0 and difference <= PARAMETERS * moved):
        raise DifferentError(
            f"{name}: the parameters differ by {difference:.2g}, they moved {moved:.2g}"
        )
