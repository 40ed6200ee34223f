"""Which responses are cached and which are requested again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from fmp_collectors.call import Call
from fmp_collectors.fetch import Client
from fmp_collectors.responses import FmpResponse, ResponseError, ResponseKind, Verdict
from fmp_ingest.client.response_cache import CachedFetcher
from sra_shared.kit.database.cache import DatabaseCache
from sra_shared.kit.db import Pool


@dataclass
class ScriptedClient:
    """Returns one response to every request, and counts the requests."""

    rows: tuple[Any, ...] = ()
    fails: bool = False
    call: Call | None = None
    requested: list[str] = field(default_factory=list)

    async def get(
        self, path: str, params: Mapping[str, str], *, subject: str = "", is_bulk: bool = False, **_: object
    ) -> FmpResponse:
        self.requested.append(f"{path} {dict(params)} {is_bulk}")
        if self.fails:
            raise ResponseError(Verdict(ResponseKind.SERVER_ERROR), path=path, subject=subject)
        return FmpResponse(Verdict(ResponseKind.OK_JSON, rows=self.rows), call=self.call)


def wrap(client: Client, pool: Pool, scope: str = "vendor") -> CachedFetcher:
    return CachedFetcher(client, DatabaseCache(pool), scope=scope, lifetimes={"etf/info": timedelta(hours=1)})


async def test_a_cached_response_has_every_digit_of_the_original(pool: Pool) -> None:
    client = ScriptedClient(({"symbol": "XIU", "nav": Decimal("12.3400000000000000001"), "name": "é"}, {"n": 1}))
    first = await wrap(client, pool).get("etf/info", {"symbol": "XIU"}, subject="XIU")
    again = await wrap(client, pool).get("etf/info", {"symbol": "XIU"}, subject="XIU")
    assert again == first
    assert str(again.verdict.rows[0]["nav"]) == "12.3400000000000000001"
    assert len(client.requested) == 1
    await wrap(client, pool).get("etf/info", {"symbol": "XIC"})
    await wrap(client, pool, "another vendor").get("etf/info", {"symbol": "XIU"})
    assert len(client.requested) == 3


@pytest.mark.parametrize(("path", "is_bulk"), [("quote", False), ("etf/info", True)])
async def test_volatile_data_are_always_requested(pool: Pool, path: str, is_bulk: bool) -> None:
    client = ScriptedClient(({"symbol": "A"},))
    for _ in range(2):
        await wrap(client, pool).get(path, {}, is_bulk=is_bulk)
    assert client.requested == [f"{path} {{}} {is_bulk}"] * 2


async def test_a_cached_response_names_its_original_call(pool: Pool) -> None:
    call = Call(
        call_id=7,
        run_id=uuid4(),
        path="etf/info",
        parameters={"symbol": "XIU"},
        answered_at=datetime(2026, 1, 5, 12, 30, 0, 123456, tzinfo=UTC),
        status=200,
        size=99,
        digest=bytes(range(32)),
        rows=1,
    )
    client = ScriptedClient(({"symbol": "XIU"},), call=call)
    for _ in range(2):
        assert (await wrap(client, pool).get("etf/info", {"symbol": "XIU"})).call == call
    assert len(client.requested) == 1


async def test_empty_responses_and_errors_are_not_cached(pool: Pool) -> None:
    client = ScriptedClient()
    for _ in range(2):
        assert (await wrap(client, pool).get("etf/info", {})).verdict.rows == ()
    client.fails = True
    with pytest.raises(ResponseError):
        await wrap(client, pool).get("etf/info", {})
    assert len(client.requested) == 3
    assert await pool.fetchval("SELECT count(*) FROM cached_answer") == 0
