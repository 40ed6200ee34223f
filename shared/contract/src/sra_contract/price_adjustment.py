"""The factors that convert former prices of a listing to today's shares."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class PriceAdjustment(ViewModel):
    """Splits and dividends of every listing, with the factors by which prices before them are divided.

    A price of day d in today's shares is price / split_factor, and with dividends reinvested price / total_return_factor, both of
    the first row of the symbol whose ex_date is after d; without such a row the price is unchanged. An event counts from the
    first close on or after its ex_date, so an announced event changes nothing. split_factor is the product of numerator /
    denominator over this event and all later ones; total_return_factor the product of numerator / denominator x (1 + dividend /
    close), the close being the first one on or after the ex-date, at most 7 days later, in shares of the ex-date: the shares that
    each dividend buys on its ex-date. Dividends that share a close are added up and counted on the last of them, and so are
    payments of one day. An event that the vendor withdrew no longer counts. The factor is NULL before a dividend without such a
    close, unless the dividend is earlier than all closes. It is also NULL before every dividend of a listing whose currency_basis
    is doubtful. After a rename, the events of the former symbol are also under the new one. Computed with 40 digits.

    A split whose numerator / denominator is above one and in lowest terms has a denominator over 20 is a price factor, such as
    1253:1000 after a spin-off; kind marks it. It divides prices like a split, so split_factor and total_return_factor include it.
    It does not change the number of shares: share_factor, which multiplies volumes and divides figures per share, excludes it. A
    consolidation, such as 1:25, is a split.

    The vendor does not state the currency of a dividend. It is assumed to be the listing's currency of that day: assumed_listing.
    If two listings of one issuer in two currencies have a payment of the same amount on the same ex-date, at most one of them is
    right: both are doubtful. Two listings have one issuer if they have the same CIK or, if one of them has none, the same name
    and country. Source: specification, section 5 (distributions reinvested on the ex-date, splits adjusted).
    """

    symbol: str = column()
    ex_date: dt.date = column()
    split_numerator: Decimal | None = column()
    split_denominator: Decimal | None = column()
    dividend: Decimal | None = column()
    currency: str | None = column("It is the listing's.")
    reinvestment_date: dt.date | None = column()
    reinvestment_price: Decimal | None = column()
    split_factor: Decimal = column()
    total_return_factor: Decimal | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column()
    kind: Literal["split", "price_factor"] | None = column()
    share_factor: Decimal = column()
    currency_basis: Literal["assumed_listing", "doubtful"] = column()
    security_id: str | None = column()

    view_name: ClassVar[str] = "price_adjustment"
    view_subject: ClassVar[Subject] = "Payments and splits"
    view_key: ClassVar[tuple[str, ...]] = ("symbol", "ex_date")
