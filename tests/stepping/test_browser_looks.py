"""How the page looks and what it bears: dark, narrow, large, odd names, models of every kind."""

import re

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.stepping import write

pytestmark = pytest.mark.browser

HEADING = "document.querySelector('#panel h2').textContent"


def test_dark_and_light(notes, file):
    paper = "getComputedStyle(document.body).backgroundColor"
    light = notes.run(paper)
    cell = "getComputedStyle(document.querySelector('.numbers td')).backgroundColor"
    notes.press("ArrowRight")
    before = notes.run(cell)
    notes.click("#theme")
    dark = notes.run(paper)
    assert dark != light
    assert notes.run("document.querySelector('#theme').getAttribute('aria-pressed')") == "true"
    assert notes.run(cell) != before
    notes.press("d")
    assert notes.run(paper) == light
    notes.open(file, dark=True)
    assert notes.run(paper) == dark


@pytest.mark.parametrize("width", [360, 412, 768])
def test_a_narrow_window(modules, width, residual, tmp_path):
    net, loss, _ = residual
    modules.open(write(loss, tmp_path / "narrow.html", model=net), width=width, height=740)
    for _ in range(3):
        modules.press("ArrowRight")
    assert modules.run("document.documentElement.scrollWidth") <= width
    cut = modules.run(
        "[...document.querySelectorAll('header button, footer button, select, input, #count')]"
        ".filter(e => e.offsetParent).map(e => e.getBoundingClientRect())"
        f".filter(r => r.right > {width} || r.left < 0 || r.bottom > 740 || r.height < 20).length"
    )
    assert cut == 0
    sheet = modules.run("document.querySelector('#sheet').getBoundingClientRect().height")
    panel = modules.run("document.querySelector('#panel').getBoundingClientRect().height")
    assert min(sheet, panel) > 200


def test_every_control_has_a_name(modules):
    modules.press("ArrowRight")
    tree = modules.send("Accessibility.getFullAXTree")["nodes"]
    kinds = ("button", "slider", "combobox", "searchbox", "textbox", "link")
    controls = [n for n in tree if n.get("role", {}).get("value") in kinds]
    assert len(controls) > 12
    nameless = [n for n in controls if not n.get("name", {}).get("value")]
    assert nameless == []
    names = {n["name"]["value"] for n in controls}
    assert {"Play", "One step on", "Help"} <= names


def test_names_are_shown_and_not_run(browser, tmp_path):
    name = '</script><script>document.title = "run"</script><img src=x onerror="alert(1)">'
    x = tgb.tensor([1.0, 2.0], requires_grad=True).named(name)
    browser.open(write((x * x).sum().named("L"), tmp_path / "odd.html"))
    for _ in range(2):
        browser.press("ArrowRight")
    assert browser.run("document.title") == "The backward pass of L"
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert name in browser.text("#sheet")
    assert "<img\u00a0src=x" in browser.text("#panel")
    assert browser.complaints() == []


def test_500_boxes_without_a_new_layout(browser, long_chain, tmp_path):
    browser.open(write(long_chain[0], tmp_path / "long.html"))
    browser.run(
        "globalThis.changed = []; new MutationObserver(r => changed.push(...r))"
        ".observe(document.querySelector('#sheet'), {subtree: true, childList: true,"
        " attributes: true, characterData: true})"
    )
    for _ in range(40):
        browser.press("ArrowRight")
    kinds = browser.run("[...new Set(changed.map(r => r.attributeName ?? r.type))].sort()")
    assert kinds == ["class", "tabindex"]
    assert browser.run("changed.length") < 40 * 20
    box, sheet = (
        browser.run(f"document.querySelector('{which}').getBoundingClientRect().toJSON()")
        for which in ("#sheet .now", "#sheet")
    )
    assert sheet["left"] <= box["left"] <= box["right"] <= sheet["right"]
    assert sheet["top"] <= box["top"] <= box["bottom"] <= sheet["bottom"]
    browser.press("End")
    assert browser.run("document.querySelectorAll('#sheet .parameter.full').length") == 125
    assert browser.complaints() == []


