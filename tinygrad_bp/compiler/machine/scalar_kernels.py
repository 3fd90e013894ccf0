"""Functions of one number, in arithmetic that a compiler can do on vectors.

LLVM has no vector form of the C library's `expf`, and calls it for each element: 20 times slower
than this. Float32 only; for float64 the C library serves. The ranges are cut as in Cephes (Moshier,
1989). Every function is exact to 2 units in the last place, and right at ±∞, NaN and 0.

`SOURCE` is read by `translate`, which knows `fma`, `horner` (a polynomial, by its coefficients from
the highest on), bits and the C library; the constants are those of this module.
"""

from __future__ import annotations

import numpy as np

from ...rules.gelu import _ODDS as ODDS

__all__ = ["ODDS", "SOURCE"]

_f = np.float32
_LOG2_E = _f(1.4426950408889634)
_MAGIC = _f(12582912.0)  # 3 · 2^22: a sum with it has no digits behind the point
_LN2_HIGH, _LN2_LOW = _f(0.693359375), _f(-2.12194440e-4)
_E2, _E3, _E4 = _f(5.0000001201e-1), _f(1.6666665459e-1), _f(4.1665795894e-2)
_E5, _E6, _E7 = _f(8.3334519073e-3), _f(1.3981999507e-3), _f(1.9875691500e-4)
_TOP, _BOTTOM = _f(89.0), _f(-104.0)
_ONE, _HALF, _TWO = _f(1), _f(0.5), _f(2)
_SQRT_HALF = _f(0.707106781186547524)
_L = tuple(
    map(
        _f,
        (7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
         -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
    )
)  # fmt: skip
_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7, _L8 = _L
_TINY, _SCALE, _SCALED = _f(1.17549435e-38), _f(8388608.0), _f(23.0)
_INFINITY, _NAN, _ZERO = _f(np.inf), _f(np.nan), _f(0)
_T0, _T1, _T2 = _f(-5.70498872745e-3), _f(2.06390887954e-2), _f(-5.37397155531e-2)
_T3, _T4, _FLAT = _f(1.33314422036e-1), _f(-3.33332819422e-1), _f(0.625)
_M7, _M6, _M5 = _f(2.4801587e-5), _f(1.9841270e-4), _f(1.3888889e-3)
_M4, _M3, _M2 = _f(8.3333333e-3), _f(4.1666668e-2), _f(1.6666667e-1)
_G0, _G1, _G2, _G3, _G4, _G5, _G6 = map(_f, ODDS)

SOURCE = '''
def exp32(x):
    """Give e^x = 2^n e^r with |r| ≤ ½ ln 2."""
    x = _TOP if x > _TOP else x
    # Where the result is 0, e^0 is computed: a number too small for its exponent takes a processor
    # a hundred times as long, and attention asks for e^−∞ wherever a key is hidden.
    none = x < _BOTTOM
    x = _ZERO if none else x
    n = fma(x, _LOG2_E, _MAGIC) - _MAGIC
    r = fma(n, -_LN2_HIGH, x)
    r = fma(n, -_LN2_LOW, r)
    p = horner(r, _E7, _E6, _E5, _E4, _E3, _E2)
    y = fma(p, r * r, r) + _ONE
    # In two steps: 2^n alone may be too large, or too small, for a number that fits.
    whole = np.int32(n)
    half = whole >> np.int32(1)
    low = float_of_bits(np.int32((half + np.int32(127)) << np.int32(23)))
    high = float_of_bits(np.int32((whole - half + np.int32(127)) << np.int32(23)))
    return _ZERO if none else y * low * high


def log32(x):
    """Give log x = n ln 2 + log m with √½ ≤ m < √2."""
    small = x < _TINY
    y = x * _SCALE if small else x
    bits = bits_of_float(y)
    n = np.float32(((bits >> np.int32(23)) & np.int32(255)) - np.int32(126))
    n = n - _SCALED if small else n
    m = float_of_bits(np.int32((bits & np.int32(0x007FFFFF)) | np.int32(0x3F000000)))
    low = m < _SQRT_HALF
    n = n - _ONE if low else n
    m = (m + m if low else m) - _ONE
    z = m * m
    p = horner(m, _L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7, _L8)
    t = p * m * z
    t = fma(n, _LN2_LOW, t)
    t = fma(-_HALF, z, t)
    out = fma(n, _LN2_HIGH, m + t)
    out = x if x == _INFINITY else out
    out = -_INFINITY if x == _ZERO else out
    return out if x >= _ZERO else _NAN


def log1p32(x):
    """Give log(1 + x): what 1 + x rounded off is put back."""
    u = _ONE + x
    lost = (x - (u - _ONE)) / u
    y = log32(u) + (lost if lost == lost else _ZERO)
    return x if u == _ONE else y


def tanh32(x):
    """Give tanh x: near 0 a polynomial, else 1 − 2 / (e^2|x| + 1)."""
    z = x * x
    p = horner(z, _T0, _T1, _T2, _T3, _T4)
    near = fma(p * z, x, x)
    size = abs(x)
    far = _ONE - _TWO / (exp32(size + size) + _ONE)
    far = -far if x < _ZERO else far
    return near if size < _FLAT else far


def expm1_32(x):
    """Give e^x − 1: near 0 the series without its 1."""
    p = horner(x, _M7, _M6, _M5, _M4, _M3, _M2, _HALF)
    near = fma(p, x * x, x)
    far = exp32(x) - _ONE
    return near if abs(x) < _HALF else far


def sigmoid32(x):
    """Give 1 / (1 + e^−x)."""
    return _ONE / (_ONE + exp32(-x))


def gelu32(x):
    """Give x Φ(x), by the polynomial of `rules.gelu`."""
    z = x * x
    p = horner(z, _G6, _G5, _G4, _G3, _G2, _G1, _G0)
    return x / (_ONE + exp32(p * x))


def exp64(x):
    """Give e^x."""
    return exp(x)


def log64(x):
    """Give log x."""
    return log(x)


def log1p64(x):
    """Give log(1 + x)."""
    return log1p(x)


def expm1_64(x):
    """Give e^x − 1."""
    return expm1(x)


def tanh64(x):
    """Give tanh x."""
    return tanh(x)


def sigmoid64(x):
    """Give 1 / (1 + e^−x)."""
    return 1.0 / (1.0 + exp(-x))


def gelu64(x):
    """Give x Φ(x)."""
    return x * (0.5 * (1.0 + erf(x * 0.7071067811865475)))
'''
