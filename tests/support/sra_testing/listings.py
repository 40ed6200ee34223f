"""A small market of FMP for tests, with data for every view that is built from it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fmp_ingest.store.identity import refresh_owners
from sra_shared.kit.db import Connection
from sra_testing.records import (
    change_currency,
    delist,
    end_events,
    put_close,
    put_dividend,
    put_price,
    put_profile,
    put_row,
    put_split,
)

DATASETS = (
    *(
        "universe",
        "profile",
        "quote",
        "eod_prices",
        "splits",
        "dividends",
        "income_statement",
        "balance_sheet",
        "cash_flow",
    ),
    *(
        "financial_growth",
        "ratios",
        "key_metrics",
        "scores",
        "peers",
        "earnings",
        "etf_info",
        "etf_holdings",
        "etf_sectors",
    ),
    *("etf_countries", "constituents", "index_prices", "exchange_rates", "symbol_changes", "delisted"),
    "balance_sheet_growth",
)
EQUITIES = ("AAA", "BBB", "CCC", "DDD.TO")
ETFS = ("EEE", "FFF.TO")
DAY = date(2025, 9, 26)
INCOME = "fmp_income_statement"


async def put_market(connection: Connection, run_id: UUID) -> None:
    """Store listings with a quote, closes and a dividend each, one ETF's lists, an index, statements and peers."""
    for symbol in (*EQUITIES, *ETFS):
        is_canadian = symbol.endswith(".TO")
        await put_profile(
            connection, run_id, symbol, is_etf=symbol in ETFS, exchange="TSX" if is_canadian else "NYSE",
            currency="CAD" if is_canadian else "USD", market_cap=Decimal(1000),
        )  # fmt: skip
        await put_price(connection, run_id, symbol, datetime(2025, 9, 26, 20, tzinfo=UTC), "11", market_cap="1100")
        await put_close(connection, run_id, symbol, date(2025, 9, 19), "10")
        await put_close(connection, run_id, symbol, DAY, "11")
        await put_dividend(connection, run_id, symbol, date(2025, 9, 24), "0.5")
        await put_row(connection, run_id, "fmp_constituent", index_name="sp500", symbol=symbol)
    await connection.execute("UPDATE fmp_quote SET change_percentage = 1.5, change = 0.2 WHERE run_id = $1", run_id)
    await put_row(connection, run_id, "fmp_index_price", symbol="^GSPC", date=DAY, close="6600")
    await put_row(connection, run_id, "fmp_exchange_rate", pair="USDCAD", date=DAY - timedelta(days=2), close="1.4")
    # one of BBB is five shares of its statements
    await connection.execute(
        "UPDATE equity_profile SET raw_json = raw_json || '{\"isAdr\": true}' WHERE symbol = 'BBB'"
    )
    await put_row(connection, run_id, "fmp_etf_info", symbol="EEE", nav="10.9", nav_currency="USD")
    await put_row(connection, run_id, "fmp_etf_sector", symbol="EEE", sector="Energy", weight_percentage="100")
    for place, peer in enumerate(EQUITIES[1:], 1):
        await put_row(connection, run_id, "fmp_peer", symbol="AAA", peer_symbol=peer, place=place)
    await _put_reports(connection, run_id)
    await _put_other_records(connection, run_id)


async def _put_other_records(connection: Connection, run_id: UUID) -> None:
    """Store what only the views of collected rows show: none of it changes a figure of another view."""
    # no close follows it
    await put_split(connection, run_id, "AAA", date(2039, 1, 3), 2, 1)
    await put_row(
        connection, run_id, "fmp_earning", symbol="AAA", date=date(2025, 7, 30), eps_actual="1.1", eps_estimated="1"
    )
    await put_row(
        connection,
        run_id,
        "fmp_delisted",
        symbol="GONE",
        exchange="NYSE",
        delisted_date=date(2020, 5, 6),
        company_name="Gone",
    )
    await put_row(connection, run_id, "fmp_etf_holding", symbol="EEE", asset="AAA", name="AAA Inc.", isin="",
        security_cusip="", occurrence=1, weight_percentage="100")  # fmt: skip
    await put_statement(connection, run_id, "fmp_key_metric", "DDD.TO", 2024, "Q1", income_quality="1.5")
    await put_statement(connection, run_id, "fmp_balance_sheet_growth", "DDD.TO", 2024, "Q1", growth_inventory="0.5")
    await connection.execute(
        "INSERT INTO market_session (exchange, session_date, close_at) VALUES ('NYSE', '2000-01-03', '2000-01-03 21:00Z')"
        " ON CONFLICT DO NOTHING"
    )
    await connection.execute(
        "INSERT INTO rejected_record (run_id, source, dataset, record_key, reason, raw)"
        " VALUES ($1, 'fmp', 'quote', 'AAA', 'bad_price', 'x')",
        run_id,
    )


