"""Factors that gradients are off by, and what they are called."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...graph import Node
from ..roles import Roles
from .change import Meaning, Words

__all__ = ["Factors", "scaled"]


class Factors:
    """The factors that people forget or add in a given network.

    Attributes
    ----------
    named : list of (float, str)
        Such as (64.0, "m") and (1/64, "1/m"), likelier ones first.
    averages : list of float
        1/m and its like: what makes a mean of a sum.
    usual : tuple of float
        The commonest: −1, 2, ½, m, 1/m, n, 1/n.
    """

    def __init__(self, roles: Roles, tolerance: float) -> None:
        self.tolerance = tolerance
        self.named: list[tuple[float, str]] = []
        sizes: dict[str, int] = {}
        for head in roles.heads:
            m, n = head.sizes
            sizes.setdefault("m", m)
            sizes.setdefault("n", n)
        if not sizes and roles.graph.batch is not None:
            sizes["m"] = roles.graph.batch[0]
        self.sizes = sizes
        products = dict(sizes)
        if len(sizes) == 2:
            products["m n"] = sizes["m"] * sizes["n"]
        for name, size in products.items():
            if size > 1:
                bracket = f"({name})" if " " in name else name
                self._add(size, name)
                self._add(1 / size, f"1/{bracket}")
        self._add(2, "2")
        self._add(0.5, "½")
        for name, size in products.items():
            if size > 1:
                bracket = f"({name})" if " " in name else name
                for f, word in ((2, "2"), (0.5, "½")):
                    self._add(f * size, f"{word} {name}")
                    self._add(f / size, f"{word}/{bracket}" if f == 2 else f"1/(2 {name})")
        for name, size in sizes.items():
            if size > 1:
                self._add(size**2, f"{name}²")
                self._add(size**-2, f"1/{name}²")
        if len(sizes) == 2 and min(sizes.values()) > 1:
            self._add(sizes["m"] / sizes["n"], "m/n")
            self._add(sizes["n"] / sizes["m"], "n/m")
        self._add(4, "4")
        self._add(0.25, "¼")
        self.averages = [1 / size for size in products.values() if size > 1]
        large = [float(size) for size in sizes.values() if size > 1]
        self.usual = tuple(dict.fromkeys([-1.0, 2.0, 0.5, *large, *[1 / size for size in large]]))

    def _add(self, value: float, name: str) -> None:
        if not any(np.isclose(value, known) for known, _ in self.named) and value != 1:
            self.named.append((float(value), name))

    def close(self, a: float, b: float) -> bool:
        """Whether two factors are the same but for rounding."""
        return abs(a - b) <= self.tolerance * max(abs(a), abs(b))

    def name(self, factor: float) -> str:
        """Return the name of a factor's size, ``1/m``; "" if it is none that people know."""
        for value, name in self.named:
            if self.close(abs(factor), value):
                return name
        return ""

    def spell(self, factor: float) -> str:
        """Return a factor for a message: its name and its value."""
        name = self.name(factor)
        return f"{abs(factor):.4g}" if not name or name.isdigit() else f"{name} = {abs(factor):.4g}"

    def is_natural(self, factor: float) -> bool:
        """Whether a factor is ±1 or has a name."""
        return self.close(abs(factor), 1) or bool(self.name(factor))

    def averaged(self, factor: float, sums: str) -> bool:
        """Whether a factor turns a sum over samples, or over everything, into a mean."""
        sample = [1 / self.sizes["m"]] if self.sizes.get("m", 1) > 1 else []
        averages = {"samples": sample, "all": self.averages}.get(sums, [])
        return any(self.close(factor, average) for average in averages)


def scaled(
    factors: Factors, line: str, right: str, part: str = "", mean_first: bool = False,
    prior: int = 20, sums: str = "",
) -> Callable[[float], list[Meaning]]:  # fmt: skip
    """Say what it means that a line is multiplied by a factor.

    Parameters
    ----------
    factors : Factors
    line, right : str
        The line, and its right formula.
    part : str
        Which part of the line is multiplied, where it is not the whole.
    mean_first : bool
        Whether 1/m is likelier a mean in place of a sum than a factor too much.
    prior : int
    sums : {"", "samples", "all"}
        What the line adds up, so that a mean could stand there.
    """
    whose = f"the part of {line} that comes {part}" if part else line

    def meanings(factor: float) -> list[Meaning]:
        if not np.isfinite(factor) or factor == 0 or factors.close(factor, 1):
            return []
        natural = factors.is_natural(factor)
        found = []
        if factor < 0:
            ids = ("sign",) if factors.close(factor, -1) else ("sign", "scale")
            more = "" if len(ids) == 1 else f", and is {factors.spell(factor)} times too large"
            found.append(Meaning(ids, Words(
                line, f"{whose} has the opposite sign{more}", right,
                f"change the sign of {whose}"
                + ("." if len(ids) == 1 else f", and divide it by {factors.spell(factor)}."),
            ), prior if len(ids) == 1 else prior + 16, natural))  # fmt: skip
            return found
        large = factor > 1
        inverse = factors.name(1 / factor)
        word = factors.spell(factor)
        if large:
            hint = f"the factor {_inverse_name(factors, factor)} is missing"
            mend = f"divide {whose} by {word}."
        elif inverse:
            hint = f"it was divided by {factors.spell(1 / factor)} once too often, or the factor " \
                   f"{inverse} is missing"  # fmt: skip
            mend = f"multiply {whose} by {factors.spell(1 / factor)}."
        else:
            hint = "a factor is missing, or stands there twice"
            mend = f"multiply {whose} by {1 / factor:.4g}."
        scale = Meaning(("scale",), Words(
            line, f"{whose} is {word} times what it should be: {hint}", right, mend,
        ), prior, natural)  # fmt: skip
        found.append(scale)
        if factors.averaged(factor, sums):
            found.append(Meaning(("mean-instead-of-sum",), Words(
                line, f"{whose} is a mean where a sum belongs (it is {word} times the right one)",
                right, f"use a sum in {line}, not a mean: the loss has all its 1/m already.",
            ), prior - 1 if mean_first else prior + 1, True))  # fmt: skip
        return found

    return meanings


def _inverse_name(factors: Factors, factor: float) -> str:
    name = factors.name(1 / factor)
    return name if name else f"1/{factor:.4g}"


def gradient_name(roles: Roles, node: Node) -> str:
    """Return the name of a gradient, ``dZ1``."""
    return f"d{roles.graph.name(node)}"
