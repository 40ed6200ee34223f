"""What makes a model a published view."""

from __future__ import annotations

from dataclasses import dataclass

from sra_shared.views.base import ViewModel, ViewSpec


@dataclass(frozen=True)
class Mart:
    """A model, and how its rows come about."""

    model: type[ViewModel]
    spec: ViewSpec
