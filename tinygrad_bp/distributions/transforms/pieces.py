"""Different transforms for the pieces of a tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tinygrad_bp as tgb

from ...tensor import Tensor
from .. import constraints
from ..utils import sum_rightmost
from .base import Transform

__all__ = ["CatTransform", "StackTransform"]


class _Pieces(Transform):
    """A transform for each piece along an axis."""

    transforms: list[Transform]
    dim: int

    def _pieces(self, x: Tensor) -> Sequence[Tensor]:
        raise NotImplementedError

    def _joined(self, pieces: list[Tensor]) -> Tensor:
        raise NotImplementedError

    def _each(self, function: Callable[..., Tensor], *values: Tensor) -> list[Tensor]:
        for value in values:
            if not -value.ndim <= self.dim < value.ndim:
                raise AssertionError(
                    f"dim {self.dim} out of range for tensor with {value.ndim} dimensions"
                )
        pieces = zip(*(self._pieces(v) for v in values), strict=True)
        return [function(t, *p) for t, p in zip(self.transforms, pieces, strict=True)]

    def _call(self, x: Tensor) -> Tensor:
        return self._joined(self._each(lambda t, p: t(p), x))

    def _inverse(self, y: Tensor) -> Tensor:
        return self._joined(self._each(lambda t, p: t.inv(p), y))

    @property
    def bijective(self) -> bool:
        """Whether all are."""
        return all(t.bijective for t in self.transforms)


class CatTransform(_Pieces):
    """Transforms of pieces that lie one after the other along an axis.

    Parameters
    ----------
    tseq : list of Transform
        A transform for each piece.
    dim : int
        The axis.
    lengths : list of int, optional
        Of the pieces; by default 1 each.
    cache_size : {0, 1}
        See :class:`Transform`.
    """

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        super().__init__(cache_size)
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in tseq]
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(
                f"there are {len(self.lengths)} lengths for {len(self.transforms)} transforms"
            )
        self.dim = dim

    def _again(self, cache_size: int) -> Transform:
        return CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    @property
    def event_dim(self) -> int:
        """The largest of all."""
        return max(t.event_dim for t in self.transforms)

    @property
    def length(self) -> int:
        """Of all pieces."""
        return sum(self.lengths)

    def _pieces(self, x: Tensor) -> Sequence[Tensor]:
        if x.shape[self.dim] != self.length:
            raise AssertionError(
                f"x.size({self.dim}) = {x.shape[self.dim]} must equal length {self.length}"
            )
        return x.split(self.lengths, self.dim)

    def _joined(self, pieces: list[Tensor]) -> Tensor:
        return tgb.cat(pieces, self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Give those of the pieces, side by side; summed, if the axis belongs to an event."""
        terms = self._each(
            lambda t, a, b: sum_rightmost(
                t.log_abs_det_jacobian(a, b), self.event_dim - t.event_dim
            ),
            x,
            y,
        )
        dim = (self.dim - x.ndim if self.dim >= 0 else self.dim) + self.event_dim
        if dim < 0:
            return tgb.cat(terms, dim)
        return sum(terms[1:], start=terms[0])

    @constraints.dependent_property
    def domain(self) -> Any:
        """Those of the pieces."""
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """Those of the pieces."""
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)


class StackTransform(_Pieces):
    """Transforms of the slices along an axis.

    Parameters
    ----------
    tseq : list of Transform
        A transform for each slice.
    dim : int
        The axis.
    cache_size : {0, 1}
        See :class:`Transform`.
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in tseq]
        self.dim = dim

    def _again(self, cache_size: int) -> Transform:
        return StackTransform(self.transforms, self.dim, cache_size)

    def _pieces(self, x: Tensor) -> Sequence[Tensor]:
        if x.shape[self.dim] != len(self.transforms):
            raise AssertionError(
                f"x.size({self.dim}) = {x.shape[self.dim]} must equal the number of transforms, "
                f"{len(self.transforms)}"
            )
        return x.unbind(self.dim)

    def _joined(self, pieces: list[Tensor]) -> Tensor:
        return tgb.stack(pieces, self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Give those of the slices, stacked."""
        return self._joined(self._each(lambda t, a, b: t.log_abs_det_jacobian(a, b), x, y))

    @constraints.dependent_property
    def domain(self) -> Any:
        """Those of the slices."""
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """Those of the slices."""
        return constraints.stack([t.codomain for t in self.transforms], self.dim)
