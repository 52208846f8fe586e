"""What the text models read in the answers."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey.database import Base, UtcDateTime

CLASSIFICATION_STATES = ("given", "unsure", "no_words", "failed")


class ModelVersion(Base):
    """A trained model: its file, and the reasons it knows."""

    __tablename__ = "model_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: hash of the model's content
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    encoder_id: Mapped[str] = mapped_column(String(100))
    #: codes of the reasons it knows, in its own order
    reason_codes: Mapped[list[str]] = mapped_column(JSON)
    #: file name below the models folder of the instance
    file_name: Mapped[str] = mapped_column(String(200))
    origin: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint("origin IN ('starter', 'trained')", name="known_origin"),)


class ServingModel(Base):
    """The one pointer that says whose classifications the pages show."""

    __tablename__ = "serving_model"

    id: Mapped[int] = mapped_column(primary_key=True)
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    since: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)


class Reading(Base):
    """An answer as an encoder read it, once: clause vectors and hashed n-grams."""

    __tablename__ = "reading"

    response_id: Mapped[int] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"), primary_key=True)
    encoder_id: Mapped[str] = mapped_column(String(100))
    language: Mapped[str] = mapped_column(String(2))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Classification(Base):
    """What one model version makes of one answer."""

    __tablename__ = "classification"

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"))
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    #: unsure is a state of the classifier, never a reason
    state: Mapped[str] = mapped_column(String(20))
    #: calibrated probability of every reason the model knows, by code
    probabilities: Mapped[dict[str, float]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("response_id", "model_version_id"),
        CheckConstraint(f"state IN {CLASSIFICATION_STATES}", name="known_state"),
    )


class ClassifiedReason(Base):
    """A reason the model gives to an answer, with the words that spoke for it and against it."""

    __tablename__ = "classified_reason"

    id: Mapped[int] = mapped_column(primary_key=True)
    classification_id: Mapped[int] = mapped_column(ForeignKey("classification.id", ondelete="CASCADE"))
    reason_id: Mapped[int] = mapped_column(ForeignKey("reason.id"), index=True)
    probability: Mapped[float]
    #: [[words, contribution to the logit], ...]; contributions, sentence term and intercept add up to it
    spoke: Mapped[list[Any]] = mapped_column(JSON)

    __table_args__ = (UniqueConstraint("classification_id", "reason_id"),)
