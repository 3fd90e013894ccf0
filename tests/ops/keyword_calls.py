"""One call of an operator spelt in every way that PyTorch's schema of it allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

#: NumPy's names of arguments, which PyTorch's own functions take as well.
NUMPY_NAMES = {"dim": "axis", "keepdim": "keepdims"}
_ROOMS = {"linalg.": "linalg_", "special.": "special_", "fft.": "fft_"}


class Call(NamedTuple):
    """A way of calling: of the function, the method, or the method that works in place."""

    form: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def schemas(name: str) -> list[Any]:
    """Return PyTorch's schemas of an operator, but for those of plain numbers and of ``out=``."""
    import torch

    short = name.rpartition(".")[2]
    prefix = next((p for room, p in _ROOMS.items() if name.startswith(room)), "")
    found = torch._C._jit_get_schemas_for_operator(f"aten::{prefix}{short}")
    return [
        schema
        for schema in found
        if not any(a.is_out for a in schema.arguments)
        and not (schema.arguments and schema.arguments[0].name == "a")
    ]


def spellings(schema: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Call]:
    """Yield the ways to make a call by this schema; none where it doesn't fit."""
    places = [a.name for a in schema.arguments if not a.kwarg_only]
    if len(args) > len(places):
        return
    given = dict(zip(places, args, strict=False))
    given |= {"self" if name == "input" else name: value for name, value in kwargs.items()}
    names = [a.name for a in schema.arguments]
    left_out = [a for a in schema.arguments if a.name not in given]
    if any(name not in names for name in given) or any(not a.has_default_value() for a in left_out):
        return
    full = {a.name: given.get(a.name, a.default_value) for a in schema.arguments}
    only = {name: value for name, value in given.items() if name not in places}

    def function(arguments: dict[str, Any]) -> dict[str, Any]:
        return {"input" if name == "self" else name: value for name, value in arguments.items()}

    def in_numpy(arguments: dict[str, Any]) -> dict[str, Any]:
        return {NUMPY_NAMES.get(name, name): value for name, value in arguments.items()}

    yield Call("function", (), function(given))
    yield Call("function", (), function(full))
    yield Call("function", (), in_numpy(function(given)))
    yield Call("function", tuple(full[name] for name in places), only)
    if "self" not in places:
        return
    this = full.pop("self")
    given.pop("self")
    rest = [name for name in places if name != "self"]
    yield Call("method", (this,), given)
    yield Call("method", (this,), full)
    yield Call("method", (this,), in_numpy(given))
    yield Call("method", (this, *(full[name] for name in rest)), only)
    yield Call("in place", (this,), full)
    yield Call("in place", (this, *(full[name] for name in rest)), only)
    said = [name for name in rest if name in given]
    sizes = given[said[-1]] if said else None
    if isinstance(sizes, (tuple, list)) and sizes and all(isinstance(n, int) for n in sizes):
        front = [given[name] for name in said[:-1]]
        yield Call("method", (this, *front, *sizes), only)
        yield Call("method", (this, *front, list(sizes)), only)
        yield Call("function", (this, *front, *sizes), only)
