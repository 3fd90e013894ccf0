"""The notes' formulas, written once as text and turned into MathML for the report."""

from __future__ import annotations

import re
from html import escape

FORWARD = (
    "Z1 = W1 X + b1",
    "A1 = ReLU ( Z1 )",
    "Z2 = W2 A1 + b2",
    "A2 = softmax ( Z2 )",
    "J = − 1/m Σ Y log A2",
)

#: gradient -> its formula in the notes
BACKWARD = {
    "dZ2": "dZ2 = A2 − Y",
    "dW2": "dW2 = 1/m dZ2 A1ᵀ",
    "dB2": "dB2 = 1/m Σ dZ2",
    "dZ1": "dZ1 = W2ᵀ dZ2 ∘ ReLU′ ( Z1 )",
    "dW1": "dW1 = 1/m dZ1 Xᵀ",
    "dB1": "dB1 = 1/m Σ dZ1",
}

#: gradient -> how autograd's side of the comparison is read
AUTOGRAD = {
    "dZ2": "m * Z2.grad",
    "dW2": "W2.grad",
    "dB2": "b2.grad",
    "dZ1": "m * Z1.grad",
    "dW1": "W1.grad",
    "dB1": "b1.grad",
}

_NAME = re.compile(r"(d?)([A-Za-z]+)(\d?)([ᵀ′]?)")
_RAISED = {"ᵀ": "<mi>T</mi>", "′": "<mo>′</mo>"}


def mathml(formula: str) -> str:
    """Write a formula, its words separated by spaces, as a ``<math>`` element.

    Parameters
    ----------
    formula : str
        Of names such as ``dZ2``, ``W2ᵀ`` and ``ReLU′``, of ``1/m``, and of operators.

    Returns
    -------
    str

    Examples
    --------
    >>> mathml("Y − X")
    '<math><mrow><mi>Y</mi><mo>−</mo><mi>X</mi></mrow></math>'
    >>> mathml("dZ2")
    '<math><mrow><mi>d</mi><msub><mi>Z</mi><mn>2</mn></msub></mrow></math>'
    """
    return f"<math><mrow>{''.join(_word(word) for word in formula.split())}</mrow></math>"


def _word(word: str) -> str:
    if word == "1/m":
        return "<mfrac><mn>1</mn><mi>m</mi></mfrac>"
    match = _NAME.fullmatch(word)
    if match is None:
        return f"<mo>{escape(word)}</mo>"
    d, name, index, raised = match.groups()
    text, low, high = f"<mi>{name}</mi>", f"<mn>{index}</mn>", _RAISED.get(raised, "")
    if index and high:
        text = f"<msubsup>{text}{low}{high}</msubsup>"
    elif index:
        text = f"<msub>{text}{low}</msub>"
    elif high:
        text = f"<msup>{text}{high}</msup>"
    return f"<mi>d</mi>{text}" if d else text
