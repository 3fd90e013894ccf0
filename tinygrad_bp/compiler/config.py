"""Settings that scripts make in `torch._dynamo.config`."""

from __future__ import annotations

from types import SimpleNamespace

__all__ = ["config"]

#: `suppress_errors` lets every step fall back. The others can be set, and change nothing: how many
#: programs are kept is our own business, and tracing has nothing to report.
config = SimpleNamespace(
    suppress_errors=False, cache_size_limit=16, recompile_limit=16, verbose=False,
    automatic_dynamic_shapes=False, capture_scalar_outputs=False,
)  # fmt: skip
