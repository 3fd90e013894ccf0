"""Losses that are one operation, as the formulas that they stand for."""

from __future__ import annotations

from ..phrase import Level
from .grammar import Template, Writer, call

__all__ = ["LOSSES"]

LOSSES: dict[str, Writer] = {
    "mean_squared_error": Template("mean((<x:sum> − <y:sigma>)²)",
                                   r"\operatorname{mean}\left((<x:sum> - <y:sigma>)^{2}\right)"),
    "cross_entropy": Template(
        "−mean(log(softmax(<x>)[<y>]))",
        r"-\operatorname{mean}\left(\log\left(\operatorname{softmax}\left(<x>\right)[<y>]\right)"
        r"\right)",
        Level.SUM,
    ),
    "nll_loss": Template("−mean(<x:atom>[<y>])",
                         r"-\operatorname{mean}\left(<x:atom>[<y>]\right)", Level.SUM),
    "softmax_error": Template(
        "softmax(<x>) − onehot(<y>)",
        r"\operatorname{softmax}\left(<x>\right) - \operatorname{onehot}\left(<y>\right)",
        Level.SUM,
    ),
    "one_hot": Template("onehot(<y>)", r"\operatorname{onehot}\left(<y>\right)"),
    "bce": Template(
        "−<y:product> ⊙ log(<x>) − (1 − <y:sigma>) ⊙ log(1 − <x:sigma>)",
        r"-<y:product> \odot \log\left(<x>\right) - (1 - <y:sigma>) \odot "
        r"\log\left(1 - <x:sigma>\right)",
        Level.SUM,
    ),
    "bce_with_logits": Template(
        "−<y:product> ⊙ log(σ(<x>)) − (1 − <y:sigma>) ⊙ log(1 − σ(<x>))",
        r"-<y:product> \odot \log\left(\sigma\left(<x>\right)\right) - (1 - <y:sigma>) \odot "
        r"\log\left(1 - \sigma\left(<x>\right)\right)",
        Level.SUM,
    ),
    "smooth_l1": call("smoothL1", r"\operatorname{smoothL1}"),
}  # fmt: skip
