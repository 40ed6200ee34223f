"""The user of this command line."""

from __future__ import annotations

import getpass

from sra_shared.audit import Actor
from sra_shared.named_tokens import CLI, Role


def name_actor() -> Actor:
    """Return the actor of a command that works on the database itself: the operating system's user, if known."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "somebody"
    return Actor(Role.OPERATOR, CLI, user)
