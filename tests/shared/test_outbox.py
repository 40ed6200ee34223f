"""Completions: delivered at least once, effective once, whichever side dies."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import pytest

from sra_cli.ports import find_free_port
from sra_shared.kit.db import Pool
from sra_shared.runs import RunRequest, TaskType, request_run
from sra_shared.runs.completions import CompletionSender
from sra_shared.runs.ledger import put_completion
from sra_testing.receiver_process import TAKEN_TABLE, run_receiver
from sra_testing.timings import QUICK
from sra_testing.waiting import wait_for

TOKEN = "service-token-of-the-tests"


@pytest.fixture
async def receiver_pool(pool: Pool) -> Pool:
    await pool.execute(TAKEN_TABLE)
    return pool


async def put_event(pool: Pool, number: int = 0) -> UUID:
    async with pool.acquire() as connection, connection.transaction():
        request = RunRequest(task_type=TaskType.CSV_IMPORT, parameters={"number": number})
        requested = await request_run(connection, request, source="fundata")
        return await put_completion(connection, requested.task.task_id, "fundata", ["FundGeneral"])


@asynccontextmanager
async def run_sender(pool: Pool, port: int) -> AsyncIterator[None]:
    sender = CompletionSender(pool=pool, url=f"http://127.0.0.1:{port}/", token=TOKEN, timing=QUICK)
    running = asyncio.create_task(sender.run())
    try:
        yield
    finally:
        sender.stop()
        await running


def make_response(status: int) -> httpx.Response:
    """A response whose body is still to be read, as from a network."""
    return httpx.Response(status, stream=httpx.ByteStream(b""))


async def count_undelivered(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM completion_outbox WHERE delivered_at IS NULL"))


async def wait_until_delivered(pool: Pool) -> None:
    async def look() -> bool:
        return await count_undelivered(pool) == 0

    await wait_for(look, what="the delivery of all events")


async def test_a_receiver_that_dies_after_storing_gets_the_event_again(database: str, receiver_pool: Pool) -> None:
    event_id = await put_event(receiver_pool)
    port = find_free_port()
    async with run_sender(receiver_pool, port):
        with run_receiver(database, port, dies=True) as mortal:

            async def has_died() -> bool:
                return mortal.poll() is not None

            await wait_for(has_died, what="the receiver's death")
        assert await count_undelivered(receiver_pool) == 1
        with run_receiver(database, port):
            await wait_until_delivered(receiver_pool)
    rows = await receiver_pool.fetch("SELECT * FROM taken_event")
    assert [row["event_id"] for row in rows] == [event_id]
    assert rows[0]["deliveries"] >= 2


async def test_an_event_names_the_run_and_the_token_is_only_in_the_header(database: str, receiver_pool: Pool) -> None:
    event_id = await put_event(receiver_pool)
    port = find_free_port()
    with run_receiver(database, port):
        async with run_sender(receiver_pool, port):
            await wait_until_delivered(receiver_pool)
    row = await receiver_pool.fetchrow("SELECT body, headers FROM taken_event")
    assert row is not None
    assert set(row["body"]) == {"event_id", "run_id", "source", "datasets"}
    assert row["body"]["event_id"] == str(event_id)
    assert row["headers"]["authorization"] == f"Bearer {TOKEN}"
    outbox = await receiver_pool.fetchrow("SELECT * FROM completion_outbox")
    assert outbox is not None
    assert TOKEN not in json.dumps(dict(outbox), default=str)


async def test_replicas_share_the_events(pool: Pool) -> None:
    events = [await put_event(pool, number) for number in range(30)]
    seen: Counter[str] = Counter()

    async def respond(request: httpx.Request) -> httpx.Response:
        seen[json.loads(request.content)["event_id"]] += 1
        return make_response(202)

    senders = [
        CompletionSender(pool=pool, url="http://view", token=None, timing=QUICK, transport=httpx.MockTransport(respond))
        for _ in range(4)
    ]
    running = [asyncio.create_task(sender.run()) for sender in senders]
    await wait_until_delivered(pool)
    for sender in senders:
        sender.stop()
    await asyncio.gather(*running)
    assert seen == Counter(str(event) for event in events)


async def test_refused_events_are_kept_and_retried(pool: Pool) -> None:
    await put_event(pool)
    responses = iter([401, 422, 500, 503])

    async def respond(_request: httpx.Request) -> httpx.Response:
        return make_response(next(responses, 202))

    sender = CompletionSender(
        pool=pool, url="http://view", token=None, timing=QUICK, transport=httpx.MockTransport(respond)
    )
    running = asyncio.create_task(sender.run())
    await wait_until_delivered(pool)
    sender.stop()
    await running
    assert await pool.fetchval("SELECT attempts FROM completion_outbox") == 5


async def test_event_of_a_sender_that_died_is_due_again(pool: Pool) -> None:
    await put_event(pool)
    # as left by a sender that is killed between the claim of the event and the response
    await pool.execute("UPDATE completion_outbox SET attempts = 1, next_attempt_at = now() + interval '0.5 seconds'")
    delivered = asyncio.Event()

    async def respond(_request: httpx.Request) -> httpx.Response:
        delivered.set()
        return make_response(202)

    sender = CompletionSender(
        pool=pool, url="http://view", token=None, timing=QUICK, transport=httpx.MockTransport(respond)
    )
    running = asyncio.create_task(sender.run())
    await asyncio.wait_for(delivered.wait(), 60)
    await wait_until_delivered(pool)
    sender.stop()
    await running


async def test_a_rollback_of_the_run_removes_its_event(pool: Pool) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        requested = await request_run(connection, RunRequest(task_type=TaskType.CSV_IMPORT), source="fundata")
        await put_completion(connection, requested.task.task_id, "fundata", [])
        await transaction.rollback()
    assert await count_undelivered(pool) == 0
