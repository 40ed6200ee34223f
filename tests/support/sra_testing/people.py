"""The actor of what a test does."""

from __future__ import annotations

from sra_shared.audit import Actor
from sra_shared.named_tokens import Role

SOMEBODY = Actor(Role.OPERATOR, "me", "here")
