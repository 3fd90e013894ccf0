"""Helpers around parameters and their gradients."""

from .clip_grad import clip_grad_norm_, clip_grad_value_, get_total_norm
from .convert_parameters import parameters_to_vector, vector_to_parameters
from .penalty import l1_penalty, l2_penalty

__all__ = [
    "clip_grad_norm_", "clip_grad_value_", "get_total_norm", "l1_penalty", "l2_penalty",
    "parameters_to_vector", "vector_to_parameters",
]  # fmt: skip
