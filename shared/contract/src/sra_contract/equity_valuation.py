"""The comparison of a listing's price with the statements of its company."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from sra_contract.base import ViewModel, column

ValuationBasis = Literal["price_eps", "market_cap_income", "share_basis"]
ValuationReason = Literal[
    "no_price",
    "too_old",
    "no_exchange_rate",
    "no_share_count",
    "no_market_cap",
    "adr_basis_unknown",
    "not_common",
]


class SplitPart(BaseModel):
    """A period of the twelve months as reported, and the factors that may convert its shares to those of the day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    eps: Decimal | None
    eps_diluted: Decimal | None
    diluted_shares: Decimal | None
    is_last: bool
    factors: list[Decimal]


class ValuationDetails(ViewModel):
    """The shares, rates and claims behind the valuation ratios, and the vendor's ratios."""

    market_cap_usd: Decimal | None = column()
    market_cap_scope: Literal["company", "class", "share_basis"] | None = column()
    listed_shares: Decimal | None = column()
    diluted_shares: Decimal | None = column()
    share_ratio: Decimal | None = column()
    fx_rate: Decimal | None = column()
    fx_date: dt.date | None = column()
    fx_pair: str | None = column()
    common_income_ttm: Decimal | None = column()
    common_equity: Decimal | None = column()
    preferred_stock: Decimal | None = column()
    minority_interest: Decimal | None = column()
    vendor_ratios_date: dt.date | None = column()
    vendor_pe_ratio: Decimal | None = column()
    vendor_pb_ratio: Decimal | None = column()
    vendor_ps_ratio: Decimal | None = column()
    vendor_ev_to_ebitda: Decimal | None = column()
    vendor_free_cash_flow_yield: Decimal | None = column()
