"""purchases have one index, in the order in which a night's file brings them; states have none, as lists of them are
faster in the order of customers; departures name their definition without a foreign key"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ANYWHERE = "uq_transaction_identity_ordinal"
OF_A_CUSTOMER = "ix_transaction_customer_id_identity_ordinal"
OF_DAYS = "ix_transaction_customer_id_occurred_on_amount"
COVERING = {"postgresql_include": ["occurred_on", "amount"]}
DEFINITION = "fk_defection_definition_id"
OF_STATES = "ix_customer_state_state_since_on"


def upgrade() -> None:
    op.drop_index(op.f(OF_DAYS), "transaction")
    with op.batch_alter_table("transaction") as altered:
        altered.drop_constraint(op.f(ANYWHERE), type_="unique")
    # an index rather than a constraint: SQLite makes it from sorted rows, once they are all there
    op.create_index(op.f(OF_A_CUSTOMER), "transaction", ["customer_id", "identity", "ordinal"], unique=True, **COVERING)
    op.drop_index(op.f(OF_STATES), "customer_state")
    with op.batch_alter_table("defection") as altered:
        altered.drop_constraint(op.f(DEFINITION), type_="foreignkey")


def downgrade() -> None:
    with op.batch_alter_table("defection") as altered:
        altered.create_foreign_key(op.f(DEFINITION), "definition", ["definition_id"], ["id"])
    op.create_index(op.f(OF_STATES), "customer_state", ["state", "since_on"])
    op.drop_index(op.f(OF_A_CUSTOMER), "transaction")
    with op.batch_alter_table("transaction") as altered:
        altered.create_unique_constraint(op.f(ANYWHERE), ["identity", "ordinal"])
    op.create_index(op.f(OF_DAYS), "transaction", ["customer_id", "occurred_on", "amount"])
