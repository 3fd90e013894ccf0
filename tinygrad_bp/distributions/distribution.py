"""What all distributions have: shapes, validation, and the names of what they can tell."""

from __future__ import annotations

import warnings
from typing import Any

from ..arrays import Size
from ..messages import knowable
from ..mode import no_grad
from ..tensor import Tensor
from . import constraints
from .utils import lazy_property

__all__ = ["Distribution"]


class Distribution:
    """Base of the distributions.

    A sample has the shape *sample_shape* + *batch_shape* + *event_shape*: how many were drawn, how
    many distributions this is, and the shape of one value of one of them.

    Parameters
    ----------
    batch_shape, event_shape : tuple of int
        See above.
    validate_args : bool, optional
        Check parameters, and the values that :meth:`log_prob` gets. On by default.

    Attributes
    ----------
    arg_constraints : dict of str to Constraint
        What parameters may be.
    support : Constraint
        Which values it can give.
    has_rsample : bool
        Whether samples have a gradient.
    has_enumerate_support : bool
        Whether all values can be listed.

    Raises
    ------
    ValueError
        For a parameter, or a value, outside its region.
    """

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args = __debug__
    _batch_shape: Size
    _event_shape: Size

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Switch validation on or off, for distributions that are not told."""
        if value not in (True, False):
            raise ValueError(f"validation is switched by True or False, not {value!r}")
        Distribution._validate_args = value

    def __init__(
        self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None
    ) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        try:
            regions = self.arg_constraints
        except NotImplementedError:
            regions = {}
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`: set it to {{}}, or use "
                "validate_args=False",
                stacklevel=4,
            )
        for name, region in regions.items():
            if constraints.is_dependent(region):
                continue
            if name not in self.__dict__ and isinstance(
                getattr(type(self), name, None), lazy_property
            ):
                continue  # computed from another one, which is checked
            value = getattr(self, name)
            holds = region.check(value).all()
            if knowable(holds._array) and not holds:
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) of distribution {self!r} to satisfy the constraint "
                    f"{region!r}, but found invalid values:\n{value}"
                )

    def _validate_sample(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        first = value.ndim - len(self._event_shape)
        if value.shape[max(first, 0) :] != self._event_shape:
            raise ValueError(
                f"The right-most size of value must match event_shape: {tuple(value.shape)} vs "
                f"{tuple(self._event_shape)}."
            )
        expected = (*self._batch_shape, *self._event_shape)
        for i, j in zip(reversed(value.shape), reversed(expected), strict=False):
            if 1 not in (i, j) and i != j:
                raise ValueError(
                    "Value is not broadcastable with batch_shape+event_shape: "
                    f"{tuple(value.shape)} vs {expected}."
                )
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `support`: values are not checked; use "
                "validate_args=False",
                stacklevel=3,
            )
            return
        holds = support.check(value).all()
        if knowable(holds._array) and not holds:
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape "
                f"{tuple(value.shape)}) to be within the support ({support!r}) of the "
                f"distribution {self!r}, but found invalid values:\n{value}"
            )

    def _check_value(self, value: Any) -> None:
        if self._validate_args:
            self._validate_sample(value)

    # ------------------------------------------------------------------------------------ shapes

    @property
    def batch_shape(self) -> Size:
        """How many distributions this is."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one value."""
        return self._event_shape

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Repeat to a larger batch; the memory of the parameters is shared.

        Returns
        -------
        Distribution
            A new one.
        """
        batch_shape = Size(batch_shape)
        new = object.__new__(type(self)) if _instance is None else _instance
        new.__dict__.update(self.__dict__)
        old = len(self._batch_shape)
        for name in self.arg_constraints:
            value = self.__dict__.get(name)
            if isinstance(value, Tensor):
                new.__dict__[name] = value.expand((*batch_shape, *value.shape[old:]))
        self._expand_parts(new, batch_shape)
        new._batch_shape = batch_shape
        return new

    def _expand_parts(self, new: Any, batch_shape: Size) -> None:
        """Expand, in the new distribution, what is no parameter: other distributions, say."""

    # ------------------------------------------------------------------------- what they can tell

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """What parameters may be."""
        raise NotImplementedError

    @property
    def support(self) -> Any:
        """Which values it can give."""
        raise NotImplementedError

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise NotImplementedError

    @property
    def mode(self) -> Tensor:
        """The likeliest value."""
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw values; they have no gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw values as functions of the parameters: their gradient flows back to them."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Tensor:
        """Draw n values (deprecated: ``sample((n,))``)."""
        warnings.warn("sample_n(n) is deprecated: use sample((n,))", FutureWarning, stacklevel=2)
        return self.sample((n,))

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the logarithm of the density, or of the probability, at a value; in nats."""
        raise NotImplementedError

    def cdf(self, value: Tensor) -> Tensor:
        """Give the probability of a value not larger than this one."""
        raise NotImplementedError

    def icdf(self, value: Tensor) -> Tensor:
        """Give the value below which a sample lies with this probability."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """List all values along a new first axis; with `expand`, for the whole batch."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """Give the entropy, in nats."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """Give e to the entropy."""
        return self.entropy().exp()

    def _along_batch(self, values: Tensor, expand: bool) -> Tensor:
        """Put listed values on a first axis, before the batch."""
        values = values.reshape((-1, *(1,) * len(self._batch_shape)))
        return values.expand((-1, *self._batch_shape)) if expand else values

    def __repr__(self) -> str:
        given = {
            name: self.__dict__[name] for name in self.arg_constraints if name in self.__dict__
        }
        parts = [f"{k}: {v if v.numel() == 1 else v.size()}" for k, v in given.items()]
        return f"{type(self).__name__}({', '.join(parts)})"
