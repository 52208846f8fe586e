"""The watch: whether the answers that come in are still like those that the model was checked on."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from survey.clock import now, today
from survey.extensions import db
from survey.jobs.tasks import watch
from survey.notices import Notice, standing
from survey.reasons import watching
from survey.reasons.models import ModelVersion, Promotion, Reading, ServingModel, Watch
from survey.responses.models import Response
from tests import stories
from tests.reasons.checked import audited, many, person, read_many

pytestmark = pytest.mark.usefixtures("context")


def days_before(last: int, first: int, count: int) -> list[datetime]:
    """So many moments, spread over the days from `first` to `last` days ago."""
    return [now() - timedelta(days=first - (first - last) * place / count, hours=-1) for place in range(count)]


def served_for(version: ModelVersion, days: int) -> None:
    db.session.query(ServingModel).update({"since": now() - timedelta(days=days)})
    db.session.query(Promotion).filter_by(model_version_id=version.id).update({"at": now() - timedelta(days=days)})
    db.session.flush()


def business(version: ModelVersion, unsure: float = 0.2, unknown: float = 0.1, score: float = 0.3) -> None:
    """400 answers in the 90 days before the version began to serve 40 days ago, and 120 in the last 28 days."""
    served_for(version, 40)
    read_many(version, many(days_before(41, 129, 400)), 0.2, 0.1, 0.3)
    read_many(version, many(days_before(0, 28, 120)), unsure, unknown, score)
    db.session.commit()


def measured(measure: str) -> Sequence[Watch]:
    return db.session.scalars(select(Watch).where(Watch.measure == measure).order_by(Watch.subject)).all()


def keys() -> list[str]:
    return sorted(notice.key for notice in standing())


def test_nothing_changed_is_no_alarm() -> None:
    version = stories.model()
    business(version)
    outcome = watch.run()
    assert outcome == {"measured": 2 + len(version.reason_codes), "outside": 0}
    [unsure] = measured("unsure")
    assert (unsure.day, unsure.answers, unsure.model_version_id) == (today(), 120, version.id)
    assert unsure.low < 0.2 < unsure.high
    [unknown] = measured("unknown_words")
    assert unknown.value == pytest.approx(0.1, abs=0.04)
    assert {row.subject for row in measured("score_shift")} == set(version.reason_codes)
    assert keys() == []


def test_what_changed_is_told_and_settled_once_it_is_back() -> None:
    version = stories.model()
    business(version, unsure=0.6, unknown=0.5, score=0.8)
    outcome = watch.run()
    assert outcome["outside"] == 3
    assert keys() == ["drift:score_shift", "drift:unknown_words", "drift:unsure"]
    told = {notice.key: notice for notice in standing()}
    assert told["drift:unsure"].link == "/models"
    assert f"model {version.id} is unsure about" in told["drift:unsure"].sentence
    assert "number of reasons concerned: 1" in told["drift:score_shift"].sentence
    latest = select(Response.id).where(Response.created_at > now() - timedelta(days=29))
    db.session.query(Reading).filter(Reading.response_id.in_(latest)).update({"unknown_words": 0.1})
    db.session.commit()
    watch.run()
    assert keys() == ["drift:score_shift", "drift:unsure"]


def test_twice_on_a_day_is_once() -> None:
    business(stories.model())
    first = watch.run()
    assert watch.run() == first
    assert db.session.scalar(select(func.count(Watch.id))) == first["measured"]


def test_too_few_answers_say_nothing() -> None:
    version = stories.model()
    served_for(version, 40)
    read_many(version, many(days_before(41, 129, 40)), 0.2, 0.1, 0.3)
    read_many(version, many(days_before(0, 28, 20)), 0.9, 0.9, 0.9)
    db.session.commit()
    assert watch.run() == {"measured": 0, "outside": 0}
    assert watching.lines(version) == []


def test_no_model_is_nothing_to_watch() -> None:
    assert watch.run() == {"measured": 0, "outside": 0}


def test_where_little_came_in_before_the_first_sixty_days_are_the_reference() -> None:
    version = stories.model()
    served_for(version, 100)
    read_many(version, many(days_before(41, 99, 400)), 0.2, 0.1, 0.3)
    read_many(version, many(days_before(0, 28, 120)), 0.2, 0.1, 0.3)
    db.session.commit()
    assert watch.run()["measured"] == 2 + len(version.reason_codes)


def test_unknown_words_are_held_against_the_days_on_which_this_model_measured_them() -> None:
    """Before it began, another model said which words are unknown; in its first 60 days too few answers came in."""
    stories.model()
    version = stories.model()
    business(version)
    watch.run()
    assert len(measured("unsure")) == 1
    assert measured("unknown_words") == []


def test_another_version_ends_the_notice_of_the_one_before() -> None:
    business(stories.model(), unsure=0.6)
    watch.run()
    assert keys() == ["drift:unsure"]
    stories.model()
    db.session.commit()
    watch.run()
    assert keys() == []
    assert db.session.scalar(select(func.count(Notice.id))) == 1


def test_accuracy_is_that_of_the_audit_sample() -> None:
    version, reader = stories.model(), person("anna")
    served_for(version, 80)
    read_many(version, many(days_before(81, 169, 320)), 0.2, 0.1, 0.3)
    for place in range(30):
        audited(version, reader, "price", "price", created_at=now() - timedelta(days=100 + place))
    for place in range(20):
        audited(version, reader, "price", "", created_at=now() - timedelta(days=place + 1))
    db.session.commit()
    watch.run()
    [price] = measured("accuracy")
    assert (price.subject, price.value, price.answers, price.is_outside) == ("price", 0, 20, True)
    assert "drift:accuracy" in keys()


def test_lines_hold_the_last_thirty_days_of_the_serving_version() -> None:
    version = stories.model()
    row = {"model_version_id": version.id, "measure": "unsure", "low": 0.1, "high": 0.3, "answers": 80}
    for ago, value in ((40, 0.1), (2, 0.2), (1, 0.25), (0, 0.4)):
        db.session.add(Watch(day=today() - timedelta(days=ago), value=value, **row))
    db.session.add(Watch(day=today() - timedelta(days=1), value=0.2, **row | {"measure": "unknown_words"}))
    db.session.flush()
    [line] = watching.lines(version)
    assert [day.value for day in line.days] == [0.2, 0.25, 0.4]
    assert line.latest.is_outside
    assert line.strain == pytest.approx(2)
