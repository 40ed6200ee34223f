"""A fetcher that does not ask again for what changes slowly: a run repeated on the same day finds the answers kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from fmp_collectors.answers import Answer, Kind, Verdict
from fmp_collectors.records import dump_exact
from sra_shared.cache import make_cache_key
from sra_shared.logs import get_logger
from sra_shared.protocols import CacheManager, DataFetcher

_log = get_logger(__name__)

LIFETIMES: Mapping[str, timedelta] = {"etf/info": timedelta(hours=20)}
"""How long answers hold, by path; what is not named is always asked for. Less than a day, so that a run of tomorrow asks."""


class CachedFetcher:
    """Hands on good answers of slow-changing endpoints from the cache, and everything else from the client."""

    def __init__(
        self,
        client: DataFetcher[Answer],
        cache: CacheManager,
        *,
        scope: str = "fmp",
        lifetimes: Mapping[str, timedelta] = LIFETIMES,
    ) -> None:
        """`scope` tells vendors' addresses apart: what one gave is never taken for another's answer."""
        self._client = client
        self._cache = cache
        self._scope = scope
        self._lifetimes = lifetimes

    async def get(self, path: str, params: Mapping[str, str], *, subject: str = "", is_bulk: bool = False) -> Answer:
        """Return a good answer; raises what the client raises. Empty lists and errors are not kept."""
        lifetime = self._lifetimes.get(path)
        if lifetime is None or is_bulk:
            return await self._client.get(path, params, subject=subject, is_bulk=is_bulk)
        key = make_cache_key(self._scope, path, params)
        kept = await self._cache.get(key)
        if kept is not None:
            _log.debug("answer_was_kept", path=path, subject=subject)
            return Answer(Verdict(Kind.OK_JSON, rows=tuple(json.loads(kept, parse_float=Decimal))))
        answer = await self._client.get(path, params, subject=subject)
        if answer.verdict.kind is Kind.OK_JSON and answer.verdict.rows:
            await self._cache.put(key, dump_exact(answer.verdict.rows), lifetime=lifetime)
        return answer
