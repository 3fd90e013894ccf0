"""Training: the loop, what goes around it, and what it leaves behind.

===============  ==================================================================
`trainer`        the loop itself: epochs, validation, checkpoints
`batches`        arrays, datasets and loaders, as batches in an order
`updates`        an update: forward, backward, clipping, the step; `rehearsal`: compiled
`optimizers`     by name
`objectives`     losses by name, weights of examples and classes, penalties
`metrics`        accuracy, F1, AUC, R², …; `running`: the sums of a pass, measuring
`schedules`      learning-rate schedules by name; `lr_range`: which rate to begin with
`callbacks`      the protocol, and stopping early; `health`: what keeps it from learning
`history`        the table of epochs; `progress`: what is seen meanwhile
`checkpoints`    states on disk; `locks`: one run a folder
`saving`         a run's way into them and back; `resuming`: what is in them
`randomness`     the streams in them; `interrupts`: Ctrl-C
`runs`           the folder of a run; `record`: what it was asked to do
`models`         ``mlp:784-128-10``, or a Python file
`experiment`     a run from its record; `report`: its pictures and its page
`tensorboard`    the history as event files
===============  ==================================================================
"""

from .batches import Batch, Transform
from .callbacks import Callback, EarlyStopping
from .checkpoints import Checkpoints, CheckpointWarning
from .health import Health
from .history import History
from .lr_range import LRRange
from .metrics import (
    AUC,
    F1,
    METRICS,
    R2,
    Accuracy,
    BitsPerCharacter,
    ConfusionMatrix,
    MeanAbsoluteError,
    MeanSquaredError,
    Metric,
    Perplexity,
    Precision,
    Recall,
)
from .objectives import LOSSES, Objective
from .schedules import SCHEDULES
from .tensorboard import TensorBoard
from .trainer import Trainer

__all__ = [
    "AUC", "F1", "LOSSES", "METRICS", "R2", "SCHEDULES", "Accuracy", "Batch", "BitsPerCharacter",
    "Callback", "CheckpointWarning", "Checkpoints", "ConfusionMatrix", "EarlyStopping", "Health",
    "History", "LRRange", "MeanAbsoluteError", "MeanSquaredError", "Metric", "Objective",
    "Perplexity", "Precision", "Recall", "TensorBoard", "Trainer", "Transform",
]  # fmt: skip
