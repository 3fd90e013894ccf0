"""What the short names of a derivation stand for: m, n, and W1 for ``0.weight``."""

from __future__ import annotations

from collections.abc import Collection

from ..recorded.network import Recorded

__all__ = ["legend_of", "sizes_of"]

_MOST_NAMES = 8  # that the legend spells out
_SAID = {"m": "the samples of the batch", "n": "the outputs of a sample"}


def sizes_of(graph: Recorded) -> dict[int, str]:
    """Name the number of samples, and that of the outputs."""
    if graph.batch is None:
        return {}
    m, axis = graph.batch
    sizes = {m: "m"} if m > 1 else {}
    last = next((n for n in graph.order if n in graph.roles.affine), None)
    if last is not None and len(last.shape) == 2:
        outputs = int(last.shape[1 - axis])
        if outputs > 2 and outputs not in sizes:
            sizes[outputs] = "n"
    return sizes


def legend_of(graph: Recorded, used: Collection[str]) -> list[tuple[str, str]]:
    """Return (name, meaning) of the parameters of the model, and of the sizes that are `used`."""
    entries = _ranges(
        [
            (graph.name(node), path)
            for node in graph.leaves
            if (path := graph.path(node)) and path != graph.name(node)
        ]
    )
    for number, name in sizes_of(graph).items():
        if name in used:
            entries.append((name, f"{number}, {_SAID[name]}"))
    return entries


def _ranges(entries: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Put ``W1 … W8`` together, where there are many."""
    if len(entries) <= _MOST_NAMES:
        return entries
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, path in entries:
        groups.setdefault(name.rstrip("0123456789"), []).append((name, path))
    found = []
    for group in groups.values():
        if len(group) > 2:
            (first, where), (last, there) = group[0], group[-1]
            found.append((f"{first} … {last}", f"{where} … {there}"))
        else:
            found.extend(group)
    return found
