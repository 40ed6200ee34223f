"""Hostile bodies from a real server: refused with a reason, or stored without their bad rows."""

from __future__ import annotations

import gzip
import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fmp_ingest.client import response_bodies
from fmp_ingest.client.fmp_client import check_source
from sra_shared.kit.db import Pool
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.sandbox import RefusedSourceError
from sra_testing.fmp_runs import Ended, make_settings, run_fmp
from sra_testing.small_server import QuietHandler, serve

PATH = "/treasury-rates"
DAY = datetime.now(UTC).date() - timedelta(days=3)


@dataclass
class Vendor:
    """The response to one path: body, headers, status; all other paths return empty lists."""

    body: bytes = b"[]"
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    path: str = PATH
    refused_once: str = ""
    url: str = ""
    sent: list[str] = field(default_factory=list)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    made = Vendor()

    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802 - a name of http.server
            is_requested = self.path.startswith(made.path)
            made.sent.append(self.path)
            body = made.body if is_requested else b"[]"
            # a bulk file has one part
            is_past = "part=" in self.path and "part=0" not in self.path
            if made.refused_once and made.refused_once in self.path:
                made.refused_once = ""
                self.send_error(429)
                return
            self.send_response(400 if is_past else made.status if is_requested else 200)
            for name, value in made.headers.items() if is_requested else ():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

    with serve(Handler) as url:
        made.url = url
        yield made


async def collect(dsn: str, vendor: Vendor, dataset: str = "treasury_rates", **values: Any) -> Ended:
    return await run_fmp(dsn, make_settings(vendor.url, **({"reject_limit": "1"} | values)), dataset)


def write_rates(*more: Mapping[str, Any]) -> bytes:
    return json.dumps([{"date": DAY.isoformat(), "month1": 4.1}, *more]).encode()


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (
            gzip.compress(gzip.compress(write_rates())),
            {"Content-Encoding": "gzip, gzip"},
            "encoded 2 times (gzip, gzip)",
        ),
        (gzip.compress(gzip.compress(write_rates())), {"Content-Encoding": "gzip"}, "not data|no words|error_in_200"),
        (write_rates(), {"Content-Encoding": "br"}, "'br', which was not requested"),
        (b"no gzip", {"Content-Encoding": "gzip"}, "not valid gzip"),
        (gzip.compress(write_rates())[:-9], {"Content-Encoding": "gzip"}, "cut off inside its gzip"),
        (write_rates().decode().encode("utf-16"), {"Content-Type": "application/json; charset=utf-16"}, "UTF-16"),
        (b"\x00" * 500, {"Content-Type": "application/json; charset=klingon"}, "no words|not data|error_in_200"),
    ],
)
async def test_a_body_that_cannot_be_read_is_an_error_with_its_reason(
    sandbox_database: str, pool: Pool, vendor: Vendor, body: bytes, headers: Mapping[str, str], words: str
) -> None:
    vendor.body, vendor.headers = body, headers
    ended = await collect(sandbox_database, vendor)
    assert ended.task.status == "failed"
    result = str(ended.units["treasury_rates"].error)
    assert any(one in result for one in words.split("|")), result
    assert result.isprintable()
    assert await pool.fetchval("SELECT count(*) FROM fmp_treasury_rate") == 0


@pytest.mark.parametrize("location", ["http://[::1", "\x07", "https://169.254.169.254/latest/", "/elsewhere"])
async def test_a_redirect_is_refused_and_not_followed(sandbox_database: str, vendor: Vendor, location: str) -> None:
    vendor.status, vendor.headers = 302, {"Location": location}
    ended = await collect(sandbox_database, vendor)
    assert ended.task.status == "failed"
    assert all(path.startswith(PATH) for path in vendor.sent)


