"""What people say about events: verdicts, notes, calendars, and the audit trail of all changes by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TIME = sa.DateTime(timezone=True)
NAME = sa.String(200)


def upgrade() -> None:
    """Add the tables, and to each event its present verdict."""
    op.add_column("events", sa.Column("verdict", sa.String(24)))
    op.add_column("events", sa.Column("verdict_version", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.create_index("ix_events_verdict", "events", ["verdict", "start_at"])
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("event_id", sa.String(20), nullable=False),
        sa.Column("judgement", sa.String(24), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("undone_at", TIME),
        sa.Column("undone_by", NAME),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_verdicts_event_id"),
    )
    op.create_index("ix_verdicts_event_id", "verdicts", ["event_id"])
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("event_id", sa.String(20)),
        sa.Column("series_id", sa.Integer),
        sa.Column("job", NAME),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("edited_at", TIME),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_notes_event_id"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_notes_series_id"),
    )
    op.create_index("ix_notes_event_id", "notes", ["event_id"])
    op.create_index("ix_notes_series_id", "notes", ["series_id"])
    op.create_table(
        "calendar_entries",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("calendar", NAME, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_entries"),
        sa.UniqueConstraint("calendar", "digest", name="uq_calendar_entries_calendar_digest"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_subject", "audit", ["subject"])
