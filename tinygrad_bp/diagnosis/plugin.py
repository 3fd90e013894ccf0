"""The pytest plugin: a test of hand-derived gradients fails with the diagnosis alone.

It is loaded wherever the package is installed beside pytest, so it imports nothing but the
face of the package: what diagnoses is loaded by the first test that asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from typing import Any

import pytest

__all__ = ["assert_gradients", "pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def assert_gradients() -> Callable[..., None]:
    """Assert that hand-derived gradients are right: ``assert_gradients(loss, {W2: dW2})``.

    The function :func:`tinygrad_bp.testing.assert_gradients`. A failure shows what is wrong with
    each gradient, where, and the mend.
    """
    from .assertions import assert_gradients

    return assert_gradients


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failed `assert_gradients` as its diagnosis, with the line of the test that asked."""
    report = yield
    # Where nothing was diagnosed the module isn't even loaded.
    assertions = sys.modules.get(f"{__package__}.assertions")
    if assertions is None or call.excinfo is None:
        return report
    error = call.excinfo.value
    if isinstance(error, assertions.GradientError) and report.failed:
        shown = call.excinfo.getrepr(style="value")
        if shown.reprcrash is not None:
            shown.reprcrash.message = error.summary  # in the list of failures at the end
        report.longrepr = shown
        report.sections.append(("Gradients asserted at", _asked_at(item, call.excinfo)))
    return report


def _asked_at(item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """Name the line that called `assert_gradients`, in the test's own file if it is there."""
    mine = [entry for entry in excinfo.traceback if str(entry.path) == str(item.path)]
    entry = mine[-1] if mine else excinfo.traceback[0]
    return f"{_short(item, entry.path)}:{entry.lineno + 1}"


def _short(item: pytest.Item, path: Any) -> str:
    try:
        return str(path.relative_to(item.config.rootpath))
    except (AttributeError, ValueError):
        return str(path)
