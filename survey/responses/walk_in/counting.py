"""What was answered at branches by people we do not know: counts by branch and reason, and their masked words.

Nobody can say of whom these answers are a sample, nor how often one person answered. So they are told as what they are,
how often something was said, and nothing else is made of them.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, func, select, true

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.analyst import Share, share_intervals
from survey.customers.models import Branch
from survey.extensions import db
from survey.responses.models import BranchLink, WalkInAnswer
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import counted_as

#: words shown at once
MOST_WORDS = 25
#: before every answer
EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """How often a reason was given: as the main one, with its share of all answers of the branch, and besides it."""

    reason: Reason
    main: int
    share: Share
    also: int


@dataclass(frozen=True)
class AtBranch:
    """What was told at one branch, the most frequent main reason first. name: empty for all branches together."""

    name: str
    answers: int
    latest: datetime
    reasons: Sequence[Told]


@dataclass(frozen=True)
class Words:
    """What somebody wrote, without personal data."""

    at: datetime
    language: str
    branch: str
    reason: Reason
    text: str


@dataclass
class _Counts:
    """How often each reason was given, by its key as reports count it."""

    latest: datetime = EVER
    main: Counter[int] = field(default_factory=Counter)
    also: Counter[int] = field(default_factory=Counter)


def told_since(since: datetime, user: User) -> list[AtBranch]:
    """What was told since then at each branch that this user may see, by name; where there are several, all together
    come first."""
    counts = _counted(since, user)
    reasons = {reason.id: reason for reason in db.session.scalars(select(Reason))}
    if len(counts) > 1:
        counts = {"": _together(list(counts.values())), **counts}
    return [_at_branch(name, each, reasons) for name, each in counts.items()]


def words_since(since: datetime, user: User) -> tuple[list[Words], int]:
    """The newest words given since then at the branches that this user may see, and how many there are in all."""
    written = of_answers(since, user, WalkInAnswer.created_at, WalkInAnswer.language, Branch.name, Reason,
                       WalkInAnswer.masked_words)  # fmt: skip
    written = written.join(Reason, Reason.id == WalkInAnswer.reason_id)
    written = written.where(func.coalesce(WalkInAnswer.masked_words, "") != "")
    number = db.session.scalar(written.with_only_columns(func.count(WalkInAnswer.id))) or 0
    newest = written.order_by(WalkInAnswer.created_at.desc(), WalkInAnswer.id.desc()).limit(MOST_WORDS)
    return [Words(*row) for row in db.session.execute(newest)], number


def _counted(since: datetime, user: User) -> dict[str, _Counts]:
    """The counts by name of the branch, in the order of the names."""
    merged, found = counted_as(), defaultdict[str, _Counts](_Counts)
    main = of_answers(since, user, Branch.name, WalkInAnswer.reason_id, func.count(), func.max(WalkInAnswer.created_at))
    for name, key, count, latest in db.session.execute(main.group_by(Branch.name, WalkInAnswer.reason_id)):
        found[name].main[merged.get(key, key)] += count
        found[name].latest = max(found[name].latest, latest)
    keys = {code: key for code, key in db.session.execute(select(Reason.code, Reason.id))}
    listed, code = _codes_besides()
    also = of_answers(since, user, Branch.name, code, func.count()).join(listed, true()).group_by(Branch.name, code)
    for name, said, count in db.session.execute(also):
        if said in keys:
            found[name].also[merged.get(keys[said], keys[said])] += count
    return dict(sorted(found.items()))


def _together(parts: Sequence[_Counts]) -> _Counts:
    whole = _Counts(max(part.latest for part in parts))
    for part in parts:
        whole.main += part.main
        whole.also += part.also
    return whole


def _at_branch(name: str, counts: _Counts, reasons: dict[int, Reason]) -> AtBranch:
    total = counts.main.total()
    keys = sorted(counts.main | counts.also, key=lambda key: (-counts.main[key], -counts.also[key], key))
    shares = share_intervals([counts.main[key] for key in keys], [total] * len(keys))
    told = [
        Told(reasons[key], counts.main[key], share, counts.also[key]) for key, share in zip(keys, shares, strict=True)
    ]
    return AtBranch(name, total, counts.latest, told)


def of_answers(since: datetime, user: User, *columns: Any) -> Select[*tuple[Any, ...]]:
    """A query over the answers since then at the branches that this user may see."""
    return (
        select(*columns)
        .select_from(WalkInAnswer)
        .join(BranchLink, BranchLink.id == WalkInAnswer.branch_link_id)
        .join(Branch, Branch.id == BranchLink.branch_id)
        .where(WalkInAnswer.created_at >= since, visible(user, BranchLink.branch_id))
    )


def _codes_besides() -> tuple[FromClause, ColumnElement[str]]:
    """The further reasons of each answer, one a row: the rows, and the column in which the code stands."""
    if db.session.get_bind().dialect.name == "postgresql":
        rows = func.json_array_elements_text(WalkInAnswer.answers["also"]).table_valued("value")
    else:
        rows = func.json_each(WalkInAnswer.answers, "$.also").table_valued("value")
    return rows, rows.c.value
