"""Grading for teachers: a student's backward pass on random networks, with partial credit.

The teacher says what is drawn and what the loss is; the student returns gradients. Each term, such
as dW2, is diagnosed in every trial. An error costs once: a later line that is right given the
student's own value of an earlier one is credited.

    python -m tinygrad_bp.diagnosis.grading teacher.py student.py --json grades.json
"""

from __future__ import annotations

import argparse
import io
import json
import runpy
import traceback
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..creation import tensor
from ..graph import topological_order
from .grades import Grade, Mark, Term

if TYPE_CHECKING:
    from ..tensor import Tensor
    from .report import Finding

__all__ = ["Task", "grade", "main", "read_student", "read_task"]

Array = np.ndarray[Any, np.dtype[Any]]
Gradients = Callable[[dict[str, Array]], Mapping[str, Any]]


@dataclass(frozen=True)
class Task:
    """What is asked of a student.

    Attributes
    ----------
    inputs : function of a numpy.random.Generator
        Draws the arrays of one trial, of random shapes: ``{"X": …, "Y": …, "W1": …}``. With at
        least three samples, or mistakes tie.
    loss : function of tensors
        Runs the forward pass on tensors of the same names and returns the loss:
        ``def loss(X, Y, W1, b1)``. Tensors that it calls by name, ``Z1.named("Z1")``, can be
        terms too.
    points : dict of str to float
        What each term is worth: ``{"dW2": 2, "db2": 1}``.

    Examples
    --------
    >>> def inputs(rng):
    ...     n, c, m = rng.integers(3, 7, 3)
    ...     return {"X": rng.normal(size=(n, m)), "Y": rng.normal(size=(c, m)),
    ...             "W": rng.normal(size=(c, n))}
    >>> task = Task(inputs, lambda X, Y, W: ((W @ X - Y) ** 2).sum() / 2, {"dW": 4})
    >>> print(grade(lambda v: {"dW": (v["W"] @ v["X"] - v["Y"]) @ v["X"].T}, task).score)
    4.0
    >>> wrong = grade(lambda v: {"dW": (v["Y"] - v["W"] @ v["X"]) @ v["X"].T}, task, trials=3)
    >>> wrong.score, wrong["dW"].right, wrong["dW"].trials
    (0.0, 0, 3)
    """

    inputs: Callable[[np.random.Generator], Mapping[str, Any]]
    loss: Callable[..., Tensor]
    points: Mapping[str, float]


def grade(
    student: Gradients | str | Path, task: Task, *, trials: int = 5, seed: int = 0, name: str = ""
) -> Grade:
    """Grade a student's gradients on networks of random shapes and numbers.

    A term earns points · (credited trials / trials). Credited is a gradient that is right up to
    rounding, and one that only inherits a mistake which another term has paid for: its own line is
    right, given the student's value of an earlier one.

    Parameters
    ----------
    student : function or path
        Takes ``{"X": array, "W1": array, …}`` and returns ``{"dW1": array, …}``. Of a ``.py`` file,
        its function ``gradients``. The file is run: grade strangers' work in a sandbox.
    task : Task
    trials : int
        How many networks are drawn.
    seed : int
        Where they come from: the same for every student.
    name : str, optional
        Whom the grade is for; by default the name of the file or function.

    Returns
    -------
    Grade
        ``print(grade)`` is a table, ``grade.to_json("grade.json")`` a file.

    Raises
    ------
    ValueError
        The task itself is wrong: it asks for a term that its loss does not have. What goes wrong in
        the student's code is an outcome, never raised.
    """
    if trials < 1:
        raise ValueError(f"grade: trials is {trials}; at least one network has to be drawn")
    label = name or getattr(student, "__name__", "") or Path(str(student)).name
    work: Gradients | _Failed
    try:
        work = read_student(student) if isinstance(student, (str, Path)) else student
    except _UnreadableError as error:
        work = _Failed(str(error))
    marks: dict[str, list[Mark]] = {term: [] for term in task.points}
    rng = np.random.default_rng(seed)
    for _ in range(trials):
        arrays = {key: np.asarray(value) for key, value in task.inputs(rng).items()}
        found = work if isinstance(work, _Failed) else _ask(work, arrays)
        for term, mark in _mark(found, task, arrays).items():
            marks[term].append(mark)
    terms = [Term(key, float(task.points[key]), tuple(marks[key])) for key in task.points]
    return Grade(label, tuple(terms), trials, seed)


@dataclass(frozen=True)
class _Failed:
    """In place of gradients: how the student's code ended."""

    message: str


class _UnreadableError(Exception):
    """A student's file that can't be run."""


def _ask(work: Gradients, arrays: Mapping[str, Array]) -> Mapping[str, Any] | _Failed:
    """Run the student's function on copies; whatever it raises is its answer."""
    given = {key: array.copy() for key, array in arrays.items()}
    try:
        # What it prints would stand in the middle of the table.
        with redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            found: Any = work(given)
    except (Exception, SystemExit) as error:
        return _Failed(_raised(error))
    if isinstance(found, Mapping):
        return found
    return _Failed(f"returned {type(found).__name__}, not a dict of gradients")


