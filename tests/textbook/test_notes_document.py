"""`docs/notes.md` cites only tests that exist, and numbers its corrections without gaps."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "notes.md").read_text(encoding="utf-8")
CITATIONS = sorted(set(re.findall(r"(tests/textbook/test_\w+\.py)::(test_\w+)", DOCUMENT)))


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_document_cites_many_tests():
    assert len(CITATIONS) > 80


@pytest.mark.parametrize(("file", "name"), CITATIONS)
def test_cited_test_exists(file, name):
    assert (ROOT / file).is_file(), f"{file} does not exist"
    assert name in names_in(ROOT / file), f"{file} has no {name}"


def test_every_correction_is_in_the_table_and_has_a_test():
    text, table = DOCUMENT.split("## All corrections", 1)
    blocks = re.findall(r"^> \*\*Correction (\d+):\*\*(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    numbers = [int(number) for number, _ in blocks]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [int(n) for n in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == numbers
    for number, block in blocks:
        assert "::test_" in block or "No test" in block, f"correction {number} proves nothing"