async def _put_reports(connection: Connection, run_id: UUID) -> None:
    """Store the income of a company by quarters, of one by halves, one by cumulative quarters, and one in two currencies."""
    for year in (2023, 2024):
        for symbol in ("AAA", "BBB", "CCC"):
            await put_statement(connection, run_id, INCOME, symbol, year, "FY", revenue="400", net_income="28")
        for number in range(1, 5):
            period, cumulative = f"Q{number}", str(100 * number)
            await put_statement(connection, run_id, INCOME, "AAA", year, period, revenue="100", net_income="7")
            await put_statement(connection, run_id, INCOME, "CCC", year, period, revenue=cumulative, net_income="7")
            currency = "CAD" if number < 3 else "USD"
            await put_statement(
                connection, run_id, INCOME, "DDD.TO", year, period, revenue="100", reported_currency=currency
            )
        for period in ("Q2", "Q4"):
            await put_statement(connection, run_id, INCOME, "BBB", year, period, revenue="200", net_income="14")
    await put_statement(connection, run_id, INCOME, "AAA", 2025, "Q1", revenue="100", net_income="7")


async def relate_listings(connection: Connection, run_id: UUID) -> None:
    """Have BBB and DDD.TO be of one issuer by its CIK, the ETFs by name and country; those in Toronto pay other amounts."""
    await connection.execute(
        "UPDATE equity_profile SET raw_json = raw_json || '{\"cik\": \"1\"}' WHERE symbol IN ('BBB', 'DDD.TO')"
    )
    await connection.execute(
        "UPDATE equity_profile SET company_name = 'Maple Funds', country = 'CA' WHERE symbol = ANY($1::text[])", ETFS
    )
    for symbol in ("DDD.TO", "FFF.TO"):
        await put_dividend(connection, run_id, symbol, date(2025, 9, 24), "0.6")


async def put_statement(
    connection: Connection,
    run_id: UUID,
    table: str,
    symbol: str,
    year: int,
    period: str,
    *,
    later: int = 0,
    **values: Any,
) -> None:
    """Store the next version of a period, or the period with an end some days later."""
    version = await connection.fetchval(
        f"SELECT count(*) + 1 FROM {table} WHERE symbol = $1 AND fiscal_year = $2 AND period = $3",  # noqa: S608
        *(symbol, year, period),
    )
    month = 12 if period == "FY" else 3 * int(period[1])
    end = date(year, month, 28) + timedelta(days=later)
    if table == INCOME:
        shares = "500" if symbol == "BBB" else "100"
        given = {"weighted_average_shs_out_dil": shares, "eps_diluted": "0.7", "eps": "0.8", **values}
        values = {"filing_date": end + timedelta(days=30), **given}
    await put_row(
        connection, run_id, table, symbol=symbol, fiscal_year=year, period=period, date=end, version=version,
        **{"reported_currency": "USD", **values},
    )  # fmt: skip


async def change_market(connection: Connection, chance: random.Random, run_id: UUID) -> None:
    """One change that a run of FMP makes to the market, stored as the ingest service would."""
    symbol, day = chance.choice((*EQUITIES, *ETFS)), DAY + timedelta(days=chance.randint(-40, 20))
    price, kind = f"{chance.uniform(5, 50):.4f}", chance.randint(0, 20)
    if kind <= 2:
        await put_close(connection, run_id, symbol, day, price)
    elif kind in (3, 14):
        moment, shares = datetime(day.year, day.month, day.day, 20, tzinfo=UTC), chance.choice([0, 40, 100, 200, 300])
        await put_price(connection, run_id, symbol, moment, price, market_cap=str(shares * Decimal(price)))
    elif kind == 15:
        rate = f"{chance.uniform(1.2, 1.5):.4f}"
        await put_row(connection, run_id, "fmp_exchange_rate", pair="USDCAD", date=day, close=rate)
    elif kind in (9, 13, 16, 17, 19, 20):
        await _change_listing(connection, chance, run_id, kind, symbol, day)
    elif kind in (4, 5, 10, 12):
        await _change_events(connection, chance, run_id, kind, symbol, day)
    elif kind in (6, 18):
        await _change_statements(connection, chance, run_id, symbol)
    elif kind == 7:
        await _exchange_list(connection, run_id, "fmp_peer", symbol, "peer_symbol", chance.choice(EQUITIES))
    elif kind == 8:
        await _exchange_list(
            connection, run_id, "fmp_etf_sector", symbol, "sector", chance.choice(["Energy", "Utilities"])
        )
    else:
        await put_row(connection, run_id, "fmp_index_price", symbol="^GSPC", date=day + timedelta(days=41), close=price)


