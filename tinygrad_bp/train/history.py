"""What a run has measured, epoch by epoch."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["History"]

_FORMATS = {"epoch": "d", "updates": "d", "seconds": ".1f", "lr": ".2e", "grad_norm": ".2e"}
WIDTH = 80


class History:
    """A table: a row for each epoch, and how the run ended.

    ``history["loss"]`` is a column, ``history[-1]`` the last row; ``print(history)`` shows the
    table, :meth:`plot` draws it.

    Attributes
    ----------
    rows : list of dict
        "epoch" (from 1), "loss", the metrics, "val_…" for the validation's, "lr", "seconds",
        "grad_norm" (of the last update).
    stopped : str
        Why it ended: "" (all epochs were run), "early stopping", "diverged", "interrupted".
    findings : list of str
        What kept the model from learning, a sentence each with the remedy.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.stopped = ""
        self.findings: list[str] = []

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __getitem__(self, key: str | int) -> Any:
        """Return a column by its name, or a row by its number."""
        if isinstance(key, int):
            return self.rows[key]
        if key not in self.columns:
            raise KeyError(f"no column {key!r}: there are {', '.join(self.columns)}")
        return [row.get(key, math.nan) for row in self.rows]

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def best(self, column: str, higher: bool = False) -> dict[str, Any]:
        """Return the row in which a column is lowest (or highest); rows without it are left out."""
        rows = [r for r in self.rows if math.isfinite(r.get(column, math.nan))]
        if not rows:
            raise ValueError(f"no epoch has a finite {column!r}")
        return (max if higher else min)(rows, key=lambda row: row[column])

    def __str__(self) -> str:
        if not self.rows:
            return "no epoch was run"
        shown = shown_columns(self.columns)
        lines = [heading(shown), *(line(row, shown) for row in self.rows)]
        if self.stopped:
            lines.append(f"stopped: {self.stopped}")
        return "\n".join(lines + self.findings)

    def __repr__(self) -> str:
        return f"<History: {len(self)} epochs{', ' * bool(self.stopped)}{self.stopped}>"

    def json_lines(self) -> str:
        """Return a line of JSON for each epoch; numbers that are not finite are null."""
        return "".join(
            json.dumps({k: v if not isinstance(v, float) or math.isfinite(v) else None
                        for k, v in row.items()}) + "\n"
            for row in self.rows
        )  # fmt: skip

    def plot(self, figure: Figure | None = None) -> Figure:
        """Draw a panel for the loss and for each metric, training and validation (extra ``viz``).

        Parameters
        ----------
        figure : matplotlib Figure, optional
            To draw on.

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise ImportError(
                'History.plot needs matplotlib: pip install "tinygrad_bp[viz]"'
            ) from None
        plain = ("epoch", "updates", "seconds", "grad_norm")
        names = [c for c in self.columns if not c.startswith("val_") and c not in plain]
        if figure is None:
            figure = Figure(figsize=(4.2 * len(names), 3.4), layout="constrained")
        epochs = self["epoch"] if self.rows else []
        for ax, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            mark = "o" if len(epochs) < 30 else None
            ax.plot(epochs, self[name], marker=mark, markersize=3, label="training")
            if f"val_{name}" in self.columns:
                ax.plot(epochs, self[f"val_{name}"], marker=mark, markersize=3, label="validation")
                ax.legend(frameon=False)
            ax.set_xlabel("epoch")
            ax.set_title(name)
            ax.spines[["top", "right"]].set_visible(False)
            positive = [v for v in self[name] if math.isfinite(v) and v > 0]
            if name in ("loss", "lr") and positive and max(positive) > 50 * min(positive):
                ax.set_yscale("log")
        return figure

    def state_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"rows": [dict(row) for row in self.rows], "stopped": self.stopped,
                "findings": list(self.findings)}  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        self.rows = [dict(row) for row in state["rows"]]
        self.stopped, self.findings = state["stopped"], list(state["findings"])


def shown_columns(columns: list[str]) -> list[str]:
    """Choose the columns that fit into a line: the epoch, losses and metrics before the rest."""
    last = ("lr", "seconds", "grad_norm", "updates")
    ordered = [c for c in columns if c not in last] + [c for c in last if c in columns]
    shown: list[str] = []
    for name in ordered:
        if len(heading([*shown, name])) <= WIDTH:
            shown.append(name)
    return shown


def heading(columns: list[str]) -> str:
    """Return the line above the table."""
    return " ".join(f"{name:>{_wide(name)}}" for name in columns)


def line(row: dict[str, Any], columns: list[str]) -> str:
    """Return a row as a line of the table."""
    parts = []
    for name in columns:
        value = row.get(name)
        text = "" if value is None else format(value, _FORMATS.get(name, ".4g"))
        parts.append(f"{text:>{_wide(name)}}")
    return " ".join(parts)


def _wide(name: str) -> int:
    return max(len(name), 5 if name == "epoch" else 8)
