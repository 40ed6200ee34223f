"""All that an equity's page shows: its own figures, and six peers with the same ones."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sra_shared.views.base import Source, ViewModel, ViewSpec
from sra_shared.views.equity_metrics import EquityCore, EquityFigures, EquityMetrics, ProfileDetails

PEERS_SHOWN = 6
_OWN = [name for name in EquityMetrics.model_fields if name not in ("as_of", "last_run_id")]
_FIGURES = ", ".join(f"'{name}', p.{name}" for name in EquityFigures.model_fields)


class Peer(EquityFigures):
    """A company that the vendor sets beside this one, with the figures of its own page."""


class WithPeers(ViewModel):
    """The companies that a page sets beside its own."""

    peers: list[Peer] = Field(description="Six peers in the vendor's order, with their own figures and currencies.")


class EquityPage(ProfileDetails, WithPeers, EquityCore):
    """One row per listed equity: all of equity_metrics, and six peers with the same figures.

    Figures and formulas are those of equity_metrics, of which this is a view: a page and its peers always agree, and what
    changes at a peer shows at once. peers are the first six of the vendor's that are listed equities here, as a JSON list;
    each amount is in the currency that stands beside it there. as_of and last_run_id are those of the newest of the
    seven rows. Source: specification, section 5.
    """

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="equity_page",
        key=("symbol",),
        query=f"""
            SELECT {", ".join(f"m.{name}" for name in _OWN)}, coalesce(r.items, '[]') AS peers,
              greatest(m.as_of, r.as_of) AS as_of,
              CASE WHEN r.as_of > m.as_of THEN r.run_id ELSE m.last_run_id END AS last_run_id
            FROM sra.equity_metrics m
            LEFT JOIN LATERAL (
              SELECT jsonb_agg(x.figures ORDER BY x.place) AS items, max(x.as_of) AS as_of,
                (array_agg(x.last_run_id ORDER BY x.as_of DESC, x.place))[1] AS run_id
              FROM (
                SELECT a.place, p.as_of, p.last_run_id, jsonb_build_object({_FIGURES}) AS figures
                FROM jsonb_array_elements_text(m.peer_symbols) WITH ORDINALITY a (symbol, place)
                JOIN sra.equity_metrics p ON p.symbol = a.symbol
                ORDER BY a.place LIMIT {PEERS_SHOWN}
              ) x
            ) r ON true
        """,  # noqa: S608 - names of the models
        sources=tuple(Source(source.table, "fmp", source.datasets) for source in EquityMetrics.spec.sources),
        uses=("equity_metrics",),
        used_indexes=("ix_equity_metrics_6c2f5087",),
    )
