"""Rows of the raw tables for tests of what is built from them, stored in the form that the ingest services use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from fmp_ingest.store.identity import SQL_REFRESH_PERIODS, refresh_owners
from sra_shared.kit.db import Connection

_ORDER = "(data_source = 'API', coalesce(change_date, '-infinity'::date), data_version)"


async def put_run(
    connection: Connection,
    source: str,
    datasets: Sequence[str],
    *,
    run_id: UUID | None = None,
    status: str = "completed",
) -> UUID:
    """Store a run in the ledger; a finished one finished now."""
    run = run_id or uuid4()
    live = status in ("queued", "running", "parked")
    await connection.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, completed_at)"
        " VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN NULL ELSE clock_timestamp() END)",
        run,
        "daily_quotes" if source == "fmp" else "csv_import",
        status,
        str(run),
        source,
        live,
    )
    for dataset in datasets:
        await connection.execute(
            "INSERT INTO run_unit (task_id, unit, dataset, status, completed_at) VALUES ($1, $2, $2, $3, clock_timestamp())",
            run,
            dataset,
            status,
        )
    return run


async def end_run(connection: Connection, run_id: UUID) -> None:
    """End a live run."""
    await connection.execute(
        "UPDATE task_execution_log SET status = 'completed', completed_at = clock_timestamp() WHERE task_id = $1",
        run_id,
    )


async def put_quote(
    connection: Connection,
    run_id: UUID,
    identifier: str,
    day: date,
    navps: str | None,
    *,
    dataset: str = "FundDailyNAVPS",
    **other: Any,
) -> int:
    """Store the next version of a quote and return it; raw_json keeps every digit of `navps`."""
    names = {"navps_penny_change": "NAVPSPennyChange", "navps_percent_change": "NAVPSPercentChange"}
    raw = {"InstrumentKey": identifier, "Date": day.isoformat(), "NAVPS": navps or ""}
    raw |= {names[name]: str(value) for name, value in other.items() if name in names}
    values = {"date": day, "navps": None if navps is None else Decimal(navps), **other}
    key = {"identifier": identifier, "date": day, "dataset": dataset}
    return await _put_version(connection, "fundata_quotes", run_id, key, values, raw)


async def put_data(
    connection: Connection, run_id: UUID, dataset: str, identifier: str, record_id: str, **values: Any
) -> int:
    """Store the next version of a data record and return it; raw_json keeps numbers given as text as they are."""
    raw = {"".join(part.capitalize() for part in name.split("_")): str(value) for name, value in values.items()}
    typed = {name: _read(name, value) for name, value in values.items()}
    key = {"identifier": identifier, "dataset": dataset, "record_id": record_id}
    return await _put_version(connection, "fundata_data", run_id, key, typed, raw)


def _read(name: str, value: Any) -> Any:
    numeric = isinstance(value, str) and value.replace(".", "", 1).replace("-", "", 1).isdigit()
    texts = ("identifier", "name", "type", "grade", "state", "source", "currency", "language")
    return Decimal(value) if numeric and not name.endswith(texts) else value


async def _put_version(
    connection: Connection,
    table: str,
    run_id: UUID,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    raw: Mapping[str, Any],
) -> int:
    same = " AND ".join(f"{name} = ${index}" for index, name in enumerate(key, 1))
    newest = await connection.fetchval(f"SELECT max(data_version) FROM {table} WHERE {same}", *key.values())  # noqa: S608
    version = (newest or 0) + 1
    row = {
        "run_id": run_id,
        "data_source": "CSV",
        "data_version": version,
        "row_ordinal": 0,
        "parser_version": 1,
        "content_hash": version.to_bytes(16, "big"),
        "raw_json": dict(raw),
        **key,
        **values,
    }
    names = ", ".join(row)
    places = ", ".join(f"${index}" for index in range(1, len(row) + 1))
    await connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())  # noqa: S608
    await _supersede(connection, table, run_id, key, version)
    return version


async def _supersede(connection: Connection, table: str, run_id: UUID, key: Mapping[str, Any], version: int) -> None:
    """Mark the lesser of the previous latest version and the new one as superseded."""
    same = " AND ".join(f"t.{name} = ${index}" for index, name in enumerate(key, 1))
    names = ", ".join(key)
    count = len(key)
    await connection.execute(
        f"INSERT INTO {table}_superseded ({names}, data_version, superseded_by, run_id)"  # noqa: S608
        f" SELECT {names}, v.data_version, v.winner, ${count + 1} FROM ("
        f"   SELECT t.*, first_value(t.data_version) OVER (ORDER BY {_ORDER} DESC) AS winner FROM {table} t"
        f"   WHERE {same} AND t.row_ordinal = 0 AND NOT EXISTS (SELECT FROM {table}_superseded x"
        f"     WHERE {' AND '.join(f'x.{name} = t.{name}' for name in key)} AND x.data_version = t.data_version)"
        f" ) v WHERE v.data_version <> v.winner",
        *key.values(),
        run_id,
    )


async def put_fund(
    connection: Connection,
    run_id: UUID,
    identifier: str,
    *,
    name: str = "Fund",
    language: str = "EN",
    currency: str | None = "CAD",
    **other: Any,
) -> int:
    """Store the FundGeneral record of a fund in one language."""
    return await put_data(
        connection,
        run_id,
        "FundGeneral",
        identifier,
        f"{identifier}-{language}",
        language=language,
        legal_name=name,
        currency=currency,
        **other,
    )


async def put_profile(
    connection: Connection,
    run_id: UUID,
    symbol: str,
    *,
    raw: Mapping[str, Any] | None = None,
    is_fund: bool = False,
    **values: Any,
) -> None:
    """Store a listing: universe and profile; `raw` are fields of the vendor's profile that have no column."""
    row = {"exchange": "NYSE", "company_name": f"{symbol} Inc.", "currency": "USD", "is_etf": False, **values}
    await connection.execute(
        "INSERT INTO fmp_universe (symbol, exchange, company_name, is_etf, is_fund, is_actively_trading, raw_json, run_id,"
        " content_hash) VALUES ($1, $2, $3, $4, $5, true, '{}', $6, '')",
        symbol,
        row["exchange"],
        row["company_name"],
        row["is_etf"],
        is_fund,
        run_id,
    )
    names = ["symbol", *row, "raw_json", "run_id", "content_hash"]
    places = ", ".join(f"${index}" for index in range(1, len(names) + 1))
    await connection.execute(
        f"INSERT INTO equity_profile ({', '.join(names)}) VALUES ({places})",  # noqa: S608
        symbol,
        *row.values(),
        {"beta": 1.25, "lastDividend": 2, **(raw or {})},
        run_id,
        b"",
    )


