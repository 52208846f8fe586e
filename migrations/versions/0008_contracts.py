"""contracts by term, the files that bring them, and the teams of employees"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FIRST_KINDS = ("customers", "transactions")
KINDS = (*FIRST_KINDS, "contracts")


def upgrade() -> None:
    op.create_table(
        "contract",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("contract_from", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("yearly_value", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("known_on", sa.Date(), nullable=False),
        sa.CheckConstraint("starts_on >= contract_from", name=op.f("ck_contract_starts_within")),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_contract_ends_after_start")),
        sa.CheckConstraint("known_on <= starts_on", name=op.f("ck_contract_known_by_its_start")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_contract_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
        sa.UniqueConstraint(
            "customer_id", "contract_from", "starts_on", name=op.f("uq_contract_customer_id_contract_from_starts_on")
        ),
    )
    op.create_table(
        "staged_contract",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=100), nullable=False),
        sa.Column("contract_from", sa.Date(), nullable=False),
        sa.Column("contract_until", sa.Date(), nullable=True),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("yearly_value", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["import_file.id"], name=op.f("fk_staged_contract_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_contract")),
        sa.UniqueConstraint(
            "import_id", "external_id", "contract_from",
            name=op.f("uq_staged_contract_import_id_external_id_contract_from"),
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_staged_contract_import_id_line"), "staged_contract", ["import_id", "line"])
    _allow_kinds(KINDS)
    op.add_column("employee", sa.Column("team", sa.String(length=100), nullable=False, server_default=""))
    op.add_column("staged_transaction", sa.Column("team", sa.String(length=100), nullable=True))
    _take_over_contracts()


def downgrade() -> None:
    op.drop_column("staged_transaction", "team")
    op.drop_column("employee", "team")
    op.execute("DELETE FROM import_file WHERE kind = 'contracts'")
    _allow_kinds(FIRST_KINDS)
    op.drop_table("staged_contract")
    op.drop_table("contract")


def _allow_kinds(kinds: tuple[str, ...]) -> None:
    with op.batch_alter_table("import_file") as batch:
        batch.drop_constraint(op.f("ck_import_file_known_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_import_file_known_kind"), f"kind IN {kinds}")


def _take_over_contracts() -> None:
    """One term for each contract that stands with its customer; of an unknown start, the first day that is known."""
    op.execute(
        """
        INSERT INTO contract (customer_id, contract_from, starts_on, ends_on, cancelled_on, yearly_value, known_on)
        SELECT id, begun, begun, contract_until, cancelled_on, yearly_value, begun
        FROM (
            SELECT customer.*, COALESCE(
                contract_from,
                CASE WHEN cancelled_on IS NULL OR contract_until < cancelled_on THEN contract_until
                ELSE cancelled_on END
            ) AS begun
            FROM customer
        ) AS told
        WHERE begun IS NOT NULL AND (contract_until IS NULL OR contract_until >= begun)
        """
    )
