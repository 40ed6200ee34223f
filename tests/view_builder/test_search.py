"""A search finds a security by its names, with or without accents, and by its codes."""

from __future__ import annotations

from typing import Any

import pytest

from sra_shared.kit.db import Connection, Pool
from sra_testing.publication import build_all, build_one, choose_views, read_rows
from sra_testing.records import put_data, put_fund, put_profile, put_rename, put_row, put_run
from view_builder.compile import CompiledView
from view_builder.trigrams import SearchReport


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("security_search")


async def put_securities(connection: Connection) -> None:
    run = await put_run(connection, "fundata", ["FundGeneral", "InstrumentIdentifier", "FundLoads"])
    await put_fund(connection, run, "101", name="Maple Balanced Fund Series A")
    await put_fund(connection, run, "101", name="Fonds Équilibré Érable série A", language="FR")
    await put_fund(connection, run, "102", name="Maple Balanced Growth Fund Series A")
    await put_data(
        connection, run, "InstrumentIdentifier", "101", "i", identifier_type="ISIN", identifier_value="CA1234567890"
    )
    await put_data(connection, run, "FundLoads", "101", "l", fund_serv_code="MPL100")
    listed = await put_run(connection, "fmp", ["universe", "profile", "etf_info"])
    codes = {"isin": "US0378331005", "cusip": "037833100", "cik": "0000320193"}
    await put_profile(connection, listed, "AAPL", company_name="Apple Inc.", raw=codes)
    await put_profile(connection, listed, "APLE", company_name="Apple Hospitality REIT, Inc.")
    await put_profile(connection, listed, "MAPL", company_name="Aapl Mining & Sons' Corp.")
    await put_row(connection, listed, "fmp_etf_info", symbol="APLE", isin="US9999999999", security_cusip="99999X999")


async def search(pool: Pool, text: str, most: int = 20) -> list[tuple[Any, ...]]:
    rows = await read_rows(pool, "SELECT identifier, found_by FROM sra.search_securities($1, $2)", text, most)
    return [tuple(row.values()) for row in rows]


async def test_names_are_found_without_accents_and_by_the_beginnings_of_words(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    await build_all(pool, views)
    assert await search(pool, "maple") == []
    async with pool.acquire() as connection:
        await put_securities(connection)
    await build_all(pool, views)
    for text in ("equilibre", "ÉQUILIBRÉ", "Équilibré", "equil erab"):
        assert await search(pool, text) == [("101", "name")], text
    # a name that begins with the text before one that contains it; of two, the shorter name first
    assert await search(pool, "maple bal") == [("101", "name"), ("102", "name")]
    assert await search(pool, "growth fund") == [("102", "name")]
    assert await search(pool, "maple", 1) == [("101", "name")]
    assert await search(pool, "apple") == [("AAPL", "name"), ("APLE", "name")]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("us0378331005", "AAPL"),
        ("037833100", "AAPL"),
        ("0000320193", "AAPL"),
        ("320193", "AAPL"),
        ("99999x999", "APLE"),
        (" MPL100 ", "101"),
        ("CA1234567890", "101"),
        ("102", "102"),
    ],
)
async def test_codes_are_found_whole(pool: Pool, views: tuple[CompiledView, ...], code: str, found: str) -> None:
    async with pool.acquire() as connection:
        await put_securities(connection)
    await build_all(pool, views)
    assert (await search(pool, code))[0] == (found, "code")


async def test_a_symbol_comes_before_names_and_any_text_is_safe(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        await put_securities(connection)
    await build_all(pool, views)
    assert await search(pool, "aapl") == [("AAPL", "code"), ("MAPL", "name")]
    for text in ("", "  ", "'", "a & | !", "sons' & mining:*", "\\", "%", "🙂", "x" * 5000):
        await search(pool, text)
    assert await search(pool, "mining & sons'") == [("MAPL", "name")]


async def test_a_misspelt_name_is_found_if_the_extension_is_installed(
    pool: Pool, views: tuple[CompiledView, ...], view_by_name: dict[str, CompiledView]
) -> None:
    report = SearchReport()
    async with pool.acquire() as connection:
        await put_securities(connection)
    await build_all(pool, views)
    async with pool.acquire() as connection:
        await report.poll(connection)
    assert report.list_warnings() == ()
    found = {"equilbre": ["101"], "Appel": ["AAPL", "APLE"], "hospitalty": ["APLE"], "xyzzy": []}
    for text, identifiers in found.items():
        assert await search(pool, text) == [(identifier, "similar") for identifier in identifiers], text
    # whoever names a security is not shown others
    assert await search(pool, "apple hospitality") == [("APLE", "name")]
    async with pool.acquire() as connection:
        await connection.execute("DROP EXTENSION pg_trgm CASCADE")
        await report.poll(connection)
    (warning,) = report.list_warnings()
    assert "CREATE EXTENSION pg_trgm" in warning
    assert await search(pool, "equilbre") == []
    await build_one(pool, view_by_name["security_search"])
    assert await search(pool, "equilbre") == [("101", "similar")]


async def test_a_text_that_most_names_match_is_found_in_the_same_order(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral"])
        await connection.execute(
            "INSERT INTO fundata_data (run_id, identifier, dataset, record_id, data_source, data_version, row_ordinal,"
            " parser_version, content_hash, language, legal_name, raw_json) SELECT $1, n::text, 'FundGeneral', n::text,"
            " 'CSV', 1, 0, 1, '', 'EN', repeat('Maple ', 1 + n % 7) || n || ' Fund', '{}' FROM generate_series(1, 1200) n",
            run,
        )
    await build_all(pool, views)
    # shorter names first, and of these by name: no name begins with the text, and 1,200 have it as a word
    assert [identifier for identifier, _ in await search(pool, "fund", 3)] == ["7", "14", "21"]
    assert [identifier for identifier, _ in await search(pool, "FUND m", 3)] == ["7", "14", "21"]
    # the one with this code first
    assert (await search(pool, "1001", 3))[0] == ("1001", "code")


async def test_a_new_name_or_code_is_found_after_the_next_build(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        await put_securities(connection)
    await build_all(pool, views)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundLoads"])
        await put_data(connection, run, "FundLoads", "102", "l", fund_serv_code="MPL200")
        listed = await put_run(connection, "fmp", ["universe", "profile", "symbol_changes"])
        await put_profile(connection, listed, "META", company_name="Meta Platforms, Inc.")
        await put_rename(connection, listed, "FB", "META", (await connection.fetchval("SELECT date '2022-06-09'")))
    built = await build_all(pool, views)
    assert (built["security_search"].full, built["security_search"].changed) == (False, 2)
    assert await search(pool, "mpl200") == [("102", "code")]
    assert await search(pool, "platforms") == [("META", "name")]
