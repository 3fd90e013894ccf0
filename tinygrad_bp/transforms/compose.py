"""Transforms one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .base import Array, Transform, probability, stream
from .fitted import Fitted
from .geometry import together

__all__ = ["Compose", "RandomApply", "Rows"]


class Compose(Transform):
    """One transform after the other.

    Turning, moving, scaling, shearing, flipping and a bend that follow each other look pixels up
    once for all of them.

    Parameters
    ----------
    transforms : list of callables
        Transforms; or functions, which get the inputs alone.

    Examples
    --------
    >>> import numpy as np
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp import transforms as T
    >>> augment = T.Compose([T.RandomAffine(10, translate=(0.1, 0.1)), T.GaussianNoise(sigma=0.05)])
    >>> images = np.random.default_rng(0).random((64, 1, 28, 28))
    >>> _ = tgb.manual_seed(0)
    >>> first = augment(images)
    >>> _ = tgb.manual_seed(0)
    >>> np.array_equal(first, augment(images))
    True
    """

    def __init__(self, transforms: Iterable[Callable[..., Any]]) -> None:
        if callable(transforms):
            raise TypeError("Compose takes a list of transforms: Compose([a, b])")
        self.transforms = list(transforms)
        for step in self.transforms:
            if not callable(step):
                raise TypeError(f"Compose takes transforms and functions, not {step!r}")
        self._steps = together(self.transforms)

    def __call__(self, inputs: Any, targets: Any = None, generator: Any = None, *,
                 batched: bool | None = None) -> Any:  # fmt: skip
        """Transform; return the inputs, or the inputs and the targets."""
        rng = stream(generator)
        for step in self._steps:
            if not isinstance(step, Transform):
                inputs = step(inputs)
            elif targets is None:
                inputs = step(inputs, None, rng, batched=batched)
            else:
                inputs, targets = step(inputs, targets, rng, batched=batched)
        return inputs if targets is None else (inputs, targets)

    def fit(self, X: Any, y: Any = None) -> Compose:
        """Fit the steps that are fitted, each on what those before it give of `X`.

        Transforms that are not fitted, such as noise, are left out meanwhile; functions are not.
        """
        self._fit(X, y)
        return self

    def _fit(self, X: Any, y: Any) -> Any:
        for step in self.transforms:
            if isinstance(step, Fitted):
                X = step.fit_transform(X, y)
            elif isinstance(step, Compose):
                X = step._fit(X, y)
            elif not isinstance(step, Transform):
                X = step(X)
        return X

    def state_dict(self) -> dict[str, Any]:
        """Return what the fitted steps have learnt, by their places."""
        return {place: step.state_dict() for place, step in self._fitted().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        own = self._fitted()
        if own.keys() != state.keys():
            raise ValueError(f"the state is of other transforms: the fitted ones here are at "
                             f"{sorted(own)}, there at {sorted(state)}")  # fmt: skip
        for place, step in own.items():
            step.load_state_dict(state[place])

    def _fitted(self) -> dict[str, Any]:
        return {str(i): step for i, step in enumerate(self.transforms)
                if isinstance(step, (Fitted, Compose))}  # fmt: skip


class RandomApply(Transform):
    """Apply transforms with probability `p`, to each example by its own toss.

    Parameters
    ----------
    transforms : list of Transform
        They leave shapes and targets as they are.
    p : float

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_bp import transforms as T
    >>> RandomApply([T.RandomRotation((90, 90))], p=0)(np.eye(2))
    array([[1., 0.],
           [0., 1.]])
    """

    def __init__(self, transforms: Iterable[Transform], p: float = 0.5) -> None:
        self.transforms, self.p = list(transforms), probability("p", p)
        for step in self.transforms:
            if not isinstance(step, Transform):
                raise TypeError(f"RandomApply takes transforms, not {step!r}")
        self._inner = Compose(self.transforms)

    def plain(self, inputs: Any) -> Array:
        """Return the inputs as an array."""
        return self.transforms[0].plain(inputs) if self.transforms else np.asarray(inputs)

    def looks_many(self, array: Array) -> bool:
        """Tell a batch as the first transform does."""
        return bool(self.transforms) and self.transforms[0].looks_many(array)

    def run(self, array: Array, targets: Any, rng: np.random.Generator,
            many: bool) -> tuple[Array, Any]:  # fmt: skip
        """Transform inputs and targets."""
        tosses = rng.random(len(array) if many else 1) < self.p
        # All are transformed: what is drawn after this does not depend on the tosses.
        out = self._inner(array, targets, rng, batched=many)
        if targets is not None:
            out, mixed = out
            if mixed is not targets:
                raise ValueError("RandomApply chooses examples, and can't mix them with others: "
                                 "take MixUp and CutMix out of it")  # fmt: skip
        if out.shape != array.shape:
            raise ValueError(f"RandomApply: some examples would be of shape {array.shape[many:]}, "
                             f"and some of {out.shape[many:]}")  # fmt: skip
        chosen = tosses.reshape(-1, *[1] * (array.ndim - 1)) if many else tosses[0]
        return np.where(chosen, out, array), targets


class Rows(Transform):
    """Transforms of images for images that are flattened to rows, as those of ``datasets.mnist``.

    Parameters
    ----------
    shape : (height, width) or (channels, height, width)
    transform : Transform

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp import transforms as T
    >>> data = tgb.datasets.digits()
    >>> Rows(data.feature_shape, T.RandomRotation(10))(data.X_train).shape
    (1438, 64)
    """

    def __init__(self, shape: Any, transform: Transform) -> None:
        self.shape = tuple(int(n) for n in shape)
        if len(self.shape) not in (2, 3) or min(self.shape) < 1:
            raise ValueError(
                f"shape is (height, width) or (channels, height, width), not {shape!r}"
            )
        if not isinstance(transform, Transform):
            raise TypeError(f"Rows takes a transform of images, not {transform!r}")
        self.transform = transform

    def looks_many(self, array: Array) -> bool:
        """Tell a batch by its axes."""
        return array.ndim > 1

    def run(self, array: Array, targets: Any, rng: np.random.Generator,
            many: bool) -> tuple[Array, Any]:  # fmt: skip
        """Transform inputs and targets."""
        lead = array.shape[:1] if many else ()
        if array.shape != (*lead, int(np.prod(self.shape))):
            raise ValueError(f"Rows: images of {' x '.join(map(str, self.shape))} are rows of "
                             f"{np.prod(self.shape)} numbers; these are {array.shape}")  # fmt: skip
        images = array.reshape(*lead, *self.shape)
        if targets is None:
            out = self.transform(images, None, rng, batched=many)
        else:
            out, targets = self.transform(images, targets, rng, batched=many)
        return out.reshape(*lead, -1), targets
