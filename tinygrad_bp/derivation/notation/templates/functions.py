"""Special functions: those of the normal distribution, of Γ and of Bessel; polynomials."""

from __future__ import annotations

from ..numerals import subscript
from ..phrase import Level
from .grammar import Template, Writer, call

__all__ = ["FUNCTIONS"]


def _polynomial(letter: str, shifted: bool = False) -> Template:
    """Write Tₙ(x) for a degree that is an operand."""
    star, raised = ("*", "^{*}") if shifted else ("", "")
    tex = letter if len(letter) == 1 else rf"\mathit{{{letter}}}"
    return Template(f"{letter}{star}_<n:atom>(<x>)", rf"{tex}{raised}_{{<n>}}\left(<x>\right)")


def _order(letter: str, n: int) -> Template:
    return call(letter + subscript(str(n)), f"{letter}_{{{n}}}")


def _times(factor: str, tex: str, letter: str, n: int) -> Template:
    """Write a function of Bessel that is scaled by an exponential."""
    return Template(
        f"{factor} {letter}{subscript(str(n))}(<x>)", rf"{tex} {letter}_{{{n}}}\left(<x>\right)",
        Level.MATMUL,
    )  # fmt: skip


_FADING = ("exp(−|<x>|)", r"e^{-\left\lvert <x> \right\rvert}")
_GROWING = ("exp(<x>)", "e^{<x>}")

FUNCTIONS: dict[str, Writer] = {
    "erf": call("erf"),
    "erfc": call("erfc"),
    "erfcx": call("erfcx"),
    "erfinv": call("erf⁻¹", r"\operatorname{erf}^{-1}"),
    "ndtr": call("Φ", r"\Phi"),
    "ndtri": call("Φ⁻¹", r"\Phi^{-1}"),
    "log_ndtr": Template("log(Φ(<x>))", r"\log\left(\Phi\left(<x>\right)\right)"),
    "digamma": call("ψ", r"\psi"),
    "lgamma": Template("log|Γ(<x>)|", r"\log\left\lvert \Gamma\left(<x>\right) \right\rvert"),
    "polygamma": Template("ψ^(<n>)(<x>)", r"\psi^{(<n>)}\left(<x>\right)"),
    "zeta": call("ζ", r"\zeta"),
    "igamma": call("P", "P"),
    "igammac": call("Q", "Q"),
    "gamma_slope": Template("∂z/∂α(<z>, <alpha>)",
                            r"\frac{\partial z}{\partial \alpha}\left(<z>, <alpha>\right)"),
    "xlogy": Template("<x:product> ⊙ log(<y>)", r"<x:product> \odot \log\left(<y>\right)",
                      Level.PRODUCT),
    # ------------------------------------------------------------------------------------- Bessel
    "airy_ai": call("Ai"),
    "bessel_j0": _order("J", 0),
    "bessel_j1": _order("J", 1),
    "bessel_y0": _order("Y", 0),
    "bessel_y1": _order("Y", 1),
    "i0": _order("I", 0),
    "i1": _order("I", 1),
    "i0e": _times(*_FADING, "I", 0),
    "i1e": _times(*_FADING, "I", 1),
    "modified_bessel_k0": _order("K", 0),
    "modified_bessel_k1": _order("K", 1),
    "scaled_modified_bessel_k0": _times(*_GROWING, "K", 0),
    "scaled_modified_bessel_k1": _times(*_GROWING, "K", 1),
    "spherical_bessel_j0": _order("j", 0),
    # -------------------------------------------------------------------------------- polynomials
    "chebyshev_polynomial_t": _polynomial("T"),
    "chebyshev_polynomial_u": _polynomial("U"),
    "chebyshev_polynomial_v": _polynomial("V"),
    "chebyshev_polynomial_w": _polynomial("W"),
    "shifted_chebyshev_polynomial_t": _polynomial("T", shifted=True),
    "shifted_chebyshev_polynomial_u": _polynomial("U", shifted=True),
    "shifted_chebyshev_polynomial_v": _polynomial("V", shifted=True),
    "shifted_chebyshev_polynomial_w": _polynomial("W", shifted=True),
    "hermite_polynomial_h": _polynomial("H"),
    "hermite_polynomial_he": _polynomial("He"),
    "laguerre_polynomial_l": _polynomial("L"),
    "legendre_polynomial_p": _polynomial("P"),
    # ------------------------------------------------------------------------ Fourier's transform
    "fourier": Template("ℱ<i>(<x><more>)", r"\mathcal{F}<i>\left(<x><more>\right)"),
    "half_fourier": Template("ℱ<i>(<x><more>)", r"\mathcal{F}<i>\left(<x><more>\right)"),
    "from_half_fourier": Template("ℱ⁻¹<i>(<x><more>)",
                                  r"\mathcal{F}^{-1}<i>\left(<x><more>\right)"),
}  # fmt: skip
