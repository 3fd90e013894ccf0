"""Cases of the special functions: sums, integrals and numbers that were computed with 30 digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.case import Array, Case, Numbers, each
from tests.ops.cases_elementwise import array, binary, inf, nan, unary
from tinygrad_bp.rules import bessel, gamma, normal, polynomial
from tinygrad_bp.rules import incomplete_gamma as incomplete

draw = Numbers(11)
EULER = 0.57721566490153286061


def known(op: Any, xs: Array, values: Any, note: str = "known", **more: Any) -> Case:
    return Case(op, (xs,), lambda x, **_: np.array(values, np.float64), note=note, **more)


# ------------------------------------------------------------------------------ the gamma function


def euler_maclaurin(s: float, q: float, terms: int = 40) -> float:
    """Sum (q + k)^−s over k ≥ 0: a head, and the integral of the tail with its corrections."""
    a = q + terms
    head = math.fsum((q + k) ** -s for k in range(terms))
    tail = a ** (1 - s) / (s - 1) + a**-s / 2 + s * a ** (-s - 1) / 12
    return head + tail - s * (s + 1) * (s + 2) * a ** (-s - 3) / 720


def psi(x: float) -> float:
    """Sum 1/(k + 1) − 1/(x + k), the tail by the midpoint rule after Richardson."""
    n = 4000
    head = math.fsum(1 / (k + 1) - 1 / (x + k) for k in range(n))
    # ψ(n + 1) and ψ(x + n) by their expansions, which are exact here.
    return head - EULER + digamma_far(x + n) - digamma_far(n + 1.0)


def digamma_far(x: float) -> float:
    return math.log(x) - 0.5 / x - 1 / (12 * x * x) + 1 / (120 * x**4)


def polygamma(x: float, n: int) -> float:
    return psi(x) if n == 0 else (-1) ** (n + 1) * math.factorial(n) * euler_maclaurin(n + 1, x)


def gamma_p(a: float, x: float) -> float:
    term, total = 1.0, 1.0
    for k in range(1, 300):
        term *= x / (a + k)
        total += term
    return total * math.exp(a * math.log(x) - x - math.lgamma(a + 1))


def root_of(f: Callable[[float], float], y: float, low: float, high: float) -> float:
    """Solve f(x) = y for a rising f, by bisection."""
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if f(middle) < y else (low, middle)
    return high


HALF = -0.5 * euler_maclaurin(1.5, 2.0)
ORDERS = array(0.5, 3, 3, 0.5, 30, 30)
PLACES = array(0.25, 1, 9, 0.75, 25, 40)
LOWER = [
    0.5204998778130465, 0.08030139707139419, 0.9937678048936227, 0.7793286380801532,
    0.18210391597745512, 0.9567713178482644,
]  # fmt: skip
UPPER = [
    0.4795001221869535, 0.9196986029286058, 0.006232195106377317, 0.2206713619198468,
    0.8178960840225449, 0.043228682151735566,
]  # fmt: skip

CASES = [
    *unary(gamma.lgamma, math.lgamma, draw.positive),
    known(gamma.lgamma, array(-2.5, -0.25, 1, 2, 1.5, 2.5, 4, 50),
          [-0.056243716497674054, 1.589575312551186, 0, 0, -0.12078223763524522,
           0.2846828704729192, 1.791759469228055, 144.5657439463449]),
    known(gamma.lgamma, array(0, -1, inf, nan), [inf, inf, inf, nan], "edges", smooth=False,
          slopes=(array(-inf, nan, inf, nan),)),
    *unary(gamma.digamma, psi, draw.positive),
    known(gamma.digamma, array(-2.5, -0.25, 1, 1.5, 4, 50),
          [1.103156640645243, 2.9141391202135276, -0.5772156649015329, 0.03648997397857652,
           1.2561176684318005, 3.901989673427892]),
    known(gamma.digamma, array(0.0, -0.0, -3), [-inf, inf, nan], "poles", smooth=False,
          slopes=(array(inf, inf, inf),)),
    *[case for n in (0, 1, 2, 3)
      for case in unary(gamma.polygamma, polygamma, draw.positive, n=n)],
    *binary(gamma.zeta, euler_maclaurin, lambda *shape: draw.positive(*shape) + 1, draw.positive),
    *binary(incomplete.igamma, gamma_p, draw.positive, draw.positive),
    *binary(incomplete.igammac, lambda a, x: 1 - gamma_p(a, x), draw.positive, draw.positive),
    Case(gamma.zeta, (array(1.0, 0.5, 2, 2.5, 2), array(2.0, 2, 0, -1.5, inf)),
         lambda s, q: array(inf, nan, inf, nan, 0), note="edges", smooth=False,
         slopes=(array(1 - math.pi**2 / 6, HALF, -inf, nan, 0),)),
    Case(incomplete.igamma, (ORDERS, PLACES), lambda a, x: np.array(LOWER), note="known"),
    Case(incomplete.igammac, (ORDERS, PLACES), lambda a, x: np.array(UPPER), note="known"),
    Case(incomplete.igamma, (array(0, 1, 1, -1, inf), array(1, 0, inf, 1, 1)),
         lambda a, x: array(1, 0, 1, nan, 0), note="edges", smooth=False,
         slopes=(array(0, nan, nan, 0, nan),)),
]  # fmt: skip

# --------------------------------------------------------------------- the normal distribution

CASES += [
    *unary(normal.erfc, math.erfc),
    known(normal.erfc, array(-3, -0.25, 0, 0.25, 0.75, 3, 20),
          [1.9999779095030015, 1.276326390168237, 1, 0.7236736098317631, 0.28884436634648486,
           2.209049699858544e-05, 5.395865611607901e-176]),
    *unary(normal.erfcx, lambda x: math.exp(x * x) * math.erfc(x)),
    known(normal.erfcx, array(-3, 0, 0.25, 2, 20),
          [16205.988853999586, 1, 0.7703465477309968, 0.25539567631050575, 0.02817434874105132]),
    *unary(normal.erfinv, lambda y: root_of(math.erf, y, -6, 6), draw.unit),
    known(normal.erfinv, array(-0.99, -0.5, -1e-10, 0, 0.3),
          [-1.8213863677184496, -0.4769362762044699, -8.86226925452758e-11, 0,
           0.2724627147267544]),
    known(normal.erfinv, array(1, -1, 2, nan), [inf, -inf, nan, nan], "edges", smooth=False,
          slopes=(array(inf, inf, nan, nan),)),
    *unary(normal.ndtr, lambda x: math.erfc(-x / math.sqrt(2)) / 2),
    *unary(normal.log_ndtr, lambda x: math.log(math.erfc(-x / math.sqrt(2)) / 2)),
    known(normal.log_ndtr, array(-40, -5, -0.5, 0, 3),
          [-804.6084420137538, -15.064998393988725, -1.1759117615936185, -0.6931471805599453,
           -0.0013508099647481938]),
    *unary(normal.ndtri, lambda p: math.sqrt(2) * root_of(math.erf, 2 * p - 1, -6, 6),
           lambda *shape: draw(*shape, low=0.05, high=0.95)),
    known(normal.ndtri, array(0.1, 0.5, 0.7), [-1.2815515655446004, 0, 0.5244005127080408]),
    known(normal.ndtri, array(0, 1, 2), [-inf, inf, nan], "edges", smooth=False,
          slopes=(array(inf, inf, nan),)),
]  # fmt: skip

# ------------------------------------------------------------------------------ Bessel functions


def circle(f: Callable[[float], float], n: int = 200) -> float:
    """Average a function of period 2π: the sum converges faster than any power of n."""
    return math.fsum(f(2 * math.pi * k / n) for k in range(n)) / n


def line(f: Callable[[float], float], step: float = 0.02, end: float = 8.0) -> float:
    """Integrate an even function that dies out before `end`, over the positive half."""
    return step * (f(0.0) / 2 + math.fsum(f(step * k) for k in range(1, round(end / step))))


def j(order: int) -> Callable[[float], float]:
    return lambda x: circle(lambda t: math.cos(order * t - x * math.sin(t)))


def i(order: int) -> Callable[[float], float]:
    return lambda x: circle(lambda t: math.exp(x * math.cos(t)) * math.cos(order * t))


def k(order: int) -> Callable[[float], float]:
    return lambda x: line(lambda t: math.exp(-x * math.cosh(t)) * math.cosh(order * t))


def y0(x: float) -> float:
    harmonic = series = 0.0
    term = 1.0
    for m in range(1, 40):
        harmonic += 1 / m
        term *= -x * x / 4 / (m * m)
        series -= harmonic * term
    return 2 / math.pi * ((math.log(x / 2) + EULER) * j(0)(x) + series)


def y1(x: float) -> float:
    harmonic, term, series = 0.0, x / 2, 0.0
    for m in range(40):
        series += term * (2 * harmonic + 1 / (m + 1) - 2 * EULER)
        harmonic += 1 / (m + 1)
        term *= -x * x / 4 / ((m + 1) * (m + 2))
    return (2 * math.log(x / 2) * j(1)(x) - 2 / x - series) / math.pi


#: At 8.5, 20 and 60.25.
FAR = {
    "bessel_j0": (0.041939251842934504, 0.16702466434058316, -0.10013677344491308),
    "bessel_j1": (0.2731219636740537, 0.06683312417585005, 0.02237687453690972),
    "bessel_y0": (0.27020510536578746, 0.06264059680938383, 0.023207029141998528),
    "bessel_y1": (-0.02616867939853747, -0.1655116143625213, 0.10033279634132204),
    "i0e": (0.13900184305484758, 0.08978031188482602, 0.051503907129184144),
    "i1e": (0.13054935509459586, 0.08750622218328867, 0.05107468506583219),
    "modified_bessel_k0": (8.625756634932507e-05, 5.741237815336525e-10, 1.0988671831029251e-27),
    "modified_bessel_k1": (9.119724775006898e-05, 5.883057969557038e-10, 1.1079491859981443e-27),
    "scaled_modified_bessel_k0": (0.4239359993336981, 0.27854487665718225, 0.16113420412604124),
    "scaled_modified_bessel_k1": (0.4482133915630794, 0.28542549694072644, 0.16246595861911767),
}
above = draw.positive
for op, f, make in (
    (bessel.bessel_j0, j(0), draw), (bessel.bessel_j1, j(1), draw),
    (bessel.bessel_y0, y0, above), (bessel.bessel_y1, y1, above),
    (bessel.i0, i(0), draw), (bessel.i1, i(1), draw),
    (bessel.i0e, lambda x: math.exp(-abs(x)) * i(0)(x), draw.away),
    (bessel.i1e, lambda x: math.exp(-abs(x)) * i(1)(x), draw.away),
    (bessel.bessel_k0, k(0), above), (bessel.bessel_k1, k(1), above),
    (bessel.scaled_k0, lambda x: math.exp(x) * k(0)(x), above),
    (bessel.scaled_k1, lambda x: math.exp(x) * k(1)(x), above),
    (bessel.spherical_j0, lambda x: math.sin(x) / x, draw.away),
):  # fmt: skip
    CASES += unary(op, f, make)
    if op.name in FAR:
        CASES.append(known(op, array(8.5, 20, 60.25), FAR[op.name]))
CASES += [
    known(bessel.i0, array(20), [43558282.559553534]),
    known(bessel.i1, array(-20), [-42454973.38512777]),
    *[known(op, array(0, inf, -inf), values, "edges", smooth=False, slopes=(array(*slopes),))
      for op, values, slopes in (
          (bessel.bessel_j0, [1, 0, 0], (0, 0, 0)), (bessel.bessel_j1, [0, 0, 0], (0.5, 0, 0)),
          (bessel.i0, [1, inf, inf], (0, inf, -inf)), (bessel.i0e, [1, 0, 0], (0, 0, 0)),
          (bessel.i1e, [0, 0, 0], (0.5, 0, 0)), (bessel.spherical_j0, [1, 0, 0], (0, nan, nan)))],
    known(bessel.bessel_k0, array(0, -1), [inf, nan], "edges", smooth=False,
          slopes=(array(-inf, nan),)),
    known(bessel.bessel_y0, array(0, -1), [-inf, nan], "edges", smooth=False,
          slopes=(array(inf, nan),)),
    known(bessel.airy_ai, array(-20.5, -7.25, -2.5, -1, 0, 1.5, 2.5, 9),
          [-0.04462568039701191, 0.32374057321118616, -0.11232506769296609, 0.5355608832923521,
           0.3550280538878172, 0.07174949700810541, 0.01572592338047049, 2.47116843087249e-09]),
]  # fmt: skip

# --------------------------------------------------------------------------- orthogonal polynomials


def recurrent(first: Callable[[float], float], step: Callable[..., float]) -> Any:
    def value(x: float, n: float) -> float:
        before, here = 0.0, 1.0 if n >= 0 else 0.0
        for m in range(int(n)):
            before, here = here, (first(x) if m == 0 else step(m, x, before, here))
        return here

    return each(value)


def chebyshev(first: Callable[[float], float]) -> Any:
    return recurrent(first, lambda m, x, p, q: 2 * x * q - p)


def shifted(reference: Any) -> Any:
    return lambda x, n: reference(2 * x - 1, n)


FIRST, SECOND = chebyshev(lambda x: x), chebyshev(lambda x: 2 * x)
THIRD, FOURTH = chebyshev(lambda x: 2 * x - 1), chebyshev(lambda x: 2 * x + 1)
grid = np.array([[-1.25], [-1.0], [-0.6], [0.0], [0.3], [0.95], [1.0], [1.5]])
orders = np.array([-1.0, 0, 1, 2, 3.7, 6, 7, 8, 11])
for op, reference in (
    (polynomial.chebyshev_t, FIRST), (polynomial.chebyshev_u, SECOND),
    (polynomial.chebyshev_v, THIRD), (polynomial.chebyshev_w, FOURTH),
    (polynomial.shifted_t, shifted(FIRST)), (polynomial.shifted_u, shifted(SECOND)),
    (polynomial.shifted_v, shifted(THIRD)), (polynomial.shifted_w, shifted(FOURTH)),
    (polynomial.hermite_h, recurrent(lambda x: 2 * x, lambda m, x, p, q: 2 * (x * q - m * p))),
    (polynomial.hermite_he, recurrent(lambda x: x, lambda m, x, p, q: x * q - m * p)),
    (polynomial.laguerre, recurrent(lambda x: 1 - x,
     lambda m, x, p, q: ((2 * m + 1 - x) * q - m * p) / (m + 1))),
    (polynomial.legendre, recurrent(lambda x: x,
     lambda m, x, p, q: ((2 * m + 1) * x * q - m * p) / (m + 1))),
):  # fmt: skip
    CASES += [Case(op, (grid, orders), reference), Case(op, (draw(0, 3), draw(3)), reference)]
