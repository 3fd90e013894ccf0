"""Write reference.json, what PyTorch gives for `problem`: python -m tests.optim.make_reference."""

from __future__ import annotations

import json
from pathlib import Path

from tests.optim import problem

HERE = Path(__file__).parent / "reference.json"


def main() -> None:
    import torch

    stored = {
        "made with": f"PyTorch {torch.__version__}",
        "optimizers": [
            {"name": name, "options": options, "weights": problem.train(torch, name, options)[0]}
            for name, options in problem.OPTIMIZERS
        ],
        "schedulers": [
            {"name": name, "options": options, "rates": problem.rates(torch, name, options)}
            for name, options in problem.SCHEDULERS
        ],
    }
    HERE.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
