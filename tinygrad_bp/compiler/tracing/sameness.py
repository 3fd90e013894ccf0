"""Whether Python objects are what they were."""

from __future__ import annotations

import enum
import operator
from typing import Any

from .guards import SIMPLE

__all__ = ["ABSENT", "Some", "alike", "difference", "equal", "same"]


class Some(dict[str, Any]):
    """Some entries of a dict, and names that it does not have."""


#: What a name stands for that an object does not have itself.
ABSENT = enum.Enum("ABSENT", "absent").absent  # type: ignore[attr-defined]


def same(a: Any, b: Any) -> bool:
    """Whether two things are one, or equal numbers or texts."""
    return a is b or (type(a) is type(b) and isinstance(a, SIMPLE) and a == b)


def equal(text: str, value: Any) -> str:
    """Write a condition: that an expression is what it was, `{v}`."""
    if isinstance(value, SIMPLE):
        return f"type({text}) is type({{v}}) and {text} == {{v}}"
    return f"{text} is {{v}}"


def alike(now: Any, before: Any) -> bool:
    """Whether a container holds what it held."""
    if type(before) is Some:
        return all(same(now.get(k, ABSENT), v) for k, v in before.items())
    if len(now) != len(before):
        return False
    if isinstance(before, dict):
        if all(map(operator.is_, now.values(), before.values())):
            return all(map(operator.eq, now, before))
        return all(k in now and same(now[k], v) for k, v in before.items())
    return all(map(operator.is_, now, before)) or all(map(same, now, before))


def difference(now: Any, before: Any) -> str:
    """Name an entry that is another one."""
    if type(before) is Some:
        return next((repr(k) for k, v in before.items() if not same(now.get(k, ABSENT), v)), "")
    if isinstance(before, dict):
        for name in (*now, *before):
            if name not in now or name not in before or not same(now[name], before[name]):
                return repr(name)
    return "the entries"
