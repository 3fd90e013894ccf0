"""Records of convolutions, their adjoints, and windows laid side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.nn.layer_case import LayerCase, draw

CASES: list[LayerCase] = []


def case(name: str, build: Callable[[Any], Any], *inputs: np.ndarray, **more: Any) -> None:
    CASES.append(LayerCase(name, build, inputs, **more))


SIGNAL, IMAGE, VOLUME = draw(2, 4, 9), draw(2, 4, 7, 6), draw(2, 2, 4, 5, 4)

case("Conv1d", lambda m: m.nn.Conv1d(4, 3, 3), SIGNAL)
case("Conv1d stride", lambda m: m.nn.Conv1d(4, 6, 3, 2, 1, 2, 2, padding_mode="circular"), SIGNAL)
case("Conv1d no batch", lambda m: m.nn.Conv1d(4, 3, 2, padding="same"), draw(4, 9))
case("Conv2d", lambda m: m.nn.Conv2d(4, 3, 3), IMAGE)
case("Conv2d padding", lambda m: m.nn.Conv2d(4, 3, (3, 2), padding=(1, 2)), IMAGE)
case("Conv2d stride", lambda m: m.nn.Conv2d(4, 3, 3, stride=2, padding=1, bias=False), IMAGE)
case("Conv2d dilation", lambda m: m.nn.Conv2d(4, 3, (2, 3), dilation=(3, 2)), IMAGE)
case("Conv2d groups", lambda m: m.nn.Conv2d(4, 6, 3, groups=2), IMAGE)
case("Conv2d depthwise", lambda m: m.nn.Conv2d(4, 8, 3, padding=1, groups=4), IMAGE)
case("Conv2d pointwise", lambda m: m.nn.Conv2d(4, 5, 1), IMAGE)
case("Conv2d pointwise stride", lambda m: m.nn.Conv2d(4, 5, 1, stride=2), IMAGE)
case("Conv2d whole image", lambda m: m.nn.Conv2d(4, 5, (7, 6)), IMAGE)
case("Conv2d same", lambda m: m.nn.Conv2d(4, 2, (4, 3), padding="same", dilation=(1, 2)), IMAGE)
case("Conv2d valid", lambda m: m.nn.Conv2d(4, 2, 3, padding="valid"), IMAGE)
case("Conv2d no batch", lambda m: m.nn.Conv2d(4, 3, 3), draw(4, 5, 5))
for mode in ("reflect", "replicate", "circular"):
    case(
        f"Conv2d {mode}",
        lambda m, mode=mode: m.nn.Conv2d(4, 3, 3, padding=(2, 1), padding_mode=mode),
        IMAGE,
    )
case(
    "Conv2d same, reflect",
    lambda m: m.nn.Conv2d(4, 3, (2, 3), padding="same", padding_mode="reflect"),
    IMAGE,
)
case("Conv3d", lambda m: m.nn.Conv3d(2, 3, 2), VOLUME)
case("Conv3d stride", lambda m: m.nn.Conv3d(2, 4, (2, 3, 2), (2, 1, 2), 1, groups=2), VOLUME)

case("ConvTranspose1d", lambda m: m.nn.ConvTranspose1d(4, 3, 3), SIGNAL)
case("ConvTranspose1d stride", lambda m: m.nn.ConvTranspose1d(4, 6, 3, 2, 1, 1, 2), SIGNAL)
case("ConvTranspose2d", lambda m: m.nn.ConvTranspose2d(4, 3, 3), IMAGE)
case(
    "ConvTranspose2d stride",
    lambda m: m.nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
    IMAGE,
)
case(
    "ConvTranspose2d dilation",
    lambda m: m.nn.ConvTranspose2d(4, 3, (2, 3), dilation=2, output_padding=1, bias=False),
    IMAGE,
)
case(
    "ConvTranspose2d output_size",
    lambda m: m.nn.ConvTranspose2d(4, 3, 3, stride=3),
    IMAGE,
    call=lambda layer, x: layer(x, output_size=(23, 19)),
)
case("ConvTranspose2d no batch", lambda m: m.nn.ConvTranspose2d(4, 3, 2, 2), draw(4, 3, 3))
case("ConvTranspose3d", lambda m: m.nn.ConvTranspose3d(2, 3, 2, stride=(1, 2, 1)), VOLUME)

case("LazyConv1d", lambda m: m.nn.LazyConv1d(3, 3), SIGNAL)
case("LazyConv2d", lambda m: m.nn.LazyConv2d(6, 3, groups=2), IMAGE)
case("LazyConv3d", lambda m: m.nn.LazyConv3d(3, 2, bias=False), VOLUME)
case("LazyConvTranspose1d", lambda m: m.nn.LazyConvTranspose1d(3, 3), SIGNAL)
case("LazyConvTranspose2d", lambda m: m.nn.LazyConvTranspose2d(3, 3, 2), IMAGE)
case("LazyConvTranspose3d", lambda m: m.nn.LazyConvTranspose3d(3, 2), VOLUME)

case("Unfold", lambda m: m.nn.Unfold(3), IMAGE)
case("Unfold more", lambda m: m.nn.Unfold((2, 3), (2, 1), (1, 0), (1, 2)), IMAGE)
case("Fold", lambda m: m.nn.Fold((5, 6), 2), draw(2, 8, 20))
case("Fold more", lambda m: m.nn.Fold((5, 6), (2, 3), 1, (1, 0), 2), draw(2, 12, 6))
