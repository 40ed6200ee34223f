"""FMP: the ingest's state besides the records: owners of symbols, sessions, the requested history, limiter and quota."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from sra_shared.schema.tables.fmp_columns import list_days, list_texts, make_time, make_updated_at
from sra_shared.schema.tables.metadata import metadata, written_by

_BUDGET = "Budget of calls: calls, bulk or backfill."

fmp_history_state = Table(
    "fmp_history_state",
    metadata,
    *list_texts("dataset", required=True),
    *list_texts(required=True, part="Part of the dataset: listed or delisted companies, or an index or currency pair."),
    Column("first_day", Date, nullable=False, comment="First day of the history that was requested."),
    Column("is_whole", Boolean, nullable=False, comment="False if the plan refused a part of it."),
    Column("run_id", Uuid, comment="The run that requested it; NULL if unknown."),
    make_updated_at(),
    PrimaryKeyConstraint("dataset", "part"),
    comment="First day of the requested history of each dataset.",
    info=written_by("fmp_ingest"),
)

fmp_vanished_entry = Table(
    "fmp_vanished_entry",
    metadata,
    Column("run_id", Uuid, nullable=False, comment="The run whose responses lack the entry."),
    *list_texts("dataset", required=True),
    Column("row_id", BigInteger, nullable=False, comment="Row of the dataset's table that the run closes at its end."),
    PrimaryKeyConstraint("run_id", "dataset", "row_id"),
    comment="Entries and events that the responses of a run in progress lack; emptied when its dataset is complete.",
    info=written_by("fmp_ingest"),
)

fmp_symbol_alias = Table(
    "fmp_symbol_alias",
    metadata,
    *list_texts(
        required=True, symbol="Newest symbol of the security.", former_symbol="Symbol under which it traded before."
    ),
    Column("valid_from", Date, comment="First day on which the former symbol meant this security; NULL if always."),
    Column("valid_to", Date, nullable=False, comment="First day on which it no longer did."),
    Column("run_id", Uuid, nullable=False, comment="The run that last derived the row."),
    make_updated_at(),
    PrimaryKeyConstraint("symbol", "former_symbol", "valid_to"),
    Index("ix_fmp_symbol_alias_former_symbol", "former_symbol", "valid_to"),
    comment="Former symbols of each security, derived from fmp_symbol_period.",
    info=written_by("fmp_ingest"),
)

fmp_symbol_period = Table(
    "fmp_symbol_period",
    metadata,
    *list_texts("symbol", required=True),
    Column("place", Integer, nullable=False, comment="Position among the symbol's owners in order of time, from 1."),
    Column(
        "valid_from",
        Date,
        comment="First day of the owner, after the former owner's last day; NULL for the first owner.",
    ),
    Column("valid_to", Date, comment="First day on which the symbol was no longer the owner's; NULL if it still is."),
    Column("taken_on", Date, comment="Day of the rename to this symbol; NULL if the owner was listed under it."),
    Column("ended_by", Text, comment="Event that ended the period: rename or delisting; NULL while it lasts."),
    Column("renamed_to", Text, comment="Symbol that the owner took instead; NULL unless a rename ended the period."),
    Column("owner_symbol", Text, nullable=False, comment="The owner's newest symbol; identifies it with owner_until."),
    Column("owner_until", Date, comment="Day after the owner's delisting; NULL while it is not delisted."),
    Column("run_id", Uuid, nullable=False, comment="The run that last derived the row."),
    make_updated_at(),
    PrimaryKeyConstraint("symbol", "place"),
    CheckConstraint("ended_by IN ('rename', 'delisting')", name="ended_by_known"),
    Index("ix_fmp_symbol_period_owner_symbol", "owner_symbol"),
    comment="Owners of each symbol over time, derived from renames, delistings and listings.",
    info=written_by("fmp_ingest"),
)

market_session = Table(
    "market_session",
    metadata,
    *list_texts(required=True, exchange="Calendar: NYSE (for NYSE, NASDAQ, AMEX) or TSX (for TSX, TSXV)."),
    *list_days(required=True, session_date="Day of the session, in the exchange's time zone."),
    make_time("close_at", "When the session closes (UTC).", now=False),
    PrimaryKeyConstraint("exchange", "session_date"),
    comment="Trading sessions and their closes, from the calendar in fmp_ingest.",
    info=written_by("fmp_ingest"),
)

fmp_limiter = Table(
    "fmp_limiter",
    metadata,
    Column("budget", Text, nullable=False, comment=_BUDGET),
    PrimaryKeyConstraint("budget"),
    comment="Budgets of the rate limiter; the row is locked while tokens and permits change hands.",
    info=written_by("fmp_ingest"),
)

fmp_limiter_ticket = Table(
    "fmp_limiter_ticket",
    metadata,
    Column("budget", Text, nullable=False, comment=_BUDGET),
    Column(
        "usable_at",
        DateTime(timezone=True),
        nullable=False,
        comment="When the tokens become usable, over a minute after the response to their last call (UTC).",
    ),
    Column("tickets", Integer, nullable=False, comment="Number of tokens that no process holds."),
    PrimaryKeyConstraint("budget", "usable_at"),
    comment="Tokens of the rate limiter that no process holds; a call takes one token.",
    info=written_by("fmp_ingest"),
)

fmp_limiter_worker = Table(
    "fmp_limiter_worker",
    metadata,
    Column("budget", Text, nullable=False, comment=_BUDGET),
    Column("worker", Text, nullable=False, comment="Name of the process."),
    Column("permits", Integer, nullable=False, comment="Calls that it may have in flight."),
    Column(
        "expires_at",
        DateTime(timezone=True),
        nullable=False,
        comment="Time until which its calls count if it dies (UTC).",
    ),
    Column("wants", Integer, nullable=False, comment="Calls that it wants to have in flight."),
    Column("tickets", Integer, nullable=False, comment="Tokens that it holds, unused or with calls."),
    PrimaryKeyConstraint("budget", "worker"),
    comment="Processes that call FMP, with the permits and tokens that each holds.",
    info=written_by("fmp_ingest"),
)

fmp_quota = Table(
    "fmp_quota",
    metadata,
    Column(
        "only_row", Boolean, primary_key=True, server_default=text("true"), comment="Always true: there is one row."
    ),
    Column("last_success_at", DateTime(timezone=True), comment="Last call that returned data, to the minute (UTC)."),
    Column("limited_since", DateTime(timezone=True), comment="First limit response since the last success (UTC)."),
    Column(
        "parked_until", DateTime(timezone=True), comment="Time until which no process calls (UTC); NULL if not parked."
    ),
    Column("reason", Text, comment="Quota that is used up: day or bandwidth; NULL if none."),
    Column("limited_at", DateTime(timezone=True), comment="Last limit response (UTC)."),
    CheckConstraint("only_row", name="one_row"),
    comment="State of the FMP account's quota, shared by all processes.",
    info=written_by("fmp_ingest"),
)

fmp_call_tally = Table(
    "fmp_call_tally",
    metadata,
    Column("second", DateTime(timezone=True), nullable=False, comment="The second in which the calls started (UTC)."),
    Column("run_id", Uuid, nullable=False, comment="The run that called."),
    Column("calls", Integer, nullable=False, comment="Calls, including retries."),
    Column("retried", Integer, nullable=False, comment="Calls that were retries."),
    Column("throttled", Integer, nullable=False, comment="Responses that reported throttling."),
    UniqueConstraint("second", "run_id"),
    Index("ix_fmp_call_tally_run_id", "run_id"),
    comment="Calls to FMP by second and run, kept for 30 days.",
    info=written_by("fmp_ingest"),
)
