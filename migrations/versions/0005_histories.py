"""visits summarised per customer; whoever has purchases is stale until the next refresh"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index(["customer_id", "occurred_on"], ["customer_id", "occurred_on", "amount"])
    _summary("customer_history")
    _summary("service_history", sa.Column("service", sa.String(length=100), nullable=False))
    op.create_table(
        "watched_service",
        sa.Column("service", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_watched_service")),
    )
    stale = op.create_table(
        "stale_history",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        _of_a_customer("stale_history"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_stale_history")),
    )
    bought = sa.table("transaction", sa.column("customer_id"))
    op.execute(stale.insert().from_select(["customer_id"], sa.select(bought.c.customer_id).distinct()))


def _index(old: list[str], new: list[str]) -> None:
    op.drop_index(op.f("_".join(["ix_transaction", *old])), "transaction")
    op.create_index(op.f("_".join(["ix_transaction", *new])), "transaction", new)


def _summary(name: str, *more: sa.Column) -> None:
    op.create_table(
        name,
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        *more,
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        _of_a_customer(name),
        sa.PrimaryKeyConstraint("customer_id", *(column.name for column in more), name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_last_on"), name, ["last_on"])


def _of_a_customer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f(f"fk_{table}_customer_id"))


def downgrade() -> None:
    for table in ("stale_history", "watched_service", "service_history", "customer_history"):
        op.drop_table(table)
    _index(["customer_id", "occurred_on", "amount"], ["customer_id", "occurred_on"])