async def test_rows_with_unstorable_text_are_quarantined_and_the_others_stored(
    sandbox_database: str, pool: Pool, vendor: Vendor
) -> None:
    good, bad = write_rates()[1:-1], DAY - timedelta(days=1)
    rows = [
        f'{{"date":"{bad}","month1":4.2,"remark":"\\ud800"}}',
        f'{{"date":"{bad}","month1":4.2,"\\udfff":1}}',
        f'{{"date":"{bad}","month1":4.2,"remark":{{"deep":["\\u0000"]}}}}',
        '{"date":"\\ud83d","month1":4.2}',
    ]
    raw = b'{"date":"%s","month1":4.2,"remark":"caf\xe9"}' % str(bad).encode()
    vendor.body = b"[" + b",".join([good, *(row.encode() for row in rows), raw]) + b"]"
    ended = await collect(sandbox_database, vendor)
    assert ended.task.status == "completed", ended.task.error_details
    # two ranges of days are requested
    assert ended.counts("treasury_rates")["rejected_by"] == {"bad_encoding": 8, "nul_byte": 2}
    assert await pool.fetchval("SELECT count(*) FROM fmp_treasury_rate") == 1
    kept = await pool.fetch("SELECT raw FROM rejected_record")
    said = b" ".join(bytes(row["raw"]) for row in kept)
    assert b'"\\ud800"' in said
    assert b"caf\xe9" in said


async def test_symbols_with_unstorable_text_are_named_in_escaped_form(
    sandbox_database: str, pool: Pool, vendor: Vendor
) -> None:
    await pool.execute(
        "INSERT INTO fmp_universe (symbol, exchange, is_etf, is_fund, raw_json, run_id, content_hash)"
        " VALUES ('ETF', 'NYSE', true, false, '{}', gen_random_uuid(), 'x')"
    )
    vendor.path = "/etf/"
    vendor.body = b'[{"symbol":"\\ud800\\u0000X","name":"n","asset":"A","weightPercentage":1,"expenseRatio":0.1}]'
    for dataset in ("etf_holdings", "etf_info"):
        ended = await collect(sandbox_database, vendor, dataset)
        assert ended.task.status in ("completed", "partial", "failed")
        assert not any("Error" in str(one) for one in ended.task.error_details), ended.task.error_details


async def test_an_impossible_exponent_drops_the_value(sandbox_database: str, pool: Pool, vendor: Vendor) -> None:
    vendor.body = b'[{"date":"%s","month1":4.2,"month2":1e99999999999999999999}]' % DAY.isoformat().encode()
    ended = await collect(sandbox_database, vendor)
    assert ended.task.status == "completed", ended.task.error_details
    row = await pool.fetchrow("SELECT month1, month2 FROM fmp_treasury_rate")
    assert (str(row["month1"]), row["month2"]) == ("4.2", None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[" + b"{}," * 700_000 + b"{}]", "memory"),
        (b"[" + b'{"date":"2026-01-05","month1":1.5},' * 60_000 + b"{}]", "memory"),
        (b'[{"date":"' + b"x" * (2 << 20) + b'"}]', "more than 1,048,576 characters"),
        (b'{"error":"' + b"x" * 300_000 + b'"}', "one object of"),
        (b'[{"date":"2026-01-05"' + b" " * 300_000, "cut off or not data"),
    ],
    ids=["empty objects", "many rows", "long text", "one object", "cut"],
)
async def test_large_json_is_limited_by_its_parsed_size(
    sandbox_database: str, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, body: bytes, words: str
) -> None:
    monkeypatch.setattr(response_bodies, "MOST_PARSED_BYTES", 8 << 20)
    vendor.body = body
    ended = await collect(sandbox_database, vendor)
    assert ended.task.status == "failed"
    assert words in str(ended.units["treasury_rates"].error)


async def test_large_valid_json_is_stored_completely(sandbox_database: str, pool: Pool, vendor: Vendor) -> None:
    days = [(DAY - timedelta(days=number)).isoformat() for number in range(80)]
    vendor.body = json.dumps([{"date": day, "month1": 4.25, "remark": "é" * 3000} for day in days]).encode()
    assert len(vendor.body) > 1 << 20
    ended = await collect(sandbox_database, vendor)
    assert ended.task.status == "completed", ended.task.error_details
    assert (
        await pool.fetchval("SELECT count(*) FROM fmp_treasury_rate WHERE raw_json ->> 'remark' = repeat('é', 3000)")
        == 80
    )


