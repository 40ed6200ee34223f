"""Shows which files the suite spends its time on: seconds per file, with set-up and tear-down, over all workers."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest


def sum_by_file(reports: list[Any]) -> dict[str, tuple[float, int]]:
    """Return the seconds and the number of tests of each file, the slowest file first."""
    seconds: dict[str, float] = defaultdict(float)
    tests: dict[str, set[str]] = defaultdict(set)
    for report in reports:
        if isinstance(report, pytest.TestReport):
            file = report.nodeid.partition("::")[0]
            seconds[file] += report.duration
            tests[file].add(report.nodeid)
    return {file: (spent, len(tests[file])) for file, spent in sorted(seconds.items(), key=lambda item: -item[1])}


class FileDurations:
    """Prints the table after pytest's own list of the slowest tests, if that is requested (`--durations`)."""

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        if config.getoption("durations") is None:
            return
        reports = [report for found in terminalreporter.stats.values() for report in found]
        terminalreporter.write_sep("=", "seconds per file")
        for file, (spent, tests) in sum_by_file(reports).items():
            terminalreporter.write_line(f"{spent:8.2f}s {tests:5d} tests  {file}")
