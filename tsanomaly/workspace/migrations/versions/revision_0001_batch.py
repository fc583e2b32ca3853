"""What batch scoring needs: jobs, series with their watermarks, runs, events, models, scores, the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)
NAME = sa.String(200)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "jobs",
        sa.Column("name", NAME, nullable=False),
        sa.Column("toml", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("put_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_jobs"),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("job", NAME, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("watermark", TIME),
        sa.Column("arrived_at", TIME),
        sa.Column("state", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.UniqueConstraint("job", "digest", name="uq_series_job_digest"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("job", NAME, nullable=False),
        sa.Column("scheduled_at", TIME, nullable=False),
        sa.Column("owner", NAME, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("claimed_at", TIME, nullable=False),
        sa.Column("heartbeat_at", TIME, nullable=False),
        sa.Column("lease_until", TIME, nullable=False),
        sa.Column("finished_at", TIME),
        sa.Column("outcome", sa.String(24)),
        sa.Column("message", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("counts", sa.Text, nullable=False, server_default=sa.text("'{}'")),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("job", "scheduled_at", name="uq_runs_job_scheduled_at"),
    )
    op.create_index("ix_runs_scheduled_at", "runs", ["scheduled_at"])
    op.create_index("ix_runs_outcome", "runs", ["outcome", "scheduled_at"])
    op.create_table(
        "run_series",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("series_id", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(24), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("scored_from", TIME),
        sa.Column("scored_until", TIME),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "series_id", name="pk_run_series"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_series_run_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_run_series_series_id"),
    )
    op.create_index("ix_run_series_series_id", "run_series", ["series_id"])
    op.create_table(
        "events",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("job", NAME, nullable=False),
        sa.Column("series_id", sa.Integer, nullable=False),
        sa.Column("start_at", TIME, nullable=False),
        sa.Column("end_at", TIME, nullable=False),
        sa.Column("peak_at", TIME, nullable=False),
        sa.Column("severity", sa.Float, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("direction", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(40)),
        sa.Column("channels", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("merged_into", sa.String(20)),
        sa.Column("found_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_events_series_id"),
    )
    op.create_index("ix_events_series_id_start_at", "events", ["series_id", "start_at"])
    op.create_index("ix_events_job_start_at", "events", ["job", "start_at"])
    op.create_index("ix_events_start_at", "events", ["start_at"])
    op.create_index("ix_events_severity", "events", ["severity"])
    op.create_table(
        "event_history",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("event_id", sa.String(20), nullable=False),
        sa.Column("run_id", sa.Integer),
        sa.Column("at", TIME, nullable=False),
        sa.Column("change", sa.String(12), nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_history"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_event_history_event_id"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_event_history_run_id", ondelete="SET NULL"),
    )
    op.create_index("ix_event_history_event_id", "event_history", ["event_id"])
    op.create_index("ix_event_history_run_id", "event_history", ["run_id"])
    op.create_table(
        "models",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("job", NAME, nullable=False),
        sa.Column("scope", sa.String(32), nullable=False),
        sa.Column("series_id", sa.Integer),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("path", sa.String(400), nullable=False),
        sa.Column("content", sa.String(32), nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint("job", "scope", "version", name="uq_models_job_scope_version"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_models_series_id"),
    )
    op.create_table(
        "score_parts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("job", NAME, nullable=False),
        sa.Column("path", sa.String(400), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("first_digest", sa.String(32), nullable=False),
        sa.Column("last_digest", sa.String(32), nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_score_parts"),
        sa.UniqueConstraint("path", name="uq_score_parts_path"),
    )
    op.create_index("ix_score_parts_job_since", "score_parts", ["job", "since"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("job", NAME, nullable=False),
        sa.Column("channel", NAME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("sent_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
    )
    op.create_index("ix_outbox_sent_at_due_at", "outbox", ["sent_at", "due_at"])
    op.create_index("ix_outbox_job_created_at", "outbox", ["job", "created_at"])
