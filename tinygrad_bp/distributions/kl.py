"""The Kullback-Leibler divergence: which formula belongs to which pair of distributions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ..tensor import Tensor
from .distribution import Distribution

__all__ = ["kl_divergence", "register_kl"]

Formula = Callable[[Any, Any], Tensor]

_registry: dict[tuple[type, type], Formula] = {}
_found: dict[tuple[type, type], Formula | None] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Formula], Formula]:
    """Decorate a function of (p, q) that computes KL(p ‖ q) for these kinds, and kinds of them.

    Raises
    ------
    TypeError
        For what is no kind of distribution.

    Examples
    --------
    >>> from tinygrad_bp.distributions import Normal, kl_divergence, register_kl
    >>> class Mine(Normal):
    ...     pass
    >>> @register_kl(Mine, Mine)
    ... def kl_mine_mine(p, q):
    ...     return p.loc * 0 + 7
    >>> kl_divergence(Mine(0.0, 1.0), Mine(0.0, 1.0))
    tensor(7.)
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(kind, type) or not issubclass(kind, Distribution):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def note(formula: Formula) -> Formula:
        _registry[type_p, type_q] = formula
        _found.clear()
        return formula

    return note


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """Give KL(p ‖ q) = ∫ p log(p / q), in nats.

    Parameters
    ----------
    p, q : Distribution
        Batches are broadcast.

    Returns
    -------
    Tensor
        Of the batch's shape.

    Raises
    ------
    NotImplementedError
        If no formula is known for the pair.

    Examples
    --------
    >>> from tinygrad_bp.distributions import Normal, kl_divergence
    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    pair = type(p), type(q)
    if pair not in _found:
        _found[pair] = _best(*pair)
    formula = _found[pair]
    if formula is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type "
            f"{type(q).__name__}: give one with register_kl"
        )
    return formula(p, q)


def _best(type_p: type, type_q: type) -> Formula | None:
    """Find the formula for the nearest kinds; of p's first, and of q's first: they should agree."""
    pairs = [
        (type_p.__mro__.index(p), type_q.__mro__.index(q), p, q)
        for p, q in _registry
        if issubclass(type_p, p) and issubclass(type_q, q)
    ]
    if not pairs:
        return None
    by_p = min(pairs, key=lambda m: (m[0], m[1]))
    by_q = min(pairs, key=lambda m: (m[1], m[0]))
    formula = _registry[by_p[2:]]
    if formula is not _registry[by_q[2:]]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}): register_kl("
            f"{by_p[2].__name__}, {by_q[3].__name__}) decides",
            RuntimeWarning,
            stacklevel=3,
        )
    return formula
