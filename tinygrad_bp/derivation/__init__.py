"""The derivation of a recorded graph: ``tgb.explain``."""

from .derivation import Derivation, explain
from .lines import Line, Path, Step

__all__ = ["Derivation", "Line", "Path", "Step", "explain"]
