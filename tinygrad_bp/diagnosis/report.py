"""The report: a verdict for every gradient that was handed in, and how to say it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import Node
from ..tensor import Tensor
from .hypotheses.change import Words

__all__ = ["Explanation", "Finding", "Report"]

WIDTH = 80


@dataclass(frozen=True)
class Explanation:
    """A mistake (or two) that gives what was handed in.

    Attributes
    ----------
    ids : tuple of str
        The ids of the hypotheses; two for a combination.
    words : tuple of Words
        For each: the `line` of the derivation, `what` was done, the `right` formula, the `mend`.
    error : float
        How far the hypothesis lies from what was handed in, relative to the largest element.
    factor : float or None
        The factor, the slope or the learning rate that was found, where there is one.
    """

    ids: tuple[str, ...]
    words: tuple[Words, ...]
    error: float
    factor: float | None = None

    @property
    def line(self) -> str:
        """The line of the derivation where the mistake was made; the first, if there are two."""
        return self.words[0].line if self.words else ""

    @property
    def what(self) -> str:
        """What was done."""
        return "; and ".join(w.what for w in self.words)

    @property
    def right(self) -> str:
        """The right formula of the line."""
        return "; ".join(dict.fromkeys(w.right for w in self.words if w.right))

    @property
    def mend(self) -> str:
        """What to do, in one sentence for each mistake."""
        return " ".join(_sentence(w.mend) for w in dict.fromkeys(self.words))


@dataclass(frozen=True)
class Finding:
    """What was found about one gradient.

    Attributes
    ----------
    name : str
        The gradient's name, ``dW2``.
    verdict : {"right", "wrong", "ambiguous"}
        ``ambiguous``: wrong, and several mistakes give just this array.
    causes : tuple of str
        The ids of what went wrong, likeliest first; empty if nothing did.
    evidence : str
        The numbers behind the verdict.
    message : str
        The verdict in sentences.
    line : str
        Where the derivation first departs from the right one: the name of a line, ``dZ1``.
    mend : str
        What to do.
    explanations : tuple of Explanation
        What reproduces the array: several if ambiguous, none if nothing known does.
    inherits : str
        The name of the gradient whose error this one inherits; "" if none.
    note : str
        What is to be said about a right gradient; mostly "".
    """

    name: str
    verdict: str
    causes: tuple[str, ...]
    evidence: str
    message: str
    line: str = ""
    mend: str = ""
    explanations: tuple[Explanation, ...] = ()
    inherits: str = ""
    note: str = ""

    def __str__(self) -> str:
        return self.message

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain values, for JSON."""
        return {
            "name": self.name, "verdict": self.verdict, "causes": list(self.causes),
            "evidence": self.evidence, "message": self.message, "line": self.line,
            "mend": self.mend, "inherits": self.inherits,
            "explanations": [
                {"ids": list(e.ids), "line": e.line, "what": e.what, "right": e.right,
                 "mend": e.mend, "error": e.error, "factor": e.factor}
                for e in self.explanations
            ],
        }  # fmt: skip


class Report:
    """What :func:`tinygrad_bp.diagnose` found; ``print(report)`` says it in words.

    ``report[W2]`` or ``report["W2"]`` is the :class:`Finding` of one gradient.

    Attributes
    ----------
    findings : tuple of Finding
        In the order in which the gradients were handed in.
    order : tuple of Finding
        In the order of the backward pass.
    advice : str
        What to do about ties; "" if there are none.
    """

    def __init__(self, findings: Mapping[Node, Finding], keys: Mapping[Any, Node],
                 order: list[Node], find: Any, advice: str = "") -> None:  # fmt: skip
        self._found, self._keys, self._find = dict(findings), dict(keys), find
        self.findings = tuple(findings.values())
        self.order = tuple(findings[node] for node in order)
        self.advice = advice

    def __getitem__(self, key: Any) -> Finding:
        node = self._keys.get(_hashed(key))
        if node is None:
            node = self._find(key)
        if node not in self._found:
            names = ", ".join(finding.name for finding in self.findings)
            raise KeyError(f"no gradient was handed in for {key!r}; there are {names}")
        return self._found[node]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def right(self) -> bool:
        """Whether all gradients are right."""
        return all(finding.verdict == "right" for finding in self.findings)

    @property
    def first(self) -> Finding | None:
        """The first gradient in the order of the backward pass that is not right."""
        return next((f for f in self.order if f.verdict != "right"), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        return {
            "right": self.right, "advice": self.advice,
            "findings": [finding.to_dict() for finding in self.findings],
        }  # fmt: skip

    def __repr__(self) -> str:
        verdicts = ", ".join(f"{f.name} {f.verdict}" for f in self.findings)
        return f"<Report: {verdicts}>"

    def __str__(self) -> str:
        right = [f for f in self.order if f.verdict == "right"]
        wrong = [f for f in self.order if f.verdict != "right" and not f.inherits]
        inherited = [f for f in self.order if f.verdict != "right" and f.inherits]
        parts = []
        if right:
            names = _listed([f.name for f in right])
            parts.append(_filled(f"Right: {names}."))
            parts += [_filled(f"({f.name}: {f.note}.)", "  ") for f in right if f.note]
        for number, finding in enumerate(wrong):
            if number == 0:
                parts.append(_filled(
                    f"The backward pass first departs at {finding.line or finding.name}."
                ))  # fmt: skip
            parts.append(_paragraphs(finding))
        if inherited:
            lines = ["Inherited (nothing is to be mended here):"] if not any(
                len(f.causes) and f.causes[0] != "upstream" for f in inherited
            ) else ["Inherited:"]  # fmt: skip
            lines += [_filled(f.message, "  ") for f in inherited]
            parts.append("\n".join(lines))
        if self.advice:
            parts.append(_filled(self.advice))
        return "\n\n".join(parts) if parts else "No gradients were handed in."


def _paragraphs(finding: Finding) -> str:
    head = f"{finding.name}: {finding.verdict}"
    if finding.causes:
        head += f" ({', '.join(finding.causes)})"
    return "\n".join([_filled(head), *(_filled(p, "  ") for p in finding.message.split("\n"))])


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _sentence(text: str) -> str:
    # A mend begins with a verb, seldom with a name that has to keep its letter.
    return text[:1].upper() + text[1:] if text else text


def _hashed(key: Any) -> Any:
    return id(key) if isinstance(key, (Tensor, np.ndarray)) else key
