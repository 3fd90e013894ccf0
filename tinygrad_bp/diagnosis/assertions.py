"""Gradients derived by hand, in a test: silence when they are right, else the diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..tensor import Tensor
    from .report import Report

__all__ = ["GradientError", "assert_gradients"]


class GradientError(AssertionError):
    """What :func:`assert_gradients` raises; its message is the printed report.

    Attributes
    ----------
    report : Report
        What :func:`tinygrad_bp.diagnose` found.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report

    @property
    def summary(self) -> str:
        """The diagnosis in a line: ``dZ1 wrong (sign), dW1 wrong (upstream)``."""
        lost = [finding for finding in self.report.order if finding.verdict != "right"]
        return ", ".join(f"{f.name} {f.verdict} ({', '.join(f.causes)})" for f in lost)


def assert_gradients(
    loss: Tensor,
    gradients: Mapping[Any, Any],
    *,
    names: Mapping[str, Tensor] | None = None,
    model: Any = None,
) -> None:
    """Assert that gradients derived by hand are right up to rounding; else say what is wrong.

    Each is compared with ∂loss/∂tensor, as the recorded graph has it. A gradient whose mistake has
    several explanations is a wrong one too: the message lists them.

    Parameters
    ----------
    loss : Tensor
        One number, with its graph: before ``backward()``, or after ``backward(retain_graph=True)``.
    gradients : mapping of Tensor or str to array
        What was derived, of the tensor's shape, by tensor or by name: ``{W2: dW2, "b2": db2}``.
    names : dict of str to Tensor, optional
        Names beside those of :meth:`Tensor.named`, such as ``locals()``.
    model : nn.Module, optional
        Names its parameters.

    Raises
    ------
    GradientError
        An `AssertionError`: some gradient is not right. The message is the diagnosis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0], [2.0]])
    >>> w = tgb.tensor([[3.0, 4.0]], requires_grad=True).named("w")
    >>> loss = ((w @ x - 1) ** 2).sum()
    >>> assert_gradients(loss, {w: 2 * (11 - 1) * x.numpy().T})
    >>> assert_gradients(loss, {"w": -2 * (11 - 1) * x.numpy().T})
    Traceback (most recent call last):
        ...
    tinygrad_bp.diagnosis.assertions.GradientError: ...dw: wrong (sign)...
    """
    # pytest leaves frames with this name out of its tracebacks.
    __tracebackhide__ = True
    from . import diagnose

    report = diagnose(loss, gradients, names=names, model=model)
    if not report.right:
        raise GradientError(report)
