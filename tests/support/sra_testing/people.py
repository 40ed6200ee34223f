"""The actor of what a test does."""

from __future__ import annotations

from sra_shared.kit.named_tokens import Role
from sra_shared.runs.audit import Actor

SOMEBODY = Actor(Role.OPERATOR, "me", "here")
