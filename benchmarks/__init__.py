"""How fast tinygrad_bp is, beside its peers: ``python -m benchmarks``."""
