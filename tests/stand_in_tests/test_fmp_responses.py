"""Quirks of the vendor, and figures that agree with each other."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import exchange_calendars
import httpx
import pytest

from sra_stand_in import app
from sra_stand_in.calendars import open_calendar
from sra_stand_in.fmp.prices import list_splits, share_factor
from sra_stand_in.fmp.routes import ROUTES
from sra_stand_in.server import StandIn
from sra_testing.stand_in import TEST_DAY, call_fmp, run_stand_in

QUOTE_DAY = "2026-01-05"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("quote", "symbol"),
        ("batch-quote", "symbols"),
        ("batch-exchange-quote", "exchange"),
        ("eod-bulk", "date"),
        ("profile-bulk", "part"),
        ("income-statement-bulk?year=2025", "period"),
        ("income-statement-bulk?year=2025&period=Q9", "period"),
        ("treasury-rates?from=yesterday", "from"),
    ],
)
def test_missing_parameter_is_a_plain_400(fmp: httpx.Client, path: str, name: str) -> None:
    response = fmp.get(path)
    assert response.status_code == 400
    assert response.text == f"Query Error: Invalid or missing query parameter - {name}"
    assert response.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "quote?symbol=NOPE",
        "quote?symbol=XLK,SPY",
        "quote?symbol=BRK.B",
        "historical-price-eod/full?symbol=XLK&from=2026-01-05&to=2025-01-05",
        "etf/info?symbol=^GSPC",
        "financial-scores?symbol=XLK",
        "batch-exchange-quote?exchange=MOON",
        "company-screener?exchange=MOON",
        "delisted-companies?page=900",
    ],
)
def test_no_data_is_an_empty_list(fmp: httpx.Client, path: str) -> None:
    response = fmp.get(path)
    assert (response.status_code, response.text) == (200, "[]")


@pytest.mark.parametrize(
    "params",
    [
        {"from": "0001-01-01", "to": "0001-01-01", "date": "0001-01-01", "year": "1900", "part": "9999", "limit": "0"},
        {"from": "9999-12-31", "to": "9999-12-31", "date": "9999-12-31", "year": "2100", "part": "0", "page": "99999"},
        {"from": "x", "to": "", "date": "2026-02-30", "year": "-1", "part": "-1", "page": "1.5", "limit": "many"},
        {"symbol": "'; DROP TABLE quote; --", "symbols": ",,,", "exchange": "../..", "priceMoreThan": "cheap"},
    ],
)
def test_odd_values_never_break_a_path(fmp: httpx.Client, params: dict[str, str]) -> None:
    for path in ROUTES:
        response = fmp.get(path, params={"symbol": "XLK", "symbols": "XLK", "exchange": "TSX", "period": "FY"} | params)
        assert response.status_code in {200, 400}, path
        assert response.headers["x-sra-stand-in"] == "1"


def test_unknown_paths(stand_in: StandIn, fmp: httpx.Client) -> None:
    for path in ("historical-price-eod", "nothing-here"):
        response = fmp.get(path)
        assert (response.status_code, response.text) == (404, "[]")
    legacy = httpx.get(f"{stand_in.url}/api/v3/quote/AAPL")
    assert legacy.status_code == 403
    assert legacy.json()["Error Message"].startswith("Legacy Endpoint : ")


def test_keys(stand_in: StandIn) -> None:
    url = f"{stand_in.fmp_base_url}/quote?symbol=XLK"
    assert httpx.get(url).status_code == 401
    refused = httpx.get(url, headers={"apikey": "invalid"})
    assert refused.status_code == 401
    assert refused.json()["Error Message"].startswith("Invalid API KEY.")
    assert httpx.get(f"{url}&apikey=any").status_code == 200


def test_screener_filters_sorts_and_pages(fmp: httpx.Client) -> None:
    everything = fmp.get("company-screener", params={"limit": "10000"}).json()
    caps = [row["marketCap"] for row in everything if row["marketCap"] is not None]
    assert caps == sorted(caps, reverse=True)
    toronto = fmp.get("company-screener", params={"exchange": "TSX"}).json()
    assert {row["exchangeShortName"] for row in toronto} == {"TSX"}
    paged = [
        row
        for page in range(5)
        for row in fmp.get("company-screener", params={"exchange": "TSX", "limit": "10", "page": str(page)}).json()
    ]
    assert paged == toronto[:50]
    rich = fmp.get("company-screener", params={"priceMoreThan": "50", "isEtf": "true"}).json()
    assert rich
    assert all(row["price"] >= 50 and row["isEtf"] for row in rich)


def test_batch_quotes_drop_the_unknown_and_echo_duplicates(fmp: httpx.Client) -> None:
    rows = fmp.get("batch-quote", params={"symbols": "xlk,NOPE,XLK,^GSPTSE"}).json()
    assert [row["symbol"] for row in rows] == ["XLK", "XLK", "^GSPTSE"]


def test_exchange_quotes_are_short_by_default(fmp: httpx.Client) -> None:
    assert len(fmp.get("batch-exchange-quote?exchange=NYSE").json()[0]) == 4
    assert len(fmp.get("batch-exchange-quote?exchange=NYSE&short=false").json()[0]) == 17


def test_prices_agree_everywhere(fmp: httpx.Client) -> None:
    bulk = {row["symbol"]: row for row in csv.DictReader(io.StringIO(fmp.get(f"eod-bulk?date={QUOTE_DAY}").text))}
    rows = fmp.get("company-screener", params={"limit": "10000"}).json()
    for row in rows:
        symbol = row["symbol"]
        quote = fmp.get("quote", params={"symbol": symbol}).json()[0]
        assert dt.datetime.fromtimestamp(quote["timestamp"], dt.UTC).date().isoformat() == QUOTE_DAY
        assert quote["price"] == row["price"] == float(bulk[symbol]["close"])
        assert quote["change"] == pytest.approx(quote["price"] - quote["previousClose"])
        assert quote["dayLow"] <= quote["price"] <= quote["dayHigh"] <= quote["yearHigh"]
        window = {"symbol": symbol, "from": "2025-12-30", "to": QUOTE_DAY}
        raw = fmp.get("historical-price-eod/non-split-adjusted", params=window).json()
        assert raw[0]["date"] == QUOTE_DAY
        assert raw[0]["adjClose"] == quote["price"]
        full = fmp.get("historical-price-eod/full", params=window).json()
        assert full[0]["change"] == pytest.approx(full[0]["close"] - full[0]["open"], abs=1e-5)
        assert full[1]["close"] == pytest.approx(quote["previousClose"], abs=1e-4)


def find_split(stand_in: StandIn) -> tuple[str, dict[str, Any]]:
    with call_fmp(stand_in) as fmp:
        row = fmp.get("splits-calendar?from=2025-11-01&to=2026-01-05").json()[0]
        return row["symbol"], row


def test_splits_and_dividends_agree_with_prices() -> None:
    with run_stand_in(securities=900) as big, call_fmp(big) as fmp:
        symbol, split = find_split(big)
        ratio = split["numerator"] / split["denominator"]
        window = {"symbol": symbol, "from": "2025-06-01", "to": "2026-01-05"}
        raw = {row["date"]: row for row in fmp.get("historical-price-eod/non-split-adjusted", params=window).json()}
        full = {row["date"]: row for row in fmp.get("historical-price-eod/full", params=window).json()}
        before = max(day for day in raw if day < split["date"])
        assert full[before]["close"] == pytest.approx(raw[before]["adjClose"] / ratio, abs=1e-4)
        assert full[split["date"]]["close"] == raw[split["date"]]["adjClose"]
        assert raw[before]["adjClose"] / raw[split["date"]]["adjClose"] == pytest.approx(ratio, rel=0.2)
        bulk = csv.DictReader(io.StringIO(fmp.get(f"eod-bulk?date={before}").text))
        row = next(row for row in bulk if row["symbol"] == symbol)
        assert float(row["close"]) == raw[before]["adjClose"]
        assert float(row["adjClose"]) == full[before]["close"]
        for paid in fmp.get("dividends", params={"symbol": symbol}).json():
            security = big.app.fmp.session.world.universe.find(symbol)
            assert security is not None
            day = dt.date.fromisoformat(paid["date"]).toordinal()
            later = share_factor(security, TEST_DAY.toordinal()) / share_factor(
                security, min(day, TEST_DAY.toordinal())
            )
            assert paid["adjDividend"] == pytest.approx(paid["dividend"] / later, abs=1e-6)
        assert list_splits(big.app.fmp.session.world.universe.find("XLK"), TEST_DAY.toordinal()) == []  # type: ignore[arg-type]


def test_statements_balance(fmp: httpx.Client) -> None:
    symbol = next(row["symbol"] for row in fmp.get("sp500-constituent").json())
    for period in ("annual", "quarter"):
        ask = {"symbol": symbol, "period": period, "limit": "6"}
        sheets = fmp.get("balance-sheet-statement", params=ask).json()
        flows = fmp.get("cash-flow-statement", params=ask).json()
        for sheet, flow in zip(sheets, flows, strict=True):
            assert sheet["totalAssets"] == sheet["totalLiabilities"] + sheet["totalEquity"]
            assert sheet["cashAndCashEquivalents"] == flow["cashAtEndOfPeriod"]
            moved = flow["cashAtEndOfPeriod"] - flow["cashAtBeginningOfPeriod"]
            assert moved == flow["netChangeInCash"]
        assert all(one["filingDate"] <= TEST_DAY.isoformat() for one in sheets)
    year = fmp.get("income-statement", params={"symbol": symbol}).json()[0]
    quarters = fmp.get("income-statement", params={"symbol": symbol, "period": "quarter", "limit": "12"}).json()
    same = [row for row in quarters if row["fiscalYear"] == year["fiscalYear"]]
    assert year["revenue"] == sum(row["revenue"] for row in same)


def test_end_of_day_ranges(fmp: httpx.Client) -> None:
    whole = fmp.get("historical-price-eod/light?symbol=^GSPC&from=1990-01-01").json()
    assert len(whole) == 5000
    assert whole[0]["date"] == TEST_DAY.isoformat()
    assert [row["date"] for row in whole] == sorted((row["date"] for row in whole), reverse=True)
    five_years = fmp.get("historical-price-eod/light?symbol=^GSPC").json()
    assert five_years[-1]["date"] in {"2021-01-06", "2021-01-07"}
    assert fmp.get("eod-bulk?date=2026-01-04").text.count("\n") == 1 + 3


def test_currency_pairs_have_a_rate_on_every_weekday(fmp: httpx.Client) -> None:
    rows = fmp.get("historical-price-eod/full?symbol=usdcad&from=2025-12-22&to=2026-12-31").json()
    assert [row["date"] for row in rows][:3] == ["2026-01-06", "2026-01-05", "2026-01-02"]
    assert len(rows) == 12
    assert all(row["symbol"] == "USDCAD" and row["low"] <= row["close"] <= row["high"] for row in rows)
    assert 1.1 < rows[0]["close"] < 1.7
    assert fmp.get("historical-price-eod/full?symbol=USDXXX").json() == []


def test_delisted_companies_have_series_and_statements_up_to_their_end(fmp: httpx.Client) -> None:
    rows = [row for row in fmp.get("delisted-companies").json() if row["delistedDate"] <= TEST_DAY.isoformat()]
    symbol, end = rows[0]["symbol"], rows[0]["delistedDate"]
    prices = fmp.get(f"historical-price-eod/non-split-adjusted?symbol={symbol}&from=2025-01-01").json()
    assert end >= prices[0]["date"] >= (dt.date.fromisoformat(end) - dt.timedelta(days=6)).isoformat()
    for path in ("income-statement", "ratios"):
        quarters = fmp.get(f"{path}?symbol={symbol}&period=quarter").json()
        assert quarters
        assert all(row["date"] <= end for row in quarters)
    assert all(row["date"] <= end for row in fmp.get(f"dividends?symbol={symbol}").json())
    assert symbol not in fmp.get("eod-bulk?date=2026-01-05").text


def test_fiscal_years_run_ahead_of_the_calendar(stand_in: StandIn, fmp: httpx.Client) -> None:
    stand_in.set_as_of("2025-12-22")
    rows = list(csv.DictReader(io.StringIO(fmp.get("income-statement-bulk?year=2026&period=Q3").text)))
    assert rows
    assert {row["date"] for row in rows} == {"2025-10-31"}
    assert fmp.get("income-statement-bulk?year=2026&period=Q4").text.count("\n") == 1


def test_treasury_rates_keep_three_months_silently(fmp: httpx.Client) -> None:
    rows = fmp.get("treasury-rates?from=2020-01-01&to=2025-12-31").json()
    assert rows[0]["date"] == "2025-12-31"
    assert "2025-10-01" <= rows[-1]["date"] <= "2025-10-03"
    assert fmp.get("treasury-rates?from=2000-01-03&to=2000-02-01").json()[0]["month1"] is None


def test_weights_sum_to_a_hundred(fmp: httpx.Client) -> None:
    holdings = fmp.get("etf/holdings?symbol=xlk").json()
    assert sum(row["weightPercentage"] for row in holdings) == pytest.approx(100, abs=0.01)
    assert any(row["asset"] == "" for row in holdings)
    assert any(row["weightPercentage"] < 0 for row in holdings)
    countries = fmp.get("etf/country-weightings?symbol=XLK").json()
    assert all(row["weightPercentage"].endswith("%") for row in countries)
    info = fmp.get("etf/info?symbol=XLK").json()[0]
    sectors = fmp.get("etf/sector-weightings?symbol=XLK").json()
    assert [(one["industry"], one["exposure"]) for one in info["sectorsList"]] == [
        (row["sector"], row["weightPercentage"]) for row in sectors
    ]


@pytest.mark.parametrize(
    ("plan", "refused", "allowed"),
    [
        ("premium", ("eod-bulk?date=2026-01-05", "etf/holdings?symbol=XLK"), ("sp500-constituent",)),
        ("starter", ("sp500-constituent", "peers-bulk"), ("company-screener", "etf/info?symbol=XLK")),
        ("free", ("company-screener", "symbol-change"), ("treasury-rates", "historical-price-eod/light?symbol=^GSPC")),
    ],
)
def test_plans(
    stand_in: StandIn, fmp: httpx.Client, plan: str, refused: tuple[str, ...], allowed: tuple[str, ...]
) -> None:
    stand_in.set_fmp(plan=plan)
    for path in refused:
        response = fmp.get(path)
        assert response.status_code == 402
        assert response.text.startswith("Restricted Endpoint: ")
    for path in allowed:
        assert fmp.get(path).status_code == 200


def test_free_plan_refuses_symbols(stand_in: StandIn, fmp: httpx.Client) -> None:
    symbol = fmp.get("stock-list").json()[-1]["symbol"]
    stand_in.set_fmp(plan="free")
    response = fmp.get("quote", params={"symbol": symbol})
    assert response.status_code == 402
    assert response.text.startswith("Premium Query Parameter: ")


def test_two_stand_ins_with_one_day_return_the_same() -> None:
    paths = ("company-screener", "profile-bulk?part=0", "eod-bulk?date=2026-01-05", "biggest-losers", "peers-bulk")
    texts = []
    for _ in range(2):
        with run_stand_in(securities=60) as running, call_fmp(running) as fmp:
            texts.append([fmp.get(path).text for path in paths])
    assert texts[0] == texts[1]
    with run_stand_in(securities=60, seed=8) as running, call_fmp(running) as fmp:
        assert fmp.get(paths[0]).text != texts[0][0]


def test_history_stays_when_the_day_moves(stand_in: StandIn, fmp: httpx.Client) -> None:
    path = "historical-price-eod/non-split-adjusted?symbol=XIU.TO&from=2025-12-01&to=2026-01-05"
    before, screened = fmp.get(path).text, fmp.get("company-screener").text
    stand_in.set_as_of("2026-01-09")
    assert fmp.get(path).text == before
    assert fmp.get("company-screener").text != screened
    assert stand_in.stats()["as_of"] == "2026-01-09"


def test_a_world_has_the_requested_size() -> None:
    for size in (7, 60, 250):
        with run_stand_in(securities=size) as running, call_fmp(running) as fmp:
            rows = fmp.get("company-screener", params={"limit": "10000"}).json()
            codes = [row["exchangeShortName"] for row in rows]
            assert sum(code in {"NYSE", "NASDAQ", "AMEX", "TSX", "TSXV"} for code in codes) == size
            assert len({row["symbol"] for row in rows}) == len(rows) > size
            assert set(codes) >= {"NYSE", "NASDAQ", "AMEX", "TSX", "TSXV", "OTC"}


@pytest.mark.filterwarnings("ignore:Series.values")  # pandas warns of the calendar library
@pytest.mark.parametrize(("country", "name"), [("US", "XNYS"), ("CA", "XTSE")])
def test_sessions_are_those_of_the_exchanges(country: str, name: str) -> None:
    calendar = exchange_calendars.get_calendar(name, start="2010-01-01", end="2027-06-30")
    known = {day.date().toordinal() for day in calendar.sessions}
    first, last = dt.date(2010, 1, 1).toordinal(), dt.date(2027, 6, 30).toordinal()
    assert set(open_calendar(country).between(first, last)) == known


def test_without_a_day_the_world_is_that_of_today_and_moves_on(monkeypatch: pytest.MonkeyPatch) -> None:
    days = [dt.date(2026, 1, 6)]
    monkeypatch.setattr(app, "read_today", lambda: days[0])
    with run_stand_in(securities=60, as_of=None) as running, call_fmp(running) as fmp:
        fmp.get("quote?symbol=XLK")
        assert running.stats()["as_of"] == "2026-01-06"
        days[0] = dt.date(2026, 1, 7)
        fmp.get("quote?symbol=XLK")
        assert running.stats()["as_of"] == "2026-01-07"
        running.set_as_of("2026-01-05")
        fmp.get("quote?symbol=XLK")
        assert running.stats()["as_of"] == "2026-01-05"


def test_long_responses_are_compressed_if_accepted(stand_in: StandIn, fmp: httpx.Client) -> None:
    packed = fmp.get("company-screener")
    plain = fmp.get("company-screener", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert "content-encoding" not in fmp.get("quote?symbol=XLK").headers
