"""The queue: one row a key, one worker a job, nothing lost when a worker dies."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from survey.clock import now
from survey.customers.models import Branch
from survey.database import committed, reading, writing
from survey.extensions import db
from survey.jobs import queue
from survey.jobs.models import Job
from survey.jobs.queue import Claim, LeaseLost
from survey.notices import Notice


def put(key: str, kind: str = "count") -> int:
    return committed(db.session, lambda: queue.enqueue(kind, key).id)


def in_threads(app: Flask, number: int, work: Callable[[int], None]) -> None:
    def run(index: int) -> None:
        with app.app_context(), writing():
            work(index)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def let_lease_run_out(job_id: int) -> None:
    change(job_id, lease_until=now() - timedelta(seconds=1))


def change(job_id: int, **values: object) -> None:
    committed(db.session, lambda: db.session.execute(update(Job).where(Job.id == job_id).values(**values)))


def claimed(worker: str = "one", job_id: int | None = None) -> Claim:
    held = queue.claim(worker, job_id)
    assert held
    return held


def job(job_id: int) -> Job:
    db.session.rollback()
    return db.session.get_one(Job, job_id)


@pytest.mark.usefixtures("context")
def test_same_key_is_the_same_job() -> None:
    assert put("count:1") == put("count:1")
    assert db.session.scalars(select(Job.key)).all() == ["count:1"]


def test_same_key_from_eight_at_once_is_one_job(app: Flask) -> None:
    ids: list[int] = []
    ready = threading.Barrier(8, timeout=20)

    def ask(_: int) -> None:
        ready.wait()
        ids.append(put("count:1"))

    in_threads(app, 8, ask)
    assert len(ids) == 8
    assert len(set(ids)) == 1


def test_a_job_of_a_change_that_is_rolled_back_is_not_there(app: Flask) -> None:
    with app.app_context(), writing():
        queue.enqueue("count", "count:1")
        db.session.rollback()
        assert queue.claim("one") is None


@pytest.mark.usefixtures("context")
def test_claim_takes_the_one_due_longest_and_counts_the_attempt() -> None:
    second, first = put("count:2"), put("count:1")
    change(first, due_at=now() - timedelta(hours=1))
    held = claimed()
    assert held == Claim(first, "count", "count:1", "one", 1)
    assert claimed("two").job_id == second
    assert queue.claim("three") is None


@pytest.mark.usefixtures("context")
def test_claim_leaves_what_is_not_due() -> None:
    change(put("count:1"), due_at=now() + timedelta(minutes=1))
    assert queue.claim("one") is None


def test_forty_jobs_and_six_workers_are_forty_claims(app: Flask) -> None:
    with app.app_context(), writing():
        for number in range(40):
            put(f"count:{number}")
    taken: list[int] = []

    def work(index: int) -> None:
        while held := queue.claim(f"worker {index}"):
            taken.append(held.job_id)
            queue.finish(held, {"worker": index})

    in_threads(app, 6, work)
    assert len(taken) == 40
    assert len(set(taken)) == 40
    with app.app_context():
        assert queue.open_jobs() == []


@pytest.mark.usefixtures("context")
def test_nobody_takes_a_job_whose_lease_runs() -> None:
    job_id = put("count:1")
    claimed()
    assert queue.claim("two") is None
    assert queue.claim("two", job_id) is None


@pytest.mark.usefixtures("context")
def test_a_dead_workers_job_is_taken_over_after_its_lease() -> None:
    job_id = put("count:1")
    dead = claimed("dead")
    let_lease_run_out(job_id)
    assert claimed("two").attempt == 2
    with pytest.raises(LeaseLost):
        queue.finish(dead, {})
    with pytest.raises(LeaseLost):
        queue.fail(dead, "too late")
    with pytest.raises(LeaseLost):
        queue.keep_alive(dead)
    assert job(job_id).worker == "two"


@pytest.mark.usefixtures("context")
def test_a_worker_that_comes_back_to_life_stores_nothing() -> None:
    job_id = put("count:1")
    dead = claimed("dead")
    with queue.holding(dead):
        db.session.add(Branch(name="Delft"))
        db.session.commit()
        let_lease_run_out_by_another(job_id)
        db.session.add(Branch(name="Leiden"))
        with pytest.raises(LeaseLost):
            db.session.commit()
        db.session.rollback()
    assert db.session.scalars(select(Branch.name)).all() == ["Delft"]


def let_lease_run_out_by_another(job_id: int) -> None:
    with db.engine.begin() as connection:
        connection.execute(update(Job).where(Job.id == job_id).values(worker="two", attempts=Job.attempts + 1))


@pytest.mark.usefixtures("context")
def test_every_batch_renews_the_lease() -> None:
    job_id = put("count:1")
    with queue.holding(claimed()):
        change(job_id, lease_until=now() + timedelta(seconds=1))
        with reading():
            db.session.scalars(select(Branch.name)).all()
            db.session.rollback()
        db.session.add(Branch(name="Delft"))
        db.session.commit()
    lease = job(job_id).lease_until
    assert lease
    assert lease > now() + timedelta(seconds=60)


@pytest.mark.usefixtures("context")
def test_finish_stores_the_outcome() -> None:
    job_id = put("count:1")
    queue.finish(claimed(), {"counted": 12})
    done = job(job_id)
    assert (done.state, done.outcome, done.worker, done.lease_until) == ("done", {"counted": 12}, None, None)
    assert done.ended_at
    assert queue.claim("two") is None


@pytest.mark.usefixtures("context")
def test_a_failure_waits_longer_each_time_and_is_then_left_with_an_alarm() -> None:
    job_id = put("count:1")
    waits = []
    for attempt in range(1, queue.MAX_ATTEMPTS + 1):
        change(job_id, due_at=now())
        left = queue.fail(claimed(), "the sky fell")
        assert left is (attempt == queue.MAX_ATTEMPTS)
        waits.append(round((job(job_id).due_at - now()).total_seconds() / 60))
    assert waits[:-1] == [2, 4, 8, 16]
    assert (job(job_id).state, job(job_id).error) == ("failed", "the sky fell")
    notice = db.session.scalars(select(Notice)).one()
    assert (notice.key, notice.level) == ("job-failed:count", "alarm")
    assert notice.sentence == "The job “count” failed 5 times and waits for you: the sky fell"


@pytest.mark.usefixtures("context")
def test_a_job_that_kills_its_workers_is_left_after_the_last() -> None:
    job_id = put("count:1")
    for _ in range(queue.MAX_ATTEMPTS):
        claimed()
        let_lease_run_out(job_id)
    assert queue.claim("next") is None
    assert job(job_id).state == "failed"
    assert job(job_id).error == queue.DIED


@pytest.mark.usefixtures("context")
def test_trying_again_gives_all_attempts_back_and_success_settles_the_alarm() -> None:
    job_id = put("count:1")
    for _ in range(queue.MAX_ATTEMPTS):
        change(job_id, due_at=now())
        queue.fail(claimed(), "no")
    assert committed(db.session, lambda: queue.try_again(job_id))
    assert not committed(db.session, lambda: queue.try_again(job_id))
    held = claimed()
    assert held.attempt == 1
    queue.finish(held, {})
    assert db.session.scalars(select(Notice)).one().settled_at


@pytest.mark.usefixtures("context")
def test_run_now_joins_the_job_that_is_open() -> None:
    job_id = put("count:1")
    change(job_id, due_at=now() + timedelta(hours=1))
    assert committed(db.session, lambda: queue.run_now("count").id) == job_id
    queue.finish(claimed(), {})
    assert committed(db.session, lambda: queue.run_now("count").id) != job_id


@pytest.mark.postgresql
@pytest.mark.usefixtures("context")
def test_leases_go_by_the_servers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose clock is ten minutes ahead does not take over what has just been claimed."""
    put("count:1")
    claimed()
    monkeypatch.setattr("survey.jobs.queue.now", lambda: now() + timedelta(minutes=10))
    assert queue.claim("ahead") is None
