"""The plots and the page of a run.

===========  ============================================
`page`       the report, from sections
`pictures`   the plots
`markup`     HTML's parts; ``report.css``: how they look
`style`      how plots look
===========  ============================================

`markup` and `style` know nothing of runs: the report of ``tinygrad-bp demo`` is made of them, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..runs import write

if TYPE_CHECKING:
    from ..experiment import Experiment

__all__ = ["write_report"]


def write_report(experiment: Experiment) -> list[str]:
    """Write plots and report of a run into its folder; return what could not be drawn, and why."""
    from . import page, pictures

    assert experiment.folder is not None
    seen = pictures.look(experiment)
    drawn, skipped = pictures.draw_all(experiment, seen)
    for name, content in drawn.items():
        if "/" not in name:  # dark/… is for the page alone
            write(experiment.folder / name, content)
    write(experiment.folder / "report.html", page.page(experiment, seen, drawn, skipped))
    return skipped
