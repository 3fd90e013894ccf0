"""What grading finds: marks for every trial, points for every term, a table and JSON."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .report import Finding

__all__ = ["Grade", "Mark", "Term"]

_WIDTH = 80


@dataclass(frozen=True)
class Mark:
    """How a term was in one trial.

    Attributes
    ----------
    outcome : str
        ``right``; ``inherited`` (right given the student's own value of an earlier line, whose
        mistake another term has paid for); ``wrong``; ``ambiguous`` (wrong, with several
        explanations); ``missing``; ``failed`` (the student's code raised, or returned no numbers).
    causes : tuple of str
        The ids of the diagnosis.
    message : str
        What the diagnosis says, or how the code failed.
    """

    outcome: str
    causes: tuple[str, ...] = ()
    message: str = ""

    @classmethod
    def of(cls, finding: Finding, paid: bool = False) -> Mark:
        """Mark what a diagnosis says of one gradient; `paid`: another term lost points for it."""
        if finding.verdict == "right":
            return cls("right")
        outcome = "inherited" if paid else finding.verdict
        return cls(outcome, finding.causes, finding.message)

    @property
    def credited(self) -> bool:
        """Whether the term earns its points in this trial."""
        return self.outcome in ("right", "inherited")


@dataclass(frozen=True)
class Term:
    """One graded gradient.

    Attributes
    ----------
    name : str
        ``dW2``.
    points : float
        What it is worth.
    marks : tuple of Mark
        One a trial.
    """

    name: str
    points: float
    marks: tuple[Mark, ...]

    @property
    def trials(self) -> int:
        """The number of networks it was asked on."""
        return len(self.marks)

    @property
    def right(self) -> int:
        """In how many trials it was right."""
        return sum(mark.outcome == "right" for mark in self.marks)

    @property
    def inherited(self) -> int:
        """In how many trials it was right given the student's own value of an earlier line."""
        return sum(mark.outcome == "inherited" for mark in self.marks)

    @property
    def earned(self) -> float:
        """The points: in proportion to the credited trials."""
        return self.points * sum(mark.credited for mark in self.marks) / self.trials

    @property
    def causes(self) -> dict[str, int]:
        """The likeliest cause of each trial that earned nothing, and how often; often first."""
        lost = [mark for mark in self.marks if not mark.credited]
        found = Counter((mark.causes[:1] or (mark.outcome,))[0] for mark in lost)
        return dict(found.most_common())

    @property
    def message(self) -> str:
        """What is said of the first trial that was not right; "" if all were."""
        lost = [m for m in self.marks if not m.credited] or [
            m for m in self.marks if m.outcome != "right"
        ]
        return lost[0].message if lost else ""


@dataclass(frozen=True)
class Grade:
    """What a student earned; ``grade["dW2"]`` is a term.

    Attributes
    ----------
    student : str
    terms : tuple of Term
    trials, seed : int
        How many networks were drawn, and from where.
    """

    student: str
    terms: tuple[Term, ...]
    trials: int
    seed: int

    @property
    def score(self) -> float:
        """The points earned."""
        return sum(term.earned for term in self.terms)

    @property
    def out_of(self) -> float:
        """The points that could be earned."""
        return sum(term.points for term in self.terms)

    def __getitem__(self, name: str) -> Term:
        for term in self.terms:
            if term.name == name:
                return term
        raise KeyError(
            f"{name!r} was not graded; there are {', '.join(t.name for t in self.terms)}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the grade as what JSON can hold."""
        return {
            "student": self.student,
            "score": round(self.score, 6),
            "out_of": self.out_of,
            "trials": self.trials,
            "seed": self.seed,
            "terms": [
                {
                    "name": term.name,
                    "points": term.points,
                    "earned": round(term.earned, 6),
                    "right": term.right,
                    "inherited": term.inherited,
                    "outcomes": [mark.outcome for mark in term.marks],
                    "causes": term.causes,
                    "message": term.message,
                }
                for term in self.terms
            ],
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the grade as JSON text, and write it to a file if a path is given.

        Examples
        --------
        >>> import json
        >>> grade = Grade("Ada", (Term("dW", 2.0, (Mark("right"), Mark("missing"))),), 2, 0)
        >>> json.loads(grade.to_json())["score"]
        1.0
        """
        text = json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n"
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        networks = "network" if self.trials == 1 else "networks"
        yield (
            f"{self.student}: {self.score:.4g} of {self.out_of:.4g} points "
            f"({self.trials} random {networks}, seed {self.seed})"
        )
        width = max([4, *(len(term.name) for term in self.terms)])
        yield f"{'term':<{width}}{'points':>8}{'right':>8}{'inherited':>11}  mistakes"
        for term in self.terms:
            share = f"{term.earned:.4g}/{term.points:.4g}"
            head = (
                f"{term.name:<{width}}{share:>8}{f'{term.right}/{term.trials}':>8}"
                f"{term.inherited or '':>11}  "
            )
            causes = ", ".join(f"{cause} ({n})" for cause, n in term.causes.items())
            yield from textwrap.wrap(
                head + causes, _WIDTH, subsequent_indent=" " * len(head),
                drop_whitespace=False, break_on_hyphens=False,
            ) if causes else [head.rstrip()]  # fmt: skip
        for term in self.terms:
            if term.message:
                yield ""
                text = " ".join(term.message.removeprefix(f"{term.name}: ").split())
                yield from textwrap.wrap(
                    f"{term.name}: {text}", _WIDTH, subsequent_indent="  ", break_on_hyphens=False
                )
