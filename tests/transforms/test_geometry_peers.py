"""The pixels of a map, against PyTorch's `affine_grid` and `grid_sample`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_bp import transforms as T
from tinygrad_bp.transforms.sampling import At, sample

pytestmark = pytest.mark.peers


def theirs(x: Any, matrix: Any, size: tuple[int, int], mode: str) -> Any:
    """Map with PyTorch, whose coordinates go from −1 to 1 between the edges of the image."""
    import torch

    H, W = x.shape[2:]
    y, x_ = np.meshgrid(np.arange(size[0]), np.arange(size[1]), indexing="ij")
    places = np.stack([x_, y, np.ones_like(y)], -1)
    pixels = np.einsum("nij,hwj->nhwi", matrix, places)
    torch.set_num_threads(1)
    grid = (2 * pixels + 1) / np.array([W, H]) - 1
    return torch.nn.functional.grid_sample(
        torch.tensor(x), torch.tensor(grid), mode=mode, align_corners=False
    ).numpy()


@pytest.mark.parametrize(
    ("transform", "mode"),
    [
        (T.RandomAffine(180, (0.3, 0.3), (0.5, 2), 30), "bilinear"),
        (T.RandomAffine(180, (0.3, 0.3), (0.5, 2), 30), "nearest"),
        (T.RandomRotation(90, center=(2, 3)), "bilinear"),
        (T.RandomRotation(90, center=(2, 3)), "nearest"),
        # Its places are halves of pixels at times, and what is nearest then hangs on rounding.
        (T.RandomResizedCrop((9, 17)), "bilinear"),
    ],
    ids=["affine", "affine-nearest", "rotation", "rotation-nearest", "crop"],
)
def test_pixels_are_those_of_grid_sample(transform: Any, mode: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.random((30, 3, 11, 14))
    at: At = transform.places(30, (11, 14), rng)
    ours = sample(x, at, np.zeros((1, 1, 1, 1)), mode)
    np.testing.assert_allclose(ours, theirs(x, at.matrix, at.size, mode), atol=1e-9)
