"""more kinds of definition and from when they hold, where every customer stands, what each is worth"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FIRST_KINDS = ("lapse", "decline")
KINDS = (
    "lapse", "decline", "dropped_service", "contract_ended", "cancelled", "wallet", "expected", "any_of", "all_of",
)  # fmt: skip
# kind, daily at
# after `detect`, at five, whose findings they tell of
SCHEDULE = (("value", "05:10"), ("figures", "05:20"), ("alert", "05:30"))

schedule = sa.table("schedule", *(sa.column(name) for name in ("kind", "every_minutes", "daily_at", "enabled")))


def upgrade() -> None:
    with op.batch_alter_table("definition") as batch:
        batch.add_column(sa.Column("effective_on", sa.Date(), nullable=True))
        batch.drop_constraint(op.f("ck_definition_known_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_definition_known_kind"), f"kind IN {KINDS}")
    with op.batch_alter_table("defection") as batch:
        batch.add_column(sa.Column("value_low", sa.Numeric(precision=12, scale=2), nullable=True))
        batch.add_column(sa.Column("value_high", sa.Numeric(precision=12, scale=2), nullable=True))
    with op.batch_alter_table("notice") as batch:
        batch.add_column(sa.Column("branch_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_notice_branch_id"), "branch", ["branch_id"], ["id"])
    op.create_table(
        "customer_state",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "state IN ('active', 'drifting', 'about_to_defect', 'defected', 'returned')",
            name=op.f("ck_customer_state_known_state"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_state_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_state")),
    )
    op.create_index(op.f("ix_customer_state_state_since_on"), "customer_state", ["state", "since_on"])
    op.create_table(
        "wallet_answer",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=False),
        sa.Column("with_us", sa.Integer(), nullable=False),
        sa.Column("out_of", sa.Integer(), nullable=False),
        sa.CheckConstraint("with_us >= 0 AND with_us <= out_of", name=op.f("ck_wallet_answer_is_a_share")),
        sa.CheckConstraint("out_of > 0", name=op.f("ck_wallet_answer_out_of_some")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_wallet_answer_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "answered_on", name=op.f("pk_wallet_answer")),
    )
    op.create_table(
        "customer_value",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("yearly_margin", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("remaining_years", sa.Double(), nullable=False),
        sa.Column("value", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("low", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("high", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("method", sa.String(length=30), nullable=False),
        sa.Column("thin", sa.Boolean(), nullable=False),
        sa.Column("expected_visits", sa.Double(), nullable=True),
        sa.Column("risk", sa.Double(), nullable=True),
        sa.CheckConstraint("low <= value AND value <= high", name=op.f("ck_customer_value_within_interval")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_value_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_value")),
    )
    op.create_table(
        "value_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("segment", sa.String(length=100), nullable=False),
        sa.Column("margin", sa.Double(), nullable=False),
        sa.Column("discount", sa.Double(), nullable=False),
        sa.Column("horizon_years", sa.Double(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("margin > 0 AND margin <= 1", name=op.f("ck_value_terms_margin_is_a_share")),
        sa.CheckConstraint("discount >= 0 AND discount < 1", name=op.f("ck_value_terms_discount_is_a_share")),
        sa.CheckConstraint("horizon_years > 0", name=op.f("ck_value_terms_horizon_ahead")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_value_terms_created_by_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_terms")),
    )
    op.create_index(op.f("ix_value_terms_segment"), "value_terms", ["segment"])
    op.create_table(
        "buying_model",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("cohort", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buying_model")),
        sa.UniqueConstraint("as_of", "cohort", "name", name=op.f("uq_buying_model_as_of_cohort_name")),
    )
    op.create_table(
        "stored_figure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("scope", sa.String(length=300), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_figure")),
        sa.UniqueConstraint("name", "scope", name=op.f("uq_stored_figure_name_scope")),
    )
    there = set(op.get_bind().scalars(sa.select(schedule.c.kind)))
    rows = [{"kind": k, "every_minutes": None, "daily_at": d, "enabled": True} for k, d in SCHEDULE if k not in there]
    if rows:
        op.bulk_insert(schedule, rows)


def downgrade() -> None:
    op.execute(schedule.delete().where(schedule.c.kind.in_([kind for kind, _ in SCHEDULE])))
    for name in ("stored_figure", "buying_model", "value_terms", "customer_value", "wallet_answer", "customer_state"):
        op.drop_table(name)
    with op.batch_alter_table("notice") as batch:
        batch.drop_constraint(op.f("fk_notice_branch_id"), type_="foreignkey")
        batch.drop_column("branch_id")
    with op.batch_alter_table("defection") as batch:
        batch.drop_column("value_high")
        batch.drop_column("value_low")
    with op.batch_alter_table("definition") as batch:
        batch.drop_constraint(op.f("ck_definition_known_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_definition_known_kind"), f"kind IN {FIRST_KINDS}")
        batch.drop_column("effective_on")
