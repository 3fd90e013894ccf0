"""The two gradients of a convolution by themselves, as functions of the output's gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..rules import conv as ops
from .convolution import lengths

__all__ = [
    "conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input",
    "conv3d_weight",
]  # fmt: skip


def _how(name: str, rank: int, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    return {
        "stride": lengths(stride, rank, name, "stride"),
        "padding": lengths(padding, rank, name, "padding"),
        "dilation": lengths(dilation, rank, name, "dilation"),
        "groups": groups,
    }


def _input(rank: int) -> Any:
    name = f"conv{rank}d_input"

    def conv_input(input_size: Sequence[int] | None, weight: Any, grad_output: Any,
                   stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
        if input_size is None:
            raise ValueError(f"{name}: input_size has to be given: several sizes are possible")
        how = _how(name, rank, stride, padding, dilation, groups)
        size = tuple(int(n) for n in input_size)[-rank:]
        return ops.conv_transpose(grad_output, weight, size=size, **how)

    conv_input.__name__ = conv_input.__qualname__ = name
    conv_input.__doc__ = f"Give the gradient of conv{rank}d for its input of shape `input_size`."
    return conv_input


def _weight(rank: int) -> Any:
    name = f"conv{rank}d_weight"

    def conv_weight(input: Any, weight_size: Sequence[int], grad_output: Any, stride: Any = 1,
                    padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:  # fmt: skip
        how = _how(name, rank, stride, padding, dilation, groups)
        kernel = tuple(int(n) for n in weight_size)[-rank:]
        return ops.conv_weight(input, grad_output, kernel=kernel, **how)

    conv_weight.__name__ = conv_weight.__qualname__ = name
    conv_weight.__doc__ = f"Give the gradient of conv{rank}d for its weight of shape `weight_size`."
    return conv_weight


conv1d_input, conv2d_input, conv3d_input = _input(1), _input(2), _input(3)
conv1d_weight, conv2d_weight, conv3d_weight = _weight(1), _weight(2), _weight(3)
