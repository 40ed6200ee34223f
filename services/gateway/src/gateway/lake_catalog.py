"""The read-only catalog of the lake, by the REST protocol of Apache Iceberg: each kept build is a namespace.

The metadata of all tables are in the database, so that the gateway needs no access to the storage.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from gateway.api import State
from sra_shared.kit.db import Connection

LATEST = "latest"
_BUILD = re.compile(r"build_([1-9]\d{0,17})")
_ENDPOINTS = (
    "GET /v1/{prefix}/namespaces",
    "GET /v1/{prefix}/namespaces/{namespace}",
    "HEAD /v1/{prefix}/namespaces/{namespace}",
    "GET /v1/{prefix}/namespaces/{namespace}/tables",
    "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}",
)

SQL_LIST_BUILDS = "SELECT build_id, name FROM lake_build ORDER BY build_id DESC"
SQL_FIND_BUILD = """
SELECT build_id, name, root, contract_version, snapshot_at, published_at FROM lake_build
WHERE CASE WHEN $1 = 'latest' THEN build_id = (SELECT max(build_id) FROM lake_build) ELSE build_id = $2 OR name = $1 END
"""
SQL_LIST_TABLES = "SELECT relation FROM lake_table WHERE build_id = $1 ORDER BY relation"
SQL_READ_TABLE = """
SELECT metadata_location, m.metadata FROM lake_table JOIN lake_metadata m USING (metadata_location)
WHERE build_id = $1 AND relation = $2
"""


@cache
def make_lake_router() -> APIRouter:
    """Return the routes; Iceberg's specification describes them, not ours."""
    router = APIRouter(prefix="/lake/v1", include_in_schema=False)

    @router.get("/config")
    async def get_config() -> dict[str, Any]:
        return {"defaults": {}, "overrides": {}, "endpoints": list(_ENDPOINTS)}

    @router.get("/namespaces")
    async def get_namespaces(state: State, parent: str | None = None) -> dict[str, Any]:
        async with state.pool.acquire() as connection:
            builds = await connection.fetch(SQL_LIST_BUILDS) if not parent else []
        names = [
            LATEST,
            *(f"build_{row['build_id']}" for row in builds),
            *(row["name"] for row in builds if row["name"]),
        ]
        return {"namespaces": [[name] for name in names] if builds else []}

    @router.api_route("/namespaces/{namespace}", methods=["GET", "HEAD"])
    async def get_namespace(state: State, namespace: str) -> Response:
        async with state.pool.acquire() as connection:
            build = await _find_build(connection, namespace)
        if build is None:
            return _refuse_namespace(namespace)
        properties = {name: str(value) for name, value in build.items() if value is not None}
        return JSONResponse({"namespace": [namespace], "properties": properties})

    @router.get("/namespaces/{namespace}/tables")
    async def get_tables(state: State, namespace: str) -> Response:
        async with state.pool.acquire() as connection:
            build = await _find_build(connection, namespace)
            rows = await connection.fetch(SQL_LIST_TABLES, build["build_id"]) if build is not None else []
        if build is None:
            return _refuse_namespace(namespace)
        return JSONResponse({"identifiers": [{"namespace": [namespace], "name": row["relation"]} for row in rows]})

    @router.api_route("/namespaces/{namespace}/tables/{table}", methods=["GET", "HEAD"])
    async def get_table(state: State, namespace: str, table: str) -> Response:
        async with state.pool.acquire() as connection:
            build = await _find_build(connection, namespace)
            has_name = build is not None and "\0" not in table
            row = await connection.fetchrow(SQL_READ_TABLE, build["build_id"], table) if build and has_name else None
        if build is None:
            return _refuse_namespace(namespace)
        if row is None:
            return _refuse("NoSuchTableException", f"Table {table} does not exist in {namespace}.")
        location = json.dumps(row["metadata_location"])
        body = f'{{"metadata-location": {location}, "metadata": {row["metadata"]}, "config": {{}}}}'
        return Response(body, media_type="application/json")

    return router


async def _find_build(connection: Connection, namespace: str) -> dict[str, Any] | None:
    if "\0" in namespace:
        return None
    numbered = _BUILD.fullmatch(namespace)
    row = await connection.fetchrow(SQL_FIND_BUILD, namespace, int(numbered[1]) if numbered else None)
    return None if row is None else dict(row)


def _refuse_namespace(namespace: str) -> JSONResponse:
    return _refuse("NoSuchNamespaceException", f"Build {namespace} does not exist. ./sra lake status lists the builds.")


def _refuse(kind: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "type": kind, "code": 404}}, status_code=404)
