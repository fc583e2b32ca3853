"""What alembic runs: the migrations, in the transaction of the connection it is handed."""

from alembic import context

from tsanomaly.workspace.schema import VERSION_TABLE
from tsanomaly.workspace.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # SQLite can take back a CREATE TABLE; alembic does not believe it
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
