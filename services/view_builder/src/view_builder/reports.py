"""Reports on the views: the state of each, and the JSON Schema of its rows; for a service and a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from sra_shared.kit.db import Connection
from view_builder.compile import CompiledView
from view_builder.lineage import read_lineage


class ViewReport(BaseModel):
    """One view: its description and its current build."""

    name: str
    relation: str
    version: int
    description: str
    key: list[str]
    sources: list[str]
    uses: list[str]
    kept: bool
    digest: str
    published_digest: str | None
    row_count: int | None
    newest_at: datetime | None
    built_at: datetime | None
    build_id: UUID | None
    builds: int
    changed_rows: int
    failed_at: datetime | None
    error: str | None


class ViewPage(BaseModel):
    """All views, each after those that it uses."""

    views: list[ViewReport]


async def describe_views(connection: Connection, views: Sequence[CompiledView]) -> list[ViewReport]:
    """Return the description and state of each view."""
    rows = {row["relation"]: dict(row) for row in await connection.fetch("SELECT * FROM published_view")}
    return [describe_view(view, rows.get(view.relation, {})) for view in views]


def describe_view(view: CompiledView, state: Mapping[str, Any]) -> ViewReport:
    """Return a view's description and its state, from its row of published_view."""
    return ViewReport(
        name=view.model.view_name,
        relation=f"sra.{view.relation}",
        version=view.model.view_version,
        description=view.description,
        key=list(view.spec.key),
        sources=[source.table for source in view.spec.sources],
        uses=list(view.spec.uses),
        kept=view.spec.incremental is not None,
        digest=view.digest,
        published_digest=state.get("digest"),
        row_count=state.get("row_count"),
        newest_at=state.get("newest_at"),
        built_at=state.get("built_at"),
        build_id=state.get("build_id"),
        builds=state.get("builds", 0),
        changed_rows=state.get("changed_rows", 0),
        failed_at=state.get("failed_at"),
        error=state.get("error"),
    )


class _RowSchema(GenerateJsonSchema):
    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        return {"type": "number"}

    def bytes_schema(self, schema: core_schema.BytesSchema) -> JsonSchemaValue:
        return {"type": "string", "pattern": r"^\\x([0-9a-f]{2})*$"}


def make_schema(view: CompiledView) -> dict[str, Any]:
    """Return the JSON Schema of a view's rows as PostgreSQL writes them (`to_json`), with units, SQL types and raw columns.

    A number has all its digits, in columns and inside lists; read it as a decimal.
    """
    schema = view.model.model_json_schema(mode="serialization", schema_generator=_RowSchema)
    for column in view.columns:
        described = schema["properties"][column.name]
        described["x-sql-type"] = column.sql_type
        if column.unit:
            described["x-unit"] = column.unit
        described["x-lineage"] = list(read_lineage().get(view.relation, {}).get(column.name, ()))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "x-view": f"sra.{view.relation}",
        "x-version": view.model.view_version,
        "x-key": list(view.spec.key),
        "x-sources": [source.table for source in view.spec.sources],
    }
