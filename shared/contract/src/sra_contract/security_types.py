"""The types of securities that the views distinguish."""

from __future__ import annotations

from typing import Literal

EquityType = Literal["equity", "common", "adr", "preferred", "warrant", "right", "unit", "note"]
ListedFundType = Literal["etf", "closed_end_fund"]
SecurityType = Literal[EquityType, ListedFundType, "mutual_fund", "fund"]
