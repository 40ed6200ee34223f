"""The gateway's own Prometheus metrics, computed from known state when they are scraped."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.monitoring.ledger_metrics import OUTCOMES, LedgerMetrics
from gateway.monitoring.probe import SystemState
from sra_shared.service import HealthStatus


class _Figures(Collector):
    def __init__(self, known: SystemState) -> None:
        self._known = known

    def collect(self) -> Iterator[Metric]:
        yield from self._collect_states()
        yield from self._collect_refreshes()
        if self._known.figures is not None:
            yield from _collect_ledger(self._known.figures)

    def _collect_states(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("sra_part_up", "1 while a part is healthy, as last seen.", labels=["part"])
        for part in [*self._known.parts, *self._known.sources]:
            up.add_metric([part.name], float(part.status is HealthStatus.HEALTHY))
        yield up
        late = GaugeMetricFamily("sra_dataset_late", "1 if a dataset is late.", labels=["source", "dataset"])
        for row in self._known.freshness:
            if row.get("source") != "views" and row.get("is_late") is not None:
                late.add_metric([row["source"], row["dataset"]], float(row["is_late"]))
        yield late
        open_now = sum(one.ended_at is None for one in self._known.incidents)
        yield GaugeMetricFamily("sra_incidents_open", "Open incidents.", value=open_now)

    def _collect_refreshes(self) -> Iterator[Metric]:
        ended = [one for one in self._known.refreshes if one.completed_at is not None]
        good = next((one for one in ended if one.status in ("completed", "partial")), None)
        if good is not None and good.completed_at is not None:
            yield GaugeMetricFamily(
                "sra_refresh_success_timestamp_seconds",
                "When a refresh last succeeded, in full or in part (Unix time).",
                value=good.completed_at.timestamp(),
            )
        if ended and ended[0].seconds is not None:
            yield GaugeMetricFamily(
                "sra_refresh_seconds", "Seconds that the last refresh took.", value=ended[0].seconds
            )


def _collect_ledger(figures: LedgerMetrics) -> Iterator[Metric]:
    rows = CounterMetricFamily(
        "sra_rows", "Rows by outcome, since the first run.", labels=["source", "dataset", "outcome"]
    )
    for row in figures.rows:
        for outcome in OUTCOMES:
            rows.add_metric([row["source"], row["dataset"], outcome], float(row[outcome]))
    yield rows
    builds = GaugeMetricFamily("sra_view_build_seconds", "Seconds that the last build took.", labels=["views"])
    for views, seconds in figures.builds:
        builds.add_metric([views], seconds)
    yield builds
    yield GaugeMetricFamily(
        "sra_fmp_calls_last_minute", "Calls of all processes to FMP in a recent minute.", value=figures.fmp_calls
    )
    yield GaugeMetricFamily("sra_reader_sessions", "Open sessions of sra_reader.", value=figures.reader_sessions)


def add_gateway_figures(registry: CollectorRegistry, known: SystemState) -> None:
    """Register the gateway's metrics at /metrics."""
    registry.register(_Figures(known))
