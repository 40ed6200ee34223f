"""The routes of view_builder besides those of every service: completions, and the views with their schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from sra_shared.service import ServiceState, get_state
from sra_shared.service.problems import ProblemError
from view_builder.compile import CompiledView
from view_builder.inbox import Acknowledgement, Completion, take_completion
from view_builder.reports import ViewPage, describe_views, make_schema

State = Annotated[ServiceState, Depends(get_state)]


def make_view_router(views: Sequence[CompiledView]) -> APIRouter:
    """Return the routes over these views."""
    router = APIRouter(tags=["views"])
    by_name = {view.relation: view for view in views}

    async def post_completion(
        completion: Completion, request: Request, state: State, response: Response
    ) -> Acknowledgement:
        """Store a completion and acknowledge it: 202, or 200 if it was stored before. A build processes it later."""
        # the log names the finished run
        request.state.run_id = completion.run_id
        async with state.pool.acquire() as connection, connection.transaction():
            taken = await take_completion(connection, completion)
        response.status_code = 200 if taken.duplicate else 202
        return taken

    async def get_views(state: State) -> ViewPage:
        """Return all views with their current builds."""
        async with state.pool.acquire() as connection:
            return ViewPage(views=await describe_views(connection, views))

    async def get_schema(name: str) -> dict[str, Any]:
        """Return the JSON Schema of a view's rows."""
        view = by_name.get(name)
        if view is None:
            raise ProblemError(404, f"View {name!r} does not exist.", next_step="GET /views lists them.")
        return make_schema(view)

    known: dict[int | str, dict[str, Any]] = {200: {"model": Acknowledgement, "description": "It was stored before."}}
    router.add_api_route(
        "/completions",
        post_completion,
        methods=["POST"],
        status_code=202,
        summary="Report a finished run",
        responses=known,
    )
    router.add_api_route("/views", get_views, methods=["GET"], summary="The views")
    router.add_api_route(
        "/views/{name}/schema",
        get_schema,
        methods=["GET"],
        summary="JSON Schema of a view",
        responses={
            200: {"content": {"application/json": {"example": make_schema(views[0])}}},
            404: {"description": "The view does not exist."},
        },
    )
    return router
