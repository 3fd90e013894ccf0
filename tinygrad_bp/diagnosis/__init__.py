"""What is wrong with a gradient that was derived by hand: ``tgb.diagnose``.

Hypotheses about mistakes are tested against the recorded graph: the backward pass is run once more
with one rule done differently, and what comes out is compared with what was handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .assertions import assert_gradients
    from .batch import separating_batch
    from .grading import grade
    from .report import Report

__all__ = ["assert_gradients", "diagnose", "grade", "separating_batch"]

# pytest imports this package for the plugin in every run: the rest is loaded when it is used.
_LATE = {
    "Explanation": "report", "Finding": "report", "Report": "report", "Task": "grading",
    "assert_gradients": "assertions", "grade": "grading", "separating_batch": "batch",
}  # fmt: skip


def diagnose(loss: Any, gradients: Mapping[Any, Any], *, names: Mapping[str, Any] | None = None,
             model: Any = None) -> Report:  # fmt: skip
    """Say for each gradient that was derived by hand whether it is right, or what is wrong with it.

    A mistake is one rule of the backward pass done differently: f′ left out, W in place of Wᵀ, a
    factor 1/m too much. ``diagnose`` runs the pass again in float64 with one rule changed, or two,
    and sees which change gives what was handed in; the gradients of the graph itself say what is
    right. Nothing in the graph is changed, and no ``.grad``.

    Parameters
    ----------
    loss : Tensor
        A single number that was computed from the parameters. Backward may have run, but no
        optimizer's step since.
    gradients : dict
        The gradients by hand: arrays, tensors or lists, of the shapes of what they belong to. A key
        is a tensor of the graph (a parameter or a value in between, such as Z1) or its name; in
        ``"dZ1"`` the d may be written or left out.
    names : dict of str to Tensor, optional
        Names for tensors: ``locals()`` will do.
    model : nn.Module, optional
        Names parameters: ``"0.weight"``.

    Returns
    -------
    Report
        ``report[W2].verdict`` is ``"right"``, ``"wrong"`` or ``"ambiguous"``; ``.causes`` are the
        ids of what went wrong, likeliest first; ``.evidence``, ``.message``, ``.line`` and
        ``.mend`` say why, and what to do. ``print(report)`` says all of it.

    Raises
    ------
    KeyError
        A key is not in the graph of the loss: the message lists the names.
    RuntimeError
        The loss was not recorded, or a value was changed since it was computed.
    ValueError
        The loss is not a single number.

    Notes
    -----
    A gradient is right if it differs from the graph's by no more than rounding in the coarsest
    floating type involved can explain; the tolerance is found by disturbing both passes in their
    last digits. Where several mistakes give the same numbers, as many do for a batch of one sample,
    the verdict is ``"ambiguous"`` and all of them are named.

    The ids are ``scale``, ``sign``, ``transposed``, ``missing-activation-derivative``,
    ``activation-derivative-at-output``, ``wrong-activation-derivative``, ``bias-not-summed``,
    ``summed-over-wrong-axis``, ``mean-instead-of-sum``, ``missing-path``, ``loss-derivative``,
    ``weight-not-transposed``, ``wrong-layer-weight``, ``wrong-layer-activation``,
    ``updated-weight-used``, ``missing-regularizer``, ``upstream`` and ``unknown``.

    Examples
    --------
    >>> import numpy as np
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.diagnosis import diagnose
    >>> X = tgb.tensor(np.array([[1.0, 2.0, -1.0], [0.5, -1.0, 3.0]]))
    >>> W = tgb.tensor(np.array([[0.2, -0.4], [0.7, 0.1]]), requires_grad=True).named("W1")
    >>> A = tgb.tanh(W @ X)
    >>> loss = 0.5 * (A * A).sum()
    >>> dA = A.detach().numpy()
    >>> report = diagnose(loss, {W: dA @ X.numpy().T})  # tanh' was left out
    >>> report[W].causes
    ('missing-activation-derivative',)
    >>> print(report[W].mend)
    Multiply dA1 elementwise by tanh′(Z1) = 1 − tanh²(Z1).
    >>> diagnose(loss, {W: (dA * (1 - dA**2)) @ X.numpy().T})[W].verdict
    'right'
    """
    from .opening import opened

    return opened(loss, gradients, names, model)


def __getattr__(name: str) -> Any:
    if name in _LATE:
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f".{_LATE[name]}", __name__), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
