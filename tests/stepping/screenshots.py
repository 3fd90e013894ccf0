"""Take the pictures of the documentation: ``python -m tests.stepping.screenshots docs/images``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_bp as tgb
from tests.stepping.browser import Browser, find_chromium
from tinygrad_bp import nn
from tinygrad_bp.stepping import write


def two_layers() -> tuple[Any, dict[str, Any]]:
    """Return the loss of the network in docs/explain.md, and its tensors by name."""
    rng = np.random.default_rng(0)

    def parameter(*shape: int) -> Any:
        return tgb.tensor(rng.standard_normal(shape), requires_grad=True)

    X = tgb.tensor(rng.standard_normal((4, 6)))
    Y = tgb.tensor(np.eye(3)[rng.integers(0, 3, 6)].T)
    W1, b1, W2, b2 = parameter(5, 4), parameter(5, 1), parameter(3, 5), parameter(3, 1)
    Z1 = W1 @ X + b1
    A1 = tgb.relu(Z1)
    Z2 = W2 @ A1 + b2
    A2 = tgb.softmax(Z2, 0)
    J = -(Y * tgb.log(A2)).sum() / 6
    return J, locals()


def encoder() -> tuple[Any, Any]:
    """Return a small transformer encoder and a loss."""
    tgb.manual_seed(0)
    layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True)
    model = nn.TransformerEncoder(layer, 2)
    inputs = tgb.randn(3, 7, 32)
    with tgb.drawing.trace(model):
        loss = (model(inputs) ** 2).mean()
    return model, loss.named("L")


def take(browser: Browser, name: Path, page: Path, steps: int, **window: Any) -> None:
    browser.open(page, **window)
    for _ in range(steps):
        browser.press("ArrowRight")
    browser.screenshot(name)
    if found := browser.complaints():
        raise SystemExit(f"{name}: {found}")


def main(folder: Path) -> None:
    program = find_chromium()
    if program is None:
        raise SystemExit("there is no Chromium on this machine")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        work = Path(temporary)
        loss, names = two_layers()
        notes = write(loss, work / "notes.html", names=names)
        model, loss = encoder()
        modules = write(loss, work / "modules.html", model=model)
        browser = Browser(program, work / "profile")
        try:
            take(browser, folder / "stepping-light.png", notes, 7)
            phone = {"width": 390, "height": 844, "scale": 1.5, "dark": True}
            take(browser, folder / "stepping-phone-dark.png", notes, 9, **phone)
            take(browser, folder / "stepping-modules.png", modules, 12)
        finally:
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
