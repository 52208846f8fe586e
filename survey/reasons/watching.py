"""Whether the answers that come in are still like those that the serving model was checked on.

Each measure of the last days is held against its band, which comes from a reference: the 90 days before the version
began to serve or, where too few answers came in then for a band (300, over 28 days), its first 60 days. How many words
are unknown is measured by the model that serves when an answer is read for the first time, so where another version
served before, the reference of that is the first 60 days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from survey import analyst
from survey.analyst import Measured, Scored
from survey.clock import local, now, today
from survey.extensions import db
from survey.notices import N_, Notice, notify, settle
from survey.reasons import versions
from survey.reasons.models import Classification, ModelVersion, Promotion, Reading, ServingModel, Watch
from survey.reasons.quality import audit_labels, audited, judged, known_codes
from survey.responses.models import Response

MEASURES = ("unknown_words", "unsure", "score_shift", "accuracy")
REFERENCE, FIRST_DAYS, WINDOW = timedelta(days=90), timedelta(days=60), timedelta(days=30)
#: people review few answers a day, so accuracy looks back further
AUDIT_WINDOW = timedelta(days=90)
#: answers looked at in each period; more of them are sampled by their permanent random numbers
SAMPLE = 20_000

#: what people are told where a measure leaves its band
TOLD = {
    "unknown_words": N_(
        "Of the words that customers used lately, model %(model)s does not know %(value)s%%; that was between "
        "%(low)s%% and %(high)s%%."
    ),
    "unsure": N_(
        "Of the answers that came in lately, model %(model)s is unsure about %(value)s%%; that was between %(low)s%% "
        "and %(high)s%%."
    ),
    "score_shift": N_(
        "What model %(model)s makes of the answers has shifted; number of reasons concerned: %(reasons)s. Look whether "
        "customers write about other things now."
    ),
    "accuracy": N_(
        "Model %(model)s now agrees less with what people find in the answers; number of reasons concerned: "
        "%(reasons)s."
    ),
}


@dataclass(frozen=True)
class Period:
    """Answers that came in from `since` on and before `until`."""

    since: datetime
    until: datetime

    def holds(self, day: date) -> bool:
        return local(self.since).date() <= day < local(self.until).date()


def watch() -> list[Watch]:
    """What is measured today of the serving version, not stored yet. Only reads.

    Nothing is said of a measure for which too few answers came in to have a band.
    """
    version = versions.serving()
    if version is None:
        return []
    return [
        Watch(
            day=today(),
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


def keep(found: Sequence[Watch]) -> None:
    """Store what was measured in the place of what was measured today before, and tell people. Flushes."""
    version = versions.serving()
    if version is None or any(each.model_version_id != version.id for each in found):
        return  # the pages turned to another version in the meantime
    db.session.execute(delete(Watch).where(Watch.day == today()))
    _store(found)
    for measure in MEASURES:
        _tell(version, measure, [each for each in found if each.measure == measure])


def measured(version: ModelVersion) -> list[Measured]:
    """Every measure of a version now, with its band where there is one."""
    since = db.session.scalars(select(ServingModel.since)).one()
    before, first = Period(since - REFERENCE, since), Period(since, since + FIRST_DAYS)
    against = before if _gives_a_band(version, before) else first
    reading = _reading_against(version, against)
    words = reading if against == first or not _another_served(version) else _reading_against(version, first)
    return [
        *(each for each in words if each.name == "unknown_words"),
        *(each for each in reading if each.name != "unknown_words"),
        *_accuracy_against(version, against),
    ]


def _gives_a_band(version: ModelVersion, reference: Period) -> bool:
    """Whether enough answers came in then, which shows where they are held against themselves."""
    answers = _scored(version, reference)
    same = analyst.measure_reading(answers, answers, version.reason_codes)
    return any(each.low is not None for each in same)


def _another_served(version: ModelVersion) -> bool:
    other = select(Promotion.id).where(Promotion.model_version_id != version.id).limit(1)
    return db.session.scalar(other) is not None


def _reading_against(version: ModelVersion, reference: Period) -> tuple[Measured, ...]:
    lately = Period(max(now() - WINDOW, reference.until), now())
    return analyst.measure_reading(_scored(version, reference), _scored(version, lately), version.reason_codes)


def _scored(version: ModelVersion, period: Period) -> Scored:
    """A sample of the answers of a period as this version reads them; those without words say nothing here."""
    terms = 1 + func.length(Reading.terms) - func.length(func.replace(Reading.terms, "\n", ""))
    rows = db.session.execute(
        select(Response.created_at, terms, Reading.unknown_words, Classification.state, Classification.scores)
        .join(Classification, Classification.response_id == Response.id)
        .join(Reading, Reading.response_id == Response.id)
        .where(
            Classification.model_version_id == version.id,
            Classification.state.in_(("given", "unsure")),
            func.length(Classification.scores) > 0,  # empty: taken over from another version
            Response.created_at >= period.since,
            Response.created_at < period.until,
        )
        .order_by(Reading.chance, Response.id)
        .limit(SAMPLE)
    ).all()
    return Scored(
        on=[local(row[0]).date() for row in rows],
        words=[row[1] for row in rows],
        unknown=[row[1] * row[2] for row in rows],
        unsure=[row[3] == "unsure" for row in rows],
        scores=[row[4] for row in rows],
    )


def _accuracy_against(version: ModelVersion, reference: Period) -> tuple[Measured, ...]:
    """On what people found in the audit sample."""
    answers = audited(version, audit_labels())
    lately = Period(max(now() - AUDIT_WINDOW, reference.until), now())
    before = [each for each in answers if reference.holds(each.on)]
    since = [each for each in answers if lately.holds(each.on)]
    codes = sorted(known_codes(version))
    if not before or not since or not codes:
        return ()
    return analyst.measure_accuracy(judged(before, codes), judged(since, codes), codes)


def _store(found: Sequence[Watch]) -> None:
    """A second run of the day takes the place of the first, also where both run at once."""
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    columns = [column.name for column in Watch.__table__.columns if column.name != "id"]
    for each in found:
        row = {name: getattr(each, name) for name in columns}
        statement = dialect.insert(Watch).values(row)
        db.session.execute(statement.on_conflict_do_update(index_elements=["day", "measure", "subject"], set_=row))


def _tell(version: ModelVersion, measure: str, found: Sequence[Watch]) -> None:
    """Raise the notice of a measure that has left its band; settle it when it is back, or another version serves."""
    key, outside = f"drift:{measure}", [each for each in found if each.is_outside]
    if outside:
        notify(key, "warning", TOLD[measure], _values(version, outside), link="/models")
    elif found or _is_about_another(key, version):
        settle(key)


def _values(version: ModelVersion, outside: Sequence[Watch]) -> dict[str, Any]:
    if outside[0].subject:
        return {"model": version.id, "reasons": len(outside)}
    shown = outside[0]
    shares = {"value": shown.value, "low": shown.low, "high": shown.high}
    return {"model": version.id, **{name: round(100 * share, 1) for name, share in shares.items()}}


def _is_about_another(key: str, version: ModelVersion) -> bool:
    notice = db.session.scalar(select(Notice).where(Notice.key == key))
    return notice is not None and notice.values.get("model") != version.id


@dataclass(frozen=True)
class Line:
    """One measure of the serving version over the last 30 days, the latest day last."""

    measure: str
    #: code of the reason it is about; empty: all
    subject: str
    days: list[Watch]

    @property
    def latest(self) -> Watch:
        return self.days[-1]

    @property
    def strain(self) -> float:
        """How far the latest value is from the middle of its band, 1 at its edge."""
        half = (self.latest.high - self.latest.low) / 2
        return abs(self.latest.value - (self.latest.low + half)) / half if half else float(self.latest.is_outside)


def lines(version: ModelVersion) -> list[Line]:
    """What was measured of this version on the last day of watching, each with its last 30 days."""
    rows = db.session.scalars(
        select(Watch).where(Watch.model_version_id == version.id, Watch.day > today() - WINDOW).order_by(Watch.day)
    ).all()
    if not rows:
        return []
    by_line: dict[tuple[str, str], list[Watch]] = {}
    for row in rows:
        by_line.setdefault((row.measure, row.subject), []).append(row)
    found = [Line(measure, subject, days) for (measure, subject), days in by_line.items()]
    current = [line for line in found if line.latest.day == rows[-1].day]
    return sorted(current, key=lambda line: (MEASURES.index(line.measure), -line.strain, line.subject))
