"""who wants the decision pack of each quarter by mail, and when it is mailed"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KIND, DAILY_AT = "pack", "06:00"

schedule = sa.table("schedule", *(sa.column(name) for name in ("kind", "every_minutes", "daily_at", "enabled")))


def upgrade() -> None:
    op.add_column("user_account", sa.Column("wants_pack", sa.Boolean(), server_default=sa.false(), nullable=False))
    if KIND not in set(op.get_bind().scalars(sa.select(schedule.c.kind))):
        op.bulk_insert(schedule, [{"kind": KIND, "every_minutes": None, "daily_at": DAILY_AT, "enabled": True}])


def downgrade() -> None:
    op.execute(schedule.delete().where(schedule.c.kind == KIND))
    op.drop_column("user_account", "wants_pack")
