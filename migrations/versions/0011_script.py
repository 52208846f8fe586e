"""what interviewers say, where the business put it in words of its own; answers of which words as typed are left"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEX = "ix_response_words_as_typed"


def upgrade() -> None:
    op.create_table(
        "script_line",
        sa.Column("line", sa.String(20), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("language IN ('nl', 'en')", name=op.f("ck_script_line_known_language")),
        sa.PrimaryKeyConstraint("line", "language", name=op.f("pk_script_line")),
    )
    are_left = sa.text("words IS NOT NULL")
    op.create_index(INDEX, "response", ["created_at"], sqlite_where=are_left, postgresql_where=are_left)


def downgrade() -> None:
    op.drop_index(INDEX, table_name="response")
    op.drop_table("script_line")
