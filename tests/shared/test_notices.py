"""The queue's channel, which any role may use: floods, forgeries and garbage cost as little as silence."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sra_shared.kit.database import notices
from sra_shared.kit.database.notices import NoticeGate
from sra_shared.kit.db import Pool, open_connection
from sra_shared.runs.jobs import ReconnectingDriver, library_settings
from sra_testing.waiting import wait_for

CHANNEL = "sra_jobs"


def make_event(kind: str, **values: object) -> str:
    return json.dumps({"channel": CHANNEL, "sent_at": datetime.now(UTC).isoformat(), "type": kind, **values})


CHANGE = make_event("table_changed_event", operation="insert", table="anything")
FOREIGN = [
    "",
    "\N{PILE OF POO}" * 1000,
    '{"type": "table_changed_event"}',
    "[" * 5000,
    make_event("cancellation_event", ids=[1, 2, 3]),
    make_event("table_changed_event", operation="insert", table="x" * 7000),
]


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    result: list[int] = []
    monkeypatch.setattr(notices._log, "warning", lambda _event, **values: result.append(values["count"]))
    return result


async def test_foreign_texts_are_counted_and_reported_once_a_minute(
    warnings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    gate = NoticeGate(CHANNEL, seen.append)
    for number in range(3_000):
        gate(FOREIGN[number % len(FOREIGN)])
    assert (seen, warnings) == ([], [1])
    monkeypatch.setattr(notices, "_REPORT_SECONDS", 0.0)
    gate("garbage")
    assert warnings == [1, 3_000]


async def test_a_flood_of_notices_causes_two_polls(warnings: list[int]) -> None:
    seen: list[str | bytes | bytearray] = []
    gate = NoticeGate(CHANNEL, seen.append)
    for _ in range(3_000):
        gate(CHANGE)
    assert len(seen) == 1
    await wait_for(lambda: asyncio.sleep(0, len(seen) == 2), what="the look that follows")
    # in our words, whatever was said
    assert {json.loads(text)["table"] for text in seen} == {"pgqueuer"}
    assert warnings == []


async def test_the_library_still_finds_its_own_probe(warnings: list[int]) -> None:
    seen: list[str | bytes | bytearray] = []
    probe = make_event("health_check_event", id=str(uuid4()))
    NoticeGate(CHANNEL, seen.append)(probe)
    assert seen == [probe]
    assert warnings == []


async def test_a_driver_passes_notices_on_after_a_reconnect(
    database: str, pool: Pool, warnings: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str | bytes | bytearray] = []
    driver = ReconnectingDriver(lambda: open_connection(database, application_name="listener"))
    channel = library_settings().channel
    try:
        await driver.add_listener(channel, seen.append)
        for expected in (1, 2):
            with caplog.at_level(logging.CRITICAL):
                for text in (*FOREIGN[2:4], CHANGE):
                    await pool.execute("SELECT pg_notify($1, $2)", channel, text)
                await wait_for(lambda: asyncio.sleep(0, len(seen) == expected), what="a hint")  # noqa: B023 - waited for here
            await pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'listener'"
            )
            assert await driver.fetch("SELECT 1 AS one") == [{"one": 1}]
        assert len(warnings) == 1
        # a connection that is just being ended is one that is away
        assert {record.name for record in caplog.records} <= {"sra_shared.runs.jobs"}
        await driver.remove_listener(channel, seen.append)
    finally:
        await driver.close()
