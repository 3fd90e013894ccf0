"""The derivation of a recorded graph: ``tgb.explain`` and ``tgb.diagnose``."""
