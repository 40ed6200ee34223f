"""The user of this command line."""

from __future__ import annotations

import getpass

from sra_shared.kit.named_tokens import CLI, Role
from sra_shared.runs.audit import Actor


def name_actor() -> Actor:
    """Return the actor of a command that works on the database itself: the operating system's user, if known."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "somebody"
    return Actor(Role.OPERATOR, CLI, user)
