"""The view that docs/extending.md adds, with its model, SQL and declaration as written there."""

from __future__ import annotations

import datetime as dt
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import pytest

from sra_contract.base import Subject, ViewModel, column
from sra_contract.quantities import QUANTITIES, Quantity
from sra_shared.kit.db import Pool
from sra_testing.packages import ROOT
from sra_testing.publication import build_group, choose_views, read_rows
from sra_testing.records import put_dividend, put_profile, put_run
from view_builder.apply import define_views
from view_builder.compile import compile_views
from view_builder.marts import MARTS
from view_builder.spec import Incremental, Mart, ViewSource, ViewSpec
from view_builder.sql_files import split_mart

PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
NAMES: dict[str, Any] = {
    **{"dt": dt, "datetime": datetime, "Decimal": Decimal, "ClassVar": ClassVar, "UUID": UUID},
    **{"column": column, "Subject": Subject, "ViewModel": ViewModel},
}


def find_example(language: str, beginning: str) -> str:
    found = re.search(rf"```{language}\n({beginning}.*?)```", PAGE, re.DOTALL)
    assert found is not None, beginning
    return found[1]


def make_mart() -> Mart:
    """The example's parts, combined as in its declaration."""
    # without this module's own way to read annotations
    exec(compile(find_example("python", "class "), "extending.md", "exec", dont_inherit=True), NAMES)  # noqa: S102
    sql = split_mart(find_example("sql", "-- "))
    assert '(NewestDividend, sources=(*_EVENTS, *_UNIVERSE), uses=("security_master",)' in PAGE
    return Mart(
        NAMES["NewestDividend"],
        ViewSpec(
            key=NAMES["NewestDividend"].view_key,
            query=sql["rows"],
            sources=(ViewSource("fmp_dividend", "fmp", ("dividends",)),),
            uses=("security_master",),
            incremental=Incremental(
                partition=("symbol",), all_keys=sql["keys"], affected_keys=sql["affected"], has_run=False
            ),
        ),
    )


def add_quantity(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dictionary with the entry of the page."""
    (added,) = eval(f"{{{find_example('python', chr(34))}}}", {"Quantity": Quantity}).items()  # noqa: S307 - our page
    assert isinstance(QUANTITIES, dict)
    monkeypatch.setitem(QUANTITIES, *added)


async def test_the_view_of_the_page_is_built_fully_and_incrementally(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_quantity(monkeypatch)
    view = next(one for one in compile_views([*MARTS, make_mart()]) if one.relation == "newest_dividend")
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "dividends"])
        await put_profile(connection, run, "ABC")
        await put_dividend(connection, run, "ABC", date(2025, 3, 3), "0.5")
    await build_group(pool, choose_views("security_master"))
    await define_views(pool, [view])
    assert (await build_group(pool, [view]))["newest_dividend"].full
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["dividends"])
        await put_dividend(connection, later, "ABC", date(2025, 6, 2), "0.75")
    built = (await build_group(pool, [view]))["newest_dividend"]
    assert (built.full, built.computed, built.changed) == (False, 1, 1)
    rows = await read_rows(pool, "SELECT symbol, ex_date, dividend, last_run_id FROM sra.newest_dividend")
    newest = {"symbol": "ABC", "ex_date": date(2025, 6, 2), "dividend": Decimal("0.75"), "last_run_id": later}
    assert rows == [newest]
