"""the newest day with a purchase is kept by itself; an index of the last day of everybody was much of a night's work"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = ("customer_history", "service_history")


def upgrade() -> None:
    newest = op.create_table(
        "newest_purchase",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_newest_purchase_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_newest_purchase")),
    )
    history = sa.table("customer_history", sa.column("last_on", sa.Date()))
    day = sa.select(sa.literal(1), sa.func.max(history.c.last_on))
    op.execute(newest.insert().from_select(["id", "day"], day))
    for table in TABLES:
        op.drop_index(op.f(f"ix_{table}_last_on"), table)


def downgrade() -> None:
    for table in TABLES:
        op.create_index(op.f(f"ix_{table}_last_on"), table, ["last_on"])
    op.drop_table("newest_purchase")
