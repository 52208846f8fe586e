"""The schedule: each daily job once per local date, each job by the minute once per slot, whatever the clocks do."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update

from survey.database import committed, writing
from survey.extensions import db
from survey.jobs import schedule
from survey.jobs.models import Job, Schedule
from survey.jobs.running import task_of
from survey.jobs.words import NAMES

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    with patch("survey.jobs.schedule.now", lambda: moment), patch("survey.jobs.queue.now", lambda: moment):
        yield


def only(kind: str, daily_at: str | None = None, every_minutes: int | None = None) -> None:
    def store() -> None:
        db.session.execute(update(Schedule).values(enabled=Schedule.kind == kind))
        row = db.session.scalars(select(Schedule).where(Schedule.kind == kind)).one()
        schedule.change(row, True, daily_at, every_minutes)

    committed(db.session, store)


def walk(begin: datetime, end: datetime, step: timedelta, done: bool = True) -> dict[str, datetime]:
    """Tick all the way; gives when each key came into the queue. Each job is done before the next tick."""
    came: dict[str, datetime] = {}
    moment = begin
    while moment <= end:
        with clock_at(moment):
            for key in schedule.tick():
                assert key not in came
                came[key] = moment
        if done:
            committed(db.session, lambda: db.session.execute(update(Job).values(state="done")))
        moment += step
    return came


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=AMSTERDAM).astimezone(UTC)  # type: ignore[arg-type,misc]


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    ("first", "last", "skipped_or_doubled"),
    [
        (local(2027, 3, 26, 12), local(2027, 3, 30, 12), "2027-03-28"),
        (local(2026, 10, 23, 12), local(2026, 10, 27, 12), "2026-10-25"),
        (local(2028, 2, 27, 12), local(2028, 3, 2, 12), "2028-02-29"),
        (local(2026, 12, 29, 12), local(2027, 1, 2, 12), "2026-12-31"),
    ],
)
def test_a_daily_job_comes_once_per_local_date(first: datetime, last: datetime, skipped_or_doubled: str) -> None:
    only("detect", "02:30")
    came = walk(first, last, timedelta(minutes=20))
    days = [key.removeprefix("detect:") for key in came]
    assert len(days) == 5  # the one missed today, then four nights
    assert skipped_or_doubled in days
    for day, moment in list(zip(days, came.values(), strict=True))[1:]:
        assert moment.astimezone(AMSTERDAM).date().isoformat() == day
        wait = moment - local(*map(int, day.split("-")), 2, 30)
        assert timedelta(0) <= wait < timedelta(minutes=20)


@pytest.mark.usefixtures("context")
def test_a_clock_that_is_set_back_or_ahead_brings_nothing_twice() -> None:
    only("detect", "05:00")
    noon = local(2026, 11, 21, 12)
    keys: Counter[str] = Counter()
    for moment in (noon, noon + timedelta(hours=1), noon - timedelta(hours=1), noon - timedelta(hours=8), noon):
        with clock_at(moment):
            keys.update(schedule.tick())
    assert keys == {"detect:2026-11-21": 1, "detect:2026-11-20": 1}


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("begin", [local(2026, 10, 25, 0), local(2027, 3, 28, 0), local(2026, 12, 31, 22)])
def test_a_job_by_the_minute_never_waits_for_the_clock_to_come_round(begin: datetime) -> None:
    only("invite", every_minutes=10)
    came = walk(begin, begin + timedelta(hours=6), timedelta(minutes=5))
    assert list(came.values()) == [begin + timedelta(minutes=10 * n) for n in range(37)]


@pytest.mark.usefixtures("context")
def test_a_job_by_the_minute_is_not_heaped_up_behind_one_that_is_open() -> None:
    only("invite", every_minutes=10)
    begin = local(2026, 11, 21, 9)
    assert len(walk(begin, begin + timedelta(hours=6), timedelta(minutes=5), done=False)) == 1


@pytest.mark.usefixtures("context")
def test_what_was_missed_for_a_week_is_made_up_for_once() -> None:
    only("detect", "05:00")
    walk(local(2026, 11, 1, 4), local(2026, 11, 1, 12), timedelta(hours=1))
    came = walk(local(2026, 11, 8, 4), local(2026, 11, 8, 12), timedelta(hours=1))
    assert list(came) == ["detect:2026-11-07", "detect:2026-11-08"]


@pytest.mark.usefixtures("context")
def test_what_is_switched_off_does_not_come() -> None:
    committed(db.session, lambda: db.session.execute(update(Schedule).values(enabled=False)))
    assert schedule.tick() == []


def test_two_schedulers_at_once_bring_each_job_once(app: Flask) -> None:
    with app.app_context():
        kinds = len(schedule.schedule())
    brought: list[str] = []
    ready = threading.Barrier(4, timeout=20)

    def run() -> None:
        with app.app_context(), writing():
            ready.wait()
            brought.extend(schedule.tick())

    with clock_at(local(2026, 11, 21, 12)):
        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with app.app_context():
        keys = db.session.scalars(select(Job.key)).all()
        db.session.rollback()
    assert len(keys) == len(set(keys)) == kinds
    assert set(brought) == set(keys)


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    ("daily_at", "every_minutes"), [("24:00", None), ("5:00", None), ("", None), (None, 0), (None, 1441), (None, None)]
)
def test_a_rule_that_makes_no_sense_is_refused(daily_at: str | None, every_minutes: int | None) -> None:
    row = schedule.schedule()[0]
    with pytest.raises(ValueError, match="minutes|HH:MM|not both"):
        schedule.change(row, True, daily_at, every_minutes)


@pytest.mark.usefixtures("context")
def test_the_page_can_say_when_a_rule_comes_round() -> None:
    only("detect", "02:30")
    row = next(row for row in schedule.schedule() if row.kind == "detect")
    with clock_at(local(2026, 10, 24, 12)):
        assert schedule.next_due(row) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    row.enabled = False
    assert schedule.next_due(row) is None
    db.session.rollback()


def test_whatever_is_scheduled_can_be_done_and_has_a_name(app: Flask) -> None:
    with app.app_context():
        kinds = [row.kind for row in schedule.schedule()]
    assert {"detect", "value", "figures", "alert", "check_investments"} <= set(kinds)
    assert all(callable(task_of(kind)) and kind in NAMES for kind in kinds)
