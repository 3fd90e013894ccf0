"""Write reference.json, what PyTorch tells: python -m tests.distributions.make_reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.distributions.cases import CASES, CROSSED, build, first, value_of

HERE = Path(__file__).parent / "reference.json"


def told(lib: Any) -> dict[str, Any]:
    """Ask every distribution of the cases everything; nested lists of numbers, or None."""
    answers: dict[str, Any] = {}
    for number, case in enumerate(CASES):
        if isinstance(case.values, str) or case.name == "GeneralizedPareto":
            continue
        distribution, _ = build(lib, case)
        value = value_of(lib, case)
        asked = {
            name: (lambda name=name, d=distribution: getattr(d, name))
            for name in ("mean", "variance", "mode")
        }
        asked["entropy"] = distribution.entropy
        for name in ("log_prob", "cdf"):
            asked[name] = lambda name=name, d=distribution, v=value: getattr(d, name)(v)
        answers[f"{number} {case}"] = {
            name: numbers(ask)
            for name, ask in asked.items()
            if name not in case.missing and "log_prob" not in case.missing
        }
    for p in CROSSED:
        for q in CROSSED:
            pair = (build(lib, first(p))[0], build(lib, first(q))[0])
            answers[f"{p} | {q}"] = {
                "kl": numbers(lambda pair=pair: lib.distributions.kl_divergence(*pair))
            }
    return answers


def numbers(ask: Any) -> Any:
    """Give what comes out as lists (with Python's NaN and Infinity), None if there is nothing."""
    try:
        return ask().detach().numpy().tolist()
    except NotImplementedError:
        return None


def main() -> None:
    import torch

    HERE.write_text(json.dumps(told(torch), indent=1) + "\n")


if __name__ == "__main__":
    main()
