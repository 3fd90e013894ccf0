"""How much of the gradient reaches each layer: ``tgb.gradient_flow``."""

from .flow import Flow, gradient_flow

__all__ = ["Flow", "gradient_flow"]
