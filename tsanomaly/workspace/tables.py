"""The tables as they are today. How they came to be is in ``migrations``, and a test holds the two equal."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

from tsanomaly.workspace.column_types import Document, Name, UTCTime, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

jobs = Table(
    "jobs",
    metadata,
    Column("name", Name, primary_key=True),
    Column("toml", Words, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("put_at", UTCTime, nullable=False),
)

series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", Name, nullable=False),
    Column("digest", String(32), nullable=False),  # of the name, which may be too long for an index
    Column("name", Words, nullable=False),
    Column("watermark", UTCTime),  # everything before it was scored
    Column("arrived_at", UTCTime),  # when a run last found rows beyond the watermark
    Column("state", Document),  # what the runner remembers of it: its scale and threshold under a shared model
    UniqueConstraint("job", "digest"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", Name, nullable=False),
    Column("scheduled_at", UTCTime, nullable=False),
    Column("owner", Name, nullable=False),
    Column("attempt", Integer, nullable=False),  # the fencing token: a takeover raises it
    Column("claimed_at", UTCTime, nullable=False),
    Column("heartbeat_at", UTCTime, nullable=False),
    Column("lease_until", UTCTime, nullable=False),
    Column("finished_at", UTCTime),
    Column("outcome", String(24)),  # none: it runs
    Column("message", Words, nullable=False, server_default=text("''")),
    Column("counts", Document, nullable=False, server_default=text("'{}'")),
    UniqueConstraint("job", "scheduled_at"),
    Index("ix_runs_scheduled_at", "scheduled_at"),
    Index("ix_runs_outcome", "outcome", "scheduled_at"),
)

run_series = Table(
    "run_series",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("series_id", ForeignKey("series.id"), primary_key=True),
    Column("outcome", String(24), nullable=False),
    Column("message", Words, nullable=False),
    Column("scored_from", UTCTime),
    Column("scored_until", UTCTime),
    Column("rows", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    Index("ix_run_series_series_id", "series_id"),
)

events = Table(
    "events",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("job", Name, nullable=False),
    Column("series_id", ForeignKey("series.id"), nullable=False),
    Column("start_at", UTCTime, nullable=False),
    Column("end_at", UTCTime, nullable=False),
    Column("peak_at", UTCTime, nullable=False),
    Column("severity", Float, nullable=False),
    Column("score", Float, nullable=False),
    Column("direction", String(16), nullable=False),
    Column("kind", String(40)),
    Column("channels", Document, nullable=False),
    Column("details", Document, nullable=False),
    Column("status", String(12), nullable=False),
    Column("merged_into", String(20)),
    Column("found_at", UTCTime, nullable=False),
    Column("updated_at", UTCTime, nullable=False),
    Column("verdict", String(24)),
    Column("verdict_version", Integer, nullable=False, server_default=text("0")),
    Column("held_back", Words, nullable=False, server_default=text("''")),
    Index("ix_events_series_id_start_at", "series_id", "start_at"),
    Index("ix_events_job_start_at", "job", "start_at"),
    Index("ix_events_start_at", "start_at"),
    Index("ix_events_severity", "severity"),
    Index("ix_events_verdict", "verdict", "start_at"),
)

event_history = Table(
    "event_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("event_id", ForeignKey("events.id"), nullable=False),
    Column("run_id", ForeignKey("runs.id", ondelete="SET NULL")),
    Column("at", UTCTime, nullable=False),
    Column("change", String(12), nullable=False),
    Column("before", Document),
    Column("after", Document, nullable=False),
    Index("ix_event_history_event_id", "event_id"),
    Index("ix_event_history_run_id", "run_id"),
)

models = Table(
    "models",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", Name, nullable=False),
    Column("scope", String(32), nullable=False),  # the series' digest; empty: all series of the job
    Column("series_id", ForeignKey("series.id")),
    Column("version", Integer, nullable=False),
    Column("path", String(400), nullable=False),  # below the workspace's folder
    Column("content", String(32), nullable=False),  # digest of the file
    Column("about", Document, nullable=False),
    Column("added_at", UTCTime, nullable=False),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("job", "scope", "version"),
)

score_parts = Table(
    "score_parts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", Name, nullable=False),
    Column("path", String(400), nullable=False),  # below the workspace's folder
    Column("since", UTCTime, nullable=False),
    Column("until", UTCTime, nullable=False),
    Column("first_digest", String(32), nullable=False),
    Column("last_digest", String(32), nullable=False),
    Column("rows", Integer, nullable=False),
    UniqueConstraint("path"),
    Index("ix_score_parts_job_since", "job", "since"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Name, nullable=False),
    Column("job", Name, nullable=False),
    Column("channel", Name, nullable=False),
    Column("body", Document, nullable=False),
    Column("created_at", UTCTime, nullable=False),
    Column("due_at", UTCTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("error", Words, nullable=False),
    Column("sent_at", UTCTime),
    UniqueConstraint("key"),
    Index("ix_outbox_sent_at_due_at", "sent_at", "due_at"),
    Index("ix_outbox_job_created_at", "job", "created_at"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("event_id", ForeignKey("events.id"), nullable=False),
    Column("judgement", String(24), nullable=False),
    Column("note", Words, nullable=False),
    Column("author", Name, nullable=False),
    Column("at", UTCTime, nullable=False),
    Column("details", Document, nullable=False),
    Column("undone_at", UTCTime),
    Column("undone_by", Name),
    Index("ix_verdicts_event_id", "event_id"),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("event_id", ForeignKey("events.id")),
    Column("series_id", ForeignKey("series.id")),
    Column("job", Name),
    Column("text", Words, nullable=False),
    Column("author", Name, nullable=False),
    Column("at", UTCTime, nullable=False),
    Column("edited_at", UTCTime),
    Column("version", Integer, nullable=False),
    Index("ix_notes_event_id", "event_id"),
    Index("ix_notes_series_id", "series_id"),
)

calendar_entries = Table(
    "calendar_entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("calendar", Name, nullable=False),
    Column("digest", String(32), nullable=False),  # of the entry's uid
    Column("entry", Document, nullable=False),
    Column("author", Name, nullable=False),
    Column("at", UTCTime, nullable=False),
    UniqueConstraint("calendar", "digest"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UTCTime, nullable=False),
    Column("author", Name, nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", Name, nullable=False),
    Column("before", Document),
    Column("after", Document),
    Index("ix_audit_at", "at"),
    Index("ix_audit_subject", "subject"),
)
