"""Descriptions of the datasets: the page, the command's help, the words for calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fmp_collectors.dataset import FmpDataset
from fmp_collectors.datasets import BY_NAME, DATASETS
from fmp_collectors.describe import describe_calls, describe_endpoint

ROOT = Path(__file__).resolve().parents[2]


def test_the_datasets_page_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/write_datasets", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_help_lists_every_dataset_with_cadence_and_calls() -> None:
    command = [sys.executable, "-m", "sra_cli", "fmp", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for dataset in DATASETS:
        line = next(line for line in shown.splitlines() if line.split()[:1] == [dataset.name])
        assert line.split()[1] == dataset.cadence
        assert line.strip().endswith(describe_calls(dataset.endpoints[0]))


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_every_source_is_described(dataset: FmpDataset) -> None:
    for endpoint in dataset.endpoints:
        assert describe_calls(endpoint)[0].isdigit()
        assert endpoint.path in describe_endpoint(endpoint)


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("quote", ["1 per exchange", "1 per 100 symbols", "1 per symbol"]),
        ("income_statement", ["1 per fiscal year and period, 15 a week", "2 per symbol"]),
        ("delisted", ["1 per 100 rows"]),
        ("movers", ["2"]),
    ],
)
def test_calls_are_reported_in_words(name: str, calls: list[str]) -> None:
    assert [describe_calls(endpoint) for endpoint in BY_NAME[name].endpoints] == calls
