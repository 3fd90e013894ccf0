"""Random numbers: one default generator, and generators of one's own.

The streams are NumPy's (PCG64): the same seed gives the same numbers in every run and on every
machine, but not PyTorch's numbers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .devices import CPU, device, on_cpu

__all__ = [
    "Generator", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed",
    "seed", "set_rng_state",
]  # fmt: skip


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

    _wrap: Callable[[np.ndarray[Any, Any]], Any]  # makes a tensor; set where there are tensors

    def __init__(self, device: Any = "cpu") -> None:
        on_cpu(device)
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

    @property
    def device(self) -> device:
        """Where the numbers are drawn: on the CPU."""
        return CPU

    def get_state(self) -> Any:
        """Return the position in the stream, as a tensor of bytes (JSON, UTF-8)."""
        import json

        state = {"seed": self._seed, "state": self.numpy.bit_generator.state}
        return Generator._wrap(np.frombuffer(json.dumps(state).encode(), np.uint8).copy())

    def set_state(self, new_state: Any) -> Generator:
        """Go to a position that :meth:`get_state` returned.

        Raises
        ------
        TypeError, RuntimeError
            For what is no tensor of bytes, and for bytes that are no such position.
        """
        import json

        array = getattr(new_state, "_array", None)
        if array is None or array.dtype != np.uint8:
            raise TypeError("set_state takes a tensor of uint8, as get_state() returns")
        try:
            state = json.loads(array.tobytes())
            self.numpy.bit_generator.state = state["state"]
            self._seed = int(state["seed"])
        except (ValueError, KeyError, TypeError) as error:
            raise RuntimeError(
                f"these {array.size} bytes are no state of a generator of tinygrad_bp: {error}"
            ) from None
        return self

    def clone_state(self) -> Generator:
        """Return another generator at the same position in the stream."""
        return Generator().set_state(self.get_state())

    def __reduce__(self) -> Any:
        return _restored, (self.get_state(),)


def _restored(state: Any) -> Generator:
    return Generator().set_state(state)


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

    def manual_seed(self, seed: int) -> Generator:
        begin_anew()
        return super().manual_seed(seed)


_on_seed: list[Callable[[], object]] = []


def on_seed(function: Callable[[], object]) -> None:
    """Let a function be called when a run begins that is to be the same as the last one."""
    _on_seed.append(function)


def begin_anew() -> None:
    """Forget what has been computed so far, as far as results hang on it by their last digits."""
    for function in _on_seed:
        function()


default_generator: Generator = _Default()


def manual_seed(seed: int) -> Generator:
    """Start the default generator at a seed, so that a run repeats exactly; return it.

    Machine code that takes over from NumPy's calls when it pays does so at the same place again.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> generator = tgb.manual_seed(0)
    >>> first = tgb.rand(2)
    >>> generator = tgb.manual_seed(0)
    >>> bool((tgb.rand(2) == first).all())
    True
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Start the default generator at a seed drawn from the system; return it."""
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed at which the default generator was last started."""
    return default_generator.initial_seed()


def get_rng_state() -> Any:
    """Return the default generator's position in its stream, as a tensor of bytes."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Let the default generator go to a position that :func:`get_rng_state` returned."""
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, _caller: str = "fork_rng",
             _devices_kw: str = "devices",
             device_type: str | None = None) -> Iterator[None]:  # fmt: skip
    """Put the default generator back, after a with-block, to where it was before."""
    before = default_generator.get_state() if enabled else None
    try:
        yield
    finally:
        if enabled:
            default_generator.set_state(before)
