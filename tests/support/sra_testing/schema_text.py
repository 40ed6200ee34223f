"""Describes the tables of a database, for comparing two of them."""

from __future__ import annotations

from sra_shared.kit.db import open_connection
from sra_shared.schema.tables import metadata

_DESCRIBE_TABLES = """
SELECT c.relname::text AS relation, 'column' AS kind, a.attname::text AS name, format_type(a.atttypid, a.atttypmod)
         || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || a.attidentity::text || a.attgenerated::text
         || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
         || coalesce(' -- ' || col_description(c.oid, a.attnum), '') AS definition
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY($1::text[])
UNION ALL SELECT c.relname, 'table', '', coalesce(obj_description(c.oid, 'pg_class'), '')
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY($1::text[])
UNION ALL SELECT c.relname, 'constraint', k.conname, pg_get_constraintdef(k.oid)
  FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid
 -- from 18 on, NOT NULL is a constraint too, whose name says how the column came about
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY($1::text[]) AND k.contype <> 'n'
UNION ALL SELECT c.relname, 'index', i.relname, pg_get_indexdef(i.oid)
  FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
  WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY($1::text[])
UNION ALL SELECT c.relname, 'partitions', '', pg_get_partkeydef(c.oid)
  FROM pg_class c WHERE c.relkind = 'p' AND c.relname = ANY($1::text[])"""


async def describe_tables(dsn: str) -> set[tuple[str, ...]]:
    """Return each comment, column, constraint, index and partition key of the declared tables, in the server's own form.

    Published views of the same name are in another schema.
    """
    connection = await open_connection(dsn, application_name="test")
    try:
        rows = await connection.fetch(_DESCRIBE_TABLES, [table.name for table in metadata.tables.values()])
        return {tuple(row.values()) for row in rows}
    finally:
        await connection.close()
