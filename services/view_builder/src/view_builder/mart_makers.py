"""From a model and what its rows depend on to a published view; the SQL is in `sql/marts`."""

from __future__ import annotations

from typing import Any, Literal

from sra_contract.base import ViewModel
from view_builder.spec import Incremental, Mart, ViewSource, ViewSpec
from view_builder.sql_files import read_mart


def sample_securities(source: Literal["fmp", "fundata"]) -> str:
    """Return the condition that a row is of one of a few securities of a vendor."""
    return f"security_id = ANY(ARRAY(SELECT m.security_id FROM sra.security_master m WHERE m.source = '{source}' LIMIT 10))"  # noqa: S608


def make_live(model: type[ViewModel], **facts: Any) -> Mart:
    """Return a view that is computed when it is read."""
    return Mart(model, ViewSpec(model.view_key, read_mart(model.relation())["rows"], **facts))


def make_materialized(
    model: type[ViewModel],
    *,
    sources: tuple[ViewSource, ...],
    uses: tuple[str, ...] = (),
    published_with: tuple[str, ...] = (),
    **facts: Any,
) -> Mart:
    """Return a view whose rows are materialized. A build recomputes the rows of a key, or of its part `partition`."""
    sql = read_mart(model.relation())
    functions = facts.pop("functions", ())
    incremental = Incremental(
        partition=facts.pop("partition", model.view_key),
        all_keys=sql["keys"],
        affected_keys=sql["affected"],
        read_query=sql.get("read"),
        full_query=sql.get("rows_full"),
        next_keys=sql.get("next_keys"),
        ids=sql.get("ids"),
        **facts,
    )
    return Mart(model, ViewSpec(model.view_key, sql["rows"], sources, uses, published_with, incremental, functions))
