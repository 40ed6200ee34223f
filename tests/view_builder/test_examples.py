"""What the documents show to readers: the query of each view and the notebook, as sra_reader on data in every view."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sra_shared.kit.db import Pool
from sra_testing.everything import FIRST_DAY, put_everything
from sra_testing.notebooks import run_notebook
from sra_testing.publication import build_all
from sra_testing.records import put_quote, put_run
from view_builder.compile import CompiledView
from view_builder.sql_files import read_mart

NOTEBOOK = Path(__file__).parents[2] / "examples" / "research.ipynb"
# the queries name securities that people know; these are the ones here
NAMES = {"'AAPL'": "'AAA'", "'SPY'": "'EEE'", "'412'": "'0'"}


async def test_the_query_of_each_view_finds_rows(
    pool: Pool, reader_pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    await put_everything(pool, funds=2)
    await build_all(pool, views)
    empty = []
    for view in views:
        query = read_mart(view.relation)["example"]
        for known, here in NAMES.items():
            query = query.replace(known, here)
        assert "sra." in query, view.relation
        if not await reader_pool.fetch(query):
            empty.append(view.relation)
    assert empty == []


async def test_the_notebook_runs_and_draws_its_pictures(
    pool: Pool,
    reader_pool: Pool,
    reader_address: str,
    views: tuple[CompiledView, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    await put_everything(pool, funds=1, name="Fonds Équilibré")
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        for number in range(1, 20):
            await put_quote(connection, run, "0", FIRST_DAY + timedelta(number), str(10 + number))
    await build_all(pool, views)
    monkeypatch.setenv("READER_URL", reader_address)
    monkeypatch.setenv("PICTURES", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "agg")
    names = await run_notebook(NOTEBOOK)
    assert names["fund"].name == "Fonds Équilibré"
    assert names["growth"]["total_return"].to_list()[::19] == [10_000, 290_000]
    assert len(names["companies"]) == 2
    assert names["screen"]["net_margin"].len() > 0
    assert all(public.net_margin is None or public.available_at <= names["moment"] for public in names["known"])
    drawn = sorted(path.name for path in tmp_path.iterdir())
    assert drawn == ["notebook_comparison.png", "notebook_growth.png", "notebook_screen.png"]
