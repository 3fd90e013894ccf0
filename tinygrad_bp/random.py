"""Random numbers: one default generator, and generators of one's own.

The streams are NumPy's (PCG64): the same seed gives the same numbers in every run and on every
machine, but not PyTorch's numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Generator", "default_generator", "initial_seed", "manual_seed", "seed"]


class Generator:
    """A source of random numbers with a state of its own.

    Parameters
    ----------
    device : str
        Accepted as in PyTorch; only "cpu" exists.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> g = tgb.Generator().manual_seed(0)
    >>> a = tgb.rand(2, generator=g)
    >>> b = tgb.rand(2, generator=g.manual_seed(0))
    >>> tgb.equal(a, b)
    True
    """

    def __init__(self, device: Any = "cpu") -> None:
        if str(device) != "cpu":
            raise RuntimeError(f"there is no device {str(device)!r}: generators live on 'cpu'")
        self._seed = 0
        self.numpy = np.random.Generator(np.random.PCG64(0))

    def manual_seed(self, seed: int) -> Generator:
        """Restart the stream that belongs to this seed; return this generator."""
        seed = int(seed)
        self._seed = seed
        # NumPy takes no negative seeds; PyTorch reads them as unsigned 64-bit numbers.
        self.numpy = np.random.Generator(np.random.PCG64(seed % 2**64))
        return self

    def seed(self) -> int:
        """Restart at a seed drawn from the system; return it."""
        drawn = int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
        self.manual_seed(drawn)
        return drawn

    def initial_seed(self) -> int:
        """Return the seed at which the stream was last started."""
        return self._seed

    def get_state(self) -> dict[str, Any]:
        """Return the position in the stream, as plain numbers and strings."""
        return {"seed": self._seed, "state": self.numpy.bit_generator.state}

    def set_state(self, state: dict[str, Any]) -> Generator:
        """Go to a position that :meth:`get_state` returned."""
        self.numpy.bit_generator.state = state["state"]
        self._seed = int(state["seed"])
        return self


class _Default(Generator):
    """The default generator; NumPy's random module is imported when it is first drawn from."""

    def __init__(self) -> None:
        self._seed = 0
        self._numpy: np.random.Generator | None = None

    @property
    def numpy(self) -> np.random.Generator:
        if self._numpy is None:
            self._numpy = np.random.Generator(np.random.PCG64(self._seed))
        return self._numpy

    @numpy.setter
    def numpy(self, value: np.random.Generator) -> None:
        self._numpy = value


default_generator: Generator = _Default()


def manual_seed(seed: int) -> Generator:
    """Start the default generator at a seed, so that a run repeats exactly; return it."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Start the default generator at a seed drawn from the system; return it."""
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed at which the default generator was last started."""
    return default_generator.initial_seed()
