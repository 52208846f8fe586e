"""One table of things people should know: a page, and a daily mail to those who want it."""

from datetime import datetime
from typing import Any

from flask_babel import format_decimal, gettext
from sqlalchemy import JSON, CheckConstraint, String, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from survey.clock import now
from survey.database import Base, UtcDateTime
from survey.extensions import db

LEVELS = ("alarm", "warning", "info")


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
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mailed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint("level IN ('info', 'warning', 'alarm')", name="known_level"),)

    @property
    def sentence(self) -> str:
        """The message in the language of the moment, its places filled."""
        values = {name: _shown(value) for name, value in self.values.items()}
        return str(gettext(self.message)) % values


def N_(message: str) -> str:  # noqa: N802  # the name that catalogue extractors know
    """Mark a sentence for the translators; it is translated where it is shown."""
    return message


def notify(key: str, level: str, message: str, values: dict[str, Any], link: str = "") -> Notice:
    """Tell people something, once. A key that stands is brought up to date; one that was settled opens again.

    `message` is an English sentence marked with N_, with a %(name)s place for each of `values` (texts and
    numbers, no personal data). Raises KeyError where a place has no value. Flushes; the caller commits.
    """
    _ = message % values
    moment = now()
    row = {"key": key, "level": level, "message": message, "values": values, "link": link, "created_at": moment}
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    db.session.execute(dialect.insert(Notice).values(row).on_conflict_do_nothing(index_elements=["key"]))
    notice = db.session.scalars(select(Notice).where(Notice.key == key)).one()
    if notice.settled_at:
        notice.settled_at = notice.mailed_at = None
        notice.created_at = moment
    notice.level, notice.message, notice.values, notice.link = level, message, values, link
    db.session.flush()
    return notice


def settle(key: str) -> None:
    """What the notice of this key said is over. Flushes."""
    db.session.execute(
        update(Notice)
        .where(Notice.key == key, Notice.settled_at.is_(None))
        .values(settled_at=now())
        .execution_options(synchronize_session="fetch")
    )


def standing() -> list[Notice]:
    """Notices that are not settled, the gravest first, the newest first among equals."""
    rows = db.session.scalars(select(Notice).where(Notice.settled_at.is_(None)).order_by(Notice.created_at.desc()))
    return sorted(rows, key=lambda notice: LEVELS.index(notice.level))


def settled(limit: int = 20) -> list[Notice]:
    """The notices that were settled last."""
    rows = select(Notice).where(Notice.settled_at.is_not(None)).order_by(Notice.settled_at.desc()).limit(limit)
    return list(db.session.scalars(rows))


def _shown(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(format_decimal(value))
    return str(value)
