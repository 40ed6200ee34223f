"""Everything that an equity's page shows: its own figures, and the same figures of six peers."""

from __future__ import annotations

from typing import ClassVar

from sra_contract.base import Subject, ViewModel, column
from sra_contract.equity_metrics import (
    DividendDetails,
    EquityCore,
    EquityFigures,
    ProfileDetails,
    RatioReason,
    SecurityIds,
)
from sra_contract.equity_valuation import ValuationDetails


class Peer(EquityFigures):
    """A peer of this company according to the vendor, with the figures of its own page."""


class WithPeers(ViewModel):
    """The peers on a page."""

    peers: list[Peer] = column()


class EquityPage(ValuationDetails, SecurityIds, DividendDetails, RatioReason, ProfileDetails, WithPeers, EquityCore):
    """One row per listed equity: all of equity_metrics, and six peers with the same figures.

    Figures and formulas are those of equity_metrics, which it reads: a page and its peers always agree, and a change of a peer is
    visible at once. peers are the first six of the vendor's that are listed equities here, as a JSON list; each amount is in the
    currency next to it. as_of and last_run_id are those of the newest of the seven rows. Source: specification, section 5.
    """

    view_name: ClassVar[str] = "equity_page"
    view_subject: ClassVar[Subject] = "Pages and lists"
    view_key: ClassVar[tuple[str, ...]] = ("symbol",)
