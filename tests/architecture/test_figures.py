"""The documented metrics are those of the services, and the example dashboard queries no others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry

from fmp_ingest.main import add_fmp_figures
from gateway.api_examples import list_examples
from gateway.monitoring.ledger_metrics import LedgerMetrics
from gateway.monitoring.metrics import add_gateway_figures
from gateway.monitoring.probe import SystemState
from gateway.refresh.result import RefreshView
from sra_shared.kit.settings import FmpSettings
from sra_shared.service.metrics import ServiceMetrics

ROOT = Path(__file__).parents[2]
_SUFFIX = re.compile(r"_(bucket|sum|count)$")


def list_names(registry: CollectorRegistry) -> Iterator[str]:
    for metric in registry.collect():
        yield f"{metric.name}_total" if metric.type == "counter" else metric.name


def list_figures() -> set[str]:
    metrics = ServiceMetrics()
    refresh = next(one for one in list_examples() if isinstance(one, RefreshView))
    known = SystemState(refreshes=[refresh], figures=LedgerMetrics([], [], 0, 0))
    add_gateway_figures(metrics.registry, known)
    add_fmp_figures(metrics.registry, FmpSettings())
    return set(list_names(metrics.registry))


def test_documented_metrics_are_those_of_the_services() -> None:
    text = (ROOT / "docs/service_contract.md").read_text()
    documented = set(re.findall(r"^\| (sra_\w+) \|", text, re.MULTILINE))
    assert documented == {name for name in list_figures() if name.startswith("sra_")}


def test_the_example_dashboard_queries_existing_metrics() -> None:
    dashboard = json.loads((ROOT / "examples/grafana_dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queries += [one["query"] for one in dashboard["templating"]["list"]]
    requested = {name for query in queries for name in re.findall(r"\b(?:sra|process)_\w+", query)}
    there = list_figures()
    unknown = {name for name in requested if name not in there and _SUFFIX.sub("", name) not in there}
    assert not unknown
    assert {name for name in there if name.startswith("sra_")} == {
        _SUFFIX.sub("", name) for name in requested if name.startswith("sra_")
    }
