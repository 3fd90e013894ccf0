"""A reader of formulas in text: what stands there is computed again, by ordinary precedence.

It knows the signs that arithmetic is written with, not the notation's code: where brackets are
missing, another value comes out.
"""

import re
from typing import Any

import numpy as np

_TOKEN = re.compile(r"\s/\s|frac|Σ[ᵢⱼ]?|[A-Za-z][A-Za-z0-9_]*|\d+(?:\.\d+)?|[½⅓¼]|[−+⊙/·()ᵀ²³√{}]")
_FRACTIONS = {"½": 1 / 2, "⅓": 1 / 3, "¼": 1 / 4}
_TEX = (
    (r"\left(", "("), (r"\right)", ")"), (r"\odot", "⊙"), (r"\cdot", "·"), (r"^{\top}", "ᵀ"),
    ("^{2}", "²"), (r"\sum_{i}", "Σᵢ"), (r"\sum_{j}", "Σⱼ"), (r"\sum", "Σ"), ("-", "−"),
    (r"\frac", " frac"), ("_", ""),
)  # fmt: skip


def from_tex(tex: str) -> str:
    """Put the signs of text in place of TeX's commands; fractions stay."""
    for command, sign in _TEX:
        tex = tex.replace(command, sign)
    return tex


class Reader:
    """Reads sums of products of powers, left to right."""

    def __init__(self, text: str, values: dict[str, Any]) -> None:
        self.tokens = [t if t != " / " else "÷" for t in _TOKEN.findall(text)]
        assert "".join(_TOKEN.sub("", text).split()) == "", text
        self.values, self.at = values, 0

    def read(self) -> Any:
        value = self.sum()
        assert self.at == len(self.tokens), self.tokens[self.at :]
        return value

    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def sum(self) -> Any:
        sign = -1 if self.next() == "−" and self.take() else 1
        value = sign * self.product()
        while self.next() in ("+", "−") and self.next():
            sign = 1 if self.take() == "+" else -1
            value = value + sign * self.product()
        return value

    def product(self) -> Any:
        """⊙ and a slash between blanks: looser than factors side by side."""
        value = self.factors()
        while self.next() in ("⊙", "÷") and self.next():
            if self.take() == "⊙":
                value = value * self.factors()
            else:
                value = value / self.factors()
        return value

    def factors(self) -> Any:
        """Side by side: a product of matrices, or a multiple."""
        if self.next().startswith("Σ"):
            return self.sigma()
        value = self.ratio()
        while re.match(r"[A-Za-z0-9½⅓¼(√·Σ]", self.next() or " "):
            if self.next() == "·":
                self.take()
            if self.next().startswith("Σ"):
                return value * self.sigma()
            other = self.ratio()
            value = value * other if np.ndim(value) == 0 or np.ndim(other) == 0 else value @ other
        return value

    def sigma(self) -> Any:
        """Σ takes the whole product that follows."""
        axis = {"Σ": None, "Σᵢ": 0, "Σⱼ": 1}[self.take()]
        return np.sum(self.product(), axis=axis, keepdims=axis is not None)

    def ratio(self) -> Any:
        value = self.power()
        while self.next() == "/":
            self.take()
            value = value / self.power()
        return value

    def power(self) -> Any:
        if self.next() == "√":
            self.take()
            return np.sqrt(self.power())
        value = self.atom()
        while self.next() in ("ᵀ", "²", "³") and self.next():
            raised = self.take()
            value = np.transpose(value) if raised == "ᵀ" else value ** {"²": 2, "³": 3}[raised]
        return value

    def atom(self) -> Any:
        token = self.take()
        if token == "(":
            value = self.sum()
            assert self.take() == ")"
            return value
        if token == "frac":
            top, bottom = self.group(), self.group()
            return top / bottom
        if token in _FRACTIONS:
            return _FRACTIONS[token]
        return float(token) if token[0].isdigit() else self.values[token]

    def group(self) -> Any:
        assert self.take() == "{"
        value = self.sum()
        assert self.take() == "}"
        return value
