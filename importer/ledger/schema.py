"""The tables of the ledger; nothing in them says who a patient is."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    and_,
)

from importer.model import State

APPLICATION_ID = 0x534F4C56
"""`SOLV`, so that no other program's database is taken for a ledger."""
SCHEMA_VERSION = 3

metadata = MetaData()

meta_table = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
"""Facts about the ledger itself: id, target, key id, opening counter, pace, end of the audit."""

run_table = Table(
    "run",
    metadata,
    Column("run_number", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String, nullable=False, unique=True),
    Column("source_name", String, nullable=False),
    Column("source_path", String, nullable=False),
    Column("source_digest", String, nullable=False, index=True),
    Column("sheet", String, nullable=False),
    Column("settings", String, nullable=False),
    Column("planned_at", String),
    Column("waits_429", Integer, nullable=False, default=0),
    Column("started_at", String, nullable=False),
    Column("ended_at", String),
    Column("exit_code", Integer),
    Column("is_accepted", Integer, nullable=False, default=0),
    Column("results_path", String),
    Column("ended_counts", String),
    Column("purged_at", String),
)
"""One import of one file. A run that is not planned has sent nothing, and is swept at opening.

`ended_counts` are those of its last end, as JSON: what was decided since does not change them."""

row_table = Table(
    "row",
    metadata,
    Column("row_id", Integer, primary_key=True, autoincrement=True),
    Column("run_number", ForeignKey("run.run_number", ondelete="CASCADE"), nullable=False),
    Column("row_number", Integer, nullable=False),
    Column("row_key", String, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("fingerprint", LargeBinary(32)),
    Column("occurrence", Integer, nullable=False, default=0),
    Column("request", LargeBinary(32)),
    Column("visitor", LargeBinary(32)),
    Column("visit_day", Integer),
    Column("booking_id", Integer),
    Column("solv_status", String, nullable=False, default=""),
    Column("emr_booking_id", String, nullable=False, default=""),
    Column("http_status", Integer),
    Column("server_ids", String, nullable=False, default=""),
    Column("reason", String, nullable=False, default=""),
    Column("requests", Integer, nullable=False, default=0),
    Column("sending_at", String),
    Column("decided_at", String),
    Column("refers_to", ForeignKey("row.row_id")),
    Column("settled_at", String),
    Column("settled_by", String),
    Column("releases", Integer, nullable=False, default=0),
    Column("cancelled_at", String),
    UniqueConstraint("run_number", "row_number"),
)
"""One row of one run. `refers_to` is the earlier row that this one is the same booking as."""

LIVE_STATES = (State.SENDING, State.BOOKED, State.UNKNOWN)

LIVE = and_(
    row_table.c.state.in_(LIVE_STATES),
    row_table.c.refers_to.is_(None),
    row_table.c.cancelled_at.is_(None),
)
"""Rows behind which there is, or may be, a booking of their own."""

Index(
    "row_live",
    row_table.c.fingerprint,
    row_table.c.occurrence,
    unique=True,
    sqlite_where=LIVE,
    postgresql_where=LIVE,
)
Index(
    "row_live_key",
    row_table.c.row_key,
    unique=True,
    sqlite_where=LIVE,
    postgresql_where=LIVE,
)
"""However it was edited, one row of one file is booked once."""
Index("row_visitor", row_table.c.visitor)
Index("row_fingerprint", row_table.c.fingerprint)
Index("row_request", row_table.c.request)
Index("row_state", row_table.c.run_number, row_table.c.state)
Index("row_refers_to", row_table.c.refers_to)
Index("row_booking_id", row_table.c.booking_id)

problem_table = Table(
    "problem",
    metadata,
    Column("problem_id", Integer, primary_key=True, autoincrement=True),
    Column("row_id", ForeignKey("row.row_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("code", String, nullable=False),
    Column("field", String, nullable=False, default=""),
    Column("source_column", Integer),
    Column("hint", String, nullable=False, default=""),
)
"""What is wrong with a row: code, field and column, never a value."""

written_table = Table(
    "written",
    metadata,
    Column("digest", String, primary_key=True),
    Column("run_number", ForeignKey("run.run_number"), nullable=False),
)
"""SHA-256 of every results file that we wrote: any other file is somebody's work."""

decision_table = Table(
    "decision",
    metadata,
    Column("decision_id", Integer, primary_key=True, autoincrement=True),
    Column("row_id", ForeignKey("row.row_id"), nullable=False, index=True),
    Column("answer", String, nullable=False),
    Column("booking_id", Integer),
    Column("decided_by", String, nullable=False),
    Column("decided_at", String, nullable=False),
)
"""What the operator decided about a row, who and when; nothing here is ever changed."""
