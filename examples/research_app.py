"""A small research application on the views of schema sra: `python examples/research_app.py`.

It connects as role sra_reader, which may read schema sra and nothing else. Settings: READER_URL (PostgreSQL), PORT.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypeAlias, TypeVar

import asyncpg
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings

from sra_contract import ViewModel
from sra_contract.equity_page import EquityPage
from sra_contract.fund_metrics import FundMetrics
from sra_contract.fund_page import FundPage
from sra_contract.past_states import EquityFundamentalsAsOf
from sra_contract.reader import CursorError, FoundSecurity, read, read_as_of, read_page, search

Row = TypeVar("Row", bound=ViewModel)
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class Settings(BaseSettings):
    """The database to read and the port to listen on."""

    reader_url: SecretStr
    port: int = 8000


class FundList(BaseModel):
    """Some funds of a category, and the cursor of those that follow."""

    funds: list[FundMetrics]
    next_cursor: str | None


def get_pool(request: Request) -> Pool:
    """Return the connections that the application opened at its start."""
    pool: Pool = request.app.state.pool
    return pool


PoolArgument = Annotated[asyncpg.Pool, Depends(get_pool)]
LimitArgument = Annotated[int, Query(ge=1, le=100)]


def require_row(row: Row | None) -> Row:
    """Return the row; raises HTTPException 404 if there is none."""
    if row is None:
        raise HTTPException(404, "No security has this identifier.")
    return row


async def find_securities(pool: PoolArgument, text: str) -> list[FoundSecurity]:
    """The securities that a text means."""
    return await search(pool, text)


async def get_equity(pool: PoolArgument, symbol: str) -> EquityPage:
    """The data of an equity's page."""
    return require_row(await read(pool, EquityPage, symbol=symbol))


async def get_past_fundamentals(pool: PoolArgument, symbol: str, at: dt.datetime) -> EquityFundamentalsAsOf:
    """What was known of a company at a moment."""
    rows = await read_as_of(pool, EquityFundamentalsAsOf, at=at, mode="strict", symbols=[symbol])
    return require_row(rows[0] if rows else None)


async def get_fund(pool: PoolArgument, identifier: str) -> FundPage:
    """The data of a fund's page."""
    return require_row(await read(pool, FundPage, identifier=identifier))


async def list_funds(
    pool: PoolArgument, category: str, limit: LimitArgument = 20, after: str | None = None
) -> FundList:
    """The funds of a category, the best of the last three years first."""
    try:
        page = await read_page(
            pool, FundMetrics, category=category, order_by="-month_end_return_3y", limit=limit, after=after
        )
    except CursorError as error:
        raise HTTPException(400, str(error)) from error
    return FundList(funds=page.rows, next_cursor=page.next_cursor)


def make_app(reader_url: str) -> FastAPI:
    """Return the application; connections are opened when it starts."""

    @asynccontextmanager
    async def keep_pool(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(reader_url, min_size=1, max_size=4) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(title="Research example", lifespan=keep_pool)
    app.get("/securities")(find_securities)
    app.get("/equities/{symbol}")(get_equity)
    app.get("/equities/{symbol}/fundamentals")(get_past_fundamentals)
    app.get("/funds")(list_funds)
    app.get("/funds/{identifier}")(get_fund)
    return app


def main() -> None:
    """Serve until the process is stopped."""
    settings = Settings()
    uvicorn.run(
        make_app(settings.reader_url.get_secret_value()), host="127.0.0.1", port=settings.port, log_level="error"
    )


if __name__ == "__main__":
    main()