async def change_currency(connection: Connection, run_id: UUID, symbol: str, currency: str, moment: datetime) -> None:
    """Store that a listing has another currency since a moment: its former profile becomes history, as in a delivery."""
    await connection.execute(
        "INSERT INTO fmp_row_history (known_from, known_until, created_at, run_id, replaced_by, table_name, symbol,"
        " content_hash, key, row_values, raw_json) SELECT p.updated_at, $4, p.created_at, p.run_id, $2, 'equity_profile',"
        " p.symbol, p.content_hash, jsonb_build_object('symbol', p.symbol, 'exchange', p.exchange),"
        " jsonb_build_object('currency', p.currency), p.raw_json FROM equity_profile p"
        " WHERE p.symbol = $1 AND p.currency <> $3",
        *(symbol, run_id, currency, moment),
    )
    await connection.execute(
        "UPDATE equity_profile SET currency = $3, run_id = $2, updated_at = now() WHERE symbol = $1",
        *(symbol, run_id, currency),
    )


async def delist(connection: Connection, run_id: UUID, symbol: str, day: date, company: str) -> None:
    """Store that a listing ended with a day, and the resulting owners of symbols."""
    await put_row(
        connection, run_id, "fmp_delisted", symbol=symbol, exchange="NYSE", delisted_date=day, company_name=company
    )
    await refresh_owners(connection, run_id)


