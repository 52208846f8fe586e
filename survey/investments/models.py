"""The register of investments, its history, and every verdict that was given."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.database import Base, Money, UtcDateTime

VERDICTS = ("worked", "no_effect_shown", "too_little_data", "cannot_tell", "cannot_pay_back", "aimed_at_non_cause")


class InvestmentReason(Base):
    """A reason for leaving that an investment is to take away."""

    __tablename__ = "investment_reason"

    investment_id: Mapped[int] = mapped_column(ForeignKey("investment.id", ondelete="CASCADE"), primary_key=True)
    reason_id: Mapped[int] = mapped_column(ForeignKey("reason.id"), primary_key=True)


class InvestmentBranch(Base):
    """A branch in which an investment is made; none at all means every branch."""

    __tablename__ = "investment_branch"

    investment_id: Mapped[int] = mapped_column(ForeignKey("investment.id", ondelete="CASCADE"), primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), primary_key=True)


class Investment(Base):
    """Money spent on the quality of service. Removing one sets `removed_at`; the row and its verdicts stay."""

    __tablename__ = "investment"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    #: what it is meant to change, in words
    purpose: Mapped[str] = mapped_column(Text, default="")
    owner: Mapped[str] = mapped_column(String(200), default="")
    amount: Mapped[Decimal] = mapped_column(Money)
    yearly_cost: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    starts_on: Mapped[date]
    #: days from the start until the effect may be expected
    wash_in_days: Mapped[int] = mapped_column(default=0)
    ends_on: Mapped[date | None]
    #: by which share the departures for its reasons are expected to fall: a range
    effect_low: Mapped[float]
    effect_high: Mapped[float]
    #: the months whose bad figures made people choose this reason or branch; they are no baseline
    picked_from: Mapped[date | None]
    picked_until: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    reasons: Mapped[list[InvestmentReason]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    branches: Mapped[list[InvestmentBranch]] = relationship(cascade="all, delete-orphan", lazy="selectin")

    __table_args__ = (
        CheckConstraint("amount >= 0 AND yearly_cost >= 0", name="costs_not_negative"),
        CheckConstraint("wash_in_days >= 0", name="wash_in_not_negative"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("effect_low >= 0 AND effect_low <= effect_high AND effect_high <= 1", name="effect_is_a_range"),
        CheckConstraint(
            "(picked_from IS NULL AND picked_until IS NULL) OR picked_until >= picked_from", name="picked_in_order"
        ),
    )


class InvestmentChange(Base):
    """What the register said of an investment after a change: rows are only ever added."""

    __tablename__ = "investment_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    investment_id: Mapped[int] = mapped_column(ForeignKey("investment.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    stands: Mapped[dict[str, Any]] = mapped_column(JSON)


class Verdict(Base):
    """What was found of an investment, as of a day, with all that is needed to read the same for ever."""

    __tablename__ = "verdict"

    id: Mapped[int] = mapped_column(primary_key=True)
    investment_id: Mapped[int] = mapped_column(ForeignKey("investment.id", ondelete="CASCADE"))
    as_of: Mapped[date]
    verdict: Mapped[str] = mapped_column(String(30))
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON)
    result: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: of the model, the reasons, the definitions and the software
    versions: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint(f"verdict IN {VERDICTS}", name="known_verdict"),
        UniqueConstraint("investment_id", "as_of"),
    )
