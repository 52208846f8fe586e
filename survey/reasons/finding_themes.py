"""Looking for new reasons: groups of alike answers among those that fit no reason, kept for people to judge.

Answers of groups that people judged before take part in the grouping, so that those which came in since go with them: a
group that is mostly made of them is not shown again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, insert, select

from survey.clock import now
from survey.extensions import db
from survey.notices import N_, notify, settle
from survey.reasons.classifying import Group, Stored, ThemeSearch
from survey.reasons.judging_themes import notice_key
from survey.reasons.models import (
    Classification,
    ClassifiedReason,
    ModelVersion,
    Reading,
    Theme,
    ThemeAnswer,
)
from survey.reasons.unfit import JUDGED, LIKELY, found_by_people, in_judged_theme, is_read_weakly
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import OTHER, Reason

#: the newest answers that are grouped, and answers that fit a reason, for the words that everybody uses
MOST, COMPARED = 100_000, 5_000
BATCH = 1_000
#: so many different answers must have a word before a page shows it
FEWEST = 3
SEED = 1

FOUND = N_("%(answers)s answers are about “%(words)s” and fit no reason.")
WORDS_IN_NOTICE = 4


def look(version: ModelVersion) -> list[Group]:
    """The groups among the answers of the last year that fit no reason. Only reads; the same data, the same groups."""
    search = ThemeSearch()
    for answers in _unfit_in_batches(version):
        search.add(answers)
    for terms, language in db.session.execute(_fitting(version)):
        search.compare(terms, language)
    return search.groups(SEED, FEWEST)


def keep(groups: Sequence[Group], version: ModelVersion) -> dict[str, Any]:
    """Put these groups in the place of those that nobody judged yet, and tell people of new ones. Flushes.

    A group that mostly is one that stands keeps its number, so that who has its page open can go on with it.
    """
    unjudged = select(Theme).where(Theme.state == "open").with_for_update()
    standing = {theme.id: theme for theme in db.session.scalars(unjudged)}
    homes = _homes([key for group in groups for key in group.response_ids])
    fresh = [kept for group in groups if (kept := _fresh(group, homes))]
    new = 0
    for group in fresh:
        theme = standing.pop(_same_as(group, homes, standing), None)
        new += theme is None
        _tell(_stored(theme, group, version))
    for theme in standing.values():
        settle(notice_key(theme.id))
    _delete(list(standing))
    return {"groups": len(fresh), "new": new}


def _unfit_in_batches(version: ModelVersion) -> Iterator[list[Stored]]:
    """The newest answers that fit no reason, with what is stored of them."""
    last: int | None = None
    left = MOST
    while left > 0:
        rows = db.session.execute(_unfit(version, last).limit(min(BATCH, left))).all()
        if not rows:
            return
        yield [Stored(*row) for row in rows]
        last, left = rows[-1].response_id, left - len(rows)


def _unfit(version: ModelVersion, before: int | None) -> Select[int, bytes, str]:
    query = (
        select(Reading.response_id, Reading.content, Reading.terms)
        .join(Response, Response.id == Reading.response_id)
        .where(_read_alike(version), is_read_weakly(version), ~found_by_people() | in_judged_theme())
        .order_by(Reading.response_id.desc())
    )
    return query if before is None else query.where(Reading.response_id < before)


def _fitting(version: ModelVersion) -> Select[str, str]:
    """Answers with a likely reason: a sample by their permanent random numbers, so the same every time."""
    likely = exists().where(
        Classification.response_id == Reading.response_id,
        Classification.model_version_id == version.id,
        ClassifiedReason.classification_id == Classification.id,
        ClassifiedReason.probability >= LIKELY,
    )
    query = select(Reading.terms, Reading.language).where(_read_alike(version), likely)
    return query.order_by(Reading.chance, Reading.response_id).limit(COMPARED)


def _read_alike(version: ModelVersion) -> ColumnElement[bool]:
    """Vectors of different encoders cannot be compared."""
    return (Reading.encoder_id == version.encoder_id) & (Reading.preprocessing == version.preprocessing)


def _in_batches(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))


def _homes(response_ids: Sequence[int]) -> dict[int, tuple[int, bool]]:
    """The theme in which each answer stands now, and whether people judged it: a judged one before an open one."""
    homes: dict[int, tuple[int, bool]] = {}
    for ids in _in_batches(response_ids):
        rows = db.session.execute(
            select(ThemeAnswer.response_id, Theme.id, Theme.state.in_(JUDGED))
            .join(Theme, Theme.id == ThemeAnswer.theme_id)
            .where(ThemeAnswer.response_id.in_(ids))
            .order_by(Theme.state == "open", Theme.id)
        )
        for response_id, theme_id, judged in rows:
            homes.setdefault(response_id, (theme_id, judged))
    return homes


def _fresh(group: Group, homes: dict[int, tuple[int, bool]]) -> Group | None:
    """The group without answers of judged ones; None where those were more than half, or one reason was ticked."""
    fresh = [key for key in group.response_ids if not homes.get(key, (0, False))[1]]
    if 2 * len(fresh) < len(group.response_ids) or len(fresh) < FEWEST or _is_offered(fresh):
        return None
    return Group(fresh, group.words)


def _is_offered(response_ids: Sequence[int]) -> bool:
    """Whether more than half of these customers ticked one and the same reason: then the model cannot read it yet,
    but it is not new."""
    ticked: Counter[int] = Counter()
    for ids in _in_batches(response_ids):
        rows = db.session.execute(
            select(ResponseReason.reason_id, func.count())
            .join(Reason, Reason.id == ResponseReason.reason_id)
            .where(ResponseReason.response_id.in_(ids), ResponseReason.main, Reason.code != OTHER)
            .group_by(ResponseReason.reason_id)
        )
        ticked.update({reason_id: count for reason_id, count in rows})
    return 2 * max(ticked.values(), default=0) > len(response_ids)


def _same_as(group: Group, homes: dict[int, tuple[int, bool]], standing: dict[int, Theme]) -> int:
    """The number of the standing theme that has more than half of these answers; 0 where none has."""
    now_in = Counter(homes[key][0] for key in group.response_ids if key in homes)
    theme_id, shared = now_in.most_common(1)[0] if now_in else (0, 0)
    return theme_id if theme_id in standing and 2 * shared > len(group.response_ids) else 0


def _stored(standing: Theme | None, group: Group, version: ModelVersion) -> Theme:
    theme = standing or Theme(found_at=now(), state="open")
    theme.model_version_id, theme.size = version.id, len(group.response_ids)
    theme.words = [list(word) for word in group.words]
    db.session.add(theme)
    db.session.flush()
    db.session.execute(delete(ThemeAnswer).where(ThemeAnswer.theme_id == theme.id))
    rows = [{"theme_id": theme.id, "response_id": key, "place": at} for at, key in enumerate(group.response_ids)]
    db.session.execute(insert(ThemeAnswer), rows)
    return theme


def _tell(theme: Theme) -> None:
    words = ", ".join(word for word, _ in theme.words[:WORDS_IN_NOTICE])
    notify(notice_key(theme.id), "info", FOUND, {"answers": theme.size, "words": words}, link="/themes")


def _delete(theme_ids: list[int]) -> None:
    db.session.execute(delete(ThemeAnswer).where(ThemeAnswer.theme_id.in_(theme_ids)))
    db.session.execute(delete(Theme).where(Theme.id.in_(theme_ids)))
