"""The report: a page that stands alone, with everything escaped that comes from outside."""

import base64
import os
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.stepping.browser import PATIENCE, Browser, find_chromium
from tinygrad_bp.demo import formulas
from tinygrad_bp.demo.gradients import NAMES

from .conftest import Run, run_demo

pytest.importorskip("matplotlib")

VOID = {"meta", "img", "source", "br"}


class Page(HTMLParser):
    """Notes every element, and every end tag that does not fit."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        self.words += data


@pytest.fixture(scope="module")
def html(default_run: Run) -> str:
    return (default_run.folder / "report.html").read_text("utf-8")


def test_it_is_well_formed(html: str) -> None:
    page = Page(html)
    assert html.startswith("<!doctype html>")
    assert page.faults == [] and page.open == []
    tags = [tag for tag, _ in page.elements]
    assert tags.count("h1") == 1 and tags.count("svg") == 1 and tags.count("picture") == 2


def test_it_needs_no_other_file_and_no_network(html: str) -> None:
    for tag, attributes in Page(html).elements:
        assert tag not in {"script", "link", "object", "base"}
        if tag == "iframe":
            assert "src" not in attributes and attributes["sandbox"] == "allow-scripts"
        for name in ("src", "srcset", "data", "poster"):
            assert (attributes.get(name) or "data:").startswith("data:image/png;base64,") or (
                name not in attributes
            )
        if tag != "a":  # a link is followed only by who clicks on it
            for name in ("href", "xlink:href"):
                assert (attributes.get(name) or "#").startswith("#")
        assert not any(name.startswith("on") for name in attributes)
    assert "@import" not in html and not re.search(r"url\(", html)


def test_its_pictures_are_whole_and_described(html: str) -> None:
    images = [attributes for tag, attributes in Page(html).elements if tag == "img"]
    for attributes in images:
        data = base64.b64decode((attributes["src"] or "").partition(",")[2], validate=True)
        assert data.startswith(b"\x89PNG") and data.endswith(b"IEND\xaeB`\x82")
        assert len(attributes["alt"] or "") > 30


def test_it_shows_the_six_formulas_and_the_command(html: str) -> None:
    for name in NAMES:
        assert formulas.mathml(formulas.BACKWARD[name]) in html
        assert f"<code>{formulas.AUTOGRAD[name]}</code>" in html
    words = Page(html).words
    assert "tinygrad-bp demo --data digits --epochs 25" in words
    assert "test accuracy: " in words and "CC BY 4.0" in words


def test_it_reads_in_the_dark_and_on_a_phone(html: str) -> None:
    assert "prefers-color-scheme: dark" in html
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    assert [tag for tag, _ in Page(html).elements].count("source") == 2


def test_it_derives_the_gradients_of_the_notes(html: str) -> None:
    section = html.partition("The same gradients, derived")[2].partition("</section>\n<section")[0]
    assert section.count("<math") > 10
    words = "".join(Page(section).words.split())
    for formula in ("Z1=W1X+b1", "dW2=dZ2A1⊤", "dZ1=W2⊤dZ2⊙ReLU′(Z1)", "dW1=dZ1X⊤"):
        assert formula in words, words
    assert "contextlib" not in html and ".py:" not in section


def test_one_can_step_through_a_backward_pass_in_it(html: str, default_run: Run) -> None:
    (frame,) = [attributes for tag, attributes in Page(html).elements if tag == "iframe"]
    inner = frame["srcdoc"] or ""
    assert inner == (default_run.folder / "backward.html").read_text("utf-8")
    assert inner.startswith("<!doctype html>") and "The backward pass of J" in inner
    for tag, attributes in Page(inner).elements:
        assert tag not in {"link", "object", "base", "iframe"} and "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")


class Patient(Browser):
    def settled(self, path: Path) -> bytes:
        """Return a picture of the window once two in a row are the same."""
        last, picture = b"", self.screenshot(path)
        stop = time.monotonic() + PATIENCE
        while picture != last and time.monotonic() < stop:
            time.sleep(0.2)
            last, picture = picture, self.screenshot(path)
        return picture


def stepped(browser: Patient, x: float, y: float, folder: Path) -> bool:
    """Whether a step forward shows something else, and one back shows the same again."""
    for kind in ("mousePressed", "mouseReleased"):  # into its graph, for the keys to go there
        browser.send("Input.dispatchMouseEvent", type=kind, x=x, y=y,
                     button="left", clickCount=1)  # fmt: skip
    before = browser.settled(folder / "before.png")
    browser.press("ArrowRight")
    after = browser.settled(folder / "after.png")
    browser.press("ArrowLeft")
    return after != before and browser.settled(folder / "again.png") == before


@pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium on this machine")
def test_a_browser_steps_inside_of_it_and_has_no_complaint(
    default_run: Run, tmp_path: Path
) -> None:
    browser = Patient(find_chromium() or "", tmp_path / "profile")
    try:
        browser.open(default_run.folder / "report.html")
        left, middle = browser.run(
            "(() => { const frame = document.querySelector('iframe');"
            "frame.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const box = frame.getBoundingClientRect();"
            "return [box.x, box.y + box.height / 2]; })()"
        )
        # The frame is a process of its own, which may be late: what it shows is no sign of that.
        assert any(stepped(browser, left + 30, middle, tmp_path) for _ in range(6))
        assert browser.complaints() == []
    finally:
        browser.close()


def test_without_latex2mathml_the_derivation_is_text(tmp_path: Path) -> None:
    (tmp_path / "latex2mathml.py").write_text(
        "raise ModuleNotFoundError('not here', name='latex2mathml')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tinygrad_bp", "demo", "--epochs", "1"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True,
        encoding="utf-8", check=True,
    )  # fmt: skip
    folder = tmp_path / "runs" / "digits-001"
    html = (folder / "report.html").read_text("utf-8")
    assert "no backward.html: latex2mathml is missing" in done.stdout
    assert "dW2 = dZ2 A1ᵀ" in html and "<iframe" not in html
    assert not (folder / "backward.html").exists()


@pytest.mark.parametrize("options", [("--lr", "20"), ("--lr", "1e300"), ("--hidden", "1")])
def test_odd_runs_are_derived_too(tmp_path: Path, options: tuple[str, ...]) -> None:
    run = run_demo(tmp_path, "--epochs", "2", *options)
    html = (run.folder / "report.html").read_text("utf-8")
    assert "The same gradients, derived" in html and "<iframe" in html


def test_a_name_is_escaped(tmp_path: Path) -> None:
    name = "<script>alert(1)&"
    run = run_demo(tmp_path, "--epochs", "1", "--no-draw", "--name", name)
    assert run.code == 0 and run.folder.name == name
    html = (run.folder / "report.html").read_text("utf-8")
    page = Page(html)
    assert page.faults == [] and "script" not in {tag for tag, _ in page.elements}
    assert name in page.words


def test_all_right_is_a_report_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tinygrad_bp.demo import pictures

    monkeypatch.setattr(
        pictures, "mistakes", lambda outcome: (outcome.data.y_test[:0], outcome.probabilities())
    )
    run = run_demo(tmp_path, "--epochs", "1")
    assert run.code == 0 and not (run.folder / "misclassified.png").exists()
    assert "None: all 359 are right." in (run.folder / "report.html").read_text("utf-8")
