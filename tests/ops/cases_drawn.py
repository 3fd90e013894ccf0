"""Cases of `rules.drawn`: the numbers as they are, and gradients of zero."""

from __future__ import annotations

from tests.ops.case import Case, Numbers
from tinygrad_bp.rules import drawn as rd

draw = Numbers(23)

CASES = [
    Case(rd.drawn, (draw(2, 3), draw(2, 3)), lambda draws, x: draws),
    Case(rd.drawn, (draw(3), draw(3), draw()), lambda draws, x, y: draws),
]
