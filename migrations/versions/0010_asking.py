"""questionnaires that are edited, who is asked what and how often, drafts, calls, cases, promises, rights"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FIRST_SKIPPED_BECAUSE = ("", "opted_out", "do_not_contact", "no_address", "suppressed", "too_long_ago", "erased")
SKIPPED_BECAUSE = (
    "", "opted_out", "do_not_contact", "no_address", "no_phone", "suppressed", "too_long_ago", "erased",
    "quarantine", "window_full", "answered_before", "rule_asks_nobody", "no_rule",
)  # fmt: skip
CANCELLED_BECAUSE = (
    "", "closed", "not_allowed", "suppressed", "same_address", "quarantine", "window_full", "little_gain",
)  # fmt: skip
#: how often and when anybody may be written to, until somebody says otherwise
POLICY = {
    "id": 1, "quarantine_days": 180, "most_mails": 3, "window_days": 30, "quiet_from": 20, "quiet_until": 8,
    "most_reminders": 2, "least_gain": 0.10, "domain_per_minute": 600, "first_contact_days": 7,
}  # fmt: skip
# kind, every so many minutes, or daily at
SCHEDULE = (("bounces", 10, None), ("cases", 10, None))

# code of the reason, Dutch, English, whether it is an offer; a lower price by itself helps nobody
REMEDIES = (
    ("price", "Vraag waarmee ze vergeleken en leg uit wat erin zit.",
     "Ask what they compared with, and explain what is in it.", False),
    ("price", "Kijk of de rekening klopt.", "Check whether the bill is right.", False),
    ("price", "Zoek het pakket dat past bij wat ze echt gebruiken.",
     "Look for the package that fits what they really use.", True),
    ("rude_staff", "Laat de leidinggevende bellen, luisteren en excuses maken.",
     "Let the manager call, listen and apologise.", False),
    ("rude_staff", "Vertel wat er met de melding is gedaan.", "Tell them what was done with what they said.", False),
    ("broken_promises", "Kom de belofte alsnog na, en zeg wanneer.", "Keep the promise after all, and say when.", False),
    ("broken_promises", "Noem één persoon die het bewaakt.", "Name one person who sees to it.", False),
    ("pushy_sales", "Zeg sorry en leg vast dat deze klant geen aanbiedingen wil.",
     "Say sorry, and note that this customer wants no offers.", False),
    ("slow_service", "Los op wat nog openstaat, vandaag.", "Settle what is still open, today.", False),
    ("slow_service", "Geef een rechtstreeks nummer van iemand die het weet.",
     "Give the direct number of somebody who knows.", False),
    ("poor_quality", "Doe het over, zonder kosten.", "Do it again, free of charge.", False),
    ("poor_quality", "Vraag wat er niet goed was en vertel wat er verandert.",
     "Ask what was not good, and tell what will change.", False),
    ("errors", "Herstel de fout, betaal terug wat te veel was en stuur een bewijs.",
     "Mend the mistake, pay back what was too much, and send proof.", False),
    ("competitor", "Vraag wat daar beter is; dring niet aan.", "Ask what is better there; do not insist.", False),
    ("inconvenience", "Kijk samen naar een andere vestiging, tijd of manier.",
     "Look together for another branch, time or way.", False),
    ("premises", "Vertel wat er aan de ruimte is of wordt gedaan.",
     "Tell them what was or will be done about the place.", False),
)  # fmt: skip

schedule = sa.table("schedule", *(sa.column(name) for name in ("kind", "every_minutes", "daily_at", "enabled")))


def upgrade() -> None:
    policy = op.create_table(
        "contact_policy",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quarantine_days", sa.Integer(), nullable=False),
        sa.Column("most_mails", sa.Integer(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_until", sa.Integer(), nullable=False),
        sa.Column("most_reminders", sa.Integer(), nullable=False),
        sa.Column("least_gain", sa.Double(), nullable=False),
        sa.Column("domain_per_minute", sa.Integer(), nullable=False),
        sa.Column("first_contact_days", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "domain_per_minute >= 1 AND first_contact_days >= 1", name=op.f("ck_contact_policy_targets_make_sense")
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_contact_policy_one_row")),
        sa.CheckConstraint("least_gain >= 0 AND least_gain <= 1", name=op.f("ck_contact_policy_gain_is_a_share")),
        sa.CheckConstraint("most_reminders BETWEEN 0 AND 2", name=op.f("ck_contact_policy_two_reminders_at_most")),
        sa.CheckConstraint(
            "quarantine_days >= 0 AND most_mails >= 1 AND window_days >= 1",
            name=op.f("ck_contact_policy_limits_make_sense"),
        ),
        sa.CheckConstraint(
            "quiet_from BETWEEN 0 AND 23 AND quiet_until BETWEEN 0 AND 23", name=op.f("ck_contact_policy_quiet_hours")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_policy")),
    )
    op.bulk_insert(policy, [POLICY])
    op.create_table(
        "retention",
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.CheckConstraint("days >= 1", name=op.f("ck_retention_at_least_a_day")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_retention")),
    )
    op.create_table(
        "branch_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_branch_link_branch_id")),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["questionnaire.id"], name=op.f("fk_branch_link_questionnaire_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branch_link")),
        sa.UniqueConstraint("branch_id", name=op.f("uq_branch_link_branch_id")),
        sa.UniqueConstraint("code", name=op.f("uq_branch_link_code")),
    )
    remedy = op.create_table(
        "remedy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reason_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("nl", sa.String(length=300), nullable=False),
        sa.Column("en", sa.String(length=300), nullable=False),
        sa.Column("is_offer", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["reason_id"], ["reason.id"], name=op.f("fk_remedy_reason_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remedy")),
        sa.UniqueConstraint("reason_id", "position", name=op.f("uq_remedy_reason_id_position")),
    )
    reason = sa.table("reason", sa.column("id"), sa.column("code"))
    known = {code: key for code, key in op.get_bind().execute(sa.select(reason.c.code, reason.c.id))}
    remedies = [
        {"reason_id": known[code], "position": place, "nl": nl, "en": en, "is_offer": is_offer, "active": True}
        for place, (code, nl, en, is_offer) in enumerate(REMEDIES, 1)
        if code in known
    ]
    if remedies:
        op.bulk_insert(remedy, remedies)
    op.create_table(
        "targeting_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("wait_days", sa.Integer(), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(channel = 'nobody') = (questionnaire_id IS NULL)", name=op.f("ck_targeting_rule_nobody_is_asked_nothing")
        ),
        sa.CheckConstraint("channel IN ('mail', 'phone', 'nobody')", name=op.f("ck_targeting_rule_known_channel")),
        sa.CheckConstraint("wait_days >= 0 AND wait_days <= 365", name=op.f("ck_targeting_rule_wait_is_short")),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["user_account.id"], name=op.f("fk_targeting_rule_changed_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["questionnaire.id"], name=op.f("fk_targeting_rule_questionnaire_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_targeting_rule")),
        sa.UniqueConstraint("name", name=op.f("uq_targeting_rule_name")),
    )
    op.create_table(
        "rights_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("asked_by", sa.String(length=10), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("asked_by IN ('person', 'operator')", name=op.f("ck_rights_request_known_asker")),
        sa.CheckConstraint("kind IN ('export', 'erase')", name=op.f("ck_rights_request_known_kind")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_rights_request_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_request")),
    )
    op.create_index(op.f("ix_rights_request_customer_id"), "rights_request", ["customer_id"])
    op.create_table(
        "erased_number",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_erased_number")),
    )
    with op.batch_alter_table("import_file") as batch:
        batch.add_column(sa.Column("erased_rows", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "walk_in_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("branch_link_id", sa.Integer(), nullable=False),
        sa.Column("questionnaire_version_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("reason_id", sa.Integer(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("masked_words", sa.Text(), nullable=True),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("language IN ('nl', 'en')", name=op.f("ck_walk_in_answer_known_language")),
        sa.ForeignKeyConstraint(["branch_link_id"], ["branch_link.id"], name=op.f("fk_walk_in_answer_branch_link_id")),
        sa.ForeignKeyConstraint(
            ["questionnaire_version_id"],
            ["questionnaire_version.id"],
            name=op.f("fk_walk_in_answer_questionnaire_version_id"),
        ),
        sa.ForeignKeyConstraint(["reason_id"], ["reason.id"], name=op.f("fk_walk_in_answer_reason_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_walk_in_answer")),
        sa.UniqueConstraint("nonce", name=op.f("uq_walk_in_answer_nonce")),
    )
    op.create_index(op.f("ix_walk_in_answer_created_at"), "walk_in_answer", ["created_at"])
    op.create_table(
        "winback_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("defection_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("opened_because", sa.String(length=20), nullable=False),
        sa.Column("reason_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_winback_case_closed_has_date")
        ),
        sa.CheckConstraint("(state = 'closed') = (outcome != '')", name=op.f("ck_winback_case_closed_has_outcome")),
        sa.CheckConstraint(
            "opened_because IN ('asked', 'remedy', 'promise', 'by_hand')", name=op.f("ck_winback_case_known_because")
        ),
        sa.CheckConstraint(
            "outcome IN ('', 'came_back', 'content', 'declined', 'not_reached', 'nothing_to_do')",
            name=op.f("ck_winback_case_known_outcome"),
        ),
        sa.CheckConstraint("state IN ('open', 'waiting', 'closed')", name=op.f("ck_winback_case_known_state")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_winback_case_customer_id")),
        sa.ForeignKeyConstraint(["defection_id"], ["defection.id"], name=op.f("fk_winback_case_defection_id")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["user_account.id"], name=op.f("fk_winback_case_owner_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["reason_id"], ["reason.id"], name=op.f("fk_winback_case_reason_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_winback_case")),
        sa.UniqueConstraint("defection_id", name=op.f("uq_winback_case_defection_id")),
    )
    op.create_index(op.f("ix_winback_case_customer_id"), "winback_case", ["customer_id"])
    op.create_index(op.f("ix_winback_case_due_on"), "winback_case", ["due_on"])
    op.create_index(op.f("ix_winback_case_owner_id"), "winback_case", ["owner_id"])
    op.create_index(op.f("ix_winback_case_state_due_on"), "winback_case", ["state", "due_on"])
    op.create_table(
        "call_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("appointment_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "appointment_at IS NULL OR outcome = 'call_back'", name=op.f("ck_call_attempt_appointment_is_a_call_back")
        ),
        sa.CheckConstraint(
            "outcome IN ('answered', 'no_answer', 'voicemail', 'busy', 'wrong_number', 'call_back', 'refused', 'other_language')",
            name=op.f("ck_call_attempt_known_outcome"),
        ),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitation.id"], name=op.f("fk_call_attempt_invitation_id")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_call_attempt_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_attempt")),
    )
    op.create_index(op.f("ix_call_attempt_at"), "call_attempt", ["at"])
    op.create_index(op.f("ix_call_attempt_invitation_id_at"), "call_attempt", ["invitation_id", "at"])
    op.create_table(
        "case_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["winback_case.id"], name=op.f("fk_case_note_case_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_case_note_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
    )
    op.create_index(op.f("ix_case_note_case_id"), "case_note", ["case_id"])
    op.create_table(
        "promise",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("kept_on", sa.Date(), nullable=True),
        sa.Column("broken", sa.Boolean(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("source IN ('case', 'answer', 'branch')", name=op.f("ck_promise_known_source")),
        sa.CheckConstraint("NOT (broken AND kept_on IS NOT NULL)", name=op.f("ck_promise_kept_or_broken")),
        sa.ForeignKeyConstraint(["case_id"], ["winback_case.id"], name=op.f("fk_promise_case_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_promise_customer_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_promise_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
    )
    op.create_index(op.f("ix_promise_case_id"), "promise", ["case_id"])
    op.create_index(op.f("ix_promise_customer_id"), "promise", ["customer_id"])
    op.create_index(op.f("ix_promise_due_on"), "promise", ["due_on"])
    op.create_table(
        "remedy_tried",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("remedy_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["winback_case.id"], name=op.f("fk_remedy_tried_case_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["remedy_id"], ["remedy.id"], name=op.f("fk_remedy_tried_remedy_id")),
        sa.PrimaryKeyConstraint("case_id", "remedy_id", name=op.f("pk_remedy_tried")),
    )
    op.create_table(
        "response_draft",
        sa.Column("invitation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("language IN ('nl', 'en')", name=op.f("ck_response_draft_known_language")),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitation.id"], name=op.f("fk_response_draft_invitation_id")),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_response_draft")),
    )
    op.create_table(
        "bounce",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailing_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('hard', 'soft', 'complaint', 'automatic_reply')", name=op.f("ck_bounce_known_kind")
        ),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name=op.f("fk_bounce_mailing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce")),
        sa.UniqueConstraint("digest", name=op.f("uq_bounce_digest")),
    )
    op.create_index(op.f("ix_bounce_at"), "bounce", ["at"])
    op.create_index(op.f("ix_bounce_mailing_id"), "bounce", ["mailing_id"])
    op.create_table(
        "response_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=40), nullable=False),
        sa.Column("choice", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("masked_words", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "choice = '' OR (number IS NULL AND words IS NULL)", name=op.f("ck_response_answer_one_kind_of_value")
        ),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_response_answer_response_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response_answer")),
        sa.UniqueConstraint(
            "response_id", "question", "choice", name=op.f("uq_response_answer_response_id_question_choice")
        ),
    )
    op.create_table(
        "root_cause",
        sa.Column("response_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason_id", sa.Integer(), nullable=True),
        sa.Column("whys", sa.JSON(), nullable=True),
        sa.Column("masked_whys", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["reason_id"], ["reason.id"], name=op.f("fk_root_cause_reason_id")),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_root_cause_response_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("response_id", name=op.f("pk_root_cause")),
    )
    with op.batch_alter_table("invitation") as batch:
        batch.add_column(sa.Column("channel", sa.String(length=10), nullable=False, server_default="mail"))
        batch.add_column(sa.Column("targeting_rule_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("started_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("call_from", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("claimed_by_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True))
        batch.create_foreign_key(
            op.f("fk_invitation_targeting_rule_id"),
            "targeting_rule",
            ["targeting_rule_id"],
            ["id"],
            ondelete="SET NULL",
        )
        batch.create_foreign_key(
            op.f("fk_invitation_claimed_by_id"), "user_account", ["claimed_by_id"], ["id"], ondelete="SET NULL"
        )
        batch.create_check_constraint(op.f("ck_invitation_known_channel"), "channel IN ('mail', 'phone')")
        batch.drop_constraint(op.f("ck_invitation_known_why"), type_="check")
        batch.create_check_constraint(op.f("ck_invitation_known_why"), f"skipped_because IN {SKIPPED_BECAUSE}")
    with op.batch_alter_table("customer") as batch:
        batch.add_column(sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("mailing") as batch:
        batch.add_column(sa.Column("cancelled_because", sa.String(length=20), nullable=False, server_default=""))
        batch.add_column(sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True))
        batch.create_index(op.f("ix_mailing_sent_at"), ["sent_at"])
        batch.create_check_constraint(op.f("ck_mailing_known_why"), f"cancelled_because IN {CANCELLED_BECAUSE}")
        batch.create_check_constraint(
            op.f("ck_mailing_only_cancelled_says_why"), "cancelled_because = '' OR state = 'cancelled'"
        )
    with op.batch_alter_table("questionnaire") as batch:
        batch.add_column(sa.Column("draft", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("draft_changed_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("draft_edits", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("response") as batch:
        batch.add_column(sa.Column("channel", sa.String(length=10), nullable=False, server_default="mail"))
        batch.add_column(sa.Column("interviewer_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("seconds_taken", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_response_interviewer_id"), "user_account", ["interviewer_id"], ["id"], ondelete="SET NULL"
        )
        batch.create_check_constraint(op.f("ck_response_known_channel"), "channel IN ('mail', 'phone')")
        # somebody may rather not say why
        batch.drop_constraint(op.f("ck_response_has_a_reason"), type_="check")
        batch.create_check_constraint(op.f("ck_response_reasons_counted"), "reason_count >= 0")
    there = set(op.get_bind().scalars(sa.select(schedule.c.kind)))
    rows = [
        {"kind": kind, "every_minutes": minutes, "daily_at": daily, "enabled": True}
        for kind, minutes, daily in SCHEDULE
        if kind not in there
    ]
    if rows:
        op.bulk_insert(schedule, rows)


def downgrade() -> None:
    op.execute(schedule.delete().where(schedule.c.kind.in_([kind for kind, _, _ in SCHEDULE])))
    op.execute(
        "INSERT INTO response_reason (response_id, reason_id, main, position) "
        "SELECT response.id, reason.id, true, 1 FROM response JOIN reason ON reason.code = 'other' "
        "WHERE response.reason_count = 0"
    )
    op.execute("UPDATE response SET reason_count = 1 WHERE reason_count = 0")
    with op.batch_alter_table("response") as batch:
        batch.drop_constraint(op.f("ck_response_reasons_counted"), type_="check")
        batch.create_check_constraint(op.f("ck_response_has_a_reason"), "reason_count >= 1")
        batch.drop_constraint(op.f("ck_response_known_channel"), type_="check")
        batch.drop_constraint(op.f("fk_response_interviewer_id"), type_="foreignkey")
        for name in ("seconds_taken", "interviewer_id", "channel"):
            batch.drop_column(name)
    with op.batch_alter_table("questionnaire") as batch:
        for name in ("draft_edits", "draft_changed_at", "draft"):
            batch.drop_column(name)
    with op.batch_alter_table("mailing") as batch:
        batch.drop_index(op.f("ix_mailing_sent_at"))
        batch.drop_constraint(op.f("ck_mailing_only_cancelled_says_why"), type_="check")
        batch.drop_constraint(op.f("ck_mailing_known_why"), type_="check")
        for name in ("bounced_at", "cancelled_because"):
            batch.drop_column(name)
    with op.batch_alter_table("customer") as batch:
        batch.drop_column("forgotten_at")
    later = [why for why in SKIPPED_BECAUSE if why not in FIRST_SKIPPED_BECAUSE]
    invitation = sa.table("invitation", sa.column("skipped_because"))
    new = invitation.c.skipped_because.in_(later)
    op.execute(invitation.update().where(new).values(skipped_because="too_long_ago"))
    with op.batch_alter_table("invitation") as batch:
        batch.drop_constraint(op.f("ck_invitation_known_why"), type_="check")
        batch.create_check_constraint(op.f("ck_invitation_known_why"), f"skipped_because IN {FIRST_SKIPPED_BECAUSE}")
        batch.drop_constraint(op.f("ck_invitation_known_channel"), type_="check")
        batch.drop_constraint(op.f("fk_invitation_claimed_by_id"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_invitation_targeting_rule_id"), type_="foreignkey")
        for name in ("claimed_until", "claimed_by_id", "call_from", "started_at", "targeting_rule_id", "channel"):
            batch.drop_column(name)
    with op.batch_alter_table("import_file") as batch:
        batch.drop_column("erased_rows")
    for name in (
        "root_cause",
        "response_answer",
        "bounce",
        "response_draft",
        "remedy_tried",
        "promise",
        "case_note",
        "call_attempt",
        "winback_case",
        "walk_in_answer",
        "erased_number",
        "rights_request",
        "targeting_rule",
        "remedy",
        "branch_link",
        "retention",
        "contact_policy",
    ):
        op.drop_table(name)
