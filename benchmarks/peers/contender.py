"""What a contender offers for a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Arrays = list[np.ndarray]

#: Adam's learning rate. So small that the network stays near its start however long it is timed: a
#: batch that is learnt by heart gives gradients, and with them moments, in the range of denormal
#: numbers, which cost much more and no training has.
LEARNING_RATE = 1e-6


class UnsupportedError(Exception):
    """A contender has not what a network is made of."""


@dataclass(frozen=True)
class Contender:
    """A network, ready to run.

    `run` is forward + backward, `step` is forward + backward + Adam. `gradients` gives those of the
    last `run`, `parameters` what Adam made, in the order of `Network.initial`.
    """

    run: Callable[[], object]
    step: Callable[[], object]
    gradients: Callable[[], Arrays]
    parameters: Callable[[], Arrays]
