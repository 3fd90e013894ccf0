"""All cases: those of every file `cases_*.py` beside this one, a file a kind of operation."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.ops.case import Case

CASES: list[Case] = [
    case
    for path in sorted(Path(__file__).parent.glob("cases_*.py"))
    for case in importlib.import_module(f"tests.ops.{path.stem}").CASES
]

#: Where a difference quotient has a meaning, and an operand has a gradient.
SMOOTH = [case for case in CASES if case.smooth and case.floating]
#: Where the table follows a convention.
KINKS = [case for case in CASES if not case.smooth]
#: Both.
DIFFERENTIABLE = [case for case in CASES if case.floating]
