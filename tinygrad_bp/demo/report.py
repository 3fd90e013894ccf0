"""The report of a run: one HTML page that needs no other file and no network.

`SECTIONS` is its table of contents. A section is a function of the `Report` that returns HTML, or
"" to be left out. Text that comes from outside goes through `text`, which escapes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape as text

from ..train.report.markup import document, image, scientific, table
from . import explained, formulas, pictures
from .console import percent
from .gradients import NAMES, TOLERANCE
from .outcome import ENDINGS, Outcome, versions
from .training import check_batch


@dataclass
class Report:
    """What the sections read.

    Attributes
    ----------
    outcome : Outcome
    drawn : dict of str to bytes
        The pictures, by the name of their file.
    skipped : list of str
        What could not be drawn, and why.
    """

    outcome: Outcome
    drawn: dict[str, bytes]
    skipped: list[str]


def page(outcome: Outcome, drawn: dict[str, bytes], skipped: list[str]) -> str:
    """Write the page.

    Parameters
    ----------
    outcome : Outcome
        With at least one epoch.
    drawn, skipped
        As `pictures.draw_all` returns them.

    Returns
    -------
    str
        HTML.
    """
    report = Report(outcome, drawn, skipped)
    title = f"{outcome.folder.name}: digits learnt by backpropagation"
    body = "\n".join(section(report) for section in SECTIONS)
    return document(title, body)


def headline(report: Report) -> str:
    """What the run is about, in three numbers."""
    outcome = report.outcome
    last, worst, m = outcome.last, outcome.largest, len(outcome.data.y_test)
    right = round(last.test_accuracy * m)
    verdict = "The six gradients agree" if outcome.agrees else "The six gradients differ"
    figures = (
        (percent(last.test_accuracy), f"test accuracy: {right:,} of {m:,} digits right"),
        (
            scientific(worst.difference),
            "largest difference between autograd's gradients and the textbook's, in all epochs",
        ),
        (
            f"{last.loss:.4f}",
            f"nats of training loss after {last.number} of {outcome.settings.epochs} epochs, "
            f"in {outcome.seconds:.1f} s",
        ),
    )
    cards = "".join(f"<div><strong>{a}</strong><span>{text(b)}</span></div>" for a, b in figures)
    warning = (
        ""
        if outcome.ending == "completed"
        else f'<p class="note">{text(ENDINGS[outcome.ending])}</p>'
    )
    state = "agree" if outcome.agrees else "differ"
    return (
        f"<header>\n<p class=kicker>tinygrad_bp demo · {text(outcome.folder.name)}</p>\n"
        f"<h1>Handwritten digits, learnt by backpropagation</h1>\n"
        f'<p class="verdict {state}">{verdict} with those derived by hand.</p>\n'
        f"{warning}<div class=figures>{cards}</div>\n</header>"
    )


def what_was_run(report: Report) -> str:
    """Network, data, settings, versions: enough to repeat it."""
    outcome = report.outcome
    settings, data, source = outcome.settings, outcome.data, outcome.data.source
    inputs, hidden, classes = outcome.layers
    parameters = sum(weight.size for weight in outcome.last.weights.values())
    licence = source.licence and f", {text(source.licence)}"
    forward = "".join(f"<li>{formulas.mathml(formula)}</li>" for formula in formulas.FORWARD)
    pairs = (
        (
            "Network",
            f"{inputs} inputs, {hidden} ReLU units, softmax over {classes} classes: "
            f"{parameters:,} parameters, float64",
        ),
        (
            "Data",
            f"{len(data.y_train):,} training and {len(data.y_test):,} test images of "
            f"{' × '.join(map(str, data.picture))} pixels. "
            f'<a href="{text(source.link)}">{text(source.title)}</a>, '
            f"{text(source.authors)}{licence}",
        ),
        (
            "Descent",
            f"{settings.optimizer.upper() if settings.optimizer == 'sgd' else 'Adam'}, learning "
            f"rate {settings.lr:g}, batches of {settings.batch_size}, {settings.epochs} epochs, "
            f"seed {settings.seed}",
        ),
        ("Versions", text(", ".join(f"{name} {value}" for name, value in versions().items()))),
        ("Again", f"<code>{text(settings.command)}</code>"),
    )
    rows = "".join(f"<dt>{name}</dt><dd>{what}</dd>" for name, what in pairs)
    return (
        f"<section>\n<h2>What was run</h2>\n<p>The two-layer network of the notes "
        f"“Understanding Backpropagation”. The m samples of a batch are the columns of X, "
        f"Y holds their labels as one-hot columns, and Σ runs over the columns:</p>\n"
        f"<ul class=formulas>{forward}</ul>\n<dl>{rows}</dl>\n</section>"
    )


def curves(report: Report) -> str:
    """Loss and accuracy, as a picture and as the table that it is drawn from."""
    outcome = report.outcome
    last = outcome.last
    alt = (
        f"Two charts over {last.number} epochs. The training loss ends at {last.loss:.4f} nats, "
        f"the training accuracy at {percent(last.train_accuracy)}, the test accuracy at "
        f"{percent(last.test_accuracy)}."
    )
    rows = (
        (
            f"{epoch.number}",
            f"{epoch.loss:.4f}",
            percent(epoch.train_accuracy),
            percent(epoch.test_accuracy),
            f"{scientific(epoch.difference)} ({epoch.worst})",
        )
        for epoch in outcome.epochs
    )
    head = ("epoch", "loss (nats)", "training accuracy", "test accuracy", "largest difference")
    return (
        f"<section>\n<h2>Learning</h2>\n{image(report.drawn, 'curves.png', alt)}\n"
        f"<details><summary>All epochs in numbers</summary>\n{table(head, rows)}\n"
        f"<p class=caption>Epoch 0 is before the first update.</p></details>\n</section>"
    )


def gradient_check(report: Report) -> str:
    """The six formulas of the notes, and how far autograd is from them."""
    outcome = report.outcome
    comparisons = outcome.last.comparisons
    finite = [epoch for epoch in outcome.epochs if epoch.finite]
    rows = (
        (
            formulas.mathml(formulas.BACKWARD[name]),
            scientific(comparisons[name].difference),
            scientific(max(epoch.comparisons[name].difference for epoch in finite)),
            scientific(comparisons[name].size),
            f"<code>{formulas.AUTOGRAD[name]}</code>",
            " × ".join(map(str, comparisons[name].shape)),
        )
        for name in NAMES
    )
    head = (
        "the notes' formula",
        "difference at the end",
        "in all epochs",
        "largest element",
        "autograd",
        "shape",
    )
    X, _ = check_batch(outcome.data)
    m = X.shape[1]
    samples = "all" if m == len(outcome.data.y_train) else "the first"
    return (
        f"<section>\n<h2>Six gradients, computed twice</h2>\n"
        f"<p>After every epoch, on {samples} {m:,} training samples: once by autograd, which "
        f"recorded the forward pass and knows the derivative of each operation, but none of the "
        f"formulas below; once by those formulas, in NumPy alone. A difference is the largest "
        f"distance of two elements. In float64 a number of the size of 1 is stored to "
        f"about {scientific(2.2e-16)}; anything above {scientific(TOLERANCE)} would count as an "
        f"error.</p>\n{table(head, rows)}\n"
        f"<p class=caption>The notes' {formulas.mathml('dZ2')} and {formulas.mathml('dZ1')} leave "
        f"out the {formulas.mathml('1/m')} of the mean loss, which autograd's hold: hence the "
        f"factor m. ∘ multiplies element by element.</p>\n</section>"
    )


def derivations(report: Report) -> str:
    """The derivation of each gradient, as mathematics read off the recorded graph."""
    html = explained.derivation_html(report.outcome)
    m = min(explained.SAMPLES, len(report.outcome.data.y_train))
    return (
        f"<section class=derivation>\n<h2>The same gradients, derived</h2>\n"
        f"<p>Nobody typed these lines. <code>tgb.explain(J)</code> ran the derivative of each "
        f"recorded operation on symbols in place of numbers, for the first {m} training samples, "
        f"and simplified what came out; each step is checked on the numbers of this run. Here J "
        f"is written out as in the notes, a softmax, a logarithm and a sum: that its gradient is "
        f"(A2 − Y)/m is a result.</p>\n{html}\n</section>"
    )


def backward(report: Report) -> str:
    """The backward pass, step by step: a page of its own inside this one."""
    page = report.drawn.get("backward.html")
    if page is None:
        return ""
    # A sandbox: the page's script can reach nothing but the page itself.
    return (
        f"<section>\n<h2>One backward pass, step by step</h2>\n<p>Press play, or go with the "
        f"arrow keys once you have clicked into it. A box is an operation; choose one to see its "
        f"formula and its numbers. The same page, larger: <code>backward.html</code> beside this "
        f'file.</p>\n<iframe class=stepping title="One backward pass, step by step" '
        f'sandbox="allow-scripts" srcdoc="{text(page.decode())}"></iframe>\n</section>'
    )


def misclassified(report: Report) -> str:
    """The digits that the network gets wrong."""
    outcome = report.outcome
    wrong, _ = pictures.mistakes(outcome)
    m = len(outcome.data.y_test)
    if not len(wrong):
        return f"<section>\n<h2>Mistakes</h2>\n<p>None: all {m:,} are right.</p>\n</section>"
    shown = min(len(wrong), pictures.GALLERY)
    which = "All of them" if shown == len(wrong) else f"The {shown} of which it is surest"
    alt = f"{shown} handwritten digits, each with its label and what the network takes it for."
    return (
        f"<section>\n<h2>Mistakes</h2>\n<p>The network gets {len(wrong):,} of {m:,} test digits "
        f"wrong. {which}, with the probabilities that it gives to its answer and to the "
        f"label:</p>\n{image(report.drawn, 'misclassified.png', alt)}\n</section>"
    )


def graph(report: Report) -> str:
    """The recorded graph, inline, so that its texts can be selected and enlarged."""
    svg = report.drawn.get("graph.svg")
    if svg is None:
        return ""
    source = svg.decode()
    return (
        f"<section>\n<h2>The graph</h2>\n<p>What autograd recorded during the forward pass of the "
        f"comparison, and went back through: amber boxes collect a gradient, grey ones are data, "
        f"the green one is the loss.</p>\n"
        f"<div class=graph>{source[source.index('<svg') :]}</div>\n</section>"
    )


def how_to_go_on(report: Report) -> str:
    """What to try next."""
    other = "mnist" if report.outcome.settings.data == "digits" else "digits"
    tries = (
        ("--seed 1", "other first weights: how much of the result is luck?"),
        ("--hidden 8", "how small may the network be?"),
        ("--lr 0.01", "slower, for the same six gradients"),
        ("--lr 20", "too fast: watch it fail"),
        ("--optimizer adam", "another rule for the same gradients"),
        (f"--data {other}", "the other digits"),
    )
    items = "".join(
        f"<li><code>tinygrad-bp demo {text(options)}</code><span>{text(why)}</span></li>"
        for options, why in tries
    )
    skipped = "".join(f'<p class="note">{text(line)}</p>' for line in report.skipped)
    return (
        f"<section>\n<h2>How to go on</h2>\n<ul class=tries>{items}</ul>\n"
        f"<p>Beside this page: <code>metrics.jsonl</code> has the numbers of each epoch, "
        f"<code>run.json</code> what was run, and <code>weights.npz</code> what was learnt. "
        f"To put the network to work:</p>\n<pre><code>{text(SNIPPET)}</code></pre>\n{skipped}"
        f"</section>"
    )


SNIPPET = """\
import numpy as np
import tinygrad_bp as tgb

weights = np.load("weights.npz")
W1, b1, W2, b2 = (tgb.tensor(weights[name]) for name in ("W1", "b1", "W2", "b2"))

def probabilities(X):  # one column a sample
    return tgb.softmax(W2 @ tgb.relu(W1 @ X + b1) + b2, 0)
"""

SECTIONS = (
    headline,
    what_was_run,
    curves,
    gradient_check,
    derivations,
    backward,
    misclassified,
    graph,
    how_to_go_on,
)
