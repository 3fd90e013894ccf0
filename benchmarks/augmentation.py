"""``python -m benchmarks.augmentation``: batches of images turned, moved and scaled.

Beside PyTorch's `affine_grid` and `grid_sample`, which get their matrices for nothing (ours draws
them), and SciPy's `affine_transform`, image by image. One thread each, in turn; medians of the time
of this thread. Above 1, ours is faster.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks import environment

if __name__ == "__main__":
    environment.settle(["-m", "benchmarks.augmentation"])  # before NumPy is loaded

import numpy as np

from tinygrad_bp import transforms

SHAPES = ((64, 1, 28, 28), (64, 3, 32, 32), (16, 3, 224, 224))


def contenders(shape: tuple[int, ...]) -> dict[str, Callable[[], Any]]:
    """Return what is to be timed; peers that are not installed are left out."""
    rng = np.random.default_rng(0)
    x = rng.random(shape, np.float32)
    transform = transforms.RandomAffine(10, (0.1, 0.1), (0.9, 1.1))
    found: dict[str, Callable[[], Any]] = {"tinygrad_bp": lambda: transform(x)}
    matrices = transform.places(shape[0], (shape[2], shape[3]), rng).matrix
    try:
        import torch

        torch.set_num_threads(1)
        theta, pixels = torch.tensor(matrices, dtype=torch.float32), torch.tensor(x)
        F = torch.nn.functional

        def sampled() -> Any:
            grid = F.affine_grid(theta, list(shape), align_corners=False)
            return F.grid_sample(pixels, grid, align_corners=False)

        found["PyTorch"] = sampled
    except ImportError:
        pass
    try:
        from scipy import ndimage

        def each() -> Any:
            for image, matrix in zip(x, matrices, strict=True):
                for channel in image:
                    A = matrix[::-1, 1::-1]
                    ndimage.affine_transform(channel, A, matrix[::-1, 2], order=1)

        found["SciPy"] = each
    except ImportError:
        pass
    return found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="(default: 30)")
    given = parser.parse_args(arguments)
    print(f"{'images':20}{'contender':14}{'ms':>8}{'ratio':>8}")
    for shape in SHAPES:
        times: dict[str, list[float]] = {}
        runs = contenders(shape)
        for _ in range(given.rounds):
            for name, run in runs.items():
                begun = time.thread_time()
                run()
                times.setdefault(name, []).append(1000 * (time.thread_time() - begun))
        ours = statistics.median(times["tinygrad_bp"])
        for name, taken in times.items():
            median = statistics.median(taken)
            images = " x ".join(map(str, shape)) if name == "tinygrad_bp" else ""
            print(f"{images:20}{name:14}{median:8.2f}{median / ours:8.2f}")


if __name__ == "__main__":
    main()
