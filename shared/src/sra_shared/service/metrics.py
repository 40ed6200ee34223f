"""Prometheus metrics, one registry per application; docs/service_contract.md lists them."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class ServiceMetrics:
    """The metrics that every service has; a service may add its own to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "sra_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "sra_http_request_seconds", "Seconds until a request was answered.", ("route",), registry=self.registry
        )
        self._database_up = Gauge("sra_database_up", "1 while the database responds.", registry=self.registry)
        self._runs = Gauge(
            "sra_runs",
            "Live runs, and those finished in the last day.",
            ("task_type", "status"),
            registry=self.registry,
        )
        self._in_hand = Gauge("sra_worker_runs", "Runs that this process executes now.", registry=self.registry)
        self._waiting = Gauge(
            "sra_completions_waiting", "Completion events not yet acknowledged.", registry=self.registry
        )

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; unknown methods share a label, so that strangers cannot fill the memory."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def set_database(
        self, *, up: bool, runs: Mapping[tuple[str, str], int] | None = None, completions: int | None = None
    ) -> None:
        """Store the last known state of the database; metrics that could not be read keep their values."""
        self._database_up.set(1 if up else 0)
        if runs is not None:
            self._runs.clear()
            for (task_type, status), number in runs.items():
                self._runs.labels(task_type, status).set(number)
        if completions is not None:
            self._waiting.set(completions)

    def set_runs_in_hand(self, number: int) -> None:
        """Store how many runs this process executes."""
        self._in_hand.set(number)

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
