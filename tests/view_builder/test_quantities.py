"""The dictionary of quantities: every published column is in it, and one name is one quantity with one unit."""

from __future__ import annotations

import re
from typing import ClassVar

import pytest

from sra_contract import ViewModel
from sra_contract.base import ContractError, column, list_columns
from sra_contract.quantities import QUANTITIES
from sra_contract.quantities_common import COMMON
from sra_contract.quantities_events import EVENTS
from sra_contract.quantities_funds import FUNDS
from sra_contract.quantities_lines import LINES
from sra_contract.quantities_listings import LISTINGS
from sra_contract.quantities_month_ends import MONTH_ENDS
from sra_contract.quantities_returns import RETURNS
from sra_contract.quantities_series import SERIES
from sra_contract.quantities_statements import STATEMENTS
from sra_contract.quantities_vendor import VENDOR
from view_builder.compile import CompiledView

# the vendor's names and units, as delivered
RECORDS = {"fundata_data", "fundata_data_history", "fundata_quotes", "fundata_quotes_history"}


def test_each_published_column_is_a_quantity_of_the_dictionary(views: tuple[CompiledView, ...]) -> None:
    for view in views:
        for one in view.columns if view.relation not in RECORDS else ():
            quantity = QUANTITIES.get(one.name)
            assert quantity is not None, f"{view.relation}.{one.name} is not in sra_contract.quantities"
            assert (one.sql_type, one.unit) == (quantity.sql_type, quantity.unit), f"{view.relation}.{one.name}"
            assert one.description.startswith(quantity.meaning), f"{view.relation}.{one.name}"


def test_percentages_are_fractions_and_counts_and_places_are_integers() -> None:
    for name, quantity in QUANTITIES.items():
        assert "percent" not in (quantity.unit or ""), name
        # what keeps the vendor's name and unit says so
        assert not re.search("percent(?!ile)", name) or quantity.unit == "as the vendor delivers it", name
        if name.endswith("_count") or name.startswith(("category_rank", "quartile", "percentile", "rank_")):
            assert quantity.sql_type in ("bigint", "integer", "date"), name


def test_our_figures_and_the_vendors_have_different_names() -> None:
    for name, quantity in QUANTITIES.items():
        ours = QUANTITIES.get(name.removeprefix("vendor_")) if name.startswith("vendor_") else None
        assert ours is None or quantity.meaning != ours.meaning, name


def test_the_dictionary_has_each_name_once_and_no_other(views: tuple[CompiledView, ...]) -> None:
    parts = (COMMON, EVENTS, FUNDS, LINES, LISTINGS, MONTH_ENDS, RETURNS, SERIES, STATEMENTS, VENDOR)
    assert len(QUANTITIES) == sum(map(len, parts))
    published = {one.name for view in views if view.relation not in RECORDS for one in view.columns}
    assert set(QUANTITIES) == published


def test_each_meaning_is_unique_and_a_sentence() -> None:
    for name, quantity in QUANTITIES.items():
        assert quantity.meaning.endswith("."), name
        assert not quantity.meaning.startswith(("Its ", "The same")), name
        for part in (quantity.unit, quantity.sign, quantity.formula):
            assert part is None or not part.endswith("."), name


def test_record_views_say_that_they_are_as_delivered(views: tuple[CompiledView, ...]) -> None:
    assert {view.relation for view in views if "as delivered" in view.description} >= RECORDS


def test_a_column_that_differs_from_the_dictionary_is_refused() -> None:
    with pytest.raises(ContractError, match="colour is not in the dictionary of quantities"):

        class Coloured(ViewModel):
            """A view."""

            colour: str = column()
            view_name: ClassVar[str] = "coloured"

    class Priced(ViewModel):
        """A view."""

        price: str = column()
        view_name: ClassVar[str] = "priced"

    with pytest.raises(ContractError, match=r"Priced\.price is text, but numeric in the dictionary"):
        list_columns(Priced)


def test_a_note_follows_the_meaning_and_the_formula_comes_last() -> None:
    class Noted(ViewModel):
        """A view."""

        gross_margin: float | None = column("Of the group.")
        view_name: ClassVar[str] = "noted"

    described = Noted.model_fields["gross_margin"].description or ""
    assert described.startswith(f"{QUANTITIES['gross_margin'].meaning} Of the group. Formula: gross_profit_ttm /")
