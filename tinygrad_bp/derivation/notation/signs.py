"""What the less common signs of a formula mean, for those that read it."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["signs"]

#: What to look for in a text, the sign, its TeX, what it means.
_SIGNS = (
    ("⊙", "⊙", r"\odot", "product element by element"),
    ("Σᵢ", "Σᵢ", r"\sum_{i}", "sum over the rows of a matrix"),
    ("Σⱼ", "Σⱼ", r"\sum_{j}", "sum over the columns of a matrix"),
    (r"[a-z]ᵢ\(", "fᵢ", "f_{i}", "a mean, a maximum, … over the rows of a matrix"),
    (r"[a-z]ⱼ\(", "fⱼ", "f_{j}", "a mean, a maximum, … over the columns of a matrix"),
    ("(?<![⁰¹²³⁴⁵⁶⁷⁸⁹⁻])²", "x²", "x^{2}", "each element squared"),
    ("𝟏", "𝟏", r"\mathbf{1}", "ones everywhere"),
    ("∗ᵀ", "∗ᵀ", r"\ast^{\top}", "transposed convolution: spreads each element by the kernel"),
    ("⋆", "⋆", r"\star", "correlation, summed over samples and places"),
    ("∗(?!ᵀ)", "∗", r"\ast", "convolution"),
    (r"put\[", "put[y](x)", r"\operatorname{put}[y](x)", "x added up at the places y, among zeros"),
    (r"\brows\(", "rows(x)", r"\operatorname{rows}(x)",
     "x as a matrix, all axes but the last in one"),
    (r"\bflat\(", "flat(x)", r"\operatorname{flat}(x)",
     "x as a matrix, all axes but the first in one"),
    (r"\bheads\(", "heads(x)", r"\operatorname{heads}(x)",
     "the last axis of x split: a matrix for each head"),
    (r"\bjoin\(", "join(x)", r"\operatorname{join}(x)", "the heads side by side again"),
    (r"\bnorm\(", "norm(x)", r"\widehat{x}", "(x − mean(x))/std(x)"),
    (r"\bstd[_₀-₉ᵢⱼ]", "std", r"\operatorname{std}", "√(variance + ε)"),
    (r"\bmean_c\(", "mean_c, std_c", r"\operatorname{mean}_{c}",
     "over what is normalised together: of a channel, or of a group of channels"),
    # Brackets that hold a comparison: neither an index, nor what is special of a convolution.
    (r"(?:^|[\s(])\[[^\]\[]* [><≥≤≠=] [^\]]*\]", "[…]", r"[\ldots]",
     "1 where this holds, else 0"),
)  # fmt: skip

#: Sums and their like over numbered axes. The number of a logarithm, or of J₀, is none.
_AXES = re.compile(r"(Σ|Π|mean|std|max|min|softmax|cumsum|cumprod|moments|flip|roll)([₀-₉]+)")
_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def signs(written: str) -> tuple[tuple[str, str, str], ...]:
    """Say what the less common signs in a text mean: (sign, its TeX, its meaning).

    >>> [sign for sign, _, _ in signs("Σ₀₂ dA ⊙ [Z1 > 0]")]
    ['⊙', '[…]', 'Σ₀₂']
    """
    found = [entry[1:] for entry in _SIGNS if re.search(entry[0], written)]
    return (*found, *_over_axes(written))


def _over_axes(written: str) -> Iterator[tuple[str, str, str]]:
    seen: dict[str, str] = {}
    for name, low in _AXES.findall(written):
        # A sum stands for all functions over the same axes.
        if seen.get(low) != "Σ":
            seen[low] = "Σ" if name == "Σ" else "f"
    for low, sign in sorted(seen.items()):
        numbers = list(low.translate(_DIGITS))
        tex = (r"\sum" if sign == "Σ" else "f") + f"_{{{','.join(numbers)}}}"
        axes = f"axis {numbers[0]}" if len(numbers) == 1 else f"the axes {', '.join(numbers)}"
        what = "sum" if sign == "Σ" else "a mean, a maximum, …"
        yield f"{sign}{low}", tex, f"{what} over {axes}, counted from 0"
