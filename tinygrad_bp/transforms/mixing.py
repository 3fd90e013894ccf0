"""Examples mixed with each other: inputs and targets in the same shares."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtype import as_numpy, get_default_dtype
from .base import Array, Transform, precision, real, whole
from .erasing import covered
from .images import ImageTransform

__all__ = ["CutMix", "MixUp"]


class _Mixing(Transform):
    """What the two share: a share λ for the batch, and targets that are mixed by it."""

    def __init__(self, *, alpha: float = 1.0, num_classes: int | None = None) -> None:
        self.alpha = real("alpha", alpha, 0)
        self.num_classes = None if num_classes is None else whole("num_classes", num_classes, 2)

    def many(self, array: Array, targets: Any, batched: bool | None) -> bool:
        """Tell whether the first axis goes over examples; it has to."""
        if targets is None or not np.shape(targets):
            raise ValueError(
                f"{self._name} mixes the examples of a batch and their targets: call it with both, "
                "or give it to Trainer.fit(transform=…)"
            )
        return super().many(array, targets, batched)

    def looks_many(self, array: Array) -> bool:
        """Tell a batch by its axes: there is no other."""
        return True

    def _share(self, rng: np.random.Generator) -> float:
        return float(rng.beta(self.alpha, self.alpha)) if self.alpha else 1.0

    def _mixed(self, targets: Array, share: float) -> Array:
        """Return ``λ y + (1 − λ) y'``, y' being that of the example before."""
        kind = as_numpy(get_default_dtype())
        if targets.dtype.kind in "biu":
            if targets.ndim != 1:
                raise ValueError(f"{self._name}: integer targets are labels (n,), and these have "
                                 f"the shape {targets.shape}")  # fmt: skip
            k = self.num_classes
            if k is None:
                raise ValueError(f"{self._name} turns labels into shares of the classes, and has "
                                 "to know how many there are: num_classes=…")  # fmt: skip
            if int(targets.min()) < 0 or int(targets.max()) >= k:
                raise ValueError(f"{self._name}: labels from {targets.min()} to {targets.max()} "
                                 f"are not of {k} classes")  # fmt: skip
            targets = np.eye(k, dtype=kind)[targets.astype(np.int64)]
        share = targets.dtype.type(share)
        return np.asarray(share * targets + (1 - share) * np.roll(targets, 1, 0))


class MixUp(_Mixing):
    """Mix each example with the one before it: ``λ x + (1 − λ) x'``, and targets alike.

    λ is drawn for each batch from Beta(alpha, alpha). Labels become shares of the classes,
    (n, num_classes), as the cross-entropy takes them; numbers are mixed as they are.

    Parameters
    ----------
    alpha : float
        0 mixes nothing, 1 draws λ evenly; 0.1 to 0.4 are usual.
    num_classes : int, optional
        Where the targets are labels.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = MixUp(num_classes=2)(np.array([[0.0], [1.0]]), np.array([0, 1]))
    >>> np.allclose(x[:, 0], y[:, 1]), y.sum(1).tolist()
    (True, [1.0, 1.0])

    References
    ----------
    H. Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018.
    """

    def run(self, array: Array, targets: Any, rng: np.random.Generator,
            many: bool) -> tuple[Array, Any]:  # fmt: skip
        """Transform inputs and targets."""
        share = self._share(rng)
        kind = precision(array)
        if array.dtype.kind not in "f" and array.dtype != np.uint8:
            raise TypeError(f"MixUp mixes fractions of inputs, and these are {array.dtype}: tokens "
                            "have none between them")  # fmt: skip
        out = array * kind(share) + np.roll(array, 1, 0) * kind(1 - share)
        if array.dtype == np.uint8:
            out = np.rint(out)
        return out.astype(array.dtype, copy=False), self._mixed(targets, share)


class CutMix(_Mixing, ImageTransform):
    """Put a rectangle of the image before into each image; targets in the shares of the areas.

    Parameters
    ----------
    alpha : float
        λ, the share that stays, is drawn from Beta(alpha, alpha); 1 draws it evenly.
    num_classes : int, optional
        Where the targets are labels.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.stack([np.zeros((1, 8, 8)), np.ones((1, 8, 8))])
    >>> x, y = CutMix(num_classes=2)(images, np.array([0, 1]))
    >>> np.allclose(x.mean((1, 2, 3)), y[:, 1])
    True

    References
    ----------
    S. Yun et al., "CutMix: regularization strategy to train strong classifiers with localizable
    features", ICCV 2019.
    """

    def change_both(self, batch: Array, targets: Any,
                    rng: np.random.Generator) -> tuple[Array, Any]:  # fmt: skip
        """Transform images and targets."""
        _, _, H, W = batch.shape
        cut = np.sqrt(1 - self._share(rng)) / 2
        y, x = rng.integers(H), rng.integers(W)
        top, bottom = np.clip([[int(y - cut * H)], [int(y + cut * H)]], 0, H)
        left, right = np.clip([[int(x - cut * W)], [int(x + cut * W)]], 0, W)
        put = covered(top, left, bottom - top, right - left, (H, W))
        share = 1 - float(put.mean())
        return np.where(put, np.roll(batch, 1, 0), batch), self._mixed(targets, share)
