"""The report: a page that stands alone, with everything escaped that comes from outside."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

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
        assert tag not in {"script", "link", "iframe", "object", "base"}
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


def test_it_has_a_place_for_derivations(html: str) -> None:
    assert html.count("<!-- derivations -->") == 1


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
