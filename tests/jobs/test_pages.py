"""The page of jobs and its schedule: who may come, what it shows, what its buttons do."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from survey.accounts.models import AuditEntry
from survey.clock import now
from survey.database import committed
from survey.extensions import db
from survey.jobs import queue
from survey.jobs.models import Job, Schedule
from survey.notices import N_, notify, settle

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def admin(sign_in: SignIn, posts_need_no_token: None) -> FlaskClient:
    return sign_in("administrator")


def put(kind: str, **values: object) -> int:
    def store() -> int:
        job = queue.enqueue(kind, f"{kind}:1")
        db.session.execute(update(Job).where(Job.id == job.id).values(**values))
        return job.id

    return committed(db.session, store)


def audited() -> list[str]:
    found = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    db.session.rollback()
    return found


@pytest.mark.parametrize("role", ["manager", "analyst", "interviewer"])
@pytest.mark.parametrize("path", ["/jobs", "/jobs/open", "/jobs/schedule/detect", "/doctor"])
@pytest.mark.sqlite
def test_the_pages_are_for_administrators(app: Flask, sign_in: SignIn, role: str, path: str) -> None:
    assert sign_in(role).get(path).status_code == 403


@pytest.mark.sqlite
def test_a_stranger_is_sent_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/jobs").status_code == 302
    assert client.get("/notices").status_code == 302


def test_the_page_shows_what_waits_runs_was_left_and_was_done(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        put("detect", state="running", lease_until=now() + timedelta(minutes=1), done=412, total=5180)
        put("invite", state="failed", error="OSError: <no> route", ended_at=now(), attempts=5)
        put("classify", state="done", outcome={"read": 31, "changed": []}, ended_at=now())
        put("remind", due_at=now() + timedelta(minutes=4), attempts=1, error="ValueError: nothing")
    page = admin.get("/jobs?lang=en").get_data(as_text=True)
    assert "412 of 5,180 done" in page
    assert "OSError: &lt;no&gt; route" in page
    assert "read: 31" in page
    assert "ValueError: nothing" in page
    assert "Daily at 05:00" in page
    assert "Every 10 minutes" in page
    assert "Nothing seems to run the jobs" not in page


def test_the_page_says_when_no_worker_runs(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        put("detect", due_at=now() - timedelta(hours=1))
    assert "Nothing seems to run the jobs" in admin.get("/jobs?lang=en").get_data(as_text=True)


@pytest.mark.sqlite
def test_the_page_of_an_empty_queue(admin: FlaskClient) -> None:
    page = admin.get("/jobs?lang=en").get_data(as_text=True)
    assert "Nothing waits and nothing runs." in page
    assert "No job has been done yet." in page


def test_try_again_puts_a_job_back_once(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        job_id = put("invite", state="failed", attempts=5)
        assert admin.post(f"/jobs/{job_id}/again").status_code == 303
        assert db.session.scalars(select(Job.state)).one() == "queued"
        assert audited() == ["job tried again"]
        assert admin.post(f"/jobs/{job_id}/again").status_code == 404
        assert admin.post("/jobs/999/again").status_code == 404
        assert admin.get(f"/jobs/{job_id}/again").status_code == 405


def test_run_now_asks_for_one_job(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        assert admin.post("/jobs/run/detect").status_code == 303
        assert admin.post("/jobs/run/detect").status_code == 303
        assert db.session.scalars(select(Job.kind)).all() == ["detect"]
        assert admin.post("/jobs/run/nonsense").status_code == 404


def test_the_schedule_is_changed_and_audited(app: Flask, admin: FlaskClient) -> None:
    assert 'value="05:00"' in admin.get("/jobs/schedule/detect").get_data(as_text=True)
    assert admin.post("/jobs/schedule/detect", data={"daily_at": " 23:45 "}).status_code == 303
    assert admin.post("/jobs/schedule/invite", data={"enabled": "y", "every_minutes": "30"}).status_code == 303
    with app.app_context():
        rows = {row.kind: row for row in db.session.scalars(select(Schedule))}
        assert (rows["detect"].enabled, rows["detect"].daily_at) == (False, "23:45")
        assert (rows["invite"].enabled, rows["invite"].every_minutes) == (True, 30)
        assert audited() == ["schedule changed", "schedule changed"]
    assert "Switched off" in admin.get("/jobs?lang=en").get_data(as_text=True)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("detect", {"daily_at": "25:00"}),
        ("detect", {"daily_at": "5:00"}),
        ("detect", {"daily_at": "05:00\n"}),
        ("detect", {}),
        ("invite", {"every_minutes": "0"}),
        ("invite", {"every_minutes": "1441"}),
        ("invite", {"every_minutes": "1e3"}),
        ("invite", {"every_minutes": "soon"}),
    ],
)
def test_what_makes_no_sense_is_shown_again_and_not_stored(
    app: Flask, admin: FlaskClient, kind: str, data: dict[str, str]
) -> None:
    answer = admin.post(f"/jobs/schedule/{kind}", data={"enabled": "y"} | data)
    stripped = data.get("daily_at", "").strip() == "05:00"
    assert answer.status_code == (303 if stripped else 422)
    with app.app_context():
        row = db.session.scalars(select(Schedule).where(Schedule.kind == kind)).one()
        assert (row.daily_at, row.every_minutes) == (("05:00", None) if kind == "detect" else (None, 10))
        assert bool(audited()) is stripped


@pytest.mark.sqlite
def test_buttons_need_a_token(sign_in: SignIn, app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert sign_in("administrator").post("/jobs/run/detect").status_code == 400


def test_notices_are_told_in_the_readers_language_until_they_are_settled(app: Flask, sign_in: SignIn) -> None:
    with app.app_context():
        message = N_("%(count)s customers <left>.")
        committed(db.session, lambda: notify("left", "alarm", message, {"count": 5180}, link="/jobs"))
        committed(db.session, lambda: notify("left", "warning", message, {"count": 5181}, link="/jobs"))
    reader = sign_in("interviewer")
    page = reader.get("/notices?lang=en").get_data(as_text=True)
    assert page.count("customers &lt;left&gt;") == 1
    assert 'href="/jobs"' not in page  # an interviewer may not open it
    assert "5,181 customers" in page
    assert "Warning" in page
    assert "5.181" in reader.get("/notices?lang=nl").get_data(as_text=True)
    assert page_of(sign_in("administrator")).count('href="/jobs"') == 2  # in the menu, and with the notice
    with app.app_context():
        committed(db.session, lambda: settle("left"))
    page = reader.get("/notices?lang=en").get_data(as_text=True)
    assert "Nothing needs your attention" in page
    assert "Settled" in page


def page_of(reader: FlaskClient) -> str:
    return reader.get("/notices?lang=en").get_data(as_text=True)


@pytest.mark.sqlite
@pytest.mark.usefixtures("context")
def test_a_notice_whose_places_are_not_filled_is_refused_where_it_is_made() -> None:
    with pytest.raises(KeyError):
        notify("x", "info", "%(count)s customers left.", {})
