"""Generates the page docs/views.md from the models: `python -m view_builder.views_page` prints it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from view_builder.compile import CompiledView, compile_views
from view_builder.lineage import describe_origins
from view_builder.marts import MARTS

_HEAD = """# Views of schema `sra`

Generated from the view models by `python -m view_builder.views_page > docs/views.md`; a test checks that it is current. Role
`sra_reader` can read these views and nothing else. A view is either *materialized* (its rows are in a table, merged by key in
one transaction) or *live* (computed from indexed tables when it is read). NULL means that the vendor sent no value or that the
figure is unknown; zero is a value. *From* names the raw columns that a value is computed from, or their tables if there are more
than a dozen. It is derived from the SQL in `view_builder/sql`, and omits columns that only select rows.

The models are importable from `sra_contract`: `examples/research_app.py` is a small FastAPI program that reads two
pages with them as `sra_reader`. `GET /views/NAME/schema` of view_builder returns a view's JSON Schema, and
`./sra views schema NAME` prints it.
"""


def render_page(views: Sequence[CompiledView]) -> str:
    """Return the page as Markdown."""
    summary = ["| view | kind | key | reads |", "|---|---|---|---|"]
    summary += [_summarise_view(view) for view in views]
    return "\n".join([_HEAD, *summary, "", *(_render_view(view) for view in views)])


def _summarise_view(view: CompiledView) -> str:
    kind = "materialized" if view.spec.incremental else "live"
    reads = dict.fromkeys([*(source.table for source in view.spec.sources), *view.spec.uses])
    return f"| [{view.relation}](#{view.relation}) | {kind} | {', '.join(view.spec.key)} | {', '.join(reads)} |"


def _render_view(view: CompiledView) -> str:
    lines = [
        f"## {view.relation}",
        "",
        view.description,
        "",
        "| column | type | NULL | unit | meaning | from |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {c.name} | {c.sql_type} | {'yes' if c.nullable else 'no'} | {c.unit or ''} | {c.description.replace('|', '/')} |"
        f" {describe_origins(view.relation, c.name)} |"
        for c in view.columns
    ]
    for function in view.spec.functions:
        lines += [
            "",
            f"`sra.{function.name}({function.arguments})` returns `{function.result}`. {function.description}",
        ]
    if view.companions:
        names = ", ".join(companion.relation for companion in view.companions)
        lines += ["", f"Published in one commit with {names}, whose rows are combined with these when they are read."]
    indexes = (*(view.spec.incremental.indexes if view.spec.incremental else ()), *view.spec.used_indexes)
    if indexes:
        lines += ["", f"Indexes in addition to the key: {'; '.join(f'`{index}`' for index in indexes)}."]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(render_page(compile_views(MARTS)))
