"""One table of things people should know: a page, and a daily mail to those who want it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol

from flask_babel import format_decimal, gettext
from sqlalchemy import JSON, CheckConstraint, ColumnElement, ForeignKey, String, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from survey.clock import now
from survey.database import Base, UtcDateTime
from survey.extensions import db

LEVELS = ("alarm", "warning", "info")


class Reader(Protocol):
    """Somebody who reads notices: a user."""

    @property
    def branch_ids(self) -> Collection[int]:
        """The branches this person is tied to; empty: all of them."""


class Notice(Base):
    """Something a person should know. The same key twice is the same notice."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    level: Mapped[str] = mapped_column(String(10))
    #: an English sentence with %(name)s places, the translator's key, and what fills them
    message: Mapped[str] = mapped_column(String(500))
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: where to look, as a path of this site
    link: Mapped[str] = mapped_column(String(300), default="")
    #: only for people of this branch, and for those tied to none
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mailed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint("level IN ('info', 'warning', 'alarm')", name="known_level"),)

    def is_for(self, reader: Reader) -> bool:
        """Whether this person may read it."""
        return self.branch_id is None or not reader.branch_ids or self.branch_id in reader.branch_ids

    @property
    def sentence(self) -> str:
        """The message in the language of the moment, its places filled."""
        values = {name: _shown(value) for name, value in self.values.items()}
        return str(gettext(self.message)) % values


def N_(message: str) -> str:  # noqa: N802  # the name that catalogue extractors know
    """Mark a sentence for the translators; it is translated where it is shown."""
    return message


def notify(  # noqa: PLR0913  # each of these belongs to the one notice
    key: str, level: str, message: str, values: dict[str, Any], link: str = "", branch_id: int | None = None
) -> Notice:
    """Tell people something, once. A key that stands is brought up to date; one that was settled opens again.

    `message` is an English sentence marked with N_, with a %(name)s place for each of `values` (texts and
    numbers, no personal data). `branch_id`: tell only people of this branch, and those tied to none. Raises KeyError
    where a place has no value. Flushes; the caller commits.
    """
    _ = message % values
    moment = now()
    told = {"level": level, "message": message, "values": values, "link": link, "branch_id": branch_id}
    row = {"key": key, "created_at": moment, **told}
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    db.session.execute(dialect.insert(Notice).values(row).on_conflict_do_nothing(index_elements=["key"]))
    notice = db.session.scalars(select(Notice).where(Notice.key == key)).one()
    if notice.settled_at:
        notice.settled_at = notice.mailed_at = None
        notice.created_at = moment
    for name, value in told.items():
        setattr(notice, name, value)
    db.session.flush()
    return notice


def settle(key: str) -> None:
    """What the notice of this key said is over. Flushes."""
    _settle(Notice.key == key)


def settle_others(prefix: str, keys: Collection[str]) -> None:
    """What notices said whose keys begin so is over, but for these keys. Flushes."""
    _settle(Notice.key.startswith(prefix, autoescape=True) & Notice.key.not_in(keys))


def standing(reader: Reader | None = None) -> list[Notice]:
    """Notices that are not settled, the gravest first, the newest first among equals; of all, or what one may read."""
    rows = select(Notice).where(Notice.settled_at.is_(None), _readable(reader)).order_by(Notice.created_at.desc())
    return sorted(db.session.scalars(rows), key=lambda notice: LEVELS.index(notice.level))


def settled(limit: int = 20, reader: Reader | None = None) -> list[Notice]:
    """The notices that were settled last; of all, or what one may read."""
    rows = select(Notice).where(Notice.settled_at.is_not(None), _readable(reader))
    return list(db.session.scalars(rows.order_by(Notice.settled_at.desc()).limit(limit)))


def _settle(which: ColumnElement[bool]) -> None:
    db.session.execute(
        update(Notice)
        .where(which, Notice.settled_at.is_(None))
        .values(settled_at=now())
        .execution_options(synchronize_session="fetch")
    )


def _readable(reader: Reader | None) -> ColumnElement[bool]:
    if reader is None or not reader.branch_ids:
        return true()
    return Notice.branch_id.is_(None) | Notice.branch_id.in_(reader.branch_ids)


def _shown(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(format_decimal(value))
    return str(value)
