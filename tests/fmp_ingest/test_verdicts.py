"""The result of a run with partial data: outside the plan, throttled, or full of bad rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from fmp_collectors.datasets import BY_NAME
from fmp_ingest.limiter.call_counts import CallCounts
from sra_cli.commands.fmp import NO_UNIVERSE, describe, estimate
from sra_cli.output import choose_exit_code
from sra_shared.kit.db import Pool
from sra_shared.runs import TaskType, UnitStatus
from sra_stand_in.fmp.routes import ROUTES, Call, Session
from sra_stand_in.http import Response
from sra_stand_in.server import StandIn
from sra_testing.fmp_runs import Ended, make_settings, run_fmp
from sra_testing.stand_in import run_stand_in


def change_rows(monkeypatch: pytest.MonkeyPatch, path: str, change: Callable[[list[Any]], list[Any]]) -> None:
    """Let the stand-in respond to a path with changed rows."""
    route = ROUTES[path]

    def respond(session: Session, call: Call) -> bytes:
        made = route(session, call)
        body = made if isinstance(made, bytes) else "".join(made.lines or ()).encode()
        return json.dumps(change(json.loads(body))).encode()

    monkeypatch.setitem(ROUTES, path, respond)


def break_first(rows: list[Any]) -> list[Any]:
    return [{**row, "marketCap": -1} if number == 0 else row for number, row in enumerate(rows)]


def show(ended: Ended, name: str) -> tuple[int, dict[str, Any]]:
    """What the command says of a run, and with what it exits."""
    result = describe(BY_NAME[name], ended.task, list(ended.units.values()), 0.0)
    return choose_exit_code(result["status"]), result


async def run_weekly(dsn: str, stand_in: StandIn, name: str) -> Ended:
    return await run_fmp(dsn, make_settings(stand_in.fmp_base_url), name, task_type=TaskType.WEEKLY_FUNDAMENTALS)


@pytest.mark.parametrize(("limit", "status", "code"), [("0.001", "failed", 1), ("0.5", "completed", 0)])
async def test_too_many_rejects_fail_the_run_and_keep_the_good_rows(
    sandbox_database: str,
    pool: Pool,
    larger_stand_in: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    status: str,
    code: int,
) -> None:
    change_rows(monkeypatch, "batch-exchange-quote", break_first)
    ended = await run_fmp(
        sandbox_database, make_settings(larger_stand_in.fmp_base_url, reject_limit=Decimal(limit)), "quote"
    )
    assert ended.task.status == status
    assert ended.counts("quote")["rejected_by"] == {"market_cap_range": 5}
    assert await pool.fetchval("SELECT count(*) FROM fmp_quote") == 55
    result = show(ended, "quote")
    assert result[0] == code
    if code:
        assert "5 of 120 records were rejected (4.17%), more than REJECT_LIMIT (0.10%)" in result[1]["error"]
        assert len(ended.task.error_details) == 1


async def test_the_universe_is_validated_too(
    sandbox_database: str, pool: Pool, larger_stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(rows: list[Any]) -> list[Any]:
        changes = [{"marketCap": 2e14}, {"volume": -1}, {"avgVolume": -1}, {"marketCap": None}, {"marketCap": 1e14}]
        return [row | (changes[number] if number < len(changes) else {}) for number, row in enumerate(rows)]

    change_rows(monkeypatch, "company-screener", spoil)
    ended = await run_fmp(sandbox_database, make_settings(larger_stand_in.fmp_base_url), "universe")
    assert ended.task.status == "failed"
    assert ended.counts("universe")["rejected_by"] == {"market_cap_range": 5, "negative_volume": 10}
    assert await pool.fetchval("SELECT count(*) FROM fmp_universe") == 45


async def test_symbols_outside_the_plan_are_counted_and_named(sandbox_database: str, pool: Pool) -> None:
    with run_stand_in(securities=120) as vendor:
        await run_fmp(sandbox_database, make_settings(vendor.fmp_base_url), "universe")
        vendor.set_fmp(plan="free")
        ended = await run_fmp(sandbox_database, make_settings(vendor.fmp_base_url), "quote")
    stored = await pool.fetchval("SELECT count(*) FROM fmp_quote")
    assert 0 < stored < 120
    code, result = show(ended, "quote")
    assert (ended.task.status, code) == ("partial", 2)
    assert f"the account's plan does not include {120 - stored} of the requested items (" in result["error"]
    again = await run_fmp(sandbox_database, make_settings(vendor.fmp_base_url, fmp_api_key=None), "quote")
    assert again.units["quote"].status is UnitStatus.SKIPPED


async def test_a_throttled_daily_file_is_not_outside_the_plan(sandbox_database: str, stand_in: StandIn) -> None:
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "universe")
    stand_in.set_faults({"match": "/stable/profile-bulk", "kind": "bulk_throttle"})
    settings = make_settings(stand_in.fmp_base_url, fmp_history_years=0)
    ended = await run_fmp(sandbox_database, settings)
    assert ended.units["profile"].status is UnitStatus.FAILED
    assert "bulk_throttle" in str(ended.units["profile"].error)
    assert ended.task.status == "partial"
    # there is no substitute for it on an ordinary day
    assert "/stable/profile" not in stand_in.stats()["fmp"]["by_path"]


async def test_a_dataset_outside_the_plan_is_left_out_on_an_ordinary_day(
    sandbox_database: str, stand_in: StandIn
) -> None:
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "universe")
    stand_in.set_fmp(plan="premium")
    ended = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url, fmp_history_years=0))
    assert ended.units["profile"].status is UnitStatus.SKIPPED
    assert ended.task.status == "completed", ended.task.error_details


async def test_calls_of_a_transaction_that_fails_are_not_lost(pool: Pool) -> None:
    run_id = await pool.fetchval("SELECT gen_random_uuid()")
    call_counts = CallCounts(run_id)
    for _ in range(3):
        call_counts.count_call(is_retry=False)

    async def write_and_fail() -> None:
        async with call_counts.hand_over() as calls, pool.acquire() as connection, connection.transaction():
            await calls.write(connection)
            call_counts.count_call(is_retry=True)
            await connection.execute("SELECT 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await write_and_fail()
    async with call_counts.hand_over() as calls, pool.acquire() as connection, connection.transaction():
        await calls.write(connection)
    row = await pool.fetchrow("SELECT sum(calls), sum(retried) FROM fmp_call_tally WHERE run_id = $1", run_id)
    assert row is not None
    assert tuple(row) == (4, 1)


async def test_a_dry_run_without_a_universe_reports_what_is_unknown(sandbox_database: str, stand_in: StandIn) -> None:
    settings = make_settings(stand_in.fmp_base_url)
    cost = await estimate(sandbox_database, BY_NAME["etf_info"], {}, settings)
    assert cost["note"] == NO_UNIVERSE
    assert (await estimate(sandbox_database, BY_NAME["treasury_rates"], {}, settings))["note"] is None
    await run_fmp(sandbox_database, settings, "universe")
    assert (await estimate(sandbox_database, BY_NAME["etf_info"], {}, settings))["note"] is None


async def test_a_file_cut_inside_its_last_field_is_not_stored(
    sandbox_database: str, pool: Pool, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that lost its last digits looks like a number: only the end of the line is missing."""
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "universe")
    route, cuts = ROUTES["scores-bulk"], [4, 3, 0]

    def respond(session: Session, call: Call) -> Response:
        body = "".join(route(session, call).lines).encode()  # type: ignore[union-attr,arg-type]
        return Response(body=body[: len(body) - cuts.pop(0)])

    monkeypatch.setitem(ROUTES, "scores-bulk", respond)
    ended = await run_weekly(sandbox_database, stand_in, "scores")
    assert ended.task.status == "completed", ended.task.error_details
    assert ended.task.details["fmp"]["retried"] == 2


async def test_files_without_a_final_line_end_are_accepted(
    sandbox_database: str, pool: Pool, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "universe")
    whole = (await run_weekly(sandbox_database, stand_in, "scores")).counts("scores")["stored"]
    route = ROUTES["scores-bulk"]

    def respond(session: Session, call: Call) -> bytes:
        return "".join(route(session, call).lines).encode().rstrip()  # type: ignore[union-attr,arg-type]

    monkeypatch.setitem(ROUTES, "scores-bulk", respond)
    ended = await run_weekly(sandbox_database, stand_in, "scores")
    assert ended.task.status == "completed", ended.task.error_details
    assert ended.counts("scores")["unchanged"] == whole
    assert ended.task.details["fmp"]["retried"] == 1
