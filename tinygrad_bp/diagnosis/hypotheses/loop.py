"""`updated-weight-used` in a loop: each weight is updated before the next line is computed.

The learning rate enters each layer once more, so that it is searched for and not solved for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph import Node
from ..laying import solved
from ..roles import Roles
from .affine import own_update
from .change import Array, Change

if TYPE_CHECKING:
    from ..fits import Base, Fit, Fitter

__all__ = ["all_updated"]

_RATES = (0.0, 0.01, 0.1, 0.5, 1.0)
_ROUNDS = 12


def all_updated(roles: Roles, fitter: Fitter, key: Node, given: Array, base: Base,
                handed_in: Mapping[Node, Array]) -> Iterator[Fit]:  # fmt: skip
    """Yield the fit of one learning rate to the weights of all later layers."""
    from ..fits import Fit

    useful = roles.replay.leading_to(key)
    changes = [c for c in own_update(roles, {}) if c.place in useful
               and all(n in base.totals for n in (c.place, *c.reads))]  # fmt: skip
    changes.sort(key=lambda c: -c.place.number)
    if len(changes) < 2 or given.shape != tuple(key.shape) or given.size < 2:
        return

    def made(rate: float) -> Any:
        return _updated(fitter, changes, rate, base.totals)[key]

    for start in _RATES:
        rate = start
        with np.errstate(all="ignore"):
            for _ in range(_ROUNDS):
                here = made(rate)
                step = 1e-6 * max(abs(rate), 1e-2)
                slope = (made(rate + step) - made(rate - step)) / (2 * step)
                more, weak = solved(given, here, slope)
                if weak or not np.isfinite(more) or abs(rate + more) > 1e4:
                    break
                rate += more
                if abs(more) <= 1e-11 * abs(rate):
                    break
            error = fitter.fits(key, given, made(rate)) if np.isfinite(rate) else None
        if error is None or rate <= 1e-8:
            continue
        for meaning in changes[0].meanings(rate):
            steps = tuple((change, rate) for change in changes)
            yield Fit(meaning.ids, (meaning.words,), error, meaning.prior + 4, steps)
        return


def _updated(fitter: Fitter, changes: list[Change], rate: float, totals: Mapping[Node, Any]
             ) -> Mapping[Node, Any]:  # fmt: skip
    for change in changes:
        assert change.direction is not None
        totals = fitter.plus(totals, change.place, rate * np.asarray(change.direction(totals)))
    return totals
