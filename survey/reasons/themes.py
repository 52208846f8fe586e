"""Groups of answers that fit no reason, as people see them: of the branches that they may see."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Select, func, select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.analyst import Share, share_intervals
from survey.clock import today
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reasons.models import Theme, ThemeAnswer
from survey.reasons.unfit import JUDGED, fits_no_reason
from survey.reasons.versions import serving
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason
from survey.web import settings

MONTHS = 12
#: answers quoted on the list, answers to choose from as examples, and groups judged last
QUOTED, EXAMPLES, LAST_JUDGED = 3, 30, 20
WORDS_IN_LABEL = 2

_WORD = re.compile(r"\w+(?:['-]\w+)*")


@dataclass(frozen=True)
class Example:
    """An answer of a group, masked."""

    response_id: int
    text: str
    language: str


@dataclass(frozen=True)
class Month:
    first: date
    answers: int


@dataclass(frozen=True)
class Shown:
    """A group on the list. `size` and all else are of the answers that the reader may see."""

    theme: Theme
    size: int
    #: of all answers that fit no reason; None where fewer are left than the group has
    share: Share | None
    months: list[Month]
    quotes: list[Example]
    #: what they ticked as their main reason, the most frequent first
    ticked: list[tuple[Reason, int]]

    @property
    def words(self) -> list[str]:
        return [word for word, _ in self.theme.words]


@dataclass(frozen=True)
class Found:
    """The list: `unfit` answers fit no reason, some of them are in groups, the largest first."""

    unfit: int
    themes: list[Shown]

    @property
    def grouped(self) -> int:
        return sum(shown.size for shown in self.themes)


def found(user: User) -> Found:
    """The groups that nobody judged yet."""
    unfit, sizes = count_unfit(user), _months(user)
    quotes, ticked = _quotes(user), _ticked(user)
    themes = db.session.scalars(select(Theme).where(Theme.state == "open").order_by(Theme.size.desc(), Theme.id))
    shown = [
        Shown(theme, size, _share(size, unfit), months, quotes[theme.id], ticked[theme.id])
        for theme in themes
        if theme.id in sizes
        for size, months in [sizes[theme.id]]
    ]
    return Found(unfit, sorted(shown, key=lambda each: -each.size))


def judged() -> list[tuple[Theme, Reason | None]]:
    """The groups that were made a reason, with it, or dismissed; the newest first."""
    rows = (
        select(Theme, Reason)
        .outerjoin(Reason, Reason.id == Theme.reason_id)
        .where(Theme.state.in_(JUDGED))
        .order_by(Theme.id.desc())
        .limit(LAST_JUDGED)
    )
    return [(theme, reason) for theme, reason in db.session.execute(rows)]


def count_unfit(user: User) -> int:
    """How many answers fit no reason."""
    version = serving()
    if version is None:
        return 0
    query = select(func.count(Response.id)).where(fits_no_reason(version))
    return db.session.scalar(_seen_by(user, query)) or 0


def examples_of(theme: Theme) -> list[Example]:
    """The most typical answers of a group."""
    query = _answers(Response.id, Response.masked_words, Response.language).where(ThemeAnswer.theme_id == theme.id)
    return [Example(*row) for row in db.session.execute(query.order_by(ThemeAnswer.place).limit(EXAMPLES))]


def label_for(theme: Theme, examples: Sequence[Example], language: str) -> str:
    """A name made of the most typical words that customers write in this language; empty where there are none."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        counts[example.language].update(set(_WORD.findall(example.text.lower())))
    other = {"nl": "en", "en": "nl"}[language]
    own = [word for word, _ in theme.words if counts[language][word] > counts[other][word]]
    label = ", ".join(own[:WORDS_IN_LABEL])
    return label[:1].upper() + label[1:]


def _share(size: int, unfit: int) -> Share | None:
    return share_intervals([size], [unfit])[0] if 0 < size <= unfit else None


def _answers(*columns: Any) -> Select[Any]:
    """Answers of groups whose words are still there."""
    query = select(*columns).select_from(ThemeAnswer).join(Response, Response.id == ThemeAnswer.response_id)
    return query.where(Response.masked_words.is_not(None))


def _of_open_themes(user: User, *columns: Any) -> Select[Any]:
    query = _answers(*columns).join(Theme, Theme.id == ThemeAnswer.theme_id).where(Theme.state == "open")
    return _seen_by(user, query)


def _seen_by(user: User, query: Select[Any]) -> Select[Any]:
    if not user.branch_ids:
        return query
    query = query.join(Invitation, Invitation.id == Response.invitation_id)
    return query.join(Customer, Customer.id == Invitation.customer_id).where(visible(user, Customer.branch_id))


def _months(user: User) -> dict[int, tuple[int, list[Month]]]:
    """Of each group its answers, in all and by month of the organisation's calendar."""
    starts = month_starts(today())
    moments = [datetime.combine(day, time(), settings().zone).astimezone(UTC) for day in starts]
    between = [
        func.count().filter(Response.created_at >= begin, Response.created_at < end)
        for begin, end in zip(moments, moments[1:], strict=False)
    ]
    query = _of_open_themes(user, ThemeAnswer.theme_id, func.count(), *between).group_by(ThemeAnswer.theme_id)
    return {
        theme_id: (size, [Month(*each) for each in zip(starts, counts, strict=False)])
        for theme_id, size, *counts in db.session.execute(query)
    }


def month_starts(day: date) -> list[date]:
    """The first days of the last months up to that of `day`, and of the one after."""
    number = day.year * 12 + day.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(number - MONTHS + 1, number + 2)]


def _quotes(user: User) -> dict[int, list[Example]]:
    rank = func.row_number().over(partition_by=ThemeAnswer.theme_id, order_by=ThemeAnswer.place).label("rank")
    columns = (ThemeAnswer.theme_id, Response.id, Response.masked_words, Response.language, rank)
    ranked = _of_open_themes(user, *columns).subquery()
    quotes: dict[int, list[Example]] = defaultdict(list)
    rows = select(ranked).where(ranked.c.rank <= QUOTED).order_by(ranked.c.theme_id, ranked.c.rank)
    for theme_id, response_id, text, language, _rank in db.session.execute(rows):
        quotes[theme_id].append(Example(response_id, text, language))
    return quotes


def _ticked(user: User) -> dict[int, list[tuple[Reason, int]]]:
    counts = (
        _of_open_themes(user, ThemeAnswer.theme_id, ResponseReason.reason_id, func.count().label("answers"))
        .join(ResponseReason, (ResponseReason.response_id == Response.id) & ResponseReason.main)
        .group_by(ThemeAnswer.theme_id, ResponseReason.reason_id)
        .subquery()
    )
    rows = select(counts.c.theme_id, Reason, counts.c.answers).join(Reason, Reason.id == counts.c.reason_id)
    ticked: dict[int, list[tuple[Reason, int]]] = defaultdict(list)
    for theme_id, reason, answers in db.session.execute(rows.order_by(counts.c.answers.desc(), Reason.position)):
        ticked[theme_id].append((reason, answers))
    return ticked
