"""Rejected rows: list, filter, download, replay and dismiss them."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

import asyncpg
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from gateway.api import State
from gateway.context import AppContextOf
from gateway.pages.base import make_common, read_acts
from gateway.pages.render import neutralise_cell, render_page
from gateway.reject_list import (
    RejectFilter,
    RunId,
    list_reject_kinds,
    list_rejects,
    list_whole_rejects,
    read_filter,
    read_run_id,
)
from sra_shared.kit.db import Pool
from sra_shared.runs import read_run
from sra_shared.runs.audit import AuditFilter, SubjectKind
from sra_shared.runs.rejects import MOST_WHY

FILTERS = ("dataset", "reason", "run_id", "state")
COLUMNS = (
    "reject_id",
    "run_id",
    "source",
    "dataset",
    "file_path",
    "line",
    "record_key",
    "reason",
    "detail",
    "created_at",
    "seen_count",
    "last_seen_at",
    "resolved_at",
    "resolution",
    "dismissed_at",
    "dismissed_by",
    "dismissal",
    "raw",
)


def write_filter(wanted: RejectFilter) -> str:
    """Return the filter as a query string, without the position in the list."""
    query = {"dataset": wanted.dataset, "reason": wanted.reason, "run_id": wanted.run_id and str(wanted.run_id)}
    return urlencode(
        {**{k: v for k, v in query.items() if v}, **({} if wanted.state == "open" else {"state": wanted.state})}
    )


def add_rejects(router: APIRouter) -> None:
    """Add the routes."""

    @router.get("/ui/rejects")
    async def show_rejects(
        request: Request,
        app_context: AppContextOf,
        state: State,
        wanted: Annotated[RejectFilter, Depends(read_filter)],
        replay: RunId = "",
    ) -> Response:
        replay_id = read_run_id(replay)
        async with state.pool.acquire() as connection:
            rejects = await list_rejects(connection, replace(wanted, limit=wanted.limit + 1))
            kinds = await list_reject_kinds(connection)
            replayed = await read_run(connection, replay_id) if replay_id else None
            acts = await read_acts(request, connection, AuditFilter(subject_kind=SubjectKind.REJECT))
        more = len(rejects) > wanted.limit
        rejects = rejects[: wanted.limit]
        return render_page(
            "rejects.html",
            **make_common(request, app_context),
            rejects=rejects,
            filter=wanted,
            kinds=kinds,
            replayed=replayed,
            filter_query=write_filter(wanted),
            next_before=rejects[-1]["reject_id"] if more else None,
            most_why=MOST_WHY,
            acts=acts,
        )

    @router.get("/ui/rejects.csv")
    async def download_rejects(state: State, wanted: Annotated[RejectFilter, Depends(read_filter)]) -> Response:
        # the first rows are read before the response begins, so that an outage can still be reported
        first = await _read_some(state.pool, wanted)
        return StreamingResponse(
            _write_csv(state.pool, wanted, first),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="rejects.csv"'},
        )


async def _read_some(pool: Pool, wanted: RejectFilter) -> list[asyncpg.Record]:
    async with pool.acquire() as connection:
        return await list_whole_rejects(connection, wanted)


async def _write_csv(pool: Pool, wanted: RejectFilter, rows: list[asyncpg.Record]) -> AsyncIterator[str]:
    yield ",".join(COLUMNS) + "\r\n"
    while rows:
        # formatting megabytes of text would block the event loop
        yield await asyncio.to_thread(format_rejects, rows)
        rows = await _read_some(pool, replace(wanted, before=rows[-1]["reject_id"]))


def format_rejects(rows: Sequence[asyncpg.Record]) -> str:
    """Return lines of CSV with all bytes as text; bytes that are not UTF-8 are written as \\xNN."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="")
    for row in rows:
        writer.writerow([neutralise_cell(row[name]) for name in COLUMNS[:-1]])
        # the csv module examines every character, and the cell may have a megabyte
        raw = neutralise_cell(row["raw"].decode("utf-8", "backslashreplace")).replace('"', '""')
        text.write(f',"{raw}"\r\n')
    return text.getvalue()
