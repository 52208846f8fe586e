"""Questionnaires and their versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.database import Base, UtcDateTime

#: by which way somebody is asked; nobody: asked by no way at all
CHANNELS = ("mail", "phone", "nobody")


class Questionnaire(Base):
    __tablename__ = "questionnaire"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    #: the next version as far as it is written, in the form of `QuestionnaireVersion.content`; None: nothing changed
    draft: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    draft_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: edits so far; an edit of a draft that somebody else changed meanwhile is seen by it
    draft_edits: Mapped[int] = mapped_column(default=0, server_default="0")


class QuestionnaireVersion(Base):
    """The texts and options that people were shown; never changed once published."""

    __tablename__ = "questionnaire_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"))
    version: Mapped[int]
    #: {"texts": {"nl": {...}, "en": {...}}, "options": [{"code", "nl", "en", "pinned_last"}, ...],
    #: "questions": [...]}; `versions.py` says what stands in it
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)

    questionnaire: Mapped[Questionnaire] = relationship()

    __table_args__ = (UniqueConstraint("questionnaire_id", "version"),)


class TargetingRule(Base):
    """Who gets which questionnaire, by which way, and when: the first rule that fits a departure holds."""

    __tablename__ = "targeting_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    #: rules are tried in this order, from 1
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    #: None: asked by nobody
    questionnaire_id: Mapped[int | None] = mapped_column(ForeignKey("questionnaire.id"))
    channel: Mapped[str] = mapped_column(String(10))
    #: days from the departure being noticed to the first mail or call
    wait_days: Mapped[int] = mapped_column(default=0)
    #: {"segments": [...], "branches": [ids], "services": [...], "kinds": [...], "languages": [...],
    #: "tenure_days": [least, most], "lost_value": [least, most]}; what is not named does not matter
    conditions: Mapped[dict[str, Any]] = mapped_column(JSON)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))

    __table_args__ = (
        CheckConstraint(f"channel IN {CHANNELS}", name="known_channel"),
        CheckConstraint("(channel = 'nobody') = (questionnaire_id IS NULL)", name="nobody_is_asked_nothing"),
        CheckConstraint("wait_days >= 0 AND wait_days <= 365", name="wait_is_short"),
    )
