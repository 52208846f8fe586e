"""A view of so many departures that it takes a job: asked for by a button, then shown; and what is kept every night."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from survey.accounts.models import User
from survey.clock import today
from survey.database import committed, writing
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.running import run_next
from survey.jobs.tasks import shares
from survey.reports import asked, kept
from survey.reports.findings import scope_of, stored
from survey.reports.lens import Lens, everything
from survey.reports.models import StoredFigure
from survey.reports.period import Period
from tests.reports.garage import Answer, Left, Person, add, branch_id

SignIn = Callable[..., FlaskClient]
AUGUST, MAY = date(2026, 8, 10), date(2026, 5, 4)
QUARTER = {"from": "2026-07-01", "to": "2026-09-30"}
VIEW = "/breakdown?from=2026-07-01&to=2026-09-30"
ASKS = "So many customers left that it takes a minute"


def left(code: str, on: date = AUGUST, branch: str = "Utrecht", segment: str = "private") -> Person:
    return Person(left=(Left(on, answer=Answer(code, words="Tja.")),), branch=branch, segment=segment)


@pytest.fixture
def garage(app: Flask, posts_need_no_token: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """More leave in a quarter than are worked out while a page waits."""
    monkeypatch.setattr("survey.reports.findings.LIVE", 10)
    with app.app_context(), writing():
        add(
            *[left("rude_staff") for _ in range(34)], *[left("price", branch="Breda") for _ in range(12)],
            *[left("price", MAY, segment="lease") for _ in range(4)],
        )  # fmt: skip
        db.session.commit()


def work(app: Flask) -> str:
    with app.app_context():
        job_id = db.session.scalars(select(Job.id).where(Job.kind == asked.KIND, Job.state == "queued")).one()
        db.session.remove()
    with app.app_context():
        ended = run_next("one", job_id)
    return ended.state if ended else ""


@pytest.mark.usefixtures("garage")
def test_asked_for_waited_for_and_shown(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("manager")
    assert ASKS in client.get(VIEW).get_data(as_text=True)
    answer = client.post("/breakdown/work", data=QUARTER)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/breakdown?period=custom&from=2026-07-01")
    page = client.get(VIEW).get_data(as_text=True)
    assert "Waiting for its turn." in page
    assert ASKS not in page
    part = client.get("/breakdown/work?from=2026-07-01&to=2026-09-30")
    assert "Waiting for its turn." in part.get_data(as_text=True)
    assert "HX-Refresh" not in part.headers
    assert work(app) == "done"
    assert client.get("/breakdown/work?from=2026-07-01&to=2026-09-30").headers["HX-Refresh"] == "true"
    page = client.get(VIEW).get_data(as_text=True)
    assert "“Rude staff” costs most" in page
    assert "The reasons were worked out on" in page
    assert ASKS not in page


@pytest.mark.usefixtures("garage")
def test_twice_is_once_and_a_second_view_is_another_job(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    for data in (QUARTER, QUARTER, {"period": "everything", "page": "home"}):
        answer = client.post("/breakdown/work", data=data)
    assert answer.headers["Location"] == "/?period=everything"
    with app.app_context():
        assert len(list(db.session.scalars(select(Job).where(Job.kind == asked.KIND)))) == 2


@pytest.mark.usefixtures("garage")
def test_who_is_tied_to_a_branch_has_that_branch_worked_out(app: Flask, sign_in: SignIn) -> None:
    with app.app_context():
        breda = branch_id("Breda")
    client = sign_in("manager", branches=(breda,))  # type: ignore[arg-type]
    assert client.post("/breakdown/work", data=QUARTER).status_code == 303
    assert work(app) == "done"
    page = client.get(VIEW).get_data(as_text=True)
    assert "“Price” costs most" in page
    assert ASKS in sign_in("administrator").get(VIEW).get_data(as_text=True)
    with app.app_context():
        utrecht = branch_id("Utrecht")
    assert client.post("/breakdown/work", data=QUARTER | {"branch": str(utrecht)}).status_code == 400


@pytest.mark.usefixtures("garage")
def test_not_for_everybody_and_nothing_that_makes_no_sense(sign_in: SignIn) -> None:
    assert sign_in("interviewer").post("/breakdown/work", data=QUARTER).status_code == 403
    assert sign_in("manager").post("/breakdown/work", data={"from": "x", "to": "y"}).status_code == 400


@pytest.mark.usefixtures("garage")
def test_what_is_too_much_is_said(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "MOST", 0)
    client = sign_in("manager")
    assert client.post("/breakdown/work", data=QUARTER).status_code == 303
    assert "has to wait" in client.get(VIEW).get_data(as_text=True)


@pytest.mark.usefixtures("garage")
def test_the_ordinary_periods_are_kept_and_worked_out_anew_only_where_something_changed(app: Flask) -> None:
    with app.app_context(), writing():
        first = shares.run()
        assert first["new"] == first["views"]
        breda = branch_id("Breda")
        for whom in ((), None), ((breda,), None), ((), "private"):
            for period in (Period(date(2026, 8, 1), date(2026, 8, 31)), Period(date(2026, 7, 1), date(2026, 9, 30))):
                found = stored(kept.view_of(whom, period))  # type: ignore[arg-type]
                assert found is not None, (whom, period)
                assert found.as_of == today()
        assert stored(kept.view_of(((), None), everything(today()))) is not None
        assert stored(kept.view_of(((), "lease"), Period(date(2026, 5, 1), date(2026, 5, 31)))) is None  # four left
        assert shares.run() == {"views": first["views"], "new": 0}
        add(left("premises", branch="Breda"))
        again = shares.run()
        assert 0 < again["new"] < again["views"]


@pytest.mark.usefixtures("garage")
def test_what_stands_unchanged_is_as_of_today_and_what_was_asked_for_goes_in_a_week(app: Flask) -> None:
    with app.app_context(), writing():
        shares.run()
        view = Lens(User(email="", tied_to=[]), Period(date(2026, 8, 1), date(2026, 8, 12)))
        shares.work_out_and_keep(view, "x")
        db.session.commit()
        age(3)
        shares.run()
        assert (
            db.session.scalars(select(StoredFigure.as_of).where(StoredFigure.scope != scope_of(view))).first()
            == today()
        )
        assert stored(view) is not None
        age(8)
        shares.run()
        assert stored(view) is None


def age(days: int) -> None:
    on = today() - timedelta(days=days)
    committed(db.session, lambda: db.session.execute(update(StoredFigure).values(as_of=on)))


@pytest.mark.parametrize(
    ("first", "day", "count", "some"),
    [
        (date(2026, 1, 1), date(2026, 3, 31), 3 + 1 + 1, Period(date(2026, 1, 1), date(2026, 3, 31))),
        (date(2025, 2, 1), date(2026, 11, 25), 21 + 6 + 1, Period(date(2025, 4, 1), date(2025, 6, 30))),
        (date(2024, 12, 1), date(2026, 1, 1), 13 + 4 + 1 + 1, Period(date(2025, 1, 1), date(2025, 12, 31))),
        (date(2026, 11, 1), date(2026, 11, 2), 1, Period(date(2025, 11, 1), date(2026, 10, 31))),
    ],
)
def test_the_ordinary_periods(first: date, day: date, count: int, some: Period) -> None:
    found = kept.ordinary_periods(first, day)
    assert len(found) == count
    assert some in found


def test_a_view_is_the_same_after_having_been_a_job(context: None) -> None:
    add(left("price"))
    somebody: Any = User(email="", tied_to=[])
    for view in (
        Lens(somebody, Period(AUGUST, AUGUST)),
        Lens(somebody, Period(AUGUST, AUGUST), branch_id=branch_id("Utrecht")),
        Lens(somebody, Period(AUGUST, AUGUST), segment="private"),
    ):
        again = asked.lens_of(asked.arguments_of(view))
        assert scope_of(again) == scope_of(view)
