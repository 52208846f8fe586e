"""when the jobs of learning run"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# kind, every so many minutes, or daily at
SCHEDULE = (
    ("draw", 30, None),
    ("train", None, "03:30"),
    ("watch", None, "04:15"),
    ("find_themes", None, "04:30"),
)

schedule = sa.table("schedule", *(sa.column(name) for name in ("kind", "every_minutes", "daily_at", "enabled")))


def upgrade() -> None:
    there = set(op.get_bind().scalars(sa.select(schedule.c.kind)))
    rows = [{"kind": k, "every_minutes": m, "daily_at": d, "enabled": True} for k, m, d in SCHEDULE if k not in there]
    if rows:
        op.bulk_insert(schedule, rows)


def downgrade() -> None:
    op.execute(schedule.delete().where(schedule.c.kind.in_([kind for kind, _, _ in SCHEDULE])))
