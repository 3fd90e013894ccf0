"""Activation functions, by the names they go by."""

from __future__ import annotations

from ..phrase import Level
from .grammar import Template, Writer, call

__all__ = ["ACTIVATIONS"]

ACTIVATIONS: dict[str, Writer] = {
    "relu": call("ReLU"),
    "leaky_relu": call("LeakyReLU"),
    "leaky_slope": call("LeakyReLU′", r"\operatorname{LeakyReLU}'"),
    "prelu": call("PReLU"),
    "sigmoid": call("σ", r"\sigma"),
    "softplus": call("softplus"),
    "elu": call("ELU"),
    "celu": call("CELU"),
    "selu": call("SELU"),
    "silu": call("SiLU"),
    "mish": call("mish"),
    "gelu": call("GELU"),
    "gelu_slope": Template("GELU′(<x>)", r"\operatorname{GELU}'\left(<x>\right)"),
    "gelu_tanh": call("GELU~", r"\widetilde{\operatorname{GELU}}"),
    "gelu_tanh_slope": call("GELU~′", r"\widetilde{\operatorname{GELU}}'"),
    "hardtanh": call("hardtanh"),
    "hardsigmoid": call("hardσ", r"\operatorname{hard}\sigma"),
    "hardswish": call("hardswish"),
    "hardshrink": call("hardshrink"),
    "softshrink": call("softshrink"),
    "logit": call("logit"),
    "entropy": Template("−<x:product> ⊙ log(<x>)", r"-<x:product> \odot \log\left(<x>\right)",
                        Level.SUM),
}  # fmt: skip
