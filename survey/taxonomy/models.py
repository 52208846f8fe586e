"""The organisation's reasons for leaving, and every change that was made to them."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from survey.database import Base, UtcDateTime

#: ticked where no reason fits. It says nothing of why: no model learns it, no sentence names it as a cause, and nobody
#: needs to explain it, so it is neither merged, split nor retired
OTHER = "other"
CHANGES = ("add", "rename", "merge", "split", "retire", "restore")


class Reason(Base):
    """One reason. Its code is stable for ever; its labels may change."""

    __tablename__ = "reason"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(50), unique=True)
    label_nl: Mapped[str] = mapped_column(String(100))
    label_en: Mapped[str] = mapped_column(String(100))
    #: which of the six P's it belongs to; empty for none
    p: Mapped[str] = mapped_column(String(20), default="")
    #: can the business influence it
    influence: Mapped[str] = mapped_column(String(10), default="")
    #: shown last, whatever the random order of the others
    pinned_last: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        CheckConstraint("p IN ('', 'personnel', 'product', 'process', 'price', 'promotion', 'place')", name="known_p"),
        CheckConstraint("influence IN ('', 'yes', 'partly', 'no')", name="known_influence"),
    )

    def label(self, language: str) -> str:
        return self.label_nl if language == "nl" else self.label_en


class TaxonomyChange(Base):
    """One change of the reasons. Its number is the version of the taxonomy that it makes."""

    __tablename__ = "taxonomy_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    #: code of the reason that changed
    code: Mapped[str] = mapped_column(String(50))
    #: merge: the code it now counts as; split: the codes that it may have become
    into: Mapped[list[str]] = mapped_column(JSON, default=list)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))

    __table_args__ = (CheckConstraint(f"kind IN {CHANGES}", name="known_kind"),)
