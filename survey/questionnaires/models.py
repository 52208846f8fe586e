"""Questionnaires and their versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.database import Base, UtcDateTime


class Questionnaire(Base):
    __tablename__ = "questionnaire"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    active: Mapped[bool] = mapped_column(default=True)


class QuestionnaireVersion(Base):
    """The texts and options that people were shown; never changed once published."""

    __tablename__ = "questionnaire_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"))
    version: Mapped[int]
    #: {"texts": {"nl": {...}, "en": {...}}, "options": [{"code", "nl", "en", "pinned_last"}, ...]}
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)

    questionnaire: Mapped[Questionnaire] = relationship()

    __table_args__ = (UniqueConstraint("questionnaire_id", "version"),)
