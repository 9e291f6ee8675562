"""What Alembic runs to migrate: always within the transaction that `attributor.ledger.schema` hands over."""

from alembic import context

from attributor.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
