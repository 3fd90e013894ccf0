"""With NumPy alone: every room can be imported, and what needs more names its extra."""

import subprocess
import sys

EXTRAS = (
    "PIL", "graphviz", "latex2mathml", "matplotlib", "pooch", "pyarrow", "safetensors",
    "scipy", "sklearn", "tensorboardX", "torch", "tqdm",
)  # fmt: skip

# A module that is None can't be imported: as if it were not installed.
WITHOUT_EXTRAS = f"""
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys({EXTRAS}))
import tinygrad_bp as tgb
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_EXTRAS + code],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_every_room_imports():
    code = """
for found in pkgutil.walk_packages(tgb.__path__, "tinygrad_bp."):
    if found.name == "tinygrad_bp.__main__":
        continue
    try:
        importlib.import_module(found.name)
    except ImportError as error:
        print(found.name, error)
"""
    refused = run(code)
    # What is made of something in an extra. Pictures as DOT text, and derivations but for those in
    # HTML, can do without.
    assert [line.split()[0] for line in refused] == [
        "tinygrad_bp.derivation.documents.mathml",
        "tinygrad_bp.drawing.render",
        "tinygrad_bp.sklearn",
        "tinygrad_bp.stepping",
    ]
    for line in refused:
        extra = "sklearn" if line.startswith("tinygrad_bp.sklearn") else "viz"
        assert f'pip install "tinygrad_bp[{extra}]"' in line


def test_what_needs_an_extra_names_it():
    code = """
x = tgb.ones(2, requires_grad=True)
for action in (lambda: tgb.draw(x.sum()), lambda: tgb.save(x, "unwritten.pt")):
    try:
        action()
    except ImportError as error:
        print(error)
"""
    drawing, saving = run(code)
    assert 'pip install "tinygrad_bp[viz]"' in drawing
    assert 'pip install "tinygrad_bp[safetensors]"' in saving
