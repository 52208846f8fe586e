"""Users, their roles, the branches they may see, what they did, and how often a stranger tried."""

from datetime import datetime
from typing import Any

from flask_security import RoleMixin, UserMixin
from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.database import Base, BigId, UtcDateTime

ROLES = ("administrator", "manager", "analyst", "interviewer")

user_role = Table(
    "user_role",
    Base.metadata,
    Column("user_id", ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("role.id", ondelete="CASCADE"), primary_key=True),
)


class UserBranch(Base):
    """A branch that a user is tied to; a user without any sees all branches."""

    __tablename__ = "user_branch"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id", ondelete="CASCADE"), primary_key=True)


class Role(Base, RoleMixin):
    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)

    __table_args__ = (CheckConstraint(f"name IN {ROLES}", name="known_role"),)


class User(Base, UserMixin):
    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str] = mapped_column(String(2), default="nl")
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    #: receives the daily mail of notices
    wants_notices: Mapped[bool] = mapped_column(default=False)
    #: receives the decision pack of each quarter
    wants_pack: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    # the mixin declares a list of RoleMixin
    roles: Mapped[list[Role]] = relationship(secondary=user_role, lazy="selectin")  # type: ignore[assignment]
    tied_to: Mapped[list[UserBranch]] = relationship(lazy="selectin", cascade="all, delete-orphan")

    __table_args__ = (CheckConstraint("language IN ('nl', 'en')", name="known_language"),)

    @property
    def branch_ids(self) -> frozenset[int]:
        """The branches this user is tied to; empty: all of them."""
        return frozenset(tie.branch_id for tie in self.tied_to)


class AuditEntry(Base):
    """Who did or saw what; rows are only ever added, and each carries the hash of the one before."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    #: no foreign key: the entry outlives the account
    user_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(50), index=True)
    object_kind: Mapped[str] = mapped_column(String(50), default="")
    object_id: Mapped[str] = mapped_column(String(50), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class Tries(Base):
    """How often one source tried one thing in one minute: the rate limit that all processes share."""

    __tablename__ = "tries"

    id: Mapped[int] = mapped_column(primary_key=True)
    action: Mapped[str] = mapped_column(String(30))
    source: Mapped[str] = mapped_column(String(100))
    minute: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    count: Mapped[int] = mapped_column(default=0)

    __table_args__ = (UniqueConstraint("action", "source", "minute"),)
