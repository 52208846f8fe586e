"""states and marks stand without a foreign key, departures without an index that nothing asks: written by the million"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

#: written by jobs of customers they have just read, and a customer is never deleted
WITHOUT_KEY = ("customer_state", "stale_history")
INDEX = "ix_defection_customer_id_last_visit_on"


def upgrade() -> None:
    for table in WITHOUT_KEY:
        with op.batch_alter_table(table) as altered:
            altered.drop_constraint(op.f(f"fk_{table}_customer_id"), type_="foreignkey")
    op.drop_index(op.f(INDEX), "defection")


def downgrade() -> None:
    op.create_index(op.f(INDEX), "defection", ["customer_id", "last_visit_on"])
    for table in WITHOUT_KEY:
        with op.batch_alter_table(table) as altered:
            altered.create_foreign_key(op.f(f"fk_{table}_customer_id"), "customer", ["customer_id"], ["id"])
