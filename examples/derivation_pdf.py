"""The derivation of the notes' network, read off a recorded graph, as a document in TeX.

What one learns: the formulas of a backward pass need not be typed. The forward pass below is all
that is written down; `tgb.explain` gives the chain rule line by line, which is printed, and written
to a file that `pdflatex` compiles. Where `pdflatex` is on the PATH, the PDF is made, too.

The files go to ``runs/derivation_pdf/``, or to ``--out``.
"""

import argparse
import shutil
import subprocess
from pathlib import Path

import numpy as np

import tinygrad_bp as tgb


def derivation():
    """Record the notes' network on 6 samples; derive the gradients of its parameters."""
    rng = np.random.default_rng(0)
    X = tgb.tensor(rng.standard_normal((4, 6)))
    Y = tgb.tensor(np.eye(3)[rng.integers(0, 3, 6)].T)
    W1 = tgb.tensor(rng.standard_normal((5, 4)), requires_grad=True)
    b1 = tgb.tensor(rng.standard_normal((5, 1)), requires_grad=True)
    W2 = tgb.tensor(rng.standard_normal((3, 5)), requires_grad=True)
    b2 = tgb.tensor(rng.standard_normal((3, 1)), requires_grad=True)

    Z1 = W1 @ X + b1
    A1 = tgb.relu(Z1)
    Z2 = W2 @ A1 + b2
    A2 = tgb.softmax(Z2, 0)
    J = -(Y * tgb.log(A2)).sum() / 6
    return tgb.explain(J, names=locals())


def compile_tex(path):
    """Let `pdflatex` make a PDF beside a file; return its path, or None without `pdflatex`."""
    program = shutil.which("pdflatex")
    if program is None:
        return None
    options = ["-interaction=nonstopmode", "-halt-on-error", f"-output-directory={path.parent}"]
    done = subprocess.run(
        [program, *options, str(path)], capture_output=True, text=True, errors="replace"
    )
    if done.returncode != 0:
        raise SystemExit(f"pdflatex refused {path}:\n{done.stdout[-2000:]}")
    return path.with_suffix(".pdf")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/derivation_pdf"), help="folder")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    d = derivation()
    print(d)
    path = args.out / "derivation.tex"
    path.write_text(d.to_latex(document=True), encoding="utf-8")
    print()
    print("wrote", path)
    pdf = compile_tex(path)
    print(f"wrote {pdf}" if pdf else "pdflatex is not on the PATH: no PDF was made")


if __name__ == "__main__":
    main()
