"""A next contract version for tests: the product's views with some columns renamed, and a core that reads them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import pytest
from pydantic import Field, create_model

from sra_contract import CONTRACT_VERSION, ViewModel
from sra_contract.base import Col, list_columns
from sra_testing.timings import QUICK
from view_builder import core, inprocess
from view_builder.compile import CompiledView, compile_views
from view_builder.inprocess import build_in_process
from view_builder.marts import MARTS
from view_builder.spec import Incremental, Mart
from view_builder.sql_files import read_core
from view_builder.work import BuildParameters

NEXT_VERSION = CONTRACT_VERSION + 1
RENAMED: Mapping[str, Mapping[str, str]] = {
    "price_adjustment": {"share_factor": "share_multiple"},
    "fund_page": {"navps": "value_per_share"},
    "index_performance": {"sma_50": "average_50"},
    "daily_market_summary": {"advancers": "advancing_count"},
    "equity_page": {"price": "last_price"},
}
"""Former and new names by view: materialized, read from another view's table, live, and read by functions of core."""


def _rename_model(model: type[ViewModel], names: Mapping[str, str]) -> type[ViewModel]:
    fields: dict[str, Any] = {
        names.get(column.name, column.name): (
            Annotated[model.model_fields[column.name].annotation, Col(column.unit, column.sql_type)],
            Field(description=column.description),
        )
        for column in list_columns(model)
    }
    renamed: type[ViewModel] = create_model(model.__name__, __base__=ViewModel, __doc__=model.__doc__, **fields)
    renamed.view_name, renamed.view_key = model.view_name, model.view_key
    return renamed


def _rename_text(text: str, names: Mapping[str, str]) -> str:
    more = "".join(f", w.{former} AS {new}" for former, new in names.items())
    return f"SELECT w.*{more} FROM (\n{text}\n) w"  # noqa: S608 - our own text


def _rename_incremental(incremental: Incremental, names: Mapping[str, str]) -> Incremental:
    full, read = incremental.full_query, incremental.read_query
    return replace(
        incremental,
        full_query=full and _rename_text(full, names),
        read_query=read and _rename_text(read, names),
        on_read=tuple(names.get(name, name) for name in incremental.on_read),
    )


def _rename_mart(mart: Mart) -> Mart:
    names = RENAMED.get(mart.model.relation())
    if names is None:
        return mart
    incremental = mart.spec.incremental
    on_read = () if incremental is None else incremental.on_read
    spec = replace(
        mart.spec,
        query=_rename_text(mart.spec.query, {name: new for name, new in names.items() if name not in on_read}),
        incremental=None if incremental is None else _rename_incremental(incremental, names),
    )
    return Mart(_rename_model(mart.model, names), spec)


def compile_next_version() -> tuple[CompiledView, ...]:
    """Return the views of the next contract version."""
    return tuple(set_version(view) for view in compile_views([_rename_mart(mart) for mart in MARTS]))


def set_version(view: CompiledView, version: int = NEXT_VERSION) -> CompiledView:
    """Return a view as code of this contract version has it."""
    return replace(
        view,
        contract_version=version,
        bases=tuple(set_version(base, version) for base in view.bases),
        companions=tuple(set_version(companion, version) for companion in view.companions),
    )


def use_views(patch: pytest.MonkeyPatch, views: tuple[CompiledView, ...]) -> None:
    """Have commands build these views; those of the next version with a core that reads their columns."""
    patch.setattr(inprocess, "list_compiled_views", lambda: views)
    files = dict(read_core())
    if views[0].contract_version == NEXT_VERSION:
        item = files["adjustment_factors"]
        statement = item.statement.replace("a.share_factor", "a.share_multiple")
        assert statement != item.statement
        files["adjustment_factors"] = replace(item, statement=statement)
    patch.setattr(core, "read_core", lambda: files)


def main(dsn: str) -> None:
    """Build the next version in this process, which a test may kill."""
    use_views(pytest.MonkeyPatch(), compile_next_version())
    asyncio.run(build_in_process(dsn, BuildParameters(), part_rows=50, timing=QUICK))


if __name__ == "__main__":
    main(sys.argv[1])
