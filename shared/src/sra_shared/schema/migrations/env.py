"""Alembic's entry: it runs in the transaction of the connection that `sra_shared.schema.upgrade` hands over."""

from alembic import context

from sra_shared.schema.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
