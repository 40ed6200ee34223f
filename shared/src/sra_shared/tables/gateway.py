"""What the gateway keeps of its own: alerts on their way, and login codes until they are used."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sra_shared.tables.metadata import metadata

alert = Table(
    "alert",
    metadata,
    Column("alert_id", BigInteger, Identity(always=True), primary_key=True),
    Column("incident", Text, nullable=False, unique=True, comment="One alert per incident, whoever notices it."),
    Column("kind", Text, nullable=False),
    Column("task_id", Uuid, ForeignKey("task_execution_log.task_id")),
    Column("message", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("delivered_at", DateTime(timezone=True)),
    Column("last_error", Text),
    Index("ix_alert_open", "next_attempt_at", postgresql_where=text("delivered_at IS NULL")),
)

login_code = Table(
    "login_code",
    metadata,
    Column("code_hash", LargeBinary, primary_key=True, comment="The code itself is never stored."),
    Column("role", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    CheckConstraint("role IN ('viewer', 'service')", name="role_known"),
)
