"""Statements with placeholders for names: every placeholder has a part, and every part a placeholder."""

from __future__ import annotations

import pytest

from sra_shared.kit.database.statements import compose, compose_from


def test_parts_replace_their_placeholders() -> None:
    assert compose("SELECT {a}, {a} FROM t LIMIT {n}", a="x", n=3) == "SELECT x, x FROM t LIMIT 3"
    # what is no place stays, and a part is not looked through for places
    assert compose("SELECT '{}'::jsonb, {a}", a="{b}") == "SELECT '{}'::jsonb, {b}"
    assert compose_from("SELECT {a}", {"a": "x", "b": "y"}) == "SELECT x"


@pytest.mark.parametrize("parts", [{}, {"a": "x", "b": "y"}])
def test_missing_and_unused_parts_are_errors(parts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="differ in: SELECT"):
        compose("SELECT {a}", **parts)
