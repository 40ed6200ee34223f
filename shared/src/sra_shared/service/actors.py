"""Who asks, as it is kept of what they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request

from sra_shared.audit import Actor, clean_address
from sra_shared.named_tokens import SERVICE, Role
from sra_shared.service.auth import Caller, read_address
from sra_shared.service.state import get_state

_HEADER = "SRA-On-Behalf-Of"
_OF_A_REFRESH = "refresh"


def read_caller(request: Request) -> Actor:
    """Return who sent a request; a dependency of routes that want a token."""
    caller: Caller = request.state.caller
    return Actor(caller.role, caller.name, clean_address(read_address(request)))


def read_actor(request: Request) -> Actor | None:
    """Return who asks, also where the gateway asks for somebody; None for what a refresh does itself.

    Whoever asked for the refresh stands in its own entry. The gateway's word is taken from the service token alone, and
    only by the services behind it.
    """
    caller = read_caller(request)
    told = request.headers.get(_HEADER, "")
    if caller.token_name != SERVICE or not get_state(request).plan.is_behind_gateway or not told:
        return caller
    if told == _OF_A_REFRESH:
        return None
    role, _, rest = told.partition(" ")
    name, _, address = rest.partition(" ")
    if role not in list(Role) or not name or not address:
        return caller
    return Actor(Role(role), name, clean_address(address))


def speak_for(actor: Actor | None) -> Mapping[str, str]:
    """Return the header with which the gateway asks for somebody, or for a refresh."""
    if actor is None:
        return {_HEADER: _OF_A_REFRESH}
    address = actor.address.encode("ascii", "replace").decode()
    return {_HEADER: f"{actor.role} {actor.token_name} {address}"}


CallerOf = Annotated[Actor, Depends(read_caller)]
ActorOf = Annotated[Actor | None, Depends(read_actor)]
