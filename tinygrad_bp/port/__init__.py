"""Bringing a PyTorch script over: its imports rewritten, and what it would miss."""

from __future__ import annotations

from .missing import Missing, find_missing
from .rewrite import rewrite

__all__ = ["Missing", "find_missing", "rewrite"]
