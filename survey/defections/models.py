"""What the business calls a defection, and every episode found."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey.database import Base, Money, UtcDateTime

KINDS = (
    "lapse", "decline", "dropped_service", "contract_ended", "cancelled", "wallet", "expected", "any_of", "all_of",
)  # fmt: skip
STATES = ("active", "drifting", "about_to_defect", "defected", "returned")


class Definition(Base):
    """One version of a rule. A changed rule is a new row; the old one keeps what it labelled."""

    __tablename__ = "definition"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: the segment it is for; empty: everyone whose segment has no definition of its own
    segment: Mapped[str] = mapped_column(String(100), default="")
    active: Mapped[bool] = mapped_column(default=True)
    #: the first day whose departures it may label; NULL: the whole history
    effective_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))

    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint(f"kind IN {KINDS}", name="known_kind"),
    )


class Defection(Base):
    """One episode of one customer being gone."""

    __tablename__ = "defection"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    #: without a foreign key: a definition is never deleted, and asking for it once a departure was a seventh of a first
    #: detection on PostgreSQL
    definition_id: Mapped[int]
    #: 1 for the first time this customer left, 2 for the second, ...
    episode: Mapped[int]
    last_visit_on: Mapped[date]
    #: the first day on which the rule held, whenever a job noticed it
    defected_on: Mapped[date] = mapped_column(index=True)
    noticed_on: Mapped[date]
    returned_on: Mapped[date | None]
    #: first simple estimate of what is lost, and the terms it was made of
    yearly_spend: Mapped[Decimal] = mapped_column(Money)
    remaining_years: Mapped[float]
    lost_value: Mapped[Decimal] = mapped_column(Money)
    #: the 95 % interval of the lost value; NULL where it was estimated without one
    value_low: Mapped[Decimal | None] = mapped_column(Money)
    value_high: Mapped[Decimal | None] = mapped_column(Money)
    value_method: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("customer_id", "episode"),
        CheckConstraint("episode >= 1", name="counted_from_one"),
        CheckConstraint("defected_on >= last_visit_on", name="after_last_visit"),
        CheckConstraint("lost_value >= 0", name="loss_not_negative"),
    )


class CustomerState(Base):
    """Where a customer stands by the definition in force, as of the last detection, and since when.

    Without a foreign key: detection writes it of customers it has just read, and a customer is never deleted. Of a
    first detection on PostgreSQL the check of a million keys was a sixth.
    """

    __tablename__ = "customer_state"

    customer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(20))
    since_on: Mapped[date]

    __table_args__ = (CheckConstraint(f"state IN {STATES}", name="known_state"),)


class WalletAnswer(Base):
    """Of somebody's last so many times, how many were with us."""

    __tablename__ = "wallet_answer"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    answered_on: Mapped[date] = mapped_column(primary_key=True)
    with_us: Mapped[int]
    out_of: Mapped[int]

    __table_args__ = (
        CheckConstraint("with_us >= 0 AND with_us <= out_of", name="is_a_share"),
        CheckConstraint("out_of > 0", name="out_of_some"),
    )


class CustomerValue(Base):
    """What a customer may still be expected to bring in, as of a day, with its 95 % interval."""

    __tablename__ = "customer_value"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    as_of: Mapped[date]
    yearly_margin: Mapped[Decimal] = mapped_column(Money)
    remaining_years: Mapped[float]
    value: Mapped[Decimal] = mapped_column(Money)
    low: Mapped[Decimal] = mapped_column(Money)
    high: Mapped[Decimal] = mapped_column(Money)
    method: Mapped[str] = mapped_column(String(30))
    #: too few data of one's own: the figures are those of the segment
    thin: Mapped[bool]
    #: visits expected in the next year by the model in use; NULL where none is fitted
    expected_visits: Mapped[float | None]
    #: probability of defecting within the horizon of the risk model; NULL where none is trained
    risk: Mapped[float | None]

    __table_args__ = (CheckConstraint("low <= value AND value <= high", name="within_interval"),)


class ValueTerms(Base):
    """By what turnover becomes value. The newest row of a segment holds; an empty segment is everybody else."""

    __tablename__ = "value_terms"

    id: Mapped[int] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(String(100), default="", index=True)
    #: share of turnover that is left after what a visit costs
    margin: Mapped[float]
    #: a year, as a share
    discount: Mapped[float]
    horizon_years: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))

    __table_args__ = (
        CheckConstraint("margin > 0 AND margin <= 1", name="margin_is_a_share"),
        CheckConstraint("discount >= 0 AND discount < 1", name="discount_is_a_share"),
        CheckConstraint("horizon_years > 0", name="horizon_ahead"),
    )


class BuyingModel(Base):
    """A model of repeat buying as fitted to a cohort, with its figures on the own history."""

    __tablename__ = "buying_model"

    id: Mapped[int] = mapped_column(primary_key=True)
    as_of: Mapped[date]
    #: whom it was fitted to; empty: everybody
    cohort: Mapped[str] = mapped_column(String(100), default="")
    name: Mapped[str] = mapped_column(String(30))
    customers: Mapped[int]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    chosen: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("as_of", "cohort", "name"),)
