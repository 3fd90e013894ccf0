"""CUDA's switches, which can be set and change nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace

matmul = SimpleNamespace(
    allow_tf32=False,
    allow_fp16_reduced_precision_reduction=True,
    allow_bf16_reduced_precision_reduction=True,
    allow_fp16_accumulation=False,
    fp32_precision="none",
)
_attention = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True}


def is_built() -> bool:
    """Whether this was built with CUDA: no."""
    return False


def enable_flash_sdp(enabled: bool) -> None:
    """Remember whether attention may use this kernel; there is one way of computing it."""
    _attention["flash"] = enabled


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Remember whether attention may use this kernel; there is one way of computing it."""
    _attention["mem_efficient"] = enabled


def enable_math_sdp(enabled: bool) -> None:
    """Remember whether attention may use this kernel; there is one way of computing it."""
    _attention["math"] = enabled


def enable_cudnn_sdp(enabled: bool) -> None:
    """Remember whether attention may use this kernel; there is one way of computing it."""
    _attention["cudnn"] = enabled


def flash_sdp_enabled() -> bool:
    """Return what :func:`enable_flash_sdp` has set."""
    return _attention["flash"]


def mem_efficient_sdp_enabled() -> bool:
    """Return what :func:`enable_mem_efficient_sdp` has set."""
    return _attention["mem_efficient"]


def math_sdp_enabled() -> bool:
    """Return what :func:`enable_math_sdp` has set."""
    return _attention["math"]


def cudnn_sdp_enabled() -> bool:
    """Return what :func:`enable_cudnn_sdp` has set."""
    return _attention["cudnn"]


@contextlib.contextmanager
def sdp_kernel(enable_flash: bool = True, enable_math: bool = True,
               enable_mem_efficient: bool = True,
               enable_cudnn: bool = True) -> Iterator[None]:  # fmt: skip
    """Set the switches of attention for a with-block."""
    before = dict(_attention)
    _attention.update(flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient,
                      cudnn=enable_cudnn)  # fmt: skip
    try:
        yield
    finally:
        _attention.update(before)
