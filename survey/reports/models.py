"""Figures that a job worked out, kept until it works them out again."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey.database import Base, UtcDateTime


class StoredFigure(Base):
    """One figure (or picture's worth of them) for some customers, as of a day."""

    __tablename__ = "stored_figure"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    #: whom it is about: empty for all, `branch:7` for those of a branch
    scope: Mapped[str] = mapped_column(String(300), default="")
    as_of: Mapped[date]
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("name", "scope"),)
