"""What the business calls a defection, and every episode found."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey.database import Base, Money, UtcDateTime

KINDS = ("lapse", "decline")


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
    definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"))
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
    value_method: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("customer_id", "episode"),
        CheckConstraint("episode >= 1", name="counted_from_one"),
        CheckConstraint("defected_on >= last_visit_on", name="after_last_visit"),
        CheckConstraint("lost_value >= 0", name="loss_not_negative"),
        Index(None, "customer_id", "last_visit_on"),
    )
