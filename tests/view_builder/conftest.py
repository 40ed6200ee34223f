"""The product's views, compiled."""

from __future__ import annotations

import pytest

from sra_shared.views import VIEWS
from view_builder.compile import CompiledView, compile_views


@pytest.fixture(scope="session")
def views() -> tuple[CompiledView, ...]:
    """All views in the order of their builds."""
    return compile_views(VIEWS)


@pytest.fixture(scope="session")
def view_by_name(views: tuple[CompiledView, ...]) -> dict[str, CompiledView]:
    """The views by their names."""
    return {view.relation: view for view in views}