def test_a_mouse_drags_the_graph(browser, long_chain, tmp_path):
    browser.open(write(long_chain[0], tmp_path / "long.html"))
    browser.press("End")
    before = browser.run(HEADING)
    place = (
        "[document.querySelector('#sheet').scrollLeft, document.querySelector('#sheet').scrollTop]"
    )
    left, top = browser.run(place)
    for kind, x, y in (
        ("mousePressed", 300, 300), ("mouseMoved", 280, 290), ("mouseMoved", 200, 250),
        ("mouseReleased", 200, 250),
    ):  # fmt: skip
        browser.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1,
                     clickCount=1)  # fmt: skip
    assert browser.run(place) == [left + 100, top + 50]
    assert browser.run(HEADING) == before
    width = "document.querySelector('#sheet svg').getBoundingClientRect().width"
    wide = browser.run(width)
    browser.send("Input.dispatchMouseEvent", type="mouseWheel", x=300, y=300, deltaX=0, deltaY=-120,
                 modifiers=2)  # fmt: skip
    browser.until(f"{width} > {wide}")
    assert browser.complaints() == []


def test_a_heat_map_tells_what_is_under_the_pointer(browser, tmp_path):
    rng = np.random.default_rng(0)
    value = rng.standard_normal((20, 10))
    x = tgb.tensor(value, requires_grad=True).named("x")
    browser.open(write((x * 2).sum().named("L"), tmp_path / "heat.html"))
    browser.press("/")
    browser.type("x")
    browser.press("Enter")
    frame = browser.run(
        "document.querySelector('canvas').scrollIntoView({block: 'center', behavior: 'instant'}),"
        "document.querySelector('canvas').getBoundingClientRect().toJSON()"
    )
    row, column = 13, 4
    browser.send(
        "Input.dispatchMouseEvent", type="mouseMoved",
        x=frame["left"] + frame["width"] * (column + 0.5) / 10,
        y=frame["top"] + frame["height"] * (row + 0.5) / 20,
    )  # fmt: skip
    words = browser.text(".readout")
    place, _, number = words.partition(": mean ")
    assert place == f"row {row + 1}, column {column + 1}"
    assert float(number.replace("−", "-")) == pytest.approx(value[row, column], rel=1e-3)
    assert browser.complaints() == []


def models():
    cnn = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(36, 5),
    )  # fmt: skip
    yield "cnn", cnn, lambda: cnn(tgb.randn(4, 1, 8, 8))
    lstm = nn.LSTM(4, 5)
    yield "lstm", lstm, lambda: lstm(tgb.randn(6, 2, 4))[0]
    layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
    yield "transformer", layer, lambda: layer(tgb.randn(2, 5, 16))
    gru = nn.GRUCell(3, 4)
    yield "unrolled", gru, lambda: gru(tgb.ones(2, 3), gru(tgb.zeros(2, 3)))


@pytest.mark.parametrize("name", ["cnn", "lstm", "transformer", "unrolled"])
def test_models_of_every_kind(browser, name, tmp_path):
    tgb.manual_seed(0)
    model, run = next((model, run) for found, model, run in models() if found == name)
    loss = (run() ** 2).mean()
    browser.open(write(loss, tmp_path / "model.html", model=model))
    browser.run(
        "document.querySelector('#level').value = '0';"
        "document.querySelector('#level').dispatchEvent(new Event('change'))"
    )
    steps = int(browser.text("#count").split("/")[1])
    for _ in range(steps):
        browser.press("ArrowRight")
    assert browser.text("#count") == f"{steps} / {steps}"
    leaves = browser.run(
        "[...document.querySelectorAll('#sheet .parameter')].map(b => b.classList.contains('full'))"
    )
    assert len(leaves) == len(list(model.parameters()))
    assert all(leaves)
    assert not re.search(r"NaN|undefined", browser.text("#panel"))
    assert browser.complaints() == []
