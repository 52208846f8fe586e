"""Whether the answers that come in are still like those that the serving model was checked on.

Each measure of the last days is held against its band, which comes from a reference: the 90 days before the version
began to serve or, where too few answers came in then, its first 30 days. How many words are unknown is measured by
the model of the day on which an answer is read for the first time, so where another version served before, that
reference is the first 30 days.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Float, cast, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from survey import analyst
from survey.analyst import Measured, Scored
from survey.clock import local, now, today
from survey.extensions import db
from survey.notices import N_, Notice, notify, settle
from survey.reasons.models import Classification, ModelVersion, Promotion, Reading, ServingModel, Watch
from survey.reasons.quality import audited, judged
from survey.responses.models import Response
from survey.taxonomy import queries as taxonomy

MEASURES = ("unknown_words", "unsure", "score_shift", "accuracy")
REFERENCE, FIRST_DAYS, WINDOW = timedelta(days=90), timedelta(days=30), timedelta(days=30)
#: people review few answers a day, so accuracy looks back further
AUDIT_WINDOW = timedelta(days=90)
#: answers looked at in each period; more of them are sampled by their permanent random numbers
SAMPLE = 20_000

#: what people are told where a measure leaves its band
TOLD = {
    "unknown_words": N_("Model %(model)s does not know %(value)s%% of the words that customers used lately; that was between %(low)s%% and %(high)s%%."),
    "unsure": N_("Model %(model)s is unsure about %(value)s%% of the answers that came in lately; that was between %(low)s%% and %(high)s%%."),
    "score_shift": N_("What model %(model)s makes of the answers has shifted, for %(reasons)s reasons. See whether customers write about other things now."),
    "accuracy": N_("Model %(model)s now agrees less with what people find in the answers, for %(reasons)s reasons."),
}  # fmt: skip


@dataclass(frozen=True)
class Period:
    """Answers that came in from `since` on and before `until`."""

    since: datetime
    until: datetime

    def holds(self, day: date) -> bool:
        return local(self.since).date() <= day < local(self.until).date()


@dataclass(frozen=True)
class References:
    """The times that the measures are held against. `words`: of unknown words, which may differ."""

    reading: Period
    words: Period


def watch() -> list[Watch]:
    """Measure today, store it in the place of what was measured today before, and tell people. Flushes.

    Nothing is stored of a measure for which too few answers came in to have a band.
    """
    version = db.session.scalar(select(ModelVersion).join(ServingModel))
    if version is None:
        return []
    day = today()
    found = [
        Watch(
            day=day,
            model_version_id=version.id,
            measure=each.name,
            subject=each.reason or "",
            value=each.value,
            low=each.low,
            high=each.high,
            answers=each.n,
        )
        for each in measured(version)
        if each.is_outside is not None
    ]
    db.session.execute(delete(Watch).where(Watch.day == day))
    _store(found)
    for measure in MEASURES:
        _tell(version, measure, [each for each in found if each.measure == measure])
    return found


def measured(version: ModelVersion) -> list[Measured]:
    """Every measure of a version now, with its band where there is one."""
    against = references(version)
    reading = _reading_against(version, against.reading)
    words = reading if against.words == against.reading else _reading_against(version, against.words)
    is_about_words: Callable[[Measured], bool] = lambda each: each.name == "unknown_words"  # noqa: E731
    return [
        *filter(is_about_words, words),
        *(each for each in reading if not is_about_words(each)),
        *_accuracy_against(version, against.reading),
    ]


def references(version: ModelVersion) -> References:
    """When the answers came in that a version is held against; see the head of this module."""
    since = db.session.scalars(select(ServingModel.since)).one()
    before, first = Period(since - REFERENCE, since), Period(since, since + FIRST_DAYS)
    reading = before if _is_enough(version, before) else first
    another_served = select(Promotion.id).where(Promotion.model_version_id != version.id).limit(1)
    return References(reading, first if db.session.scalar(another_served) else reading)


def _is_enough(version: ModelVersion, period: Period) -> bool:
    """Whether a band can be had from the answers of a period: it needs 300 of them, over 14 days."""
    days = {local(at).date() for at in db.session.scalars(_answers(version, period, Response.created_at))}
    counted = db.session.scalar(select(func.count()).select_from(_answers(version, period, Response.id).subquery()))
    return (counted or 0) >= analyst.REFERENCE_ANSWERS and len(days) >= analyst.REFERENCE_DAYS
