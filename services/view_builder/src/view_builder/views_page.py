"""Generates the page docs/views.md from the models: `python -m view_builder.views_page` prints it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import get_args

from sra_contract.base import Subject
from view_builder.compile import CompiledView, compile_views
from view_builder.lineage import describe_origins
from view_builder.marts import MARTS
from view_builder.sql_files import read_mart

_HEAD = """# Views of schema `sra`

Generated from the view models by `python -m view_builder.views_page > docs/views.md`; a test checks that it is current. Role
`sra_reader` can read these views and nothing else. A view is either *materialized* (its rows are in a table, merged by key in
one transaction) or *live* (computed from indexed tables when it is read). NULL means that the vendor sent no value or that the
figure is unknown; zero is a value. *From* names the raw columns that a value is computed from, or their tables if there are more
than a dozen. It is derived from the SQL in `view_builder/sql`, and omits columns that only select rows.

The models are importable from `sra_contract`, whose [reader](reader.md) returns rows as models and series as frames;
`examples/research_app.py` is a small FastAPI program on it. `GET /views/NAME/schema` of view_builder returns a view's JSON
Schema, and `./sra views schema NAME` prints it. [From contract version 1 to 2](contract_2.md) lists the former names.

## Past states

Two times define a past state: `available_at` is when the public could know a value, `known_at` is when we stored it. The
functions `..._as_of` return past states:

- `equity_fundamentals_as_of(at, mode, symbols)`: in mode `strict`, statements with `available_at <= at` and `known_at <= at`; in
  mode `reported`, statements with `available_at <= at`. In that mode, `is_backfilled` marks rows that we stored after `at`, which
  may be restated.
- `financial_statements_as_of(at, mode, symbols)`: all lines of the statements, in the same two modes.
- `equity_quote_history_as_of(at, symbols)` and `price_adjustment_as_of(at, symbols)`: prices and events that we had stored at
  `at`. An event has no effect until a close of its day, or of a later day, is known.
- `fundata_data_as_of(valid_on, known_at)` and `fundata_quotes_as_of(valid_on, known_at)`: records that were in force on a day, as
  far as we knew at a moment.

Events, distributions, positions and weights have their two times in their own views: a row of `dividends_history`,
`splits_history`, `distributions_history`, `etf_holdings` or `etf_exposures` counted from `known_at` until `withdrawn_at`.

The functions of Fundata have no modes: `valid_on` and `known_at` are the two times, and `infinity` omits either of them.
`point_in_time_since` of `data_freshness` is when the history by `known_at` begins. For earlier moments, `strict` contains less
than was known, and `reported` may contain later corrections.

## Search

`search_securities(query, most)` finds securities by their names, regardless of case and accents, and by their codes: symbol,
InstrumentKey, ISIN, CUSIP, CIK, FundSERV code. `equilibre` finds `Équilibré`. The beginning of a word is enough. If no name
matches, the most similar names are returned, with `similar` in `found_by`. This needs the extension pg_trgm, which view_builder
creates if the server has it and its role may; otherwise `/ready` of view_builder has a warning.

## Survivorship

Securities that no longer exist stay in the views, with `is_active` false in `security_master` and on their pages: listings that
left the universe, and funds without an active record. Their prices, values and statements stay too. A study of the past is
still biased by data that was never collected:

- Listings that were delisted before the first collection: the vendor lists them (dataset `delisted`), and the first history
  collects prices and statements of those that ended within FMP_HISTORY_YEARS. Older ones are missing.
- The universe of a past day is complete only since the first collection. For earlier days it contains the listings that still
  existed at the first collection, and those that the vendor lists as delisted.
- Funds that ended or merged before the seed files were written, and that the vendor omitted from them, are missing.
- Prices of a delisted listing end with the vendor's last close. They do not include the value after the delisting, such as the
  payment in a merger or the loss in a bankruptcy.
- The members of an index are known since the first collection. The vendor's list of changes names earlier members, without
  figures of missing listings.

`universe_history` shows the listings of a past day, `index_constituents` the members of an index, and `listing_events` the
renames and delistings.

## Views

![Views by subject, with an arrow from each view to those that read it](pictures/views.svg)

An arrow leads from a view to those that read it. Blue views are materialized, white ones live. A blue frame marks views that read
`security_master`.
"""


def render_page(views: Sequence[CompiledView]) -> str:
    """Return the page as Markdown."""
    return "\n".join([_HEAD, *_render_index(views), *(_render_view(view) for view in views)])


def _render_index(views: Sequence[CompiledView]) -> list[str]:
    lines = []
    ordered = sorted(views, key=lambda view: view.relation)
    for subject in get_args(Subject):
        lines += [f"### {subject}", "", "| view | rows | kind | key | reads |", "|---|---|---|---|---|"]
        lines += [*(_summarise_view(view) for view in ordered if view.model.view_subject == subject), ""]
    return lines


def _summarise_view(view: CompiledView) -> str:
    kind = "materialized" if view.spec.incremental else "live"
    reads = dict.fromkeys([*(source.table for source in view.spec.sources), *view.spec.uses])
    rows = view.description.partition(". ")[0].rstrip(".").replace("|", "/")
    return (
        f"| [{view.relation}](#{view.relation}) | {rows}. | {kind} | {', '.join(view.spec.key)} | {', '.join(reads)} |"
    )


def _render_view(view: CompiledView) -> str:
    lines = [
        f"## {view.relation}",
        "",
        view.description,
        "",
        f"```sql\n{read_mart(view.relation)['example']}\n```",
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
        names = " and ".join(companion.relation for companion in view.companions)
        lines += ["", f"Published in one commit with {names}, whose rows are combined with these when they are read."]
    indexes = (*(view.spec.incremental.indexes if view.spec.incremental else ()), *view.spec.used_indexes)
    if indexes:
        lines += ["", f"Indexes in addition to the key: {'; '.join(f'`{index}`' for index in indexes)}."]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(render_page(compile_views(MARTS)))