async def test_a_bulk_file_over_the_limit_is_dropped_completely(
    sandbox_database: str, pool: Pool, vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    await pool.execute(
        "INSERT INTO fmp_universe (symbol, exchange, is_etf, is_fund, raw_json, run_id, content_hash)"
        " VALUES ('A', 'NYSE', false, false, '{}', gen_random_uuid(), 'x')"
    )
    vendor.path, row = "/profile-bulk", b"A,A company,1.5,NYSE,USD\n"
    vendor.body = b"symbol,companyName,price,exchange,currency\n" + row * ((1 << 20) // len(row) + 1)
    ended = await collect(sandbox_database, vendor, "profile", download_max_mb=1)
    assert ended.task.status == "failed"
    assert "more than 1,048,576 bytes" in str(ended.units["profile"].error)
    vendor.body = b"symbol,companyName,price,exchange,currency\n" + b"x" * 1_100_000 + b"\n" + row
    ended = await collect(sandbox_database, vendor, "profile", download_max_mb=2)
    assert ended.counts("profile")["rejected_by"] == {"row_too_long": 1}
    assert await pool.fetchval("SELECT count(*) FROM equity_profile") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("value", "days"), [("99999999999", 1), ("Fri, 01 Jan 2100 00:00:00 GMT", 1)])
async def test_a_retry_after_of_years_is_limited_to_a_day(
    sandbox_database: str, vendor: Vendor, value: str, days: int
) -> None:
    vendor.status, vendor.headers, vendor.body = 503, {"Retry-After": value}, b"busy"
    ended = await collect(sandbox_database, vendor)
    assert ended.task.status == "parked"
    assert ended.task.resume_at is not None
    left = ended.task.resume_at - datetime.now(UTC)
    assert timedelta(days=days) - timedelta(minutes=5) < left <= timedelta(days=days)
    assert f"until {ended.task.resume_at:%Y-%m-%d %H:}" in str(ended.units["treasury_rates"].error)


async def test_odd_digits_in_retry_after_are_none(sandbox_database: str, pool: Pool, vendor: Vendor) -> None:
    vendor.status, vendor.headers = 503, {"Retry-After": "\xb2"}
    ended = await collect(sandbox_database, vendor)
    assert ended.task.status == "failed"
    assert "server_error" in str(ended.units["treasury_rates"].error)


@pytest.mark.parametrize(
    "host", ["financialmodelingprep.com", "FinancialModelingPrep.com.", "site.financialmodelingprep.com."]
)
def test_the_vendor_with_a_dot_is_the_vendor(host: str) -> None:
    with pytest.raises(RefusedSourceError):
        check_source(f"https://{host}/stable", is_sandbox=True)
    check_source(f"https://{host}/stable", is_sandbox=False)
    with pytest.raises(ConfigError, match="FMP_BASE_URL"):
        check_source("https://[::1", is_sandbox=False)


async def test_large_responses_of_many_calls_are_classified_one_at_a_time_in_order(
    sandbox_database: str, pool: Pool, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.execute(
        "INSERT INTO fmp_universe (symbol, exchange, is_etf, is_fund, raw_json, run_id, content_hash)"
        " SELECT 'E' || n, 'NYSE', true, false, '{}', gen_random_uuid(), 'x' FROM generate_series(10, 29) n"
    )
    at_once: list[int] = []
    under_way = threading.Semaphore(0)
    load: Callable[..., Any] = response_bodies._load_large

    def watch(*arguments: Any) -> Any:
        under_way.release()
        at_once.append(under_way._value)
        try:
            return load(*arguments)
        finally:
            under_way.acquire()

    monkeypatch.setattr(response_bodies, "_load_large", watch)
    # the first one is requested again, while later responses wait for their turn
    vendor.path, vendor.refused_once = "/etf/holdings", "symbol=E10"
    rows = [{"symbol": "%", "asset": f"A{number}", "weightPercentage": 0.1, "name": "n" * 900} for number in range(200)]
    vendor.body = json.dumps(rows).encode()
    ended = await collect(sandbox_database, vendor, "etf_holdings")
    assert ended.units["etf_holdings"].status in ("completed", "partial", "failed")
    assert (len(at_once), max(at_once)) == (20, 1)
    assert not vendor.refused_once
