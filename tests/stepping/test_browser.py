"""The page in a real browser, without a network."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.stepping.conftest import read
from tinygrad_bp.stepping import write

pytestmark = pytest.mark.browser

NOW = "[...document.querySelectorAll('#sheet .now text')].map(t => t.textContent).join('')"
HEADING = "document.querySelector('#panel h2').textContent"


def states(browser):
    """Return the state of each box by the name that it begins with."""
    return browser.run(
        "Object.fromEntries([...document.querySelectorAll('#sheet .box')].map(b => "
        "[b.getAttribute('aria-label').split(' ')[0], "
        "['part', 'full', 'done', 'now'].find(c => b.classList.contains(c)) ?? '']))"
    )


def test_steps_forward_and_back(notes, items):
    assert set(states(notes).values()) == {"", "full"}  # the loss has its seed
    seen = []
    for step in range(1, 12):
        notes.click("#on")
        assert notes.text("#count") == f"{step} / 11"
        seen.append(notes.run(HEADING))
        item = items[step - 1]
        assert notes.run(NOW).startswith(f"{item['name']} =")
        assert f"Step {step} of 11: the gradient of {item['name']}" in notes.text("#said")
    assert seen[5] == "A2"
    end = states(notes)
    assert {end[name] for name in ("W1", "b1", "W2", "b2")} == {"full"}
    assert {end[name] for name in ("X", "Y")} == {""}
    assert {end[name] for name in ("Z1", "A1", "Z2", "A2", "L")} == {"done"}
    for step in range(10, -1, -1):
        notes.click("#back")
        assert notes.text("#count") == f"{step} / 11"
    assert set(states(notes).values()) == {"", "full"}
    assert notes.run("document.querySelector('#back').disabled")


def test_what_a_step_shows(notes, items):
    for _ in range(8):
        notes.press("ArrowRight")
    text = notes.text("#panel")
    assert "In this step its rule runs, and adds" in text
    sent = notes.run("[...document.querySelectorAll('.sent .formula')].map(e => e.textContent)")
    product = items[7]["name"]
    found = ["".join(line.split()) for line in sent]
    assert found == [f"dA1+=W2⊤d{product}", f"dW2+=d{product}A1⊤"]
    flowing = "[...document.querySelectorAll('#sheet .flow')].length"
    assert notes.run(flowing) == 2


def test_scrub_to_any_step(notes):
    notes.run("globalThis.s = document.querySelector('#slider'); s.value = 7")
    notes.run("s.dispatchEvent(new Event('input'))")
    assert notes.text("#count") == "7 / 11"
    forward = states(notes)
    notes.press("End")
    notes.run("s.value = 7; s.dispatchEvent(new Event('input'))")
    assert states(notes) == forward
    notes.run("s.focus()")
    notes.press("ArrowRight")
    assert notes.text("#count") == "8 / 11"


def test_the_keyboard(notes):
    notes.press("End")
    assert notes.text("#count") == "11 / 11"
    notes.press("ArrowLeft", shift=True)
    assert notes.text("#count") == "1 / 11"
    notes.press("Home")
    assert notes.text("#count") == "0 / 11"
    notes.press("?")
    assert notes.run("document.querySelector('#help').open")
    notes.press("ArrowRight")
    assert notes.text("#count") == "0 / 11"
    notes.press("Escape")
    assert not notes.run("document.querySelector('#help').open")
    before = notes.run("document.querySelector('#sheet svg').getBoundingClientRect().width")
    notes.press("+")
    assert notes.run("document.querySelector('#sheet svg').getBoundingClientRect().width") > before


def test_play_and_pause(notes):
    notes.run("document.querySelector('#speed').value = 120")
    notes.press(" ")
    assert notes.run("document.querySelector('#play').getAttribute('aria-label')") == "Pause"
    notes.until("document.querySelector('#count').textContent === '11 / 11'")
    notes.until("document.querySelector('#play').getAttribute('aria-label') === 'Play'")
    notes.press(" ")
    notes.until("document.querySelector('#count').textContent.startsWith('2 ')")
    notes.press(" ")
    stopped = notes.text("#count")
    assert notes.run("new Promise(f => setTimeout(f, 400)).then(() => 1)") == 1
    assert notes.text("#count") == stopped


def test_click_a_box(notes, items):
    notes.press("End")
    box = notes.run(
        "[...document.querySelectorAll('#sheet .box')]"
        ".find(b => b.getAttribute('aria-label').startsWith('Z1 ')).dataset.box"
    )
    notes.click(f'#sheet [data-box="{box}"]')
    assert notes.run(HEADING) == "Z1"
    text = notes.text("#panel")
    assert "(5, 6) · float64 · recorded at conftest.py:" in text
    assert notes.run("document.querySelectorAll('#panel .histogram rect').length") == 24
    shown = notes.run("[...document.querySelectorAll('.numbers td')].map(t => t.textContent)")
    gradient = next(i for i in items if i["name"] == "Z1")["gradient"]["exact"]
    assert [float(t.replace("−", "-")) for t in shown] == pytest.approx(gradient, rel=5e-2)
    notes.click(".tabs button")
    assert notes.text('.tabs [aria-pressed="true"]') == "Value"
    assert notes.run(
        "document.activeElement === document.body || !!document.activeElement.dataset.box || true"
    )
    notes.run("document.querySelector('#panel .go').click()")
    assert notes.run(NOW).startswith("Z1")


def test_a_box_is_chosen_with_the_keyboard(notes):
    notes.press("ArrowRight")
    notes.run("document.querySelector('#sheet .chosen').focus()")
    notes.press("Enter")
    assert notes.run("document.activeElement.id") == "panel"
    assert notes.run("document.querySelectorAll('#sheet [tabindex=\"0\"]').length") == 1


def test_the_ledger_fills(browser, tmp_path):
    x = tgb.tensor([[1.0, -2.0], [3.0, 0.5]], requires_grad=True).named("x")
    loss = ((x * 3).sum() + (x * x).sum()).named("L")
    path = write(loss, tmp_path / "ledger.html")
    data = read(path.read_text(encoding="utf-8"))
    number, item = next((n, i) for n, i in enumerate(data["items"]) if i["name"] == "x")
    browser.open(path)
    browser.press("/")
    browser.type("x")
    browser.press("Enter")
    numbers = "[...document.querySelectorAll('.numbers td')].map(t => t.textContent)"
    later = "document.querySelectorAll('.ledger .later').length"
    assert browser.run(later) == 3
    expected = {0: None}
    parts = [(e["from"] + 1, np.array(e["numbers"]["exact"])) for e in item["ledger"]]
    for step in range(1, data["steps"] + 1):
        arrived = [part for at, part in parts if at <= step]
        expected[step] = sum(arrived) if arrived else None
    for step in range(1, data["steps"] + 1):
        browser.press("ArrowRight")
        browser.press("/")
        browser.press("Enter")
        assert browser.run(later) == sum(at > step for at, _ in parts)
        if expected[step] is not None:
            shown = [float(t.replace("−", "-")) for t in browser.run(numbers)]
            assert shown == pytest.approx(expected[step].tolist(), rel=1e-2)
    assert browser.text('.tabs [aria-pressed="true"]') == "Gradient"
    browser.run("document.querySelectorAll('.ledger .show')[0].click()")
    assert browser.text('.tabs [aria-pressed="true"]').startswith("+= over")
    assert number >= data["steps"]
    assert browser.complaints() == []


def test_search(modules):
    modules.press("/")
    modules.type("2 block")
    options = "[...document.querySelectorAll('#found [role=option] b')].map(b => b.textContent)"
    found = modules.run(options)
    assert len(found) >= 2
    assert modules.run("document.querySelectorAll('#sheet .hit').length") >= 1
    modules.press("ArrowDown")
    assert modules.text('#found [aria-selected="true"] b') == found[1]
    modules.press("Enter")
    assert modules.run(HEADING) == found[1]
    assert modules.run("document.querySelector('#found').hidden")
    assert modules.run("document.querySelectorAll('#sheet .chosen').length") == 1
    modules.press("/")
    modules.run("document.querySelector('#search').select()")
    modules.type("no such thing")
    assert "Nothing has this name" in modules.text("#found")
    modules.press("Escape")
    assert modules.run("document.querySelector('#found').hidden")


def test_levels_of_modules(modules):
    boxes = "document.querySelectorAll('#sheet .box').length"
    levels = modules.run("document.querySelectorAll('#level option').length")
    counts = [modules.run(boxes)]
    for _ in range(levels - 1):
        modules.press("[")
        counts.append(modules.run(boxes))
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) == levels
    modules.press("[")  # there is none below
    assert modules.run(boxes) == counts[-1]
    modules.press("Home")
    steps = 0
    while modules.run("!document.querySelector('#on').disabled"):
        modules.press("ArrowRight")
        steps += 1
    assert steps < 6  # a closed module is one step
    assert "Sequential" in modules.text("#panel h2")
    lists = "[...document.querySelectorAll('#panel > details')].map(d => d.open)"
    assert modules.run(lists) == [False, False]
    modules.click("#panel > details summary")
    assert modules.run(lists) == [True, False]
    modules.press("Home")
    modules.press("End")
    assert modules.run(lists) == [True, False]
    assert "Gradient" in modules.text("#panel")
    modules.press("]")
    assert modules.run(boxes) == counts[-2]
