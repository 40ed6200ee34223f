"""A small research application that reads two views of schema sra with the published models: `python examples/research_app.py`.

It connects as role sra_reader, which may read schema sra and nothing else. Settings: READER_URL (PostgreSQL), PORT.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TypeAlias, TypeVar

import asyncpg
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from sra_contract import ViewModel
from sra_contract.equity_page import EquityPage
from sra_contract.fund_page import FundPage

Row = TypeVar("Row", bound=ViewModel)
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class Settings(BaseSettings):
    """The database to read and the port to listen on."""

    reader_url: SecretStr
    port: int = 8000


async def prepare_connection(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Read JSON lists as lists, with numbers as Decimal instead of binary floats."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=json.dumps,
        decoder=lambda text: json.loads(text, parse_float=Decimal),
    )


async def read_row(pool: Pool, model: type[Row], key: str, value: str) -> Row:
    """Return one row of a view as its model; raises HTTPException 404 if it does not exist."""
    # select columns by name: a later version of the view may have additional ones
    columns = ", ".join(model.model_fields)
    row = await pool.fetchrow(f"SELECT {columns} FROM sra.{model.relation()} WHERE {key} = $1", value)  # noqa: S608
    if row is None:
        raise HTTPException(404, f"{model.relation()} has no row with {key} {value}.")
    return model.model_validate(dict(row))


def make_app(reader_url: str) -> FastAPI:
    """Return the application; connections are opened when it starts."""

    @asynccontextmanager
    async def keep_pool(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(reader_url, min_size=1, max_size=4, init=prepare_connection) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(title="Research example", lifespan=keep_pool)

    async def get_equity(symbol: str) -> EquityPage:
        """The data of an equity's page."""
        return await read_row(app.state.pool, EquityPage, "symbol", symbol)

    async def get_fund(identifier: str) -> FundPage:
        """The data of a fund's page."""
        return await read_row(app.state.pool, FundPage, "identifier", identifier)

    app.add_api_route("/equities/{symbol}", get_equity, response_model=EquityPage)
    app.add_api_route("/funds/{identifier}", get_fund, response_model=FundPage)
    return app


def main() -> None:
    """Serve until the process is stopped."""
    settings = Settings()
    uvicorn.run(
        make_app(settings.reader_url.get_secret_value()), host="127.0.0.1", port=settings.port, log_level="error"
    )


if __name__ == "__main__":
    main()
