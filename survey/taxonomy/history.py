"""The changes of the reasons that were made, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from survey.accounts.models import User
from survey.extensions import db
from survey.taxonomy.models import Reason, TaxonomyChange
from survey.taxonomy.queries import Fate

SHOWN = 20


@dataclass(frozen=True)
class Told:
    """A change: what was done, when, and by whom (empty: the person is gone)."""

    what: str
    at: datetime
    who: str


def last_changes(language: str, reason: Reason | None = None) -> list[Told]:
    """The last changes, the newest first, of all reasons or of one; under the names that the reasons have today."""
    query = (
        select(TaxonomyChange, User.name, User.email)
        .outerjoin(User, User.id == TaxonomyChange.user_id)
        .order_by(TaxonomyChange.id.desc())
        .limit(SHOWN)
    )
    if reason is not None:
        query = query.where(TaxonomyChange.code == reason.code)
    labels = {r.code: r.label(language) for r in db.session.scalars(select(Reason))}
    return [
        Told(_what(change, labels), change.at, name or email or "") for change, name, email in db.session.execute(query)
    ]


def _what(change: TaxonomyChange, labels: Mapping[str, str]) -> str:
    reason, into = labels[change.code], ", ".join(f"“{labels[code]}”" for code in change.into)
    said = {
        "add": lambda: _("“%(reason)s” was added.", reason=reason),
        "rename": lambda: _("“%(reason)s” got its present name or place.", reason=reason),
        "merge": lambda: _("“%(reason)s” was merged into %(into)s.", reason=reason, into=into),
        "split": lambda: _("“%(reason)s” was split into %(into)s.", reason=reason, into=into),
        "retire": lambda: _("“%(reason)s” was retired.", reason=reason),
        "restore": lambda: _("“%(reason)s” was restored.", reason=reason),
    }
    return str(said[change.kind]())


def fate_in_words(fate: Fate, labels: Mapping[str, str]) -> str:
    """What became of a reason that is no longer offered; empty for one in use."""
    into = ", ".join(f"“{labels[code]}”" for code in fate.into)
    if fate.kind == "merge":
        return str(_("merged into %(into)s", into=into))
    if fate.kind == "split":
        return str(_("split into %(into)s", into=into))
    return str(_("retired")) if fate.kind == "retire" else ""
