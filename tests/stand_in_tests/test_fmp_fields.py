"""Every response has the documented fields, in order, with the documented JSON types."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import httpx
import pytest

ROW_TYPES = {
    "company-screener": "symbol s, companyName s?, marketCap n?, sector s?, industry s?, beta n?, price n?, "
    "lastAnnualDividend n?, volume n, avgVolume n, exchange s, exchangeShortName s, country s?, isEtf b, isFund b, "
    "isActivelyTrading b?",
    "profile": "symbol s, price n?, marketCap n?, beta n?, lastDividend n?, range s?, change n?, changePercentage n?, "
    "volume n?, averageVolume n?, companyName s?, currency s?, cik s?, isin s?, cusip s?, exchangeFullName s, "
    "exchange s, industry s?, website s?, description s?, ceo s?, sector s?, country s?, fullTimeEmployees s?, "
    "phone s?, address s?, city s?, state s?, zip s?, image s, ipoDate d?, defaultImage b, isEtf b, "
    "isActivelyTrading b, isAdr b, isFund b",
    "quote": "symbol s, name s?, price n, changePercentage n, change n, volume n?, dayLow n?, dayHigh n?, yearHigh n?, "
    "yearLow n?, marketCap n?, priceAvg50 n?, priceAvg200 n?, exchange s, open n?, previousClose n?, timestamp i",
    "batch-quote-short": "symbol s, price n, change n, volume n",
    "dividends": "symbol s, date d, recordDate d, paymentDate d, declarationDate d, adjDividend n, dividend n, yield n, "
    "frequency s",
    "splits": "symbol s, date d, numerator n, denominator n",
    "historical-price-eod/full": "symbol s, date d, open n, high n, low n, close n, volume n, change n, changePercent n, "
    "vwap n",
    "historical-price-eod/light": "symbol s, date d, price n, volume n",
    "historical-price-eod/non-split-adjusted": "symbol s, date d, adjOpen n, adjHigh n, adjLow n, adjClose n, volume n",
    "financial-scores": "symbol s, reportedCurrency s, altmanZScore n, piotroskiScore n, workingCapital n, "
    "totalAssets n, retainedEarnings n, ebit n, marketCap n, totalLiabilities n, revenue n",
    "stock-peers": "symbol s, companyName s, price n, mktCap n",
    "earnings": "symbol s, date d, epsActual n?, epsEstimated n?, revenueActual n?, revenueEstimated n?, lastUpdated d",
    "etf/info": "symbol s, name s, description s, isin s, assetClass s, securityCusip s, domicile s, website s, "
    "etfCompany s, expenseRatio n, assetsUnderManagement n, avgVolume n, inceptionDate d, nav n, navCurrency s, "
    "holdingsCount i, isActivelyTrading b, updatedAt s, sectorsList l",
    "etf/holdings": "symbol s, asset s, name s, isin s, securityCusip s, sharesNumber n, weightPercentage n, "
    "marketValue n, updatedAt s",
    "etf/country-weightings": "country s, weightPercentage s",
    "etf/sector-weightings": "symbol s, sector s, weightPercentage n",
    "treasury-rates": "date d, month1 n?, month2 n?, month3 n, month6 n, year1 n, year2 n, year3 n, year5 n, year7 n, "
    "year10 n, year20 n, year30 n",
    "sp500-constituent": "symbol s, name s, sector s, subSector s, headQuarter s, dateFirstAdded d?, cik s, founded s",
    "historical-sp500-constituent": "dateAdded s, addedSecurity s?, removedTicker s?, removedSecurity s?, date d, "
    "symbol s, reason s?",
    "biggest-gainers": "symbol s, price n, name s, change n, changesPercentage n, exchange s",
    "delisted-companies": "symbol s, companyName s, exchange s, ipoDate d, delistedDate d",
    "symbol-change": "date d, companyName s, oldSymbol s, newSymbol s",
    "stock-list": "symbol s, companyName s",
    "etf-list": "symbol s, name s",
    "available-exchanges": "exchange s, name s, countryName s, countryCode s, symbolSuffix s, delay s?",
}
NAMED_LIKE = {
    "batch-quote": "quote",
    "dividends-calendar": "dividends",
    "splits-calendar": "splits",
    "earnings-calendar": "earnings",
    "biggest-losers": "biggest-gainers",
    "nasdaq-constituent": "sp500-constituent",
    "dowjones-constituent": "sp500-constituent",
    "actively-trading-list": "etf-list",
}
STATEMENT_WIDTHS = {
    "income-statement": 39,
    "balance-sheet-statement": 61,
    "cash-flow-statement": 47,
    "income-statement-growth": 34,
    "balance-sheet-statement-growth": 56,
    "cash-flow-statement-growth": 42,
    "financial-growth": 44,
    "ratios": 66,
    "key-metrics": 47,
}
DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def has_type(value: Any, kind: str) -> bool:
    if value is None:
        return kind.endswith("?")
    checks = {
        "s": lambda: isinstance(value, str),
        "n": lambda: isinstance(value, int | float) and not isinstance(value, bool),
        "i": lambda: isinstance(value, int) and not isinstance(value, bool),
        "b": lambda: isinstance(value, bool),
        "d": lambda: isinstance(value, str) and (value == "" or bool(DAY.match(value))),
        "l": lambda: isinstance(value, list),
    }
    return checks[kind.rstrip("?")]()


def find_symbol(fmp: httpx.Client, path: str) -> str:
    if path.startswith("etf/"):
        return "XLK"
    for row in fmp.get("company-screener", params={"isEtf": "false"}).json():
        symbol = str(row["symbol"])
        if "-" not in symbol and fmp.get(path, params={"symbol": symbol}).json():
            return symbol
    raise AssertionError(f"no symbol has {path}")


def request_rows(fmp: httpx.Client, path: str) -> list[dict[str, Any]]:
    params: dict[str, str] = {"limit": "5000", "from": "2025-11-01", "to": "2026-01-05"}
    if path.startswith("batch"):
        params["symbols"] = "XLK,^GSPC,NOPE,XLK"
    elif not path.endswith(("-list", "calendar", "constituent", "-companies", "-change", "-exchanges", "screener")):
        params["symbol"] = find_symbol(fmp, path)
    response = fmp.get(path, params=params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["x-sra-stand-in"] == "1"
    rows: list[dict[str, Any]] = response.json()
    return rows


@pytest.mark.parametrize("path", [*ROW_TYPES, *NAMED_LIKE])
def test_rows_have_the_documented_fields(fmp: httpx.Client, path: str) -> None:
    documented = [item.split() for item in ROW_TYPES[NAMED_LIKE.get(path, path)].split(", ")]
    rows = request_rows(fmp, path)
    assert rows
    for row in rows:
        assert list(row) == [name for name, _ in documented]
        wrong = [(name, row[name]) for name, kind in documented if not has_type(row[name], kind)]
        assert not wrong


@pytest.mark.parametrize(("path", "width"), STATEMENT_WIDTHS.items())
def test_statements_have_their_width_and_text_years(fmp: httpx.Client, path: str, width: int) -> None:
    symbol = find_symbol(fmp, path)
    rows = fmp.get(path, params={"symbol": symbol, "period": "quarter", "limit": "9"}).json()
    assert len(rows) == 9
    assert [row["date"] for row in rows] == sorted((row["date"] for row in rows), reverse=True)
    for row in rows:
        assert len(row) == width
        assert row["fiscalYear"].isdigit()
        assert row["period"] in {"Q1", "Q2", "Q3", "Q4"}
        heads = 8 if width in {39, 61, 47} and "cik" in row else 5
        assert all(value is None or isinstance(value, int | float) for value in list(row.values())[heads:])


def test_statement_periods_and_limits(fmp: httpx.Client) -> None:
    symbol = find_symbol(fmp, "income-statement")
    assert len(fmp.get("income-statement", params={"symbol": symbol}).json()) == 5
    third = fmp.get("income-statement", params={"symbol": symbol, "period": "Q3", "limit": "4"}).json()
    assert {row["period"] for row in third} == {"Q3"}
    odd = fmp.get("income-statement", params={"symbol": symbol, "period": "fortnight"}).json()
    assert {row["period"] for row in odd} == {"FY"}


@pytest.mark.parametrize("path", [path for path in STATEMENT_WIDTHS if "statement" in path])
def test_bulk_statements_have_the_columns_of_the_json(fmp: httpx.Client, path: str) -> None:
    one = fmp.get(path, params={"symbol": find_symbol(fmp, path), "limit": "1"}).json()[0]
    response = fmp.get(f"{path}-bulk", params={"year": one["fiscalYear"], "period": "FY"})
    assert response.headers["content-type"].startswith("text/csv")
    assert "content-length" not in response.headers
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert list(rows[0]) == list(one)
    same = next(row for row in rows if row["symbol"] == one["symbol"])
    assert same == {name: str(value) for name, value in one.items()}


def test_bulk_text_is_quoted_and_null_is_empty(fmp: httpx.Client) -> None:
    lines = fmp.get("profile-bulk", params={"part": "0"}).text.splitlines()
    assert lines[0].startswith('"symbol","price","marketCap"')
    assert all(line.startswith('"') for line in lines)
    rows = list(csv.DictReader(lines))
    assert {row["isEtf"] for row in rows} == {"true", "false"}
    assert any(row["ceo"] == "" for row in rows)
    assert any("," in row["description"] and '"' in row["description"] for row in rows)


def test_bulk_parts_hold_every_listing_once_and_end_with_400(fmp: httpx.Client) -> None:
    symbols: list[str] = []
    for part in range(10):
        response = fmp.get("profile-bulk", params={"part": str(part)})
        if response.status_code == 400:
            break
        symbols += [row["symbol"] for row in csv.DictReader(io.StringIO(response.text))]
    listed = [row["symbol"] for row in fmp.get("stock-list").json()]
    assert sorted(symbols) == sorted(listed)
    assert part > 1


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("eod-bulk?date=2026-01-05", '"symbol","date","open","low","high","close","adjClose","volume"'),
        ("peers-bulk", '"symbol","peers"'),
        (
            "etf-holder-bulk?part=0",
            '"symbol","name","sharesNumber","asset","weightPercentage","cusip","isin","marketValue","lastUpdated"',
        ),
        ("earnings-surprises-bulk?year=2025", '"symbol","date","epsActual","epsEstimated","lastUpdated"'),
    ],
)
def test_other_bulk_headers(fmp: httpx.Client, path: str, header: str) -> None:
    lines = fmp.get(path).text.splitlines()
    assert lines[0] == header
    assert len(lines) > 20


def test_symbols_of_every_form(fmp: httpx.Client) -> None:
    symbols = {row["symbol"]: row["exchangeShortName"] for row in fmp.get("company-screener").json()}
    assert {"NYSE", "NASDAQ", "AMEX", "TSX", "TSXV"} < set(symbols.values())
    assert any(re.fullmatch(r"[A-Z]+-P?[A-Z]+(\.TO)?", symbol) for symbol in symbols)
    assert all(symbol.endswith(".TO") for symbol, code in symbols.items() if code == "TSX")
    assert all(symbol.endswith(".V") for symbol, code in symbols.items() if code == "TSXV")
