"""The way of a run into its checkpoints, and back."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

from ..random import Generator
from .checkpoints import Checkpoints, CheckpointWarning
from .randomness import positions, restore
from .resuming import differences, lacking, restore_run, state_of

if TYPE_CHECKING:
    from .running import Running
    from .trainer import Trainer

__all__ = ["Saving", "newest"]


class Saving:
    """What is remembered of a run for its checkpoints.

    An epoch that was interrupted is gone through again, up to its batch: its order is drawn from
    where the streams were when it began, and then they are put where they were when it was saved.

    Parameters
    ----------
    trainer : Trainer
    identity : dict
        What has to be the same in a run that goes on.
    streams : list of Generator
        What the run draws from, besides the default generator.
    seed : int
        Of this run; drawn, if none was given.

    Attributes
    ----------
    before : dict or None
        The model's state at the beginning of the epoch under way.
    """

    def __init__(self, trainer: Trainer, identity: dict[str, Any], streams: list[Generator],
                 seed: int) -> None:  # fmt: skip
        self._trainer, self._identity = trainer, identity
        self._streams, self._seed = streams, seed
        self.before: dict[str, Any] | None = None
        self._now: dict[str, Any] | None = None
        self._saved = time.monotonic()
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Note where the streams are, if that is going to be kept."""
        wanted = self._trainer.checkpoints is not None
        self._begun = positions(*self._streams) if wanted else {}

    def go_back(self) -> None:
        """Put the streams where they were when the epoch began."""
        restore(self._begun, *self._streams)

    def go_on(self) -> None:
        """Put the streams where they were when the run was saved, once after resuming."""
        if self._now is not None:
            restore(self._now, *self._streams)
            self._now = None

    @property
    def late(self) -> bool:
        """Whether the last checkpoint is longer ago than it should be."""
        return time.monotonic() - self._saved > self._trainer.checkpoint_every

    def save(self, running: Running, seconds: float, final: bool) -> None:
        """Write a checkpoint, if there is a folder for them."""
        self._saved = time.monotonic()
        trainer = self._trainer
        if trainer.checkpoints is None:
            return
        state = state_of(
            trainer, self._streams, identity=self._identity, seed=self._seed, final=final,
            position=[trainer.epoch, trainer.batch, trainer.updates, seconds], order=self._begun,
            before=self.before, running=running.state_dict(),
        )  # fmt: skip
        trainer.checkpoints.save(state, trainer.updates)

    def resume(self, state: dict[str, Any], running: Running) -> tuple[float, bool]:
        """Put a run into the state of a checkpoint.

        Returns
        -------
        float, bool
            The seconds that its epoch has taken, and whether the run had come to its end.

        Raises
        ------
        ValueError
            For a checkpoint of other data or settings.
        """
        trainer = self._trainer
        told = differences(state["identity"], self._identity) or lacking(trainer, state)
        if told:
            raise ValueError(
                f"the checkpoint in {trainer.checkpoints and trainer.checkpoints.folder} is of "
                f"other data or settings: {told}. Go on with the same, or begin anew in another "
                "folder"
            )
        restore_run(trainer, state)
        trainer.epoch, trainer.batch, trainer.updates, seconds = state["position"]
        self._begun, self._now, self.before = state["order"], state["now"], state["before"]
        running.load_state_dict(state["running"])
        return float(seconds), bool(state["final"])


def newest(checkpoints: Checkpoints | None) -> dict[str, Any] | None:
    """Return the newest whole state; None, with a warning, if there is none."""
    if checkpoints is None:
        raise ValueError("fit(resume=True) needs Trainer(checkpoints=folder)")
    state = checkpoints.load()
    if state is None:
        warnings.warn(
            f"there is no whole checkpoint in {checkpoints.folder}: beginning anew",
            CheckpointWarning, stacklevel=4,
        )  # fmt: skip
    return state
