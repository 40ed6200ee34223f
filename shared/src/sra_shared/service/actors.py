"""The actor of a request, for the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request

from sra_shared.kit.named_tokens import SERVICE, Role
from sra_shared.runs.audit import Actor, clean_address
from sra_shared.service.auth import Caller, read_address
from sra_shared.service.state import get_state

_HEADER = "SRA-On-Behalf-Of"
_OF_A_REFRESH = "refresh"
_MOST_OF_NAME = 40


def read_caller(request: Request) -> Actor:
    """Return the sender of a request; a dependency of routes that need a token."""
    caller: Caller = request.state.caller
    return Actor(caller.role, caller.name, clean_address(read_address(request)))


def read_actor(request: Request) -> Actor | None:
    """Return the actor of a request, also if the gateway forwards it; None for a refresh's own requests.

    The refresh's own entry names who triggered it. Only the services behind the gateway read its header, and only with the
    service token.
    """
    caller = read_caller(request)
    forwarded = request.headers.get(_HEADER, "")
    if caller.token_name != SERVICE or not get_state(request).definition.is_behind_gateway or not forwarded:
        return caller
    if forwarded == _OF_A_REFRESH:
        return None
    role, _, rest = forwarded.partition(" ")
    name, _, address = rest.partition(" ")
    if role not in list(Role) or not name or not address:
        return caller
    return Actor(Role(role), name[:_MOST_OF_NAME], clean_address(address))


def forward_actor(actor: Actor | None) -> Mapping[str, str]:
    """Return the header with which the gateway forwards a request of an actor, or of a refresh."""
    if actor is None:
        return {_HEADER: _OF_A_REFRESH}
    address = actor.address.encode("ascii", "replace").decode()
    return {_HEADER: f"{actor.role} {actor.token_name} {address}"}


CallerOf = Annotated[Actor, Depends(read_caller)]
ActorOf = Annotated[Actor | None, Depends(read_actor)]
