"""What was answered."""

from datetime import datetime

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
    #: own words as typed; emptied when keep_words_days have passed, or the person is erased
    words: Mapped[str | None] = mapped_column(Text)
    #: own words without personal data, written by a job; pages show these and nothing else
    masked_words: Mapped[str | None] = mapped_column(Text)
    #: wrote something, also when the words are gone again
    has_words: Mapped[bool]
    may_contact: Mapped[bool] = mapped_column(default=False)
    #: number of rows in response_reason, so that a half-stored answer shows
    reason_count: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    reasons: Mapped[list["ResponseReason"]] = relationship(cascade="all, delete-orphan")

    __table_args__ = (
        CheckConstraint("language IN ('nl', 'en')", name="known_language"),
        CheckConstraint("reason_count >= 1", name="has_a_reason"),
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
