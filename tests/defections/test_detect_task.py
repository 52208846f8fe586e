"""The detect job and command: batches that commit, go on where they were, and say what they did."""

import pytest
from sqlalchemy import func, insert, select

from survey import turns
from survey.clock import now, today
from survey.customers import histories
from survey.customers.models import Import, Transaction
from survey.database import writing
from survey.defections import detection
from survey.defections.models import CustomerState, Defection
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.jobs import running
from survey.jobs.models import Job
from survey.jobs.tasks import detect as task
from survey.questionnaires.models import QuestionnaireVersion
from tests.defections import shop
from tests.defections.shop import day

AS_OF = day(200)


def counted(table):
    return db.session.scalar(select(func.count()).select_from(table))


def new_job(**arguments):
    job = Job(key="detect:test", kind="detect", arguments=arguments, created_at=now(), due_at=now())
    db.session.add(job)
    db.session.commit()
    return job


@pytest.mark.usefixtures("context")
def test_the_job_detects_and_invites_as_of_its_day():
    shop.open_shop({"anna": [(0, 5)], "bert": [(0, 5), (185, 5)], "carl": [(190, 5)]}, anna={"do_not_contact": True})
    job = new_job(as_of=AS_OF.isoformat())
    outcome = task.run(job)
    assert outcome == {
        "new": 2,
        "new_open": 1,
        "returned": 0,
        "invited": 0,
        "skipped_do_not_contact": 1,
        "as_of": AS_OF.isoformat(),
    }
    assert (job.done, job.total, job.outcome) == (3, 3, outcome)


@pytest.mark.usefixtures("context")
def test_without_a_day_the_job_looks_at_today():
    shop.open_shop({"anna": [(0, 5)]})
    assert task.run()["as_of"] == today().isoformat()
    assert db.session.scalars(select(Defection.noticed_on)).all() == [today()]


@pytest.mark.usefixtures("context")
def test_a_killed_run_keeps_its_batches_and_the_next_goes_on(monkeypatch):
    shop.open_shop({f"c{n}": [(0, 5)] for n in range(6)})
    monkeypatch.setattr(detection, "BATCH", 2)
    monkeypatch.setattr(task, "LOT", 2)
    job = new_job(as_of=AS_OF.isoformat())
    look, seen = detection.look, []

    def dies_at_the_third(customers, *rest):
        seen.append(customers.first_id)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return look(customers, *rest)

    monkeypatch.setattr(detection, "look", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        task.run(job)
    db.session.rollback()
    assert (counted(Defection), counted(Invitation), job.done) == (4, 4, 4)
    outcome = task.run(job)
    assert seen == [1, 3, 5, 5]
    assert (outcome["new"], outcome["invited"], counted(Defection), counted(Invitation)) == (6, 6, 6, 6)


@pytest.mark.usefixtures("context")
def test_a_run_that_is_killed_while_it_stores_keeps_what_is_stored_and_counts_it_once(monkeypatch):
    first_days = (5, 3, 9, 1, 4, 2)
    shop.open_shop({f"c{n}": [(first, 5)] for n, first in enumerate(first_days)})
    monkeypatch.setattr(task, "STORED_AT_ONCE", 2)
    monkeypatch.setattr(turns, "GROWS", 1)
    job = new_job(as_of=AS_OF.isoformat())
    store, stored = detection.store, []

    def dies_at_the_second(found):
        stored.append(found.new.customer.tolist())
        if len(stored) == 2:
            raise KeyboardInterrupt
        return store(found)

    monkeypatch.setattr(detection, "store", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        task.run(job)
    db.session.rollback()
    assert stored == [[4, 6], [2, 5]]  # by the day on which they left
    assert (counted(Defection), counted(Invitation), counted(CustomerState), job.done) == (2, 2, 2, 5)
    outcome = task.run(job)
    assert (outcome["new"], outcome["invited"], counted(Defection), counted(Invitation)) == (6, 6, 6, 6)
    assert (counted(CustomerState), job.done) == (6, 6)


@pytest.mark.usefixtures("context")
def test_a_failing_plan_takes_the_defections_of_its_batch_back(monkeypatch):
    shop.open_shop({"anna": [(0, 5)]})
    db.session.query(QuestionnaireVersion).delete()
    db.session.commit()
    with pytest.raises(task.planning.NothingToAsk):
        task.detect(task.Question(AS_OF))
    assert counted(Defection) == 0
    assert task.detect(task.Question(AS_OF, invite=False))["new"] == 1


@pytest.mark.usefixtures("context")
def test_detection_waits_for_a_file_that_is_being_published():
    row = Import(
        kind="transactions", file_name="x.csv", path="x", digest="0", options={}, state="publishing", created_at=now()
    )
    db.session.add(row)
    db.session.commit()
    with pytest.raises(task.ImportUnderway):
        task.detect(task.Question(AS_OF))
    row.state = "done"
    db.session.commit()
    assert task.detect(task.Question(AS_OF))["new"] == 0


@pytest.mark.usefixtures("context")
def test_the_run_first_makes_the_histories_of_the_marked_anew():
    keys = shop.open_shop({"anna": [(0, 5)], "bert": [(0, 5)]})
    row = {"occurred_on": day(190), "amount": 5, "service": "", "identity": bytes(16), "ordinal": 7}
    db.session.execute(insert(Transaction), [row | {"customer_id": keys["anna"]}])
    histories.mark([keys["anna"]])
    db.session.commit()
    assert task.detect(task.Question(AS_OF))["new"] == 2
    assert [row[4] for row in shop.stored_episodes()] == [day(190), None]


def test_the_worker_runs_it(app):
    with app.app_context():
        with writing():
            shop.open_shop({"anna": [(0, 5)], "bert": [(0, 5)]})
            key = new_job(as_of=AS_OF.isoformat()).id
        db.session.remove()
        ended = running.run_next("a worker", key)
        assert (ended.state, ended.outcome["new"], ended.outcome["invited"]) == ("done", 2, 2)
        assert (counted(Defection), counted(Invitation)) == (2, 2)


def run_command(app, *arguments):
    return app.test_cli_runner().invoke(args=["defections", "detect", *arguments])


def test_the_command_says_what_it_did(app):
    with app.app_context(), writing():
        shop.open_shop(
            {"anna": [(0, 5)], "bert": [(0, 5)], "carl": [(0, 5)]},
            anna={"segment": "gold"},
            bert={"segment": "gold", "email": None},
        )
    first = run_command(app, "--as-of", AS_OF.isoformat(), "--segment", "gold")
    assert first.exit_code == 0
    assert first.output.splitlines() == [
        f"As of {AS_OF}: 3 new defections, 3 of them still gone.",
        "0 customers who had left came back.",
        "1 invitations planned.",
        "1 not invited: have no e-mail address.",
    ]
    again = run_command(app, "--as-of", AS_OF.isoformat())
    assert again.output.startswith(f"As of {AS_OF}: 0 new defections")
    with app.app_context():
        assert counted(Invitation) == 2


def test_the_command_fails_in_one_line(app):
    with app.app_context(), writing():
        shop.open_shop({"anna": [(0, 5)]})
        db.session.query(QuestionnaireVersion).delete()
        db.session.commit()
    failed = run_command(app, "--as-of", AS_OF.isoformat())
    assert failed.exit_code == 1
    assert failed.output == "Error: No questionnaire is published, so nobody can be invited. Publish one first.\n"


def test_the_command_refuses_a_day_that_is_none(app):
    assert run_command(app, "--as-of", "30-06-1998").exit_code == 2
