"""What other slices ask of the organisation's reasons: those in use, and what every code ever used counts as now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, ScalarSelect, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from survey.extensions import db
from survey.taxonomy.models import Reason, TaxonomyChange

#: changes after which a reason is no longer offered
ENDINGS = ("merge", "split", "retire")


@dataclass(frozen=True)
class Fate:
    """What became of a reason: `active`, or the change that ended it and the codes that it went into."""

    kind: str
    into: tuple[str, ...] = ()


ACTIVE, RETIRED = Fate("active"), Fate("retire")


def id_of_reason(code: BindParameter[str]) -> ScalarSelect[int]:
    """The key of the reason with this code, to be put inside another statement."""
    return select(Reason.id).where(Reason.code == code).scalar_subquery()


def version() -> int:
    """The number of the last change of the reasons; 0 before the first."""
    return db.session.scalar(select(func.max(TaxonomyChange.id))) or 0


def active_reasons() -> list[Reason]:
    """The reasons in use, in their order."""
    rows = select(Reason).where(Reason.active).order_by(Reason.position, Reason.id)
    return list(db.session.scalars(rows))


def all_reasons() -> list[Reason]:
    """Every reason there ever was, in their order."""
    return list(db.session.scalars(select(Reason).order_by(Reason.position, Reason.id)))


def fates() -> dict[str, Fate]:
    """What became of every reason there ever was, by code."""
    changes = (
        select(TaxonomyChange.code, TaxonomyChange.kind, TaxonomyChange.into)
        .where(TaxonomyChange.kind.in_(ENDINGS))
        .order_by(TaxonomyChange.id)
    )
    last = {code: Fate(kind, tuple(into)) for code, kind, into in db.session.execute(changes)}
    reasons = db.session.execute(select(Reason.code, Reason.active))
    return {code: ACTIVE if active else last.get(code, RETIRED) for code, active in reasons}


def way_of(code: str, known: Mapping[str, Fate]) -> list[str]:
    """The code, what it was merged into, what that was merged into, and so on to the last, which was not merged.

    A circle cannot come about, because a reason is merged into one in use only. ValueError where rows say otherwise.
    """
    way = [code]
    while known[way[-1]].kind == "merge":
        way.append(known[way[-1]].into[0])
        if len(way) > len(known):
            raise ValueError(f"the mergers of reason {code} go round in a circle")
    return way


def meaning() -> dict[str, tuple[str, ...] | None]:
    """What every code ever used counts as now: itself or the code in use that it was merged into; () where that is
    retired; None where that was split, so that only reading the answer again can tell."""
    known = fates()
    ends = {code: way_of(code, known)[-1] for code in known}
    now: dict[str, Any] = {"active": lambda end: (end,), "retire": lambda _: (), "split": lambda _: None}
    return {code: now[known[end].kind](end) for code, end in ends.items()}


def counted_as() -> dict[int, int]:
    """The key of every reason that was merged, with the key of the one under which reports count it.

    Unlike in `meaning`, that one may be retired or split since: what was ticked stays history under its last name.
    """
    known = fates()
    keys: dict[str, int] = {code: key for key, code in db.session.execute(select(Reason.id, Reason.code))}
    return {keys[code]: keys[way_of(code, known)[-1]] for code, fate in known.items() if fate.kind == "merge"}


def as_counted(column: InstrumentedAttribute[int], merged: Mapping[int, int] | None = None) -> ColumnElement[int]:
    """The reason of this column as reports count it: the one definition for what was ticked, read or labelled.

    `merged` is what `counted_as` gives, for whoever asks more than once.
    """
    merged = counted_as() if merged is None else merged
    return case(merged, value=column, else_=column) if merged else column.expression


def answers_counted(answer: ColumnElement[int], merged: Mapping[int, int]) -> ColumnElement[int]:
    """How many answers, beside `as_counted`: one that gave two reasons which are one now counts once."""
    return func.count(answer.distinct()) if merged else func.count()


def keys_counted_as(reason: Reason) -> list[int]:
    """The keys of the reasons that count as this one, or would if it were in use: its own, and all merged into it."""
    known = fates()
    codes = [code for code in known if reason.code in way_of(code, known)]
    return list(db.session.scalars(select(Reason.id).where(Reason.code.in_(codes)).order_by(Reason.id)))
