"""Examples of the requests and responses of view_builder's own routes, as instances of their models."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel

from sra_shared.service.examples import MOMENT, RUN_ID
from view_builder.compile import CompiledView
from view_builder.inbox import Acknowledgement, Completion
from view_builder.reports import ViewPage, describe_view

_EVENT_ID = UUID("9b2f3c1e-5a57-4c53-8a0e-0d3b6f0c7e11")
_BUILD_ID = UUID("b5f1c7d2-3c0d-4f63-9d3a-6c6d2a1e8f40")


def list_examples(views: Sequence[CompiledView]) -> list[BaseModel]:
    """Return one instance of each model that is a whole request or response body."""
    view = views[0]
    state = {
        "digest": view.digest,
        "row_count": 12_604,
        "newest_at": MOMENT,
        "built_at": MOMENT,
        "build_id": _BUILD_ID,
        "builds": 214,
        "changed_rows": 18,
    }
    return [
        Completion(event_id=_EVENT_ID, run_id=RUN_ID, source="fmp", datasets=["quote", "eod_prices"]),
        Acknowledgement(event_id=_EVENT_ID, duplicate=False, received_at=MOMENT),
        ViewPage(views=[describe_view(view, state)]),
    ]
