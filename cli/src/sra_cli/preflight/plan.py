"""The FMP part as a whole: the universe, every other endpoint, and the cost of the first history and ordinary runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from fmp_collectors.currencies import ALWAYS
from fmp_collectors.dataset import Audience, Cadence, FmpDataset, FmpEndpoint, History, Targets
from fmp_collectors.datasets import DATASETS, list_datasets
from fmp_collectors.datasets.universe import UniverseListing
from fmp_ingest.client.circuit_breaker import RetryPolicy
from fmp_ingest.client.fmp_client import open_client
from fmp_ingest.client.single_process import own_account
from fmp_ingest.collection.backfill import HistoryPlan, PartCost, list_single_endpoints
from fmp_ingest.collection.estimate import estimate_calls
from fmp_ingest.collection.stored_history import DELISTED, LISTED, choose_first
from fmp_ingest.collection.trading_sessions import list_sessions
from sra_cli.preflight.fmp import EndpointResult, FmpProbe, list_fmp_findings
from sra_cli.preflight.questions import Listing, PreflightMarket, list_questions, list_universe_questions
from sra_cli.preflight.recording import RecordingTransport
from sra_cli.preflight.sizes import BYTES_PER_CLOSE, SESSIONS_PER_YEAR
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.http import make_outbound_transport
from sra_shared.kit.sandbox import STAND_IN_HEADER, RefusedSourceError
from sra_shared.kit.settings import FmpSettings

# a check is not a run: a call that fails twice is reported
_POLICY = RetryPolicy(retries=1, limit_patience=75.0)
_LATE = timedelta(hours=6)
_DELISTED_PER_LISTING = 0.045
"""A year's share of the 5,000 in ten years for 11,000 listings in docs/operations.md."""
_ORDINARY_SESSIONS = 6
_DAYS_PER_YEAR = 365


@dataclass(frozen=True)
class FmpCheck:
    """What was found at the vendor, and the market that the estimates are for."""

    settings: FmpSettings
    market: PreflightMarket
    results: Sequence[EndpointResult]
    recorder: RecordingTransport

    @property
    def is_stand_in(self) -> bool:
        """Whether the responses come from a stand-in."""
        return any(call.is_stand_in for call in self.recorder.calls)

    def list_findings(self) -> list[str]:
        """Return the causes of incomplete datasets, in sentences."""
        return list_fmp_findings(self.results)

    def as_dict(self) -> dict[str, Any]:
        """This part in the form of `--json`."""
        years = self.settings.fmp_history_years
        by_exchange = {code: len(symbols) for code, symbols in self.market.list_symbols(Audience.ALL).items()}
        closes = len(self.market.listings) * years * SESSIONS_PER_YEAR
        return {
            "status": "findings" if self.list_findings() else "fits",
            "stand_in": self.is_stand_in,
            "calls_made": len(self.recorder.calls),
            "listings": by_exchange,
            "endpoints": [result.as_dict() for result in self.results],
            "history": self._plan_history(),
            "daily": self._sum_ordinary(Cadence.DAILY),
            "weekly": self._sum_ordinary(Cadence.WEEKLY),
            "database_bytes": closes * BYTES_PER_CLOSE,
        }

    def _plan_history(self) -> dict[str, Any]:
        market, parts = self.market, []
        # only a hundred pages would show how many there are
        ended = Targets({"(delisted)": [str(one) for one in range(self._guess_delisted())]}, market.first, market.last)
        for dataset in DATASETS if self.settings.fmp_history_years else ():
            usable = self._list_usable(dataset)
            if dataset.history is not History.NONE and usable:
                targets = self._make_targets(dataset, market.first, market.sessions)
                cost = estimate_calls(replace(dataset, endpoints=usable), targets, self.settings, is_backfill=True)
                parts.append(PartCost(dataset.name, LISTED, cost))
            single = list_single_endpoints(usable)
            if dataset.history is History.DELISTED and single:
                cost = estimate_calls(replace(dataset, endpoints=single), ended, self.settings, is_backfill=True)
                parts.append(PartCost(dataset.name, DELISTED, cost))
        found = HistoryPlan(market.first, market.last, parts)
        return {**found.as_dict(), "days": float(round(found.minutes / (24 * 60), 2))}

    def _guess_delisted(self) -> int:
        return round(len(self.market.listings) * self.settings.fmp_history_years * _DELISTED_PER_LISTING)

    def _sum_ordinary(self, cadence: Cadence) -> dict[str, Any]:
        costs = []
        for dataset in list_datasets(cadence):
            usable = self._list_usable(dataset)
            if usable:
                first = self.market.last - timedelta(days=dataset.daily_days)
                targets = self._make_targets(dataset, first, self.market.sessions[-_ORDINARY_SESSIONS:])
                costs.append(
                    estimate_calls(replace(dataset, endpoints=usable), targets, self.settings, is_backfill=False)
                )
        return {"calls": sum(cost.calls for cost in costs), "minutes": float(sum(cost.minutes for cost in costs))}

    def _make_targets(self, dataset: FmpDataset, first: date, sessions: Sequence[date]) -> Targets:
        topics = ALWAYS if dataset.audience is Audience.CURRENCIES else None
        symbols = self.market.list_symbols(dataset.audience)
        return Targets(symbols, first, self.market.last, sessions, topics=topics)

    def _list_usable(self, dataset: FmpDataset) -> tuple[FmpEndpoint, ...]:
        """Return the granted endpoints of a dataset, in their order; pages of several topics count as one."""
        granted = {
            result.question.endpoint
            for result in self.results
            if result.question.dataset is dataset and result.is_usable
        }
        return tuple(endpoint for endpoint in dataset.endpoints if endpoint in granted)


async def check_fmp(settings: FmpSettings, *, is_sandbox: bool) -> FmpCheck:
    """Call each of the vendor's endpoints once; raises ConfigError if the key does not work."""
    run_id = uuid4()
    recorder = RecordingTransport(make_outbound_transport(settings), settings.fmp_base_url, STAND_IN_HEADER)
    try:
        async with open_client(
            settings, own_account(run_id), run_id, is_sandbox=is_sandbox, policy=_POLICY, transport=recorder
        ) as client:
            results = await FmpProbe(client, recorder, frozenset()).call_all(list_universe_questions())
            market = _read_market(settings, results, datetime.now(UTC))
            known = frozenset(one.symbol for one in market.listings)
            results += await FmpProbe(client, recorder, known).call_all(list_questions(market))
    except RefusedSourceError as error:
        raise ConfigError(
            "FMP_BASE_URL and SRA_SANDBOX contradict each other: a sandbox accepts only the stand-in's data, and no other"
            " database accepts it.",
            next_step="Unset SRA_SANDBOX for the vendor, or set it to 1 for the stand-in.",
        ) from error
    return FmpCheck(settings, market, results, recorder)


def _read_market(settings: FmpSettings, results: Iterable[EndpointResult], now: datetime) -> PreflightMarket:
    """Return the market that the universe's responses describe."""
    today = now.date()
    first = choose_first(today, settings.fmp_history_years)
    sessions = sorted({day for _, day, close in list_sessions(first, today) if close + _LATE <= now})
    records = [one.record for result in results for one in result.batch.accepted]
    listings = [_read_listing(one) for one in records if isinstance(one, UniverseListing)]
    return PreflightMarket(first, today, sessions, listings)


def _read_listing(record: UniverseListing) -> Listing:
    is_etf = bool(record.is_etf)
    return Listing(
        record.symbol, record.exchange, is_etf, is_etf or bool(record.is_fund), float(record.market_cap or 0)
    )
