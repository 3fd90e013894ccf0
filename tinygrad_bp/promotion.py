"""Operands of several dtypes in one operation: PyTorch's rules, applied."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtype import common_dtype
from .op import SPEAKERS, Op
from .rules.shape import cast

__all__ = ["alike", "promote"]


def alike(op: Op, values: list[Any]) -> bool:
    """Whether the operands are of one floating dtype already (Python numbers adapt themselves)."""
    first = values[0]
    if type(first) is not np.ndarray:
        return False
    dtype = first.dtype
    if dtype.kind != "f":
        if dtype.kind in "bc" or op.promotion == "float":
            return False
        # Integers among themselves are alike; with a fraction they are not.
        return all(
            value.dtype is dtype if type(value) is np.ndarray else type(value) is int
            for value in values
        )
    for value in values:
        if value is not first and (
            value.dtype is not dtype
            if type(value) is np.ndarray
            else type(value) is not float and type(value) is not int
        ):
            return False
    return True


def promote(op: Op, args: tuple[Any, ...], values: list[Any]) -> tuple[Any, ...]:
    """Bring the operands to one dtype, by PyTorch's rules; in place in `values`."""
    skip = op.first_promoted
    for i, value in enumerate(values):
        if isinstance(value, np.generic):
            values[i] = value.item()
    target = common_dtype(values[skip:], op.promotion == "float")
    if target.kind == "c" and op.promotion == "ordered":
        raise NotImplementedError(f"{op.name}: complex numbers have no order")
    promoted = list(args)
    for i in range(skip, len(values)):
        value = values[i]
        if isinstance(value, np.ndarray):
            if value.dtype != target:
                operand = args[i]
                recorded = type(operand) in SPEAKERS
                promoted[i] = cast(operand, dtype=target) if recorded else value.astype(target)
                values[i] = getattr(promoted[i], "_array", promoted[i])
        else:
            promoted[i] = values[i] = np.asarray(value, target)
    return tuple(promoted)
