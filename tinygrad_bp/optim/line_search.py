"""How far to go along a direction: a line search for the strong Wolfe conditions.

A step t along d is good if the loss has fallen enough, f(t) ≤ f(0) + c₁ t f'(0), and the slope has
become flat, |f'(t)| ≤ c₂ |f'(0)|. First the step grows until a good one must lie in a bracket; then
the bracket shrinks (Nocedal and Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Point", "strong_wolfe"]


class Point(NamedTuple):
    """A step along the direction, and what was found there."""

    step: float
    loss: float
    gradient: Any
    slope: float  # of the loss along the direction


def strong_wolfe(
    evaluate: Callable[[float], Point],
    start: Point,
    step: float,
    *,
    length: float,
    tolerance: float = 1e-9,
    max_steps: int = 25,
    c1: float = 1e-4,
    c2: float = 0.9,
) -> tuple[Point, int]:
    """Search from `start`, trying `step` first.

    Parameters
    ----------
    evaluate : callable
        Step → point.
    length : float
        The largest component of the direction: a bracket narrower than `tolerance` by it ends the
        search.

    Returns
    -------
    Point, int
        The best step, and how many were evaluated.
    """

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + c1 * point.step * start.slope

    def is_flat(point: Point) -> bool:
        return abs(point.slope) <= -c2 * start.slope

    previous, new = start, evaluate(step)
    evaluated, tried = 1, 0
    bracket = None
    while tried < max_steps:
        if too_high(new) or (tried > 1 and new.loss >= previous.loss):
            bracket = [previous, new]
            break
        if is_flat(new):
            return new, evaluated
        if new.slope >= 0:
            bracket = [previous, new]
            break
        near, far = new.step + 0.01 * (new.step - previous.step), new.step * 10
        step = _minimum_of_cubic(previous, new, near, far)
        previous, new = new, evaluate(step)
        evaluated, tried = evaluated + 1, tried + 1
    if bracket is None:
        return (start if start.loss <= new.loss else new), evaluated

    low = 0 if bracket[0].loss <= bracket[1].loss else 1  # which end has the lower loss
    stuck = False
    while tried < max_steps:
        nearest, farthest = sorted(point.step for point in bracket)
        if (farthest - nearest) * length < tolerance:
            break
        step = _minimum_of_cubic(bracket[0], bracket[1], nearest, farthest)
        step, stuck = _off_the_ends(step, nearest, farthest, stuck)
        new = evaluate(step)
        evaluated, tried = evaluated + 1, tried + 1
        if too_high(new) or new.loss >= bracket[low].loss:
            bracket[1 - low] = new
            low = 0 if bracket[0].loss <= bracket[1].loss else 1
            continue
        done = is_flat(new)
        if not done and new.slope * (bracket[1 - low].step - bracket[low].step) >= 0:
            bracket[1 - low] = bracket[low]
        bracket[low] = new
        if done:
            break
    return bracket[low], evaluated


def _off_the_ends(step: float, nearest: float, farthest: float, stuck: bool) -> tuple[float, bool]:
    """Move a step away from an end of the bracket if it hits the same tenth twice, or lies outside.

    Otherwise the bracket could shrink too slowly.
    """
    margin = 0.1 * (farthest - nearest)
    if min(farthest - step, step - nearest) >= margin:
        return step, False
    if not stuck and nearest < step < farthest:
        return step, True
    near_the_far_end = abs(step - farthest) < abs(step - nearest)
    return (farthest - margin if near_the_far_end else nearest + margin), False


def _minimum_of_cubic(a: Point, b: Point, least: float, most: float) -> float:
    """Return where the cubic through two points with their slopes is smallest, within bounds."""
    if a.step > b.step:
        a, b = b, a
    with np.errstate(all="ignore"):
        slope_a, slope_b, width = np.float64(a.slope), np.float64(b.slope), b.step - a.step
        d1 = slope_a + slope_b - 3 * (a.loss - b.loss) / np.float64(a.step - b.step)
        square = d1 * d1 - slope_a * slope_b
        if not square >= 0:
            return (least + most) / 2
        d2 = np.sqrt(square)
        step = b.step - width * ((slope_b + d2 - d1) / (slope_b - slope_a + 2 * d2))
    return float(min(max(step, least), most))
