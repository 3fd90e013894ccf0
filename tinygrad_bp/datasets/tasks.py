"""What is to be learnt: which column, and whether it is a class or a number."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import DataError
from .table import Table, named, text_of

__all__ = ["choose_target", "choose_task", "class_names"]

Array = np.ndarray[Any, Any]

#: Names by which a target is known where none is given.
USUAL = ("target", "label", "class", "y")

#: Different whole numbers that are taken for classes.
MOST_NUMBERS = 20


def choose_target(table: Table, target: str | None) -> str:
    """Return the column to learn, or say that it has to be named."""
    if target is not None:
        if target not in table.columns:
            raise DataError(f"{table.path}: {named(target, table.columns)}. It was to be learnt")
        return target
    usual = [name for name in table.columns if name.lower() in USUAL]
    if len(usual) == 1:
        return usual[0]
    names = list(table.columns)
    listed = ", ".join(repr(n) for n in names[:12]) + (", …" if len(names) > 12 else "")
    raise DataError(f"{table.path}: which column is to be learnt? Name it, target=…, one of "
                    f"{listed}")  # fmt: skip


def choose_task(values: Array, name: str, where: Any, task: str | None) -> tuple[str, str]:
    """Return "classification" or "regression", and why."""
    if task not in (None, "classification", "regression"):
        raise ValueError(f"task is 'classification' or 'regression', not {task!r}")
    texts = values.dtype.kind in "OU"
    if texts and task == "regression":
        raise DataError(f"{where}: {name!r} holds texts such as {str(values[0])[:40]!r}, and a "
                        "regression learns numbers. Take task='classification'")  # fmt: skip
    if task is not None:
        return task, "you said"
    different = len(set(values.tolist()))
    if texts:
        return "classification", f"{name!r} holds {different} different texts"
    if values.dtype.kind == "b":
        return "classification", f"{name!r} is true or false"
    whole = bool((values == np.floor(values)).all())
    if whole and different <= min(MOST_NUMBERS, max(2, len(values) // 2)):
        return "classification", f"{name!r} holds {different} different whole numbers"
    kind = "whole numbers" if whole else "numbers"
    return "regression", f"{name!r} holds {different} different {kind}"


def class_names(values: Array, name: str, where: Any) -> tuple[str, ...]:
    """Return the labels of a classification, in order: numbers by size, texts by alphabet."""
    found = sorted(set(values.tolist()))
    if len(found) < 2:
        raise DataError(f"{where}: every {name!r} is {text_of(found[0])[:40]!r}: there is nothing "
                        "to tell apart. Add examples of other classes")  # fmt: skip
    if len(found) > 2 and 2 * len(found) > len(values) and len(values) > 10:
        raise DataError(
            f"{where}: {name!r} has {len(found)} different values in {len(values)} examples, too "
            "many for classes. Take another target, or task='regression' for numbers"
        )
    return tuple(text_of(value) for value in found)
