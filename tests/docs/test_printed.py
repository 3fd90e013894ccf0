"""What a page says is printed, is printed: blocks below ``<!-- printed: name -->``.

The words and signs have to be the same, and the numbers to two digits: their last ones, and what is
nothing but rounding, depend on the processor. ``python -m tests.docs.test_printed`` writes them.
"""

import os
import re
import tempfile
from pathlib import Path

import pytest

from tests.docs.test_snippets import PAGES, as_a_reader, name_of, python_of, run  # noqa: F401

PRINTED = re.compile(r"<!-- printed: (\w+) -->\n```text\n(.*?)```", re.DOTALL)
NUMBER = re.compile(r"(?<!\w)[−-]?\d+(?:\.\d+)?(?:e[−-]?\d+)?")
SHOWING = [page for page in PAGES if PRINTED.search(page.read_text(encoding="utf-8"))]


def numbers(text: str) -> list[float]:
    found = (float(number.replace("−", "-")) for number in NUMBER.findall(text))
    return [0.0 if abs(number) < 1e-14 else number for number in found]


def words(text: str) -> list[str]:
    return [" ".join(NUMBER.sub("#", line).split()) for line in text.splitlines()]


def test_there_is_a_page_that_shows_what_is_printed():
    assert [page.name for page in SHOWING] == ["compile.md", "compiler.md", "explain.md"]


def printed_by(page: Path) -> dict[str, str]:
    """Run a page; return what each of its names prints."""
    namespace = {"__name__": "__main__"}
    for block in python_of(page):
        if block.no_run is None:
            run(block, namespace, page)
    names = {name for name, _ in PRINTED.findall(page.read_text(encoding="utf-8"))}
    return {name: str(namespace[name]) for name in names}


@pytest.mark.parametrize("page", SHOWING, ids=name_of)
def test_a_page_shows_what_is_printed(page: Path, as_a_reader):  # noqa: F811
    found = printed_by(page)
    for name, shown in PRINTED.findall(page.read_text(encoding="utf-8")):
        printed = found[name]
        assert words(shown) == words(printed)
        assert numbers(shown) == pytest.approx(numbers(printed), rel=0.02, abs=2e-4)


def test_numbers_are_told_from_names():
    assert numbers("dW2 = −0.5 [1.0e-03 6] W1") == [-0.5, 1e-3, 6.0]
    assert words("dW2 =  0.31") == ["dW2 = #"]


def write() -> None:
    """Put what is printed now into the pages."""
    import tinygrad_bp as tgb

    os.chdir(tempfile.mkdtemp())  # the pages write files
    for page in SHOWING:
        tgb.manual_seed(0)
        found = {
            name: "".join(f"{line.rstrip()}\n" for line in text.splitlines())
            for name, text in printed_by(page).items()
        }
        page.write_text(
            PRINTED.sub(
                lambda block, found=found: (
                    f"<!-- printed: {block[1]} -->\n```text\n{found[block[1]]}```"
                ),
                page.read_text(encoding="utf-8"),
            ),
            encoding="utf-8",
        )


if __name__ == "__main__":
    write()
