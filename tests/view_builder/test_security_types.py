"""The type of a listing by the vendor's flags, its symbol and its name: each rule, and misleading names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sra_contract.equity_metrics import EquityMetrics
from sra_contract.etf_page import EtfPage
from sra_shared.kit.db import Pool
from sra_testing.listings import DATASETS, INCOME, put_statement
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_close, put_price, put_profile, put_run
from view_builder.compile import CompiledView

CASES = [
    # symbols in the United States
    ("ABC-WT", "ABC Corp.", "warrant"),
    ("ABC-WTA", "ABC Corp.", "warrant"),
    ("ABC.WS", "ABC Corp.", "warrant"),
    ("BAC-P", "Bank of America Corporation", "preferred"),
    ("BAC-PK", "Bank of America Corporation", "preferred"),
    ("BAC-PRK", "Bank of America Corporation", "preferred"),
    ("ABC-R", "ABC Corp.", "right"),
    ("ABC-RT", "ABC Corp.", "right"),
    ("ABC-U", "ABC Acquisition Corp.", "unit"),
    ("ABC-UN", "ABC Acquisition Corp.", "unit"),
    ("ABC.U", "ABC Acquisition Corp.", "unit"),
    ("GRP-UN", "Granite Real Estate Investment Trust", "equity"),
    ("ABC-U", "ABC Infrastructure Partners L.P.", "equity"),
    # symbols in Canada
    ("ABC-WT.TO", "ABC Ltd.", "warrant"),
    ("ABC-WTA.V", "ABC Ltd.", "warrant"),
    ("ENB-PA.TO", "Enbridge Inc.", "preferred"),
    ("ENB-PR-A.TO", "Enbridge Inc.", "preferred"),
    ("ABC-RT.TO", "ABC Ltd.", "right"),
    ("ABC-DB.TO", "ABC Ltd.", "note"),
    ("ABC-DB-A.TO", "ABC Ltd.", "note"),
    ("ABC-NT.TO", "ABC Ltd.", "note"),
    ("REI-UN.TO", "RioCan Real Estate Investment Trust", "equity"),
    ("HOT-U.TO", "American Hotel Income Properties REIT LP", "equity"),
    ("ABC-R.TO", "ABC Ltd.", "equity"),
    ("ABC-P.V", "ABC Capital Corp.", "equity"),
    # share classes
    ("BRK-B", "Berkshire Hathaway Inc.", "equity"),
    ("BF-A", "Brown-Forman Corporation", "equity"),
    ("RCI-A.TO", "Rogers Communications Inc.", "equity"),
    ("GOOGL", "Alphabet Inc.", "equity"),
    # names
    ("ABCDW", "ABCD Corp. Warrant", "warrant"),
    ("ABCDW", "ABCD Corp. - Warrants", "warrant"),
    ("ABCDW", "ABCD Corp. Warrants expiring 2027", "warrant"),
    ("ABCDP", "ABCD Corp. 6.5% Series A Cumulative Preferred Stock", "preferred"),
    ("ABCDP", "ABCD Corp. Preferred Shares, Series B", "preferred"),
    ("ABCDP", "ABCD Corp. 5% PFD", "preferred"),
    ("ABCDR", "ABCD Acquisition Corp. Rights", "right"),
    ("ABCDU", "ABCD Acquisition Corp. Units", "unit"),
    ("ABCDL", "ABCD Corp. 5.875% Senior Notes", "note"),
    ("ABCDL", "ABCD Corp. Subordinated Debentures due June 2061", "note"),
    ("ABCD", "ABCD Plc American Depositary Shares", "adr"),
    ("ABCD", "ABCD Plc ADR", "adr"),
    ("ABCD", "ABCD Corp. Common Stock", "common"),
    ("ABCD", "ABCD Plc Ordinary Shares", "common"),
    # names of companies and funds that state nothing
    ("PFBC", "Preferred Bank", "equity"),
    ("NOTE", "Notes Holdings Inc.", "equity"),
    ("UNIT", "Unit Corporation", "equity"),
    ("USAC", "USA Compression Common Units", "equity"),
    ("ABCDU", "ABCD Energy Common Units", "equity"),
    ("HRTS", "Mineral Rights", "equity"),
    ("WRNT", "Warrantee Inc.", "equity"),
    ("JPS", "Nuveen Preferred Stock Fund", "equity"),
    ("ADSX", "Outdoor Ads", "equity"),
    ("ABCD", None, "equity"),
]


@pytest.mark.parametrize(("symbol", "name", "kind"), CASES)
async def test_symbol_and_name(pool: Pool, symbol: str, name: str | None, kind: str) -> None:
    assert await pool.fetchval("SELECT core.listing_type($1, $2, false, false, false)", symbol, name) == kind


@pytest.mark.parametrize(
    ("symbol", "name", "flags", "kind"),
    [
        # is_etf, is_fund, is_adr: an ETF is one, whatever else is said of it
        ("SPY", "SPDR S&P 500 ETF Trust", (True, True, False), "etf"),
        ("PFF", "Preferred Stock ETF", (True, None, None), "etf"),
        ("VFIAX", "Vanguard 500 Index Fund", (False, True, False), "mutual_fund"),
        ("GAB", "The Gabelli Equity Trust Inc.", (False, True, False), "closed_end_fund"),
        ("DFN.TO", "Dividend 15 Split Corp.", (None, True, None), "closed_end_fund"),
        ("ZZZ.TO", "Maple Bond ETF", (False, True, False), "fund"),
        ("ABCDE", "ABCDE Interval Fund", (False, True, False), "fund"),
        # the preferred shares of a fund are no fund
        ("GAB-PG", "The Gabelli Equity Trust Inc.", (False, True, False), "preferred"),
        ("TSM", "Taiwan Semiconductor Manufacturing Company Limited", (False, False, True), "adr"),
        ("BABA-PA", "Alibaba", (False, False, True), "preferred"),
        ("ABC", "ABC Inc.", (None, None, None), "equity"),
    ],
)
async def test_flags(
    pool: Pool, symbol: str, name: str, flags: tuple[bool | None, bool | None, bool | None], kind: str
) -> None:
    assert await pool.fetchval("SELECT core.listing_type($1, $2, $3, $4, $5)", symbol, name, *flags) == kind


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_page", "etf_page", "latest_quote")


RATIOS = ("valuation_basis", "pe_ratio", "ps_ratio", "enterprise_value", "free_cash_flow_yield")


async def test_only_common_shares_and_adrs_are_valued(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    names = {
        "ABC": "ABC Inc.", "ABC-PA": "ABC Inc.", "ABC-WT": "ABC Inc.", "ABC-RT": "ABC Inc.", "ABC-U": "ABC Inc.",
        "ABCN": "ABC Inc. 5% Notes due 2030", "ABCY": "ABC Inc. Common Stock", "ABCA": "ABC Inc.",
    }  # fmt: skip
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for symbol, name in names.items():
            raw = {"isAdr": symbol == "ABCA"}
            await put_profile(connection, run, symbol, company_name=name, raw=raw)
            await put_price(connection, run, symbol, datetime(2025, 9, 26, 20, tzinfo=UTC), "12", market_cap="2000")
            for number in range(1, 5):
                await put_statement(
                    connection, run, INCOME, symbol, 2024, f"Q{number}", revenue="100", eps_diluted="0.5"
                )
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.equity_metrics ORDER BY symbol")
    for row in rows:
        EquityMetrics.model_validate(row)
    assert {row["symbol"]: row["type"] for row in rows} == {
        "ABC": "equity", "ABC-PA": "preferred", "ABC-WT": "warrant", "ABC-RT": "right", "ABC-U": "unit", "ABCN": "note",
        "ABCY": "common", "ABCA": "adr",
    }  # fmt: skip
    for row in rows:
        if row["type"] in ("equity", "common"):
            assert (row["pe_ratio"], row["ps_ratio"]) == (6, 5), row["symbol"]  # 12 / 2 and 2000 / 400
        elif row["type"] == "adr":
            # it is valued, but not before its shares are known
            assert row["fundamentals_reason"] == "adr_basis_unknown"
        else:
            assert [row[name] for name in RATIOS] == [None] * 5, row["symbol"]
            assert (row["fundamentals_reason"], row["eps_diluted_ttm"]) == ("not_common", 2)


async def test_a_closed_end_fund_has_a_page(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "GAB", company_name="The Gabelli Equity Trust Inc.", is_fund=True)
        await put_close(connection, run, "GAB", date(2025, 9, 19), "5")
        await put_close(connection, run, "GAB", date(2025, 9, 26), "6")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.etf_page")
    EtfPage.model_validate(row)
    assert (row["type"], row["price"], row["return_1w"]) == ("closed_end_fund", 6, Decimal("0.200000"))
    assert (row["navps"], row["expense_ratio"], row["top_holdings"]) == (None, None, [])
    (quote,) = await read_rows(pool, "SELECT type FROM sra.latest_quote")
    assert quote["type"] == "closed_end_fund"
    assert await read_rows(pool, "SELECT symbol FROM sra.equity_metrics") == []
