"""For all tests: each begins anew, and none of them fails for the time it took."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tinygrad_bp.environment import use_deterministic_algorithms
from tinygrad_bp.random import begin_anew

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _as_in_a_new_process() -> None:
    """Forget what others computed and asked for, which tells what machine code takes over."""
    begin_anew()
    use_deterministic_algorithms(False)
