"""What keeps a model from learning, found while it is trained, with the remedy."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Any

from ..flow import gradient_flow
from ..mode import enable_grad
from .batches import Batch
from .callbacks import Callback

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["Health", "divergence"]

#: Examples whose gradient flow is looked at.
_EXAMPLES = 256
#: A gradient that is so many times as long as in most updates before has exploded.
_JUMP = 1e3


class Health(Callback):
    """Tell vanishing and exploding gradients, dead and saturated units, each once.

    After the first epoch, and then after each `every` epochs, the gradient flow of a batch is
    measured (see :func:`tinygrad_bp.gradient_flow`): in evaluation mode, so that no random number
    is drawn and no running mean changed. The training is not different for it.
    """

    def __init__(self, every: int = 5) -> None:
        self.every = every
        self._told: list[str] = []
        self._norms: list[float] = []

    def on_update_end(self, trainer: Trainer, loss: float) -> None:
        """Look at the length of the gradient, now and then."""
        if trainer.updates % max(1, trainer.batches // 10):
            return
        norm = trainer.gradient_norm()
        usual = statistics.median(self._norms) if len(self._norms) >= 5 else math.inf
        if norm > _JUMP * usual > 0:
            self._tell(trainer, "jump", (
                f"The gradient became {norm / usual:.0f} times as long as it mostly is, in epoch "
                f"{trainer.epoch + 1}: it explodes. Clip it (clip_norm={2 * usual:.2g}), or take a "
                "smaller learning rate."
            ))  # fmt: skip
        self._norms = [*self._norms[-50:], norm]

    def on_epoch_end(self, trainer: Trainer, row: dict[str, Any]) -> None:
        """Measure the gradient flow."""
        batch = trainer.sample
        if batch is None or trainer.epoch % self.every:
            return
        part = Batch(tuple(x[:_EXAMPLES] for x in batch.inputs), batch.target[:_EXAMPLES])
        model = trainer.model
        training = [m for m in model.modules() if m.training]
        model.eval()
        try:
            with enable_grad():
                loss = trainer.objective(model(*part.inputs), part.target)
                flow = gradient_flow(model, loss)
        except (RuntimeError, TypeError, ValueError) as error:
            self._tell(trainer, "flow", f"The gradient flow could not be measured: {error}")
            return
        finally:
            for module in training:
                module.training = True
        for finding in flow.findings:
            self._tell(trainer, finding.verdict, str(finding))

    def _tell(self, trainer: Trainer, kind: str, text: str) -> None:
        if kind not in self._told:
            self._told.append(kind)
            trainer.find(text)

    def state_dict(self) -> dict[str, Any]:
        """Return what has been told."""
        return {"told": list(self._told), "norms": list(self._norms)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what has been told."""
        self._told, self._norms = list(state["told"]), list(state["norms"])


def divergence(loss: float, epoch: int, batch: int, rate: float, restored: bool) -> str:
    """Say that the loss is not finite, and what helps."""
    back = f" The parameters are those from before epoch {epoch + 1}." if restored else ""
    return (
        f"The loss became {loss} in epoch {epoch + 1}, batch {batch + 1}, at the learning rate "
        f"{rate:g}. Take a smaller one (find_lr shows which), clip gradients (clip_norm=1.0), "
        "bring the inputs to mean 0 and variance 1, and look for NaN in the data; "
        f"tgb.autograd.detect_anomaly() names the operation.{back}"
    )