def _raised(error: BaseException) -> str:
    """Name an exception and the line of the student's code it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if f.filename not in (__file__, runpy.__file__) and f.line]
    line = f" (line {theirs[0].lineno} of {Path(theirs[0].filename).name})" if theirs else ""
    if isinstance(error, SyntaxError):
        line = f" (line {error.lineno})"
    return f"raised {type(error).__name__}: {error}{line}".replace("\n", " ")


def _mark(
    found: Mapping[str, Any] | _Failed, task: Task, arrays: Mapping[str, Array]
) -> dict[str, Mark]:
    """Mark every term of one trial."""
    from . import diagnose

    tensors = _tensors(task, arrays)
    loss = task.loss(**tensors)
    known = _known(loss)
    for term in task.points:
        if _bare(term, known) not in known:
            raise ValueError(
                f"grade: the task asks for {term}, but no such tensor is behind its loss "
                f"(known: {', '.join(sorted(known)) or 'none'}). Call a tensor inside by name: "
                "Z1.named('Z1')."
            )
    if isinstance(found, _Failed):
        return dict.fromkeys(task.points, Mark("failed", message=found.message))
    # What the student returns beside what was asked, such as dZ2, tells what a line inherits.
    answers = {_bare(str(key), known): value for key, value in found.items()}
    given = {name: _numbers(value) for name, value in answers.items() if name in known}
    usable = {name: array for name, array in given.items() if not isinstance(array, str)}
    marks = {}
    terms = {f"d{_bare(term, known)}" for term in task.points}
    diagnosed = _diagnosed(diagnose(loss, usable).order, terms) if usable else {}
    for term in task.points:
        name = _bare(term, known)
        answer = given.get(name)
        if name in usable:
            marks[term] = diagnosed[f"d{name}"]
        elif isinstance(answer, str):
            marks[term] = Mark("failed", message=answer)
        else:
            marks[term] = Mark("missing", message="It was not returned.")
    return marks


def _diagnosed(findings: Sequence[Finding], terms: Container[str]) -> dict[str, Mark]:
    """Mark the findings, in the order of the backward pass; a mistake is paid for once.

    By the line where it was made, if that is a term; else by the first term where it shows. (A
    mistake in dZ2 that was not handed in shows in dW2 and db2 alike.)
    """
    by_name = {finding.name: finding for finding in findings}
    paid: set[Any] = set()
    marks = {}
    for finding in findings:
        mistake = _mistake(finding, by_name)
        marks[finding.name] = Mark.of(finding, paid=mistake in paid)
        if finding.verdict != "right" and finding.name in terms:
            paid.add(mistake)
    return marks


def _mistake(finding: Finding, by_name: Mapping[str, Finding]) -> Any:
    """Identify the mistake behind a finding: where it was made, and what it is."""
    while finding.inherits in by_name:
        finding = by_name[finding.inherits]
    return finding.line or finding.name, finding.causes


def _tensors(task: Task, arrays: Mapping[str, Array]) -> dict[str, Tensor]:
    """Make the arrays tensors; those whose gradient is a term collect it."""
    asked = {_bare(term, arrays) for term in task.points}
    return {
        key: tensor(array, requires_grad=key in asked).named(key) for key, array in arrays.items()
    }


def _bare(term: str, known: Container[str]) -> str:
    """Name the tensor of a term: ``W2`` of ``dW2``."""
    return term[1:] if term.startswith("d") and term[1:] in known else term


def _known(loss: Tensor) -> set[str]:
    """Collect the names in the graph of the loss; none if it records no graph."""
    order = [] if loss.node is None else topological_order([loss.node])
    return {node.extra.name for node in order if node.extra is not None and node.extra.name}


def _numbers(value: Any) -> Array | str:
    """Read an array; or say why it is none."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        return f"is no array: {error}"
    return array if array.dtype.kind in "biuf" else f"is no array of numbers: {value!r:.60}"


def read_student(path: str | Path) -> Gradients:
    """Run a student's file and return its function ``gradients``.

    Parameters
    ----------
    path : path
        A Python file with ``def gradients(values)``. It is run: with the rights of whoever grades.
    """
    space = _run(Path(path))
    work = space.get("gradients")
    if not callable(work):
        raise _UnreadableError(f"{Path(path).name} has no function gradients(values)")
    return cast(Gradients, work)


def read_task(path: str | Path) -> Task:
    """Run a teacher's file and return its task: ``inputs(rng)``, ``loss(…)`` and ``POINTS``.

    Parameters
    ----------
    path : path

    Raises
    ------
    ValueError
        Something of the three is missing.
    """
    space = runpy.run_path(str(path))
    lacking = [name for name in ("inputs", "loss", "POINTS") if name not in space]
    if lacking:
        raise ValueError(f"{Path(path).name} lacks {', '.join(lacking)}")
    return Task(space["inputs"], space["loss"], space["POINTS"])


def _run(path: Path) -> dict[str, Any]:
    try:
        with redirect_stdout(io.StringIO()):
            return runpy.run_path(str(path))
    except (Exception, SystemExit) as error:
        raise _UnreadableError(_raised(error)) from error


def main(argv: Sequence[str] | None = None) -> int:
    """Grade files from a command line; print a table for each.

    Examples
    --------
    >>> main(["teacher.py"])
    Traceback (most recent call last):
        ...
    SystemExit: 2
    """
    parser = argparse.ArgumentParser(
        prog="python -m tinygrad_bp.diagnosis.grading",
        description="Grade hand-derived gradients on random networks.",
        epilog="Students' files are run: use a sandbox for work of people whom you don't know.",
    )
    parser.add_argument("teacher", help="a file with inputs(rng), loss(...) and POINTS")
    parser.add_argument("student", nargs="+", help="a file with gradients(values)")
    parser.add_argument("--trials", type=int, default=5, help="networks drawn (default 5)")
    parser.add_argument("--seed", type=int, default=0, help="where they come from (default 0)")
    parser.add_argument("--json", metavar="FILE", help="write all grades as a JSON list")
    args = parser.parse_args(argv)
    try:
        task = read_task(args.teacher)
        grades = [grade(s, task, trials=args.trials, seed=args.seed) for s in args.student]
    except (OSError, ValueError) as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    print("\n\n".join(str(found) for found in grades))
    if args.json:
        listed = [found.as_dict() for found in grades]
        Path(args.json).write_text(json.dumps(listed, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