async def _change_owners(connection: Connection, chance: random.Random, run_id: UUID, symbol: str, day: date) -> None:
    """Report a former symbol of a security, with a close, or the end of another company that had the symbol."""
    if symbol in ("CCC", "FFF.TO"):
        await delist(connection, run_id, symbol, day - timedelta(days=21), f"Former Corp. {chance.randint(1, 2)}")
        return
    former = f"OLD{chance.randint(1, 3)}"
    await put_row(connection, run_id, "fmp_symbol_change", old_symbol=former, new_symbol=symbol, date=day)
    await put_close(connection, run_id, former, day - timedelta(days=chance.randint(1, 20)), "9")
    await refresh_owners(connection, run_id)


async def _change_statements(connection: Connection, chance: random.Random, run_id: UUID, symbol: str) -> None:
    """Restate a period, deliver the next one, or one with another end, currency or revenue, as after a change of fiscal year."""
    period, year = chance.choice(["FY", "Q1", "Q2", "Q3", "Q4"]), chance.choice([2023, 2024, 2025])
    table = chance.choice([INCOME, INCOME, "fmp_balance_sheet", "fmp_cash_flow", "fmp_ratio"])
    values = {"reported_currency": chance.choice(["USD", "USD", "USD", "CAD"])}
    if table == INCOME:
        values["revenue"] = chance.choice(["100", "100", "200", "400", "0"])
        values["weighted_average_shs_out_dil"] = chance.choice(["100", "100", "200", "500", "50", "0"])
    await put_statement(connection, run_id, table, symbol, year, period, later=chance.choice([0, 0, 3, 61]), **values)


async def _change_listing(
    connection: Connection, chance: random.Random, run_id: UUID, kind: int, symbol: str, day: date
) -> None:
    """Have a listing have another owner, currency or issuer, be an ADR or none, or change what is maintained of its shares."""
    if kind in (19, 20):
        await _change_owners(connection, chance, run_id, symbol, day)
        return
    if kind == 9:
        moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        await change_currency(connection, run_id, symbol, chance.choice(["CAD", "USD"]), moment)
        return
    if kind != 17:
        change, values = {
            13: ("raw_json = raw_json || jsonb_build_object('cik', $3::text)", [None, "1", "2"]),
            16: ("raw_json = raw_json || jsonb_build_object('isAdr', $3::text)", ["true", "false"]),
        }[kind]
        await connection.execute(
            f"UPDATE equity_profile SET {change}, run_id = $2, updated_at = now() WHERE symbol = $1",  # noqa: S608
            *(symbol, run_id, chance.choice(values)),
        )
        return
    await connection.execute("DELETE FROM share_basis WHERE symbol = $1", symbol)
    if chance.random() < 0.7:
        await connection.execute(
            "INSERT INTO share_basis (symbol, ratio, source, valid_from) VALUES ($1, $2, 'a document', $3)",
            *(symbol, chance.choice([Decimal(5), Decimal("0.5"), Decimal(1)]), day),
        )


async def _change_events(
    connection: Connection, chance: random.Random, run_id: UUID, kind: int, symbol: str, day: date
) -> None:
    """Add a dividend or a split, or end one."""
    if kind == 4:
        amount, paid = chance.choice(["0.1", "0.25", "0"]), chance.choice([None, "Special", "Monthly", "Quarterly"])
        await put_dividend(connection, run_id, symbol, day, amount, kind=paid)
    elif kind == 5:
        await put_split(connection, run_id, symbol, day, *chance.choice([(2, 1), (3, 1), (1253, 1000)]))
    elif kind == 12:
        # the payments of a year, far from most closes, of an amount that another listing may pay
        for months in range(4):
            paid_on = DAY - timedelta(days=20 + 91 * months)
            await put_dividend(connection, run_id, symbol, paid_on, "0.3", kind="Quarterly")
    else:
        table = chance.choice(["fmp_split", "fmp_dividend"])
        query = f"SELECT symbol, date FROM {table} WHERE valid_to IS NULL ORDER BY 1, 2"  # noqa: S608 - our own names
        if known := await connection.fetch(query):
            await end_events(connection, run_id, table, *chance.choice(known))


async def _exchange_list(
    connection: Connection, run_id: UUID, table: str, symbol: str, column: str, value: str
) -> None:
    """End the listed entries and add one or none."""
    await connection.execute(
        f"UPDATE {table} SET valid_to = clock_timestamp(), updated_at = now() WHERE symbol = $1 AND valid_to IS NULL",  # noqa: S608
        symbol,
    )
    if value not in ("Utilities", symbol):
        other = {"place": 1} if column == "peer_symbol" else {"weight_percentage": "100"}
        await put_row(connection, run_id, table, symbol=symbol, **{column: value}, **other)
