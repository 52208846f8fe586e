"""human labels, model versions with their gate, themes, and readings that say which words spoke

What models had read is derived: scores and explanations of the old form are emptied, and the next run of
`answers reclassify` reads every answer again because the preprocessing has another version.
"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('taxonomy_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('code', sa.String(length=50), nullable=False),
    sa.Column('into', sa.JSON(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("kind IN ('add', 'rename', 'merge', 'split', 'retire', 'restore')", name=op.f('ck_taxonomy_change_known_kind')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_taxonomy_change_user_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_taxonomy_change'))
    )
    op.create_table('promotion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('model_version_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('why', sa.String(length=20), nullable=False),
    sa.CheckConstraint("why IN ('installed', 'promoted', 'rolled_back')", name=op.f('ck_promotion_known_why')),
    sa.ForeignKeyConstraint(['model_version_id'], ['model_version.id'], name=op.f('fk_promotion_model_version_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_promotion_user_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_promotion'))
    )
    op.create_table('theme',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('model_version_id', sa.Integer(), nullable=False),
    sa.Column('found_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('words', sa.JSON(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('reason_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("state != 'made' OR reason_id IS NOT NULL", name=op.f('ck_theme_made_has_a_reason')),
    sa.CheckConstraint("state IN ('open', 'made', 'dismissed')", name=op.f('ck_theme_known_state')),
    sa.ForeignKeyConstraint(['model_version_id'], ['model_version.id'], name=op.f('fk_theme_model_version_id')),
    sa.ForeignKeyConstraint(['reason_id'], ['reason.id'], name=op.f('fk_theme_reason_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_theme'))
    )
    op.create_table('watch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('model_version_id', sa.Integer(), nullable=False),
    sa.Column('measure', sa.String(length=20), nullable=False),
    sa.Column('subject', sa.String(length=50), nullable=False),
    sa.Column('value', sa.Double(), nullable=False),
    sa.Column('low', sa.Double(), nullable=False),
    sa.Column('high', sa.Double(), nullable=False),
    sa.Column('answers', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['model_version_id'], ['model_version.id'], name=op.f('fk_watch_model_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_watch')),
    sa.UniqueConstraint('day', 'measure', 'subject', name=op.f('uq_watch_day_measure_subject'))
    )
    op.create_table('review',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('response_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('stream', sa.String(length=10), nullable=False),
    sa.Column('probability', sa.Double(), nullable=False),
    sa.Column('taxonomy_version', sa.Integer(), nullable=False),
    sa.Column('model_shown', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state IN ('reviewed', 'skipped')", name=op.f('ck_review_known_state')),
    sa.ForeignKeyConstraint(['response_id'], ['response.id'], name=op.f('fk_review_response_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_review_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review')),
    sa.UniqueConstraint('response_id', 'user_id', name=op.f('uq_review_response_id_user_id'))
    )
    with op.batch_alter_table('review', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_review_created_at'), ['created_at'], unique=False)

    op.create_table('review_item',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('response_id', sa.Integer(), nullable=False),
    sa.Column('stream', sa.String(length=10), nullable=False),
    sa.Column('probability', sa.Double(), nullable=False),
    sa.Column('place', sa.Double(), nullable=False),
    sa.Column('wanted', sa.Integer(), nullable=False),
    sa.Column('drawn_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("stream IN ('audit', 'useful')", name=op.f('ck_review_item_known_stream')),
    sa.CheckConstraint('probability > 0 AND probability <= 1', name=op.f('ck_review_item_probability_is_one')),
    sa.ForeignKeyConstraint(['response_id'], ['response.id'], name=op.f('fk_review_item_response_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review_item')),
    sa.UniqueConstraint('response_id', 'stream', name=op.f('uq_review_item_response_id_stream'))
    )
    with op.batch_alter_table('review_item', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_review_item_stream_place'), ['stream', 'place'], unique=False)

    op.create_table('theme_answer',
    sa.Column('theme_id', sa.Integer(), nullable=False),
    sa.Column('response_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['response_id'], ['response.id'], name=op.f('fk_theme_answer_response_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['theme_id'], ['theme.id'], name=op.f('fk_theme_answer_theme_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('theme_id', 'response_id', name=op.f('pk_theme_answer'))
    )
    with op.batch_alter_table('theme_answer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_theme_answer_response_id'), ['response_id'], unique=False)

    op.create_table('human_label',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('review_id', sa.Integer(), nullable=False),
    sa.Column('reason_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['reason_id'], ['reason.id'], name=op.f('fk_human_label_reason_id')),
    sa.ForeignKeyConstraint(['review_id'], ['review.id'], name=op.f('fk_human_label_review_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_human_label')),
    sa.UniqueConstraint('review_id', 'reason_id', name=op.f('uq_human_label_review_id_reason_id'))
    )
    with op.batch_alter_table('human_label', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_human_label_reason_id'), ['reason_id'], unique=False)

    with op.batch_alter_table('classification', schema=None) as batch_op:
        batch_op.add_column(sa.Column('scores', sa.LargeBinary(), nullable=True))
        batch_op.drop_constraint(batch_op.f('uq_classification_response_id_model_version_id'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_classification_model_version_id_response_id'), ['model_version_id', 'response_id'])
        batch_op.drop_column('probabilities')
    _fill('classification', 'scores', b'', sa.LargeBinary())
    _replace('classified_reason', 'spoke', b'', sa.LargeBinary())

    with op.batch_alter_table('model_version', schema=None) as batch_op:
        batch_op.add_column(sa.Column('preprocessing', sa.String(length=50), nullable=True))
        batch_op.add_column(sa.Column('taxonomy_version', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('created_by', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('passed_gate', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('report', sa.JSON(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_model_version_created_by'), 'user_account', ['created_by'], ['id'], ondelete='SET NULL')
    _fill('model_version', 'preprocessing', 'terms-1', sa.String(50))
    _fill('model_version', 'taxonomy_version', 0, sa.Integer())
    _fill('model_version', 'passed_gate', True, sa.Boolean())
    _fill('model_version', 'report', {}, sa.JSON())

    with op.batch_alter_table('reading', schema=None) as batch_op:
        batch_op.add_column(sa.Column('preprocessing', sa.String(length=50), nullable=True))
        batch_op.add_column(sa.Column('chance', sa.Double(), nullable=True))
        batch_op.add_column(sa.Column('unknown_words', sa.Double(), nullable=True))
        batch_op.add_column(sa.Column('terms', sa.Text(), nullable=True))
        batch_op.create_index(batch_op.f('ix_reading_chance'), ['chance'], unique=False)
    _fill('reading', 'preprocessing', 'terms-1', sa.String(50))
    _fill('reading', 'chance', 1.0, sa.Double())  # in no sample until it is read again
    _fill('reading', 'unknown_words', 0.0, sa.Double())
    _fill('reading', 'terms', '', sa.Text())


def _fill(table: str, column: str, value: object, kind: sa.types.TypeEngine) -> None:
    """Give every row this value, after which the column is never empty."""
    op.execute(sa.table(table, sa.column(column, kind)).update().values({column: value}))
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.alter_column(column, existing_type=kind, nullable=False)


def _replace(table: str, column: str, value: object, kind: sa.types.TypeEngine) -> None:
    """Put a column of another type in the place of this one."""
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.drop_column(column)
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.add_column(sa.Column(column, kind, nullable=True))
    _fill(table, column, value, kind)


def downgrade() -> None:
    with op.batch_alter_table('reading', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reading_chance'))
        batch_op.drop_column('terms')
        batch_op.drop_column('unknown_words')
        batch_op.drop_column('chance')
        batch_op.drop_column('preprocessing')

    with op.batch_alter_table('model_version', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_model_version_created_by'), type_='foreignkey')
        batch_op.drop_column('report')
        batch_op.drop_column('passed_gate')
        batch_op.drop_column('created_by')
        batch_op.drop_column('taxonomy_version')
        batch_op.drop_column('preprocessing')

    _replace('classified_reason', 'spoke', [], sa.JSON())

    with op.batch_alter_table('classification', schema=None) as batch_op:
        batch_op.add_column(sa.Column('probabilities', sa.JSON(), nullable=True))
        batch_op.drop_constraint(batch_op.f('uq_classification_model_version_id_response_id'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_classification_response_id_model_version_id'), ['response_id', 'model_version_id'])
        batch_op.drop_column('scores')
    _fill('classification', 'probabilities', {}, sa.JSON())

    with op.batch_alter_table('human_label', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_human_label_reason_id'))

    op.drop_table('human_label')
    with op.batch_alter_table('theme_answer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_theme_answer_response_id'))

    op.drop_table('theme_answer')
    with op.batch_alter_table('review_item', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_review_item_stream_place'))

    op.drop_table('review_item')
    with op.batch_alter_table('review', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_review_created_at'))

    op.drop_table('review')
    op.drop_table('watch')
    op.drop_table('theme')
    op.drop_table('promotion')
    op.drop_table('taxonomy_change')
