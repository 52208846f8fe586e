"""Who is asked, by which mail, and which addresses are never written to again."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey.database import Base, UtcDateTime

#: open: may be asked and may answer; the others are final
INVITATION_STATES = ("open", "answered", "opted_out", "withdrawn", "skipped")
SKIPPED_BECAUSE = (
    "", "opted_out", "do_not_contact", "no_address", "no_phone", "suppressed", "too_long_ago", "erased",
    "quarantine", "window_full", "answered_before", "rule_asks_nobody", "no_rule",
)  # fmt: skip
MAILING_STATES = ("queued", "claimed", "sending", "sent", "deferred", "failed", "unknown", "cancelled")
#: why a mailing was taken back, or a reminder not made at all
CANCELLED_BECAUSE = (
    "", "closed", "not_allowed", "suppressed", "same_address", "quarantine", "window_full", "little_gain",
)  # fmt: skip
BOUNCE_KINDS = ("hard", "soft", "complaint", "automatic_reply")


class Invitation(Base):
    """The one time a person is asked about one episode."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    defection_id: Mapped[int] = mapped_column(ForeignKey("defection.id"), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    questionnaire_version_id: Mapped[int] = mapped_column(ForeignKey("questionnaire_version.id"))
    language: Mapped[str] = mapped_column(String(2))
    #: decides the order in which this person sees the options
    order_seed: Mapped[int]
    #: the way this person is asked: mail or phone
    channel: Mapped[str] = mapped_column(String(10), default="mail", server_default="mail")
    #: what decided who is asked what and how; None: made before there were rules, or the rule is gone
    targeting_rule_id: Mapped[int | None] = mapped_column(ForeignKey("targeting_rule.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(20), default="open")
    skipped_because: Mapped[str] = mapped_column(String(20), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: the first POST of the form, whatever came of it
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: from when on somebody asked by phone may be called; None: at once
    call_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: who is calling this person now, and until when nobody else may
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint(f"state IN {INVITATION_STATES}", name="known_state"),
        CheckConstraint(f"skipped_because IN {SKIPPED_BECAUSE}", name="known_why"),
        CheckConstraint("channel IN ('mail', 'phone')", name="known_channel"),
        CheckConstraint("(state = 'skipped') = (skipped_because != '')", name="skipped_says_why"),
    )


class Mailing(Base):
    """One mail of an invitation: round 0 asks, later rounds remind. The outbox is made of these rows."""

    __tablename__ = "mailing"

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"))
    round: Mapped[int]
    state: Mapped[str] = mapped_column(String(20), default="queued")
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    worker: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: what the mail server answered, without addresses
    answer: Mapped[str | None] = mapped_column(Text)
    cancelled_because: Mapped[str] = mapped_column(String(20), default="", server_default="")
    #: a report that it could not be delivered came in
    bounced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("invitation_id", "round"),
        CheckConstraint(f"state IN {MAILING_STATES}", name="known_state"),
        CheckConstraint("state NOT IN ('claimed', 'sending') OR lease_until IS NOT NULL", name="claim_has_lease"),
        CheckConstraint(f"cancelled_because IN {CANCELLED_BECAUSE}", name="known_why"),
        CheckConstraint("cancelled_because = '' OR state = 'cancelled'", name="only_cancelled_says_why"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_has_date"),
        Index(None, "state", "due_at"),
        Index(None, "sent_at"),
    )


class Suppression(Base):
    """An address that is never written to again, as a keyed digest: it must outlive the person's erasure."""

    __tablename__ = "suppression"

    id: Mapped[int] = mapped_column(primary_key=True)
    address_digest: Mapped[str] = mapped_column(String(64), unique=True)
    #: opted_out, bounced
    why: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Bounce(Base):
    """A report that came back about a mail; what is in it about people is left out."""

    __tablename__ = "bounce"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: None where the report does not say which mail it is about
    mailing_id: Mapped[int | None] = mapped_column(ForeignKey("mailing.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    #: digest of the report, so that one report counts once
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    #: enhanced status code (RFC 3463), such as 5.1.1; empty: not given
    status: Mapped[str] = mapped_column(String(20), default="")
    #: what the server said, without addresses
    text: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    __table_args__ = (CheckConstraint(f"kind IN {BOUNCE_KINDS}", name="known_kind"),)


class ContactPolicy(Base):
    """How often and when anybody may be written to: one row, the same for all mail."""

    __tablename__ = "contact_policy"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: after being asked, so many days of peace before the next episode may be asked about
    quarantine_days: Mapped[int] = mapped_column(default=180)
    #: at most `most_mails` in any `window_days`, reminders included
    most_mails: Mapped[int] = mapped_column(default=3)
    window_days: Mapped[int] = mapped_column(default=30)
    #: no mail leaves from this hour until that one, in the time zone of the organisation; equal: no quiet hours
    quiet_from: Mapped[int] = mapped_column(default=20)
    quiet_until: Mapped[int] = mapped_column(default=8)
    #: 0, 1 or 2
    most_reminders: Mapped[int] = mapped_column(default=2)
    #: a round of reminders that brought fewer answers than this share of those before it is the last
    least_gain: Mapped[float] = mapped_column(default=0.10)
    #: mails a minute to one domain
    domain_per_minute: Mapped[int] = mapped_column(default=600)
    #: from the departure to the first mail or call: the target
    first_contact_days: Mapped[int] = mapped_column(default=7)

    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("quarantine_days >= 0 AND most_mails >= 1 AND window_days >= 1", name="limits_make_sense"),
        CheckConstraint("quiet_from BETWEEN 0 AND 23 AND quiet_until BETWEEN 0 AND 23", name="quiet_hours"),
        CheckConstraint("most_reminders BETWEEN 0 AND 2", name="two_reminders_at_most"),
        CheckConstraint("least_gain >= 0 AND least_gain <= 1", name="gain_is_a_share"),
        CheckConstraint("domain_per_minute >= 1 AND first_contact_days >= 1", name="targets_make_sense"),
    )
