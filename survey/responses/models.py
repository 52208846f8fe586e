"""What was answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.database import Base, UtcDateTime


class Response(Base):
    """One person's answer to one invitation."""

    __tablename__ = "response"

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"), unique=True)
    #: the language of the form as sent in
    language: Mapped[str] = mapped_column(String(2))
    #: codes in the order in which this person saw them
    shown_order: Mapped[list[str]] = mapped_column(JSON)
    #: own words as typed; emptied when its days have passed, or the person is erased
    words: Mapped[str | None] = mapped_column(Text)
    #: own words without personal data, written by a job; pages show these and nothing else
    masked_words: Mapped[str | None] = mapped_column(Text)
    #: wrote something, also when the words are gone again
    has_words: Mapped[bool]
    may_contact: Mapped[bool] = mapped_column(default=False)
    #: the way it was given: mail or phone
    channel: Mapped[str] = mapped_column(String(10), default="mail", server_default="mail")
    #: who typed it in while talking
    interviewer_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    #: from the page being shown to the answer being sent; None: not known, or over a day
    seconds_taken: Mapped[int | None]
    #: number of rows in response_reason, so that a half-stored answer shows; 0: would rather not say
    reason_count: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    reasons: Mapped[list["ResponseReason"]] = relationship(cascade="all, delete-orphan")

    __table_args__ = (
        CheckConstraint("language IN ('nl', 'en')", name="known_language"),
        CheckConstraint("channel IN ('mail', 'phone')", name="known_channel"),
        CheckConstraint("reason_count >= 0", name="reasons_counted"),
        # those of which words as typed are left: what the night empties is few rows among all there ever were
        Index(
            "ix_response_words_as_typed",
            "created_at",
            sqlite_where=text("words IS NOT NULL"),
            postgresql_where=text("words IS NOT NULL"),
        ),
    )


class ResponseReason(Base):
    """A reason that the respondent ticked: the stated reason, never the classified one."""

    __tablename__ = "response_reason"

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"))
    reason_id: Mapped[int] = mapped_column(ForeignKey("reason.id"), index=True)
    main: Mapped[bool]
    #: place in the list as shown, from 1
    position: Mapped[int]

    __table_args__ = (
        UniqueConstraint("response_id", "reason_id"),
        # two main reasons would count one departure twice
        Index(
            "uq_response_reason_main",
            "response_id",
            unique=True,
            sqlite_where=text("main"),
            postgresql_where=text("main"),
        ),
    )


class ResponseAnswer(Base):
    """What was answered to one further question of the questionnaire; a question that was left open has no row.

    One row a choice where several may be ticked. What kind of value stands in it follows from the question.
    """

    __tablename__ = "response_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"))
    #: key of the question in the version that was shown
    question: Mapped[str] = mapped_column(String(40))
    #: code of the choice; empty for a number or words
    choice: Mapped[str] = mapped_column(String(40), default="")
    #: place of the choice in the list as shown, from 1
    position: Mapped[int | None]
    number: Mapped[int | None]
    #: as typed; emptied when its days have passed, or the person is erased
    words: Mapped[str | None] = mapped_column(Text)
    #: without personal data, written by a job; pages show these and nothing else
    masked_words: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("response_id", "question", "choice"),
        CheckConstraint("choice = '' OR (number IS NULL AND words IS NULL)", name="one_kind_of_value"),
    )


class ResponseDraft(Base):
    """A form saved for later: taken up again from the same link, gone once the answer is sent.

    Once the link is over, or the person erased, only an empty row is left, so that who began stays counted.
    """

    __tablename__ = "response_draft"

    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"), primary_key=True, autoincrement=False)
    language: Mapped[str] = mapped_column(String(2))
    #: the fields as sent: name -> values
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint("language IN ('nl', 'en')", name="known_language"),)


class RootCause(Base):
    """What an interviewer found by asking why five times; kept apart from the stated reason."""

    __tablename__ = "root_cause"

    response_id: Mapped[int] = mapped_column(
        ForeignKey("response.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("reason.id"))
    #: one to five texts as typed; emptied like other words
    whys: Mapped[list[str] | None] = mapped_column(JSON)
    masked_whys: Mapped[list[str] | None] = mapped_column(JSON)


class BranchLink(Base):
    """The short address, and QR code, at which who stands in a branch can say why; nobody is known by it."""

    __tablename__ = "branch_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), unique=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"))
    #: eight letters and digits that cannot be taken for each other
    code: Mapped[str] = mapped_column(String(12), unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WalkInAnswer(Base):
    """An answer given at a branch by somebody we do not know: counted apart, in no share and no rate."""

    __tablename__ = "walk_in_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    branch_link_id: Mapped[int] = mapped_column(ForeignKey("branch_link.id"))
    questionnaire_version_id: Mapped[int] = mapped_column(ForeignKey("questionnaire_version.id"))
    language: Mapped[str] = mapped_column(String(2))
    reason_id: Mapped[int] = mapped_column(ForeignKey("reason.id"))
    #: further reasons and answers: {"also": [codes], "questions": {key: value}}
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    words: Mapped[str | None] = mapped_column(Text)
    masked_words: Mapped[str | None] = mapped_column(Text)
    #: random, made with the page; a form sent twice is one answer
    nonce: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    __table_args__ = (CheckConstraint("language IN ('nl', 'en')", name="known_language"),)
