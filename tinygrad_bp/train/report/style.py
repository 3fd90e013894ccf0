"""How pictures of runs look. matplotlib draws without a display and without its global state."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "DARK", "LIGHT", "Colors", "PictureMissingError", "dress", "figure", "plain_ticks", "png",
]  # fmt: skip


class PictureMissingError(Exception):
    """A picture can't be drawn on this machine; the message says what is missing."""


class Colors(NamedTuple):
    """What a picture is drawn with: the same colours as in ``report.css``."""

    paper: str
    ink: str
    muted: str
    grid: str
    first: str
    second: str


LIGHT = Colors("#ffffff", "#1f2937", "#6b7280", "#e5e7eb", "#2563a8", "#c2620e")
DARK = Colors("#1b2027", "#e5e7eb", "#9aa4b2", "#323a45", "#7db4f0", "#f0a35e")


def figure(width: float, height: float, colors: Colors) -> Figure:
    """Return an empty picture, so many inches wide and high."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PictureMissingError("matplotlib is missing") from error
    return Figure(figsize=(width, height), layout="constrained", facecolor=colors.paper)


def png(figure: Figure) -> bytes:
    """Return a picture as a PNG."""
    buffer = io.BytesIO()
    # Without its version of matplotlib, a picture is the same in every run of the same settings.
    figure.savefig(buffer, format="png", dpi=160, metadata={"Software": None})
    return buffer.getvalue()


def dress(axes: Axes, colors: Colors, title: str, unit: str) -> None:
    """Give a diagram over the epochs its title and its look."""
    from matplotlib.ticker import MaxNLocator

    axes.set_facecolor(colors.paper)
    axes.set_title(title, color=colors.ink, fontsize=11, loc="left", weight="bold")
    axes.set_xlabel("epoch", color=colors.muted)
    axes.set_ylabel(unit, color=colors.muted)
    axes.tick_params(colors=colors.muted, which="both", length=0)
    axes.grid(color=colors.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def plain_ticks(axes: Axes) -> None:
    """Label a logarithmic axis 0.01, 0.02, 0.05, … instead of with powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
