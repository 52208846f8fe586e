"""Who is asked, by which mail, and which addresses are never written to again."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey.database import Base, UtcDateTime

#: open: may be asked and may answer; the others are final
INVITATION_STATES = ("open", "answered", "opted_out", "withdrawn", "skipped")
SKIPPED_BECAUSE = ("", "opted_out", "do_not_contact", "no_address", "suppressed", "too_long_ago", "erased")
MAILING_STATES = ("queued", "claimed", "sending", "sent", "deferred", "failed", "unknown", "cancelled")


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
    state: Mapped[str] = mapped_column(String(20), default="open")
    skipped_because: Mapped[str] = mapped_column(String(20), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint(f"state IN {INVITATION_STATES}", name="known_state"),
        CheckConstraint(f"skipped_because IN {SKIPPED_BECAUSE}", name="known_why"),
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

    __table_args__ = (
        UniqueConstraint("invitation_id", "round"),
        CheckConstraint(f"state IN {MAILING_STATES}", name="known_state"),
        CheckConstraint("state NOT IN ('claimed', 'sending') OR lease_until IS NOT NULL", name="claim_has_lease"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_has_date"),
        Index(None, "state", "due_at"),
    )


class Suppression(Base):
    """An address that is never written to again, as a keyed digest: it must outlive the person's erasure."""

    __tablename__ = "suppression"

    id: Mapped[int] = mapped_column(primary_key=True)
    address_digest: Mapped[str] = mapped_column(String(64), unique=True)
    #: opted_out, bounced
    why: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
