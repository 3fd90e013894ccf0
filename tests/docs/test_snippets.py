"""What the documentation shows is true: its code runs, its links lead somewhere.

Each ``python`` block in a Markdown file runs after the ones before it, in one namespace a file, as
a reader would type them. A block with ``>>>`` prompts is compared with what it prints. A block
right below ``<!-- no-run: reason -->`` is compiled only. Pages are found, not listed: all this
holds for a new one at once.
"""

import contextlib
import doctest
import io
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    if path.is_file()
)

FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,}|~{3,}) *(?P<language>[\w+-]*)[^`]*$")
NO_RUN = re.compile(r"<!-- no-run:(?P<reason>.*?)-->")
LINK = re.compile(
    r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?(?P<target>[^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)"
)
DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:\s+<?(?P<target>[^\s>]+)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    language: str
    source: str
    line: int  # of its first line of code, from 1
    no_run: str | None  # the reason


def blocks_of(text):
    """Return the fenced blocks of a page, and its text without them."""
    blocks, prose = [], []
    opened, language, body, start, no_run = None, "", [], 0, None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if opened is None:
            if fence:
                opened, language, body, start = fence, fence["language"].lower(), [], number + 1
                continue
            if line.strip():
                # Only a comment right above the block counts.
                mark = NO_RUN.search(line)
                no_run = mark["reason"].strip() if mark else None
            prose.append(line)
        elif fence and fence["ticks"].startswith(opened["ticks"]) and not fence["language"]:
            indent = len(opened["indent"])
            source = "".join(
                f"{row[min(indent, len(row) - len(row.lstrip())) :]}\n" for row in body
            )
            blocks.append(Block(language, source, start, no_run))
            opened, no_run = None, None
        else:
            body.append(line)
    assert opened is None, f"the block before line {start} is never closed"
    return blocks, "\n".join(prose)


def python_of(page):
    blocks, _ = blocks_of(page.read_text(encoding="utf-8"))
    return [block for block in blocks if block.language in ("python", "py", "pycon")]


def run(block, namespace, page):
    """Run a block, with the page's own line numbers in a traceback."""
    if ">>>" in block.source:
        flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
        test = doctest.DocTestParser().get_doctest(
            block.source, namespace, page.name, str(page), block.line - 1
        )
        report = io.StringIO()
        failed, _ = doctest.DocTestRunner(optionflags=flags).run(
            test, out=report.write, clear_globs=False
        )
        assert not failed, report.getvalue()
        namespace.update(test.globs)
        return
    code = compile("\n" * (block.line - 1) + block.source, str(page), "exec")
    with contextlib.redirect_stdout(io.StringIO()):
        exec(code, namespace)


@pytest.fixture
def as_a_reader(tmp_path, monkeypatch):
    """Give a folder of its own, pictures without a screen, and the global settings back after."""
    import tinygrad_bp as tgb

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    dtype = tgb.get_default_dtype()
    tgb.manual_seed(0)
    yield
    tgb.set_default_dtype(dtype)


def name_of(page):
    return page.relative_to(ROOT).as_posix()


# ------------------------------------------------------------------------------------ the pages


def test_there_are_pages_with_code():
    assert (ROOT / "docs" / "new-op.md") in PAGES
    assert sum(len(python_of(page)) for page in PAGES) > 10


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_code_of_a_page_runs(page, as_a_reader):
    namespace = {"__name__": "__main__"}
    for block in python_of(page):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if block.no_run is None:
                run(block, namespace, page)
            else:
                compile(block.source, f"{page}:{block.line}", "exec")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_block_that_is_not_run_has_a_reason(page):
    assert all(block.no_run != "" for block in python_of(page))


@pytest.mark.parametrize("page", [*PAGES, ROOT / "examples" / "README.md"], ids=name_of)
def test_the_links_of_a_page_resolve(page):
    broken = [t for t in links_of(page.read_text(encoding="utf-8")) if not resolves(page, t)]
    assert not broken


def links_of(text):
    """Return the targets of all links that lead to a file or a heading, not to the web."""
    prose = re.sub(r"`[^`\n]*`", "", blocks_of(text)[1])
    targets = [m["target"] for pattern in (LINK, DEFINITION) for m in pattern.finditer(prose)]
    return [t for t in targets if not re.match(r"[a-z][a-z0-9+.-]*:|//", t, re.IGNORECASE)]


def resolves(page, target):
    path, _, heading = unquote(target).partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists() or not file.is_relative_to(ROOT):
        return False
    return not heading or file.suffix != ".md" or heading in headings_of(file)


def headings_of(file):
    """Return the anchors that GitHub gives to the headings."""
    _, prose = blocks_of(file.read_text(encoding="utf-8"))
    found, anchors = {}, set()
    for title in re.findall(r"^#{1,6} +(.*?) *#*$", prose, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").replace("*", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = found[slug] = found.get(slug, -1) + 1
        anchors.add(f"{slug}-{count}" if count else slug)
    return anchors


# ----------------------------------------------------------------------- this reader of Markdown

PAGE = """# A title

```python
a = 1
```

Text.

<!-- no-run: needs a network -->
```python
fetch(
```

- a list
  ```python
  b = a + 1
  ```

```
no language
```

~~~python
>>> a + b
3
~~~
"""


def test_blocks_are_found():
    blocks, prose = blocks_of(PAGE)
    assert [b.language for b in blocks] == ["python", "python", "python", "", "python"]
    assert [b.line for b in blocks] == [4, 11, 16, 20, 24]
    assert [b.no_run for b in blocks] == [None, "needs a network", None, None, None]
    assert blocks[2].source == "b = a + 1\n"
    assert "fetch" not in prose
    assert "Text." in prose


def test_blocks_share_a_namespace_and_prompts_are_compared():
    namespace = {}
    blocks = blocks_of(PAGE)[0]
    for number in (0, 2, 4):
        run(blocks[number], namespace, ROOT / "page.md")
    assert namespace["b"] == 2
    wrong = Block("python", ">>> a + b\n4\n", 1, None)
    with pytest.raises(AssertionError, match="Expected"):
        run(wrong, namespace, ROOT / "page.md")


def test_an_error_is_reported_at_its_line_of_the_page():
    block = Block("python", "x = 1\nraise KeyError\n", 40, None)
    with pytest.raises(KeyError) as caught:
        run(block, {}, ROOT / "page.md")
    assert caught.traceback[-1].lineno == 40  # pytest counts from 0


def test_an_open_block_is_noticed():
    with pytest.raises(AssertionError, match="never closed"):
        blocks_of("```python\na = 1\n")


def test_links_are_found_and_followed(tmp_path, monkeypatch):
    text = (
        "[a](b.md) ![c](d.png) [e](https://f.org) [g](#a-heading) `[h](i)` "
        '[j](k.md#l "title") [`m`](n%20o.md)\n\n[p]: q.md\n'
    )
    assert links_of(text) == ["b.md", "d.png", "#a-heading", "k.md#l", "n%20o.md", "q.md"]
    monkeypatch.setitem(globals(), "ROOT", tmp_path.resolve())
    page = tmp_path / "b.md"
    page.write_text("# A heading: `x`, twice\n## Same\n## Same\n")
    assert headings_of(page) == {"a-heading-x-twice", "same", "same-1"}
    assert resolves(page, "#same-1")
    assert resolves(page, "b.md#same")
    assert not resolves(page, "b.md#other")
    assert not resolves(page, "missing.md")
    assert not resolves(page, "../..")  # a link out of the repository breaks for everybody else
