"""A fetcher that caches slow-changing responses: a run repeated on the same day does not request them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fmp_collectors.call import Call
from fmp_collectors.fetch import Client
from fmp_collectors.record_shape import ANY_SHAPE, Shape
from fmp_collectors.records import dump_exact
from fmp_collectors.responses import FmpResponse, ResponseKind, classify_rows
from sra_shared.kit.database.cache import make_cache_key
from sra_shared.kit.logs import get_logger
from sra_shared.runs.protocols import CacheManager

_log = get_logger(__name__)

LIFETIMES: Mapping[str, timedelta] = {"etf/info": timedelta(hours=20)}
"""How long responses stay valid, by path; other paths are never cached. Less than a day, so tomorrow's run requests
them again."""


class CachedFetcher:
    """Returns responses of slow-changing endpoints from the cache, and all others from the client."""

    def __init__(
        self,
        client: Client,
        cache: CacheManager,
        *,
        scope: str = "fmp",
        lifetimes: Mapping[str, timedelta] = LIFETIMES,
    ) -> None:
        """`scope` separates vendors' addresses: a response of one is never used for another."""
        self._client = client
        self._cache = cache
        self._scope = scope
        self._lifetimes = lifetimes

    async def get(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        subject: str = "",
        is_bulk: bool = False,
        shape: Shape = ANY_SHAPE,
    ) -> FmpResponse:
        """Return a successful response; raises what the client raises. Empty lists and errors are not cached, and a cached
        response is classified again, in case an earlier release cached it."""
        lifetime = self._lifetimes.get(path)
        if lifetime is None or is_bulk:
            return await self._client.get(path, params, subject=subject, is_bulk=is_bulk, shape=shape)
        # bodies cached by earlier releases name no call; they have other keys and expire
        key = make_cache_key(f"{self._scope} call", path, params)
        kept = await self._cache.get(key)
        found = None if kept is None else _read_response(kept, shape)
        if found is not None and found.verdict.kind.is_ok:
            _log.debug("response_cached", path=path, subject=subject)
            return found
        response = await self._client.get(path, params, subject=subject, shape=shape)
        if response.verdict.kind is ResponseKind.OK_JSON and response.verdict.rows:
            body = _dump_response(response)
            if _is_storable(body):
                await self._cache.put(key, body, lifetime=lifetime)
        return response


def _is_storable(body: str) -> bool:
    """Whether a database text can hold it; rows with lone surrogates are quarantined, and requested again."""
    try:
        body.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _dump_response(response: FmpResponse) -> str:
    """Return the rows with the call that returned them, which rows stored later name too."""
    call: dict[str, Any] | None = None
    if response.call is not None:
        call = {**vars(response.call), "digest": response.call.digest.hex()}
    return dump_exact({"call": call, "rows": response.verdict.rows})


def _read_response(kept: str, shape: Shape) -> FmpResponse:
    content = json.loads(kept, parse_float=Decimal)
    call: dict[str, Any] | None = content["call"]
    verdict = classify_rows(content["rows"], shape)
    if call is None:
        return FmpResponse(verdict)
    made = Call(
        **{
            **call,
            "run_id": UUID(call["run_id"]),
            "answered_at": datetime.fromisoformat(call["answered_at"]),
            "digest": bytes.fromhex(call["digest"]),
        }
    )
    return FmpResponse(verdict, call=made)
