"""What the text models read in the answers, and what people read in them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.database import Base, UtcDateTime
from survey.taxonomy.models import Reason

CLASSIFICATION_STATES = ("given", "unsure", "no_words", "failed")
#: installed: came with the software; promoted and rolled_back: by a person
PROMOTIONS = ("installed", "promoted", "rolled_back")
#: audit: drawn uniformly; useful: uncertain or disputed, drawn with a chance of its own
STREAMS = ("audit", "useful")
REVIEW_STATES = ("reviewed", "skipped")
THEME_STATES = ("open", "made", "dismissed")


class ModelVersion(Base):
    """A trained model: its file, the reasons it knows, and what was found when it was tried."""

    __tablename__ = "model_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: hash of the model's content
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    encoder_id: Mapped[str] = mapped_column(String(100))
    #: version of the terms it reads
    preprocessing: Mapped[str] = mapped_column(String(50), default="")
    #: number of the last change of the reasons that it knows of; 0: none
    taxonomy_version: Mapped[int] = mapped_column(default=0)
    #: codes of the reasons it knows, in its own order
    reason_codes: Mapped[list[str]] = mapped_column(JSON)
    #: file name below the models folder of the instance
    file_name: Mapped[str] = mapped_column(String(200))
    origin: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    #: whether the gate let it through; the software's own model needs none
    passed_gate: Mapped[bool] = mapped_column(default=True)
    #: what the gate found: see survey.reasons.training.report_of
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    __table_args__ = (CheckConstraint("origin IN ('starter', 'trained')", name="known_origin"),)


class ServingModel(Base):
    """The one pointer that says whose classifications the pages show."""

    __tablename__ = "serving_model"

    id: Mapped[int] = mapped_column(primary_key=True)
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    since: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)


class Promotion(Base):
    """A turn of the pointer, kept for ever."""

    __tablename__ = "promotion"

    id: Mapped[int] = mapped_column(primary_key=True)
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    why: Mapped[str] = mapped_column(String(20))

    __table_args__ = (CheckConstraint(f"why IN {PROMOTIONS}", name="known_why"),)


class Reading(Base):
    """An answer as an encoder read it, once: clause vectors and hashed n-grams."""

    __tablename__ = "reading"

    response_id: Mapped[int] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"), primary_key=True)
    encoder_id: Mapped[str] = mapped_column(String(100))
    preprocessing: Mapped[str] = mapped_column(String(50), default="")
    language: Mapped[str] = mapped_column(String(2))
    #: permanent random number in [0, 1): who is in a sample of rate p is who has a smaller one
    chance: Mapped[float] = mapped_column(default=0.0, index=True)
    #: share of its words that the serving model does not know
    unknown_words: Mapped[float] = mapped_column(default=0.0)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    #: the n-grams of `content` as the customer wrote them, a line each, so that a page can show what spoke
    terms: Mapped[str] = mapped_column(Text, default="")


class Classification(Base):
    """What one model version makes of one answer."""

    __tablename__ = "classification"

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"))
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    #: unsure is a state of the classifier, never a reason
    state: Mapped[str] = mapped_column(String(20))
    #: calibrated probability of every reason the model knows, in its order: little-endian float32; empty: no words
    scores: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        # in this order a new version's rows are added at the end of the index, not all over it
        UniqueConstraint("model_version_id", "response_id"),
        CheckConstraint(f"state IN {CLASSIFICATION_STATES}", name="known_state"),
    )


class ClassifiedReason(Base):
    """A reason the model gives to an answer, with what spoke for it and against it."""

    __tablename__ = "classified_reason"

    id: Mapped[int] = mapped_column(primary_key=True)
    classification_id: Mapped[int] = mapped_column(ForeignKey("classification.id", ondelete="CASCADE"))
    reason_id: Mapped[int] = mapped_column(ForeignKey("reason.id"), index=True)
    probability: Mapped[float]
    #: see survey.reasons.explaining; empty once the person is erased
    spoke: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (UniqueConstraint("classification_id", "reason_id"),)


class ReviewItem(Base):
    """An answer drawn for people to read, and with what chance it was drawn."""

    __tablename__ = "review_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"))
    stream: Mapped[str] = mapped_column(String(10))
    #: inclusion probability: with what chance an answer like this one is in this stream
    probability: Mapped[float]
    #: what comes first, small before large: the permanent random number, or how little there is to learn
    place: Mapped[float]
    #: how many people should read it
    wanted: Mapped[int] = mapped_column(default=1)
    drawn_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("response_id", "stream"),
        CheckConstraint(f"stream IN {STREAMS}", name="known_stream"),
        CheckConstraint("probability > 0 AND probability <= 1", name="probability_is_one"),
        Index(None, "stream", "place"),
    )


class Review(Base):
    """What one person found in one answer. It outlives every model, and the words."""

    __tablename__ = "review"

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    state: Mapped[str] = mapped_column(String(10))
    #: of which stream, and drawn with what chance, at the moment of reading; "" and 1: not drawn but chosen, as the
    #: examples of a new reason are
    stream: Mapped[str] = mapped_column(String(10), default="")
    probability: Mapped[float] = mapped_column(default=1.0)
    #: number of the last change of the reasons at that moment
    taxonomy_version: Mapped[int] = mapped_column(default=0)
    #: whether what the model thinks was in sight
    model_shown: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    labels: Mapped[list["HumanLabel"]] = relationship(cascade="all, delete-orphan", order_by="HumanLabel.id")

    __table_args__ = (
        UniqueConstraint("response_id", "user_id"),
        CheckConstraint(f"state IN {REVIEW_STATES}", name="known_state"),
    )


class HumanLabel(Base):
    """A reason that a person found in an answer. No label: the person found none in it."""

    __tablename__ = "human_label"

    id: Mapped[int] = mapped_column(primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("review.id", ondelete="CASCADE"))
    reason_id: Mapped[int] = mapped_column(ForeignKey("reason.id"), index=True)

    reason: Mapped[Reason] = relationship()

    __table_args__ = (UniqueConstraint("review_id", "reason_id"),)


class Theme(Base):
    """A group of answers that fit no reason and are like each other."""

    __tablename__ = "theme"

    id: Mapped[int] = mapped_column(primary_key=True)
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: [[word, how much more typical of this group than of the others], ...]
    words: Mapped[list[Any]] = mapped_column(JSON)
    size: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="open")
    #: the reason that was made of it
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("reason.id"))

    answers: Mapped[list["ThemeAnswer"]] = relationship(cascade="all, delete-orphan", order_by="ThemeAnswer.place")

    __table_args__ = (
        CheckConstraint(f"state IN {THEME_STATES}", name="known_state"),
        CheckConstraint("state != 'made' OR reason_id IS NOT NULL", name="made_has_a_reason"),
    )


class ThemeAnswer(Base):
    """An answer of a group, the most typical first."""

    __tablename__ = "theme_answer"

    theme_id: Mapped[int] = mapped_column(ForeignKey("theme.id", ondelete="CASCADE"), primary_key=True)
    response_id: Mapped[int] = mapped_column(
        ForeignKey("response.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    place: Mapped[int]


class Watch(Base):
    """One measure of whether answers are still like those the model was checked on, on one day."""

    __tablename__ = "watch"

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    #: unknown_words, unsure, score_shift, accuracy
    measure: Mapped[str] = mapped_column(String(20))
    #: code of the reason it is about; empty: all
    subject: Mapped[str] = mapped_column(String(50), default="")
    value: Mapped[float]
    #: the band in which it should be
    low: Mapped[float]
    high: Mapped[float]
    answers: Mapped[int]

    __table_args__ = (UniqueConstraint("day", "measure", "subject"),)

    @property
    def is_outside(self) -> bool:
        return not self.low <= self.value <= self.high
