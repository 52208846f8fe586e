"""Calls, cases, promises and remedies: what is done for people who left, and what came of it."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey.database import Base, UtcDateTime

CALL_OUTCOMES = (
    "answered", "no_answer", "voicemail", "busy", "wrong_number", "call_back", "refused", "other_language",
)  # fmt: skip
CASE_STATES = ("open", "waiting", "closed")
OPENED_BECAUSE = ("asked", "remedy", "promise", "by_hand")
CASE_OUTCOMES = ("", "came_back", "content", "declined", "not_reached", "nothing_to_do")
PROMISE_SOURCES = ("case", "answer", "branch")


class Call(Base):
    """One attempt to reach somebody who is asked by phone."""

    __tablename__ = "call_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    outcome: Mapped[str] = mapped_column(String(20))
    #: when to call again, if that was agreed
    appointment_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        CheckConstraint(f"outcome IN {CALL_OUTCOMES}", name="known_outcome"),
        CheckConstraint("appointment_at IS NULL OR outcome = 'call_back'", name="appointment_is_a_call_back"),
        Index(None, "invitation_id", "at"),
    )


class ScriptLine(Base):
    """What an interviewer says, where the business put it in words of its own; where there is no row, ours is said."""

    __tablename__ = "script_line"

    #: a name of survey.winback.script_lines.LINES
    line: Mapped[str] = mapped_column(String(20), primary_key=True)
    language: Mapped[str] = mapped_column(String(2), primary_key=True)
    text: Mapped[str] = mapped_column(Text)

    __table_args__ = (CheckConstraint("language IN ('nl', 'en')", name="known_language"),)


class Case(Base):
    """Somebody who left and of whom somebody here takes care; one for each departure."""

    __tablename__ = "winback_case"

    id: Mapped[int] = mapped_column(primary_key=True)
    defection_id: Mapped[int] = mapped_column(ForeignKey("defection.id"), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    #: None: nobody takes care yet
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"), index=True)
    opened_because: Mapped[str] = mapped_column(String(20))
    #: the stated main reason when it was opened
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("reason.id"))
    state: Mapped[str] = mapped_column(String(20), default="open")
    due_on: Mapped[date] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(String(20), default="")
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint(f"state IN {CASE_STATES}", name="known_state"),
        CheckConstraint(f"opened_because IN {OPENED_BECAUSE}", name="known_because"),
        CheckConstraint(f"outcome IN {CASE_OUTCOMES}", name="known_outcome"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_date"),
        CheckConstraint("(state = 'closed') = (outcome != '')", name="closed_has_outcome"),
        Index(None, "state", "due_on"),
    )


class CaseNote(Base):
    """What was done in a case, in the words of who did it. Only grows."""

    __tablename__ = "case_note"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("winback_case.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: emptied when the person is erased
    text: Mapped[str | None] = mapped_column(Text)


class Promise(Base):
    """What a customer was promised, and whether it was kept: kept_on says so, past due_on without it is broken."""

    __tablename__ = "promise"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("winback_case.id", ondelete="SET NULL"), index=True)
    #: emptied when the person is erased
    text: Mapped[str | None] = mapped_column(Text)
    #: how we know: made in the case, told in an answer, entered by the branch
    source: Mapped[str] = mapped_column(String(10))
    made_on: Mapped[date | None]
    due_on: Mapped[date | None] = mapped_column(index=True)
    kept_on: Mapped[date | None]
    #: was found broken before there was a due date, as the customer tells it
    broken: Mapped[bool] = mapped_column(default=False)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))

    __table_args__ = (
        CheckConstraint(f"source IN {PROMISE_SOURCES}", name="known_source"),
        CheckConstraint("NOT (broken AND kept_on IS NOT NULL)", name="kept_or_broken"),
    )


class Remedy(Base):
    """What may help somebody who left for a reason: a suggestion for who takes care of the case."""

    __tablename__ = "remedy"

    id: Mapped[int] = mapped_column(primary_key=True)
    reason_id: Mapped[int] = mapped_column(ForeignKey("reason.id"))
    position: Mapped[int]
    nl: Mapped[str] = mapped_column(String(300))
    en: Mapped[str] = mapped_column(String(300))
    #: a commercial offer: only for who agreed to be called with one
    is_offer: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (UniqueConstraint("reason_id", "position"),)


class RemedyTried(Base):
    """A remedy that was tried in a case."""

    __tablename__ = "remedy_tried"

    case_id: Mapped[int] = mapped_column(ForeignKey("winback_case.id", ondelete="CASCADE"), primary_key=True)
    remedy_id: Mapped[int] = mapped_column(ForeignKey("remedy.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
