"""the register of investments, its history, and the verdicts on them"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

VERDICTS = (
    "worked", "no_effect_shown", "too_little_data", "cannot_tell", "cannot_pay_back", "aimed_at_non_cause",
)  # fmt: skip
# kind, daily at
SCHEDULE = (("check_investments", "05:45"),)

schedule = sa.table("schedule", *(sa.column(name) for name in ("kind", "every_minutes", "daily_at", "enabled")))


def upgrade() -> None:
    op.create_table(
        "investment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("yearly_cost", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("wash_in_days", sa.Integer(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("effect_low", sa.Double(), nullable=False),
        sa.Column("effect_high", sa.Double(), nullable=False),
        sa.Column("picked_from", sa.Date(), nullable=True),
        sa.Column("picked_until", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount >= 0 AND yearly_cost >= 0", name=op.f("ck_investment_costs_not_negative")),
        sa.CheckConstraint("wash_in_days >= 0", name=op.f("ck_investment_wash_in_not_negative")),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_investment_ends_after_start")),
        sa.CheckConstraint(
            "effect_low >= 0 AND effect_low <= effect_high AND effect_high <= 1",
            name=op.f("ck_investment_effect_is_a_range"),
        ),
        sa.CheckConstraint(
            "(picked_from IS NULL AND picked_until IS NULL) OR picked_until >= picked_from",
            name=op.f("ck_investment_picked_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_investment_created_by_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_investment")),
        sa.UniqueConstraint("name", name=op.f("uq_investment_name")),
    )
    op.create_table(
        "investment_reason",
        sa.Column("investment_id", sa.Integer(), nullable=False),
        sa.Column("reason_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["investment_id"], ["investment.id"], name=op.f("fk_investment_reason_investment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["reason_id"], ["reason.id"], name=op.f("fk_investment_reason_reason_id")),
        sa.PrimaryKeyConstraint("investment_id", "reason_id", name=op.f("pk_investment_reason")),
    )
    op.create_table(
        "investment_branch",
        sa.Column("investment_id", sa.Integer(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["investment_id"], ["investment.id"], name=op.f("fk_investment_branch_investment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_investment_branch_branch_id")),
        sa.PrimaryKeyConstraint("investment_id", "branch_id", name=op.f("pk_investment_branch")),
    )
    op.create_table(
        "investment_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("investment_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("stands", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["investment_id"], ["investment.id"], name=op.f("fk_investment_change_investment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_investment_change_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_investment_change")),
    )
    op.create_index(op.f("ix_investment_change_investment_id"), "investment_change", ["investment_id"])
    op.create_table(
        "verdict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("investment_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("verdict", sa.String(length=30), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"verdict IN {VERDICTS}", name=op.f("ck_verdict_known_verdict")),
        sa.ForeignKeyConstraint(
            ["investment_id"], ["investment.id"], name=op.f("fk_verdict_investment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
        sa.UniqueConstraint("investment_id", "as_of", name=op.f("uq_verdict_investment_id_as_of")),
    )
    there = set(op.get_bind().scalars(sa.select(schedule.c.kind)))
    rows = [{"kind": k, "every_minutes": None, "daily_at": d, "enabled": True} for k, d in SCHEDULE if k not in there]
    if rows:
        op.bulk_insert(schedule, rows)


def downgrade() -> None:
    op.execute(schedule.delete().where(schedule.c.kind.in_([kind for kind, _ in SCHEDULE])))
    for name in ("verdict", "investment_change", "investment_branch", "investment_reason", "investment"):
        op.drop_table(name)
