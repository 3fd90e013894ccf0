"""Tables of 80 columns, for a terminal."""

from __future__ import annotations

from typing import Any

from benchmarks.peers import NAMES

RUN, STEP = "forward + backward", "forward + backward + Adam"


def microseconds(value: float) -> str:
    """Write a time so that all of its digits mean something."""
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def network(entry: dict[str, Any]) -> str:
    """Return the table of one network: a contender a line, with its ratios to both of ours."""
    steps, runs = entry["times"][STEP], entry["times"][RUN]
    lines = [
        f"{entry['name']}, batch {entry['batch']}, {entry['parameters']:,} parameters; "
        "microseconds",
        f"{'':14}{'fwd + bwd':>12}{'+ Adam':>12}{'/ eager':>10}{'/ compiled':>12}{'compile s':>12}",
    ]
    for name in NAMES:
        if name in steps:
            compile_time = entry["compile"].get(name)
            lines.append(
                f"{name:14}{microseconds(runs[name]['median']):>12}"
                f"{microseconds(steps[name]['median']):>12}"
                f"{_ratio(steps, name, 'tinygrad_bp'):>10}{_ratio(steps, name, 'tgb.compile'):>12}"
                f"{'' if compile_time is None else f'{compile_time:.1f}':>12}"
            )
        elif name in entry["left out"]:
            lines.append(f"{name:14}{entry['left out'][name]}"[:80])
    return "\n".join(line.rstrip() for line in lines)


def _ratio(times: dict[str, Any], name: str, ours: str) -> str:
    if ours not in times:
        return ""
    return f"{times[name]['median'] / times[ours]['median']:.2f}"


def growth(entry: dict[str, Any]) -> str:
    """Return how the cost of a step grows: a size a line."""
    names = list(entry["times"])
    lines = [f"{entry['title']}; microseconds", f"{entry['axis']:>12}" + _heads(names)]
    for i, at in enumerate(entry["at"]):
        cells = [f"{microseconds(entry['times'][name][i]):>12}" for name in names]
        lines.append(f"{at:>12,}" + "".join(cells))
    return "\n".join(line.rstrip() for line in lines)


def _heads(names: list[str]) -> str:
    return "".join(f"{name:>12}" for name in names)


def memory(entry: dict[str, Any]) -> str:
    """Return the peak memory of each contender's process."""
    lines = [
        f"Memory of {entry['name']}, batch {entry['batch']}, ten steps with Adam; MB",
        f"{'':14}{'process':>12}{'of it grown':>14}{'in the steps':>14}{'beside it':>12}",
    ]
    for name, figures in entry["contenders"].items():
        lines.append(
            f"{name:14}{figures['process']:>12.0f}{figures['grown']:>14.0f}"
            f"{figures['steps']:>14.0f}{figures.get('beside', 0):>12.0f}"
        )
    return "\n".join(line.rstrip() for line in lines)


def adam(entry: dict[str, Any]) -> str:
    """Return what a step of Adam costs beside its memory traffic."""
    times = entry["times"]
    floor = times["read and write once"]
    heads = "".join(f"{place:>14}{'ratio':>8}" for place in floor)
    lines = [f"Adam on {entry['parameters']:,} parameters; microseconds", f"{'':22}{heads}"]
    for name, taken in times.items():
        cells = (
            f"{microseconds(value):>14}{value / floor[place]:>8.2f}"
            for place, value in taken.items()
        )
        lines.append(f"{name:22}" + "".join(cells))
    return "\n".join(line.rstrip() for line in lines)


def script(entry: dict[str, Any]) -> str:
    """Return how long the whole script of MNIST takes."""
    lines = [f"MNIST 784-128-10, {entry['epochs']} epochs, the whole script"]
    for name, figures in entry["contenders"].items():
        lines.append(f"{name:14}{figures['seconds']:>10.2f} s{figures['accuracy']:>10.2%} right")
    return "\n".join(line.rstrip() for line in lines)
