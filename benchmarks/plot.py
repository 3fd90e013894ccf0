"""The figures of a run as two pictures: all networks, and how the cost grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.peers import NAMES, OURS
from benchmarks.table import STEP

NETWORKS, GROWTH = "performance-networks.png", "performance-growth.png"

#: Readable for the colour-blind, after P. Tol's "bright" scheme; ours are the dark ones.
COLOURS = dict(zip(
    NAMES,
    ("#4477AA", "#225588", "#EE6677", "#AA3377", "#CCBB44", "#66CCEE", "#228833", "#BBBBBB"),
    strict=True,
))  # fmt: skip


def draw(results: dict[str, Any], folder: Path) -> list[Path]:
    """Write the pictures into a folder; return where they are."""
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    if results["networks"]:
        drawn.append(_save(_networks(results["networks"]), folder / NETWORKS))
    if results.get("growth"):
        drawn.append(_save(_growth(results["growth"]), folder / GROWTH))
    return drawn


def _save(figure: Any, path: Path) -> Path:
    from matplotlib import pyplot as plt

    # No date, no version: the same figures give the same file.
    figure.savefig(path, dpi=100, metadata={"Software": None})
    plt.close(figure)
    return path


def _networks(entries: list[dict[str, Any]]) -> Any:
    from matplotlib import pyplot as plt

    columns = min(2, len(entries))
    rows = -(-len(entries) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(4.8 * columns, 2.1 * rows + 0.4),
        squeeze=False,
        layout="constrained",
    )
    for ax in axes.flat[len(entries) :]:
        ax.set_visible(False)
    for ax, entry in zip(axes.flat, entries, strict=False):
        times = entry["times"][STEP]
        names = [name for name in reversed(NAMES) if name in times]
        values = [times[name]["median"] / 1000 for name in names]
        bars = ax.barh(names, values, color=[COLOURS[name] for name in names])
        ax.bar_label(bars, [f"{value:.3g}" for value in values], padding=2, fontsize=7)
        ax.set_xlim(0, 1.15 * max(values))
        ax.set_title(f"{entry['name']}, batch {entry['batch']}", fontsize=9)
        ax.tick_params(labelsize=7)
        ax.spines[["top", "right"]].set_visible(False)
        for label in ax.get_yticklabels():
            label.set_fontweight("bold" if label.get_text() in OURS else "normal")
    figure.supxlabel("milliseconds for forward + backward + Adam: shorter is faster", fontsize=8)
    return figure


def _growth(entries: list[dict[str, Any]]) -> Any:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9.6, 6.4), squeeze=False, layout="constrained")
    for ax, entry in zip(axes.flat, entries, strict=True):
        for name, times in entry["times"].items():
            ax.loglog(entry["at"], times, "o-", markersize=3, color=COLOURS[name], label=name,
                      linewidth=2 if name in OURS else 1)  # fmt: skip
        ax.set_title(entry["title"], fontsize=9)
        ax.set_xlabel(entry["axis"], fontsize=8)
        ax.set_xticks(entry["at"], [f"{at:,}" for at in entry["at"]])
        ax.minorticks_off()
        ax.tick_params(labelsize=7)
        ax.grid(alpha=0.3)
    axes[0][0].legend(fontsize=7)
    figure.supylabel("microseconds for forward + backward", fontsize=8)
    return figure