async def put_price(
    connection: Connection,
    run_id: UUID,
    symbol: str,
    moment: datetime,
    price: str,
    *,
    exchange: str = "NYSE",
    market_cap: str | None = None,
) -> None:
    """Store a quote of a listing."""
    await connection.execute(
        "INSERT INTO fmp_quote (symbol, quoted_at, exchange, price, raw_json, run_id, content_hash, market_cap)"
        " VALUES ($1, $2, $3, $4, '{}', $5, '', $6) ON CONFLICT (symbol, quoted_at) DO UPDATE"
        " SET price = excluded.price, market_cap = excluded.market_cap, run_id = excluded.run_id, updated_at = now()",
        symbol,
        moment,
        exchange,
        Decimal(price),
        run_id,
        None if market_cap is None else Decimal(market_cap),
    )


# the unique key; of current rows, if others stay as history
_KEYS = {
    "fmp_eod_price": "(symbol, date)",
    "fmp_index_price": "(symbol, date)",
    "fmp_exchange_rate": "(pair, date)",
    "fmp_split": "(symbol, date) WHERE valid_to IS NULL",
    "fmp_dividend": "(symbol, date, content_hash) WHERE valid_to IS NULL",
    "fmp_symbol_change": "(old_symbol, new_symbol, date)",
    "fmp_delisted": "(symbol, exchange, delisted_date)",
}


async def put_row(
    connection: Connection, run_id: UUID, table: str, *, raw: Mapping[str, Any] | None = None, **values: Any
) -> None:
    """Store a row of an FMP table; numbers may be given as text, and `raw` are fields that have no column. A row with the same
    key is replaced."""
    row = {name: _read(name, value) for name, value in values.items()}
    delivered = {**{name: str(value) for name, value in values.items()}, **(raw or {})}
    row = {"content_hash": b"", **row, "run_id": run_id, "raw_json": delivered}
    names = ", ".join(row)
    places = ", ".join(f"${index}" for index in range(1, len(row) + 1))
    key = _KEYS.get(table)
    updates = ", ".join(f"{name} = excluded.{name}" for name in row)
    conflict = f" ON CONFLICT {key} DO UPDATE SET {updates}, updated_at = now()" if key else ""
    await connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places}){conflict}", *row.values())  # noqa: S608


async def put_close(connection: Connection, run_id: UUID, symbol: str, day: date, close: str, **values: Any) -> None:
    """Store the prices of a session."""
    await put_row(connection, run_id, "fmp_eod_price", symbol=symbol, date=day, close=close, **values)


async def put_split(
    connection: Connection, run_id: UUID, symbol: str, day: date, new: Decimal | int, old: Decimal | int
) -> None:
    """Store a split: `new` shares for `old` ones."""
    await put_row(
        connection, run_id, "fmp_split", symbol=symbol, date=day, numerator=Decimal(new), denominator=Decimal(old)
    )


async def put_dividend(
    connection: Connection, run_id: UUID, symbol: str, day: date, dividend: str, *, kind: str | None = None
) -> None:
    """Store a dividend by its ex-date; one of the same kind replaces it."""
    values = {"symbol": symbol, "date": day, "dividend": dividend, "content_hash": (kind or "").encode()}
    await put_row(connection, run_id, "fmp_dividend", frequency=kind, **values)


async def end_events(connection: Connection, run_id: UUID, table: str, symbol: str, day: date) -> None:
    """End the splits or dividends of a symbol and day, as a response without them does."""
    await connection.execute(
        f"UPDATE {table} SET valid_to = clock_timestamp(), ended_run_id = $3, updated_at = clock_timestamp()"  # noqa: S608
        " WHERE symbol = $1 AND date = $2 AND valid_to IS NULL",
        symbol,
        day,
        run_id,
    )


async def put_rename(connection: Connection, run: UUID, old: str, new: str, day: date, **alias: Any) -> None:
    """Store that a security has another symbol since a day, and the resulting meaning of the symbols."""
    await put_row(connection, run, "fmp_symbol_change", old_symbol=old, new_symbol=new, date=day)
    values = {"symbol": new, "former_symbol": old, "valid_to": day, "valid_from": None, "run_id": run, **alias}
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await connection.execute(
        f"INSERT INTO fmp_symbol_alias ({', '.join(values)}) VALUES ({places})",  # noqa: S608
        *values.values(),
    )
    await connection.execute(SQL_REFRESH_PERIODS, run)
