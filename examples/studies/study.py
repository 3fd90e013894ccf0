"""What the studies share: the command line, sentences that are checked, and the look of pictures.

A study is a file beside this one. Its numbers come from one function, and everything that is said
of them (the table, the sentences, the picture) is made of these numbers:

``measure(full)``
    Returns the numbers, as a dict. ``full`` asks for more than fits into seconds.
``table(r)``
    Returns them as text of at most 80 columns.
``seen(r)``
    Yields sentences ``(text, holds)``: what is seen, and whether these numbers say so. An empty
    text begins a paragraph. A sentence that does not hold is printed as such, and the exit code
    is 1: no sentence outlives the numbers that it was written for.
``draw(r, figure)``
    Draws them on a figure of matplotlib, which keeps the table as its description.

The file ends with ``study.main(...)`` of these four. docs/studies.md shows every study, and
``python -m tests.examples.test_studies`` writes there what they print and draw.
"""

import argparse
import sys
import textwrap
from pathlib import Path

import tinygrad_bp as tgb

WIDTH = 80
HEADING = "What is seen"

#: Told apart by colour-blind eyes (Okabe and Ito, 2008), and in grey by their order of lightness.
BLUE, ORANGE, GREEN, RED, PINK, SKY = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9",
)  # fmt: skip
INK, MUTED, GRID = "#1f2937", "#6b7280", "#e5e7eb"


def main(doc, file, measure, table, seen, draw, size=(11, 4)):
    """Measure, print and draw; end with 1 if a sentence does not hold."""
    name = Path(file).stem
    args = parse_arguments(doc, name)
    tgb.use_deterministic_algorithms(True)  # the same numbers with the extra `compile`, and without
    results = measure(args.full)
    text = table(results)
    print(text, HEADING, sep="\n\n")
    sentences = list(seen(results))
    for paragraph in paragraphs(sentences):
        print()
        print(textwrap.fill(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False))
    picture = save(text, results, draw, size, args.out / f"{name}.png")
    if picture is not None:
        print(f"\npicture: {picture}")
    if not all(holds for _, holds in sentences):
        sys.exit(1)


def parse_arguments(doc, name):
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="more seeds, and longer")
    parser.add_argument(
        "--out", type=Path, default=Path(f"runs/{name}"), help="folder of the picture"
    )
    return parser.parse_args()


def paragraphs(sentences):
    """Join sentences to paragraphs; mark those that do not hold."""
    found = [[]]
    for text, holds in sentences:
        if not text:
            found.append([])
        else:
            found[-1].append(text if holds else f"[Not seen this time: {text}]")
    # The space of "95 %" is no place to begin a line.
    return [
        " ".join(paragraph).replace(" %", "\N{NO-BREAK SPACE}%") for paragraph in found if paragraph
    ]


def save(text, results, draw, size, path):
    """Write the picture, if matplotlib is installed; the table goes along as its description."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    draw(results, figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None, "Description": text})
    return path


def dress(axes, title, x, y):
    """Give a diagram its title, its labels, and the look of all."""
    axes.set_title(title, color=INK, fontsize=11, loc="left", weight="bold")
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.tick_params(colors=MUTED, which="both", length=0)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)


def spread(values, digits=1):
    """Write the median of some runs, and the lowest and highest: ``95.3 (94.9 … 95.8)``."""
    ordered = sorted(values)
    low, middle, high = (f"{v:.{digits}f}" for v in (ordered[0], median(ordered), ordered[-1]))
    return f"{middle} ({low} … {high})"


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
