"""Why an event is held back by what people said of others; empty: it is shown."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; what is held back is worked out anew with the next verdict or run."""
    op.add_column("events", sa.Column("held_back", sa.Text, nullable=False, server_default=sa.text("''")))
