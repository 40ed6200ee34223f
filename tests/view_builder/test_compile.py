"""From model to SQL: reviewed as snapshots, refused if a model is incomplete."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import Field

from sra_contract import ViewModel
from sra_contract.base import ContractError
from sra_testing.snapshots import require_same
from view_builder.compile import CompiledView, compile_view, compile_views, quote_name, quote_text
from view_builder.diff import diff_contract
from view_builder.marts import MARTS
from view_builder.spec import Mart, ViewSource, ViewSpec
from view_builder.views_page import render_page
from view_builder.views_picture import draw_views

ROOT = Path(__file__).parents[2]


def test_page_is_as_generated(views: tuple[CompiledView, ...]) -> None:
    require_same(ROOT / "docs" / "views.md", render_page(views))
    require_same(ROOT / "docs" / "pictures" / "views.dot", draw_views(views))


def test_nothing_cascades() -> None:
    for path in [*(ROOT / "services/view_builder/src").rglob("*.py"), *(ROOT / "shared/src/sra_shared").rglob("*.py")]:
        code = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
        assert "CASCADE" not in "\n".join(code), path


def test_compiling_is_pure() -> None:
    assert compile_views(MARTS) == compile_views(MARTS)


def test_amounts_have_a_unit_and_a_currency_column(views: tuple[CompiledView, ...]) -> None:
    for view in views:
        names = {column.name for column in view.columns}
        for column in view.columns:
            if column.unit in ("currency of the row", "fund_currency"):
                assert names & {"currency", "fund_currency"}, f"{view.relation}.{column.name}"
            if column.unit in ("reported_currency", "nav_currency"):
                assert column.unit in names, f"{view.relation}.{column.name}"


def test_every_row_reports_its_age_and_run(views: tuple[CompiledView, ...]) -> None:
    for view in views:
        assert {"as_of", "last_run_id"} <= {column.name for column in view.columns}


def test_names_and_texts_are_quoted() -> None:
    assert quote_name("date") == "date"
    assert quote_name('o"dd') == '"o""dd"'
    assert quote_name("Order") == '"Order"'
    assert quote_text("it's") == "'it''s'"


def make_model(**fields: Any) -> type[ViewModel]:
    """A model over nothing with fields (annotation, Field)."""
    namespace: dict[str, Any] = {
        "__annotations__": {name: annotation for name, (annotation, _) in fields.items()},
        "__module__": __name__,
        "__doc__": "A view.",
        "view_name": "made_up",
        **{name: field for name, (_, field) in fields.items()},
    }
    return type("MadeUp", (ViewModel,), namespace)


AGE: dict[str, Any] = {
    "as_of": (datetime, Field(description="When.")),
    "last_run_id": (UUID, Field(description="Run.")),
}


@pytest.mark.parametrize(
    ("fields", "error", "result"),
    [
        ({"id": (int, Field()), **AGE}, ContractError, "no description"),
        ({"id": (int, Field(1, description="Key.")), **AGE}, ContractError, "a default"),
        ({"id": (complex, Field(description="Key.")), **AGE}, Exception, "complex"),
        ({"id": (int | str, Field(description="Key.")), **AGE}, ContractError, "no SQL type"),
        ({"other": (int, Field(description="Key.")), **AGE}, ValueError, "key column id"),
        ({"id": (int, Field(description="Key."))}, ValueError, "as_of, last_run_id"),
    ],
)
def test_incomplete_models_are_refused(fields: Any, error: type[Exception], result: str) -> None:
    spec = ViewSpec(key=("id",), query="SELECT 1", sources=(ViewSource("t", "fmp"),))
    with pytest.raises(error, match=result):
        compile_view(Mart(make_model(**fields), spec))


def test_uses_must_not_be_circular() -> None:
    with pytest.raises(ValueError, match="use one another"):
        compile_views([mart for mart in MARTS if mart.model.view_name != "security_master"])
    with pytest.raises(ValueError, match="the same name"):
        compile_views([*MARTS, MARTS[0]])


def contract(*columns: tuple[str, str, bool, str | None], key: tuple[str, ...] = ("id",)) -> dict[str, Any]:
    names = ("name", "type", "nullable", "unit")
    return {"columns": [dict(zip(names, column, strict=True)) for column in columns], "key": list(key)}


BASE = (("id", "bigint", False, None), ("price", "numeric", True, "CAD"))


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (contract(BASE[0]), "column price is gone"),
        (contract(BASE[1], BASE[0]), "order of the columns"),
        (contract(BASE[0], ("price", "text", True, "CAD")), "changes its type from numeric to text"),
        (contract(BASE[0], ("price", "numeric", True, "USD")), "changes its unit from CAD to USD"),
        (contract(("id", "bigint", True, None), BASE[1]), "column id may be NULL now"),
        (contract(BASE[0], ("new", "text", True, None), BASE[1]), "order of the columns"),
        (contract(*BASE, key=("id", "price")), "the key changed"),
    ],
)
def test_breaking_changes_are_named(new: dict[str, Any], reason: str) -> None:
    assert any(reason in sentence for sentence in diff_contract(contract(*BASE), new).breaking)


def test_a_column_at_the_end_or_a_stricter_one_is_compatible() -> None:
    new = contract(BASE[0], ("price", "numeric", False, "CAD"), ("more", "text", True, None))
    found = diff_contract(contract(*BASE), new)
    assert (found.breaking, found.added) == ((), ("more",))
