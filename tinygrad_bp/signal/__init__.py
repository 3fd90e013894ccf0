"""Signal processing, with the names of ``torch.signal``.

>>> import tinygrad_bp as tgb
>>> tgb.signal.windows.bartlett(3)
tensor([0., 1., 0.])
"""

from __future__ import annotations

from . import windows

__all__ = ["windows"]
