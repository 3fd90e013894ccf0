"""Random numbers, as an operation of what their distribution depends on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import primitive


# Numbers that are drawn do not move with their parameters: PyTorch records a gradient of zeros.
# `distributions` has the draws that do (rsample).
@primitive(xs=lambda g, i, xs: np.zeros_like(xs[i]))
def drawn(draws: Any, *xs: Any) -> Any:
    """Give numbers that were drawn from a distribution with the parameters `xs`."""
    return np.copy(draws)
