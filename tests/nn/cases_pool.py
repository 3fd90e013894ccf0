"""Records of pooling, padding, resampling, and of channels that become pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.nn.layer_case import LayerCase, draw

CASES: list[LayerCase] = []


def case(name: str, build: Callable[[Any], Any], *inputs: np.ndarray, **more: Any) -> None:
    CASES.append(LayerCase(name, build, inputs, **more))


SIGNAL, IMAGE, VOLUME = draw(2, 3, 9), draw(2, 3, 7, 6), draw(2, 2, 4, 5, 4)
BY_RANK = ((1, SIGNAL), (2, IMAGE), (3, VOLUME))


def layer(name: str, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    return lambda m: getattr(m.nn, name)(*args, **kwargs)


for rank, x in BY_RANK:
    for kind in ("Max", "Avg"):
        name = f"{kind}Pool{rank}d"
        case(name, layer(name, 2), x)
        case(f"{name} overlap", layer(name, 3, 2, 1), x)
        case(f"{name} ceil_mode", layer(name, 2, ceil_mode=True), x)
        case(f"{name} no batch", layer(name, 2, 1), x[0])
    name = f"LPPool{rank}d"
    case(name, layer(name, 2, 2), x)
    case(f"{name} ceil_mode", layer(name, 3.0, 2, 2, ceil_mode=True), np.abs(x) + 0.1)
    for kind in ("Max", "Avg"):
        name = f"Adaptive{kind}Pool{rank}d"
        case(name, layer(name, 2), x)
        case(f"{name} uneven", layer(name, (3, 4, 3)[:rank] if rank > 1 else 4), x)
        case(f"{name} one", layer(name, 1), x[0])
case("MaxPool2d dilation", layer("MaxPool2d", (2, 3), 1, dilation=2), IMAGE)
case("AvgPool2d real elements", layer("AvgPool2d", 3, 2, 1, True, False), IMAGE)
case("AvgPool2d divisor", layer("AvgPool2d", 3, 2, divisor_override=5), IMAGE)
case("AdaptiveAvgPool2d None", layer("AdaptiveAvgPool2d", (None, 4)), IMAGE)
case("AdaptiveMaxPool2d None", layer("AdaptiveMaxPool2d", (3, None)), IMAGE)


def there_and_back(name: str, *args: Any) -> Callable[[Any], Any]:
    """Build pool and unpool; the input's indices lead the way back."""

    def build(m: Any) -> Any:
        return m.nn.ModuleList(
            [getattr(m.nn, f"MaxPool{name}")(*args, return_indices=True),
             getattr(m.nn, f"MaxUnpool{name}")(*args)]
        )  # fmt: skip

    return build


def unpool(pair: Any, x: Any) -> Any:
    pooled, indices = pair[0](x)
    return pair[1](pooled, indices, output_size=x.shape)


for rank, x in BY_RANK:
    case(f"MaxUnpool{rank}d", there_and_back(f"{rank}d", 2), x, call=unpool)


def fractional(name: str, *args: Any, samples: Any, **kwargs: Any) -> Callable[[Any], Any]:
    return lambda m: getattr(m.nn, name)(*args, _random_samples=m.tensor(samples), **kwargs)


PHASES = np.random.Generator(np.random.PCG64(3)).random
case("FractionalMaxPool2d", fractional("FractionalMaxPool2d", 2, 3, samples=PHASES((2, 3, 2))),
     IMAGE)  # fmt: skip
case("FractionalMaxPool3d", fractional("FractionalMaxPool3d", 2, output_ratio=0.7,
                                       samples=PHASES((2, 2, 3))), VOLUME)  # fmt: skip

for rank, x in BY_RANK:
    sides = tuple(range(1, 2 * rank + 1)) if rank == 1 else (1, 2) * rank
    for kind in ("Zero", "Reflection", "Replication", "Circular"):
        name = f"{kind}Pad{rank}d"
        case(name, layer(name, 1), x)
        case(f"{name} sides", layer(name, sides), x)
    case(f"ConstantPad{rank}d", layer(f"ConstantPad{rank}d", sides, 0.5), x)
case("ZeroPad2d negative", layer("ZeroPad2d", (-1, 2, 0, -2)), IMAGE)
case("ReflectionPad2d no batch", layer("ReflectionPad2d", 2), IMAGE[0])

case("Upsample", layer("Upsample", scale_factor=2), IMAGE)
case("Upsample size", layer("Upsample", (5, 9)), IMAGE)
case("Upsample nearest-exact", layer("Upsample", (5, 9), mode="nearest-exact"), IMAGE)
case("Upsample linear", layer("Upsample", 14, mode="linear"), SIGNAL)
for corners in (False, True):
    case(f"Upsample bilinear {corners}",
         layer("Upsample", scale_factor=(1.7, 0.6), mode="bilinear", align_corners=corners),
         IMAGE)  # fmt: skip
    case(f"Upsample bicubic {corners}",
         layer("Upsample", (4, 11), mode="bicubic", align_corners=corners), IMAGE)  # fmt: skip
    case(f"Upsample trilinear {corners}",
         layer("Upsample", scale_factor=1.5, mode="trilinear", align_corners=corners,
               recompute_scale_factor=True), VOLUME)  # fmt: skip
case("UpsamplingNearest2d", layer("UpsamplingNearest2d", scale_factor=3), IMAGE)
case("UpsamplingBilinear2d", layer("UpsamplingBilinear2d", (10, 5)), IMAGE)

case("PixelShuffle", layer("PixelShuffle", 2), draw(2, 8, 3, 4))
case("PixelUnshuffle", layer("PixelUnshuffle", 2), draw(2, 3, 4, 6))
case("ChannelShuffle", layer("ChannelShuffle", 3), draw(2, 6, 4, 2))
