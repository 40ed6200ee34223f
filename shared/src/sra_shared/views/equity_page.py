"""All that an equity's page shows: its own figures, and six peers with the same ones."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sra_shared.views.base import Source, ViewSpec
from sra_shared.views.equity_metrics import EquityFigures, EquityMetrics

PEERS_SHOWN = 6
_OWN = [name for name in EquityMetrics.model_fields if name not in ("as_of", "last_run_id")]
_FIGURES = ", ".join(f"'{name}', p.{name}" for name in EquityFigures.model_fields)
_PEERS = """FROM jsonb_array_elements_text(m.peer_symbols) WITH ORDINALITY a (symbol, place)
    JOIN sra.equity_metrics p ON p.symbol = a.symbol"""


class Peer(EquityFigures):
    """A company that the vendor sets beside this one, with the figures of its own page."""


class EquityPage(EquityMetrics):
    """One row per listed equity: all of equity_metrics, and six peers with the same figures.

    Figures and formulas are those of equity_metrics, of which this is a view: a page and its peers always agree, and what
    changes at a peer shows at once. peers are the first six of the vendor's that are listed equities here, as a JSON list;
    each amount is in the currency that stands beside it there. as_of and last_run_id are those of the newest of the
    seven rows. Source: specification, section 5.
    """

    peers: list[Peer] = Field(description="Six peers in the vendor's order, with their own figures and currencies.")

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="equity_page",
        key=("symbol",),
        query=f"""
            SELECT {", ".join(f"m.{name}" for name in _OWN)},
              coalesce((SELECT jsonb_agg(x.figures ORDER BY x.place) FROM (
                SELECT a.place, jsonb_build_object({_FIGURES}) AS figures {_PEERS} ORDER BY a.place LIMIT {PEERS_SHOWN}
              ) x), '[]') AS peers,
              greatest(m.as_of, (SELECT max(x.as_of) FROM (
                SELECT p.as_of {_PEERS} ORDER BY a.place LIMIT {PEERS_SHOWN}) x)) AS as_of,
              (SELECT x.last_run_id FROM (
                SELECT m.as_of, m.last_run_id, 0 AS place
                UNION ALL (SELECT p.as_of, p.last_run_id, a.place {_PEERS} ORDER BY a.place LIMIT {PEERS_SHOWN})
              ) x ORDER BY x.as_of DESC, x.place LIMIT 1) AS last_run_id
            FROM sra.equity_metrics m
        """,  # noqa: S608 - names of the models
        sources=tuple(Source(source.table, "fmp", source.datasets) for source in EquityMetrics.spec.sources),
        uses=("equity_metrics",),
        used_indexes=("the key of equity_metrics",),
    )
