"""Cases of `rules.gamma_draws`: the reference integrates over the logarithm of t, by trapezoids."""

from __future__ import annotations

import math

import numpy as np

from tests.ops.case import Case, Numbers, each
from tinygrad_bp.rules.gamma_draws import gamma_slope

draw = Numbers(31)


def over(alpha: float, z: float, end: float, power: int) -> float:
    """Give ∫ yᵖ exp(α (y − log z) − e^y + z) dy for y below `end`; y = end − e^(v − e^−v)."""
    step, total = 1 / 64, 0.0
    for i in range(-300, 600):
        v = i * step
        away = math.exp(v - math.exp(-v))
        y = end - away
        height = alpha * (y - math.log(z)) - math.exp(y) + z
        if height > -700:
            total += y**power * math.exp(height) * away * (1 + math.exp(-v)) * step
    return total


def slope(z: float, alpha: float) -> float:
    """−(∂F/∂α) / p, with F = A / Γ and ∂F/∂α = (A′ − F Γ′) / Γ."""
    part, slope_of_part = (over(alpha, z, math.log(z), k) for k in (0, 1))
    whole, slope_of_whole = (over(alpha, z, 6.0, k) for k in (0, 1))  # exp(−e⁶) is nothing
    return z * (part * slope_of_whole / whole - slope_of_part)


def above(*shape: int) -> np.ndarray:
    return draw(*shape, low=0.5, high=4.0)


CASES = [
    Case(gamma_slope, (above(3, 4), above(3, 4)), each(slope)),
    Case(gamma_slope, (above(2, 1), above(3)), each(slope)),
    Case(gamma_slope, (above(0, 3), above(3)), each(slope)),
    Case(gamma_slope, (above(), above()), each(slope)),
    Case(gamma_slope, (np.array([1e-3, 0.02, 8.0]), np.array([0.1, 0.3, 9.5])), each(slope)),
]
