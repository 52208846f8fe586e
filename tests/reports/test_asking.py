"""How asking goes: every stage by its definition, the same on the page, in the file and counted by hand."""

import csv
import io
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from survey.accounts.models import User
from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reports.asking.answering import order_effect, quantile, times_taken
from survey.reports.asking.contact import first_contact, not_asked
from survey.reports.asking.questions import asked_questions
from survey.reports.asking.stages import STAGES, Choice, groups, split_by, together
from survey.reports.lens import Lens
from survey.reports.period import Period
from survey.responses.models import ResponseAnswer, ResponseDraft, ResponseReason
from survey.winback.models import Call
from tests import stories
from tests.responses.sheets import OF_EVERY_KIND, publish

PERIOD = Period(date(2026, 1, 1), date(2026, 10, 31))
MADE = datetime(2026, 5, 4, 9, tzinfo=UTC)
#: what happened to somebody -> the stages that this person counts in, besides having been invited
HAPPENED: dict[str, set[str]] = {
    "nothing": set(),
    "queued": set(),
    "accepted": {"delivered"},
    "accepted lately": {"waiting"},
    "bounced next day": {"bounced"},
    "bounced after a week": {"delivered"},
    "refused by the server": {"bounced"},
    "first bounced, reminder arrived": {"delivered"},
    "looked in": {"delivered", "started"},
    "saved": {"delivered", "started", "partial"},
    "answered": {"delivered", "started", "complete"},
    "answered before there were starts": {"delivered", "started", "complete"},
    "opted out": {"delivered", "refused"},
    "bounced, and answered by phone": {"delivered", "started", "complete"},
    "phone: nobody there": set(),
    "phone: refused": {"delivered", "refused"},
    "phone: call back": {"delivered"},
    "phone: answered after a refusal": {"delivered", "started", "complete"},
    "skipped": set(),
    "another year": set(),
}
NOT_INVITED = {"skipped", "another year"}


def happen(what: str, where: str = "Utrecht") -> Invitation:
    """One person to whom this happened."""
    who = stories.customer(branch_id=stories.branch(where).id)
    gone = stories.defection(who, on=date(2026, 5, 1))
    given: dict[str, Any] = {"created_at": MADE, "channel": "phone" if what.startswith("phone") else "mail"}
    given |= {"skipped": {"state": "skipped", "skipped_because": "no_address"}}.get(what, {})
    given |= {"another year": {"created_at": MADE - timedelta(days=400)}}.get(what, {})
    asked = stories.invitation(gone, **given)
    if what not in ("nothing", "skipped") and not what.startswith("phone"):
        mail(asked, what)
    if what in ("looked in", "saved", "answered", "bounced, and answered by phone"):
        asked.started_at = MADE + timedelta(days=2)
    if what == "saved":
        fields = {"reason": ["price"], "q-visits": ["3"], "q-moment": ["not asked"]}
        db.session.add(ResponseDraft(invitation_id=asked.id, language="nl", fields=fields, saved_at=MADE))
    if "answered" in what:
        stories.response("words", asked=asked)
    if what == "opted out":
        asked.state = "opted_out"
    call(asked, what)
    db.session.flush()
    return asked


def mail(asked: Invitation, what: str) -> None:
    sent = {"state": "sent", "sent_at": now() - timedelta(days=1) if what == "accepted lately" else MADE}
    if what == "queued":
        sent = {}
    if what == "refused by the server":
        sent = {"state": "failed"}
    if "bounced" in what:
        sent |= {"bounced_at": MADE + timedelta(days=7 if "week" in what else 1)}
    stories.mailing(asked, 0, **sent)
    if "reminder" in what:
        stories.mailing(asked, 1, state="sent", sent_at=MADE + timedelta(days=9))


def call(asked: Invitation, what: str) -> None:
    outcomes = {
        "phone: nobody there": ["no_answer"], "phone: refused": ["no_answer", "refused"],
        "phone: call back": ["call_back"], "phone: answered after a refusal": ["refused", "answered"],
    }  # fmt: skip
    for n, outcome in enumerate(outcomes.get(what, ())):
        db.session.add(Call(invitation_id=asked.id, at=MADE + timedelta(days=n), outcome=outcome))


def choice(**more: Any) -> Choice:
    return Choice(Lens(User(), PERIOD), **more)


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("what", HAPPENED)
def test_each_way_counts_where_it_should(what: str) -> None:
    happen(what)
    found = together(groups(choice()))
    expected = set() if what in NOT_INVITED else HAPPENED[what] | {"invited"}
    assert {stage for stage, number in found.counts.items() if number} == expected


@pytest.mark.usefixtures("context")
def test_totals_are_sums_of_the_splits_and_agree_with_plain_sql() -> None:
    for n, what in enumerate(HAPPENED):
        happen(what, ("Utrecht", "Zwolle")[n % 2])
    parts = groups(choice())
    total = together(parts)

    wanted = Counter(stage for what, stages in HAPPENED.items() if what not in NOT_INVITED for stage in stages)
    wanted["invited"] = len(HAPPENED) - len(NOT_INVITED)
    assert dict(total.counts) == {stage: wanted[stage] for stage in (*STAGES, "waiting")}
    for by in ("questionnaire", "channel", "branch", "language"):
        assert together(split_by(parts, by)).counts == total.counts
    plain = {
        "invited": "i.state != 'skipped'",
        "complete": "EXISTS (SELECT 1 FROM response r WHERE r.invitation_id = i.id)",
        "partial": "EXISTS (SELECT 1 FROM response_draft d WHERE d.invitation_id = i.id) AND i.state = 'open'",
    }
    for stage, where in plain.items():
        query = text(f"SELECT count(*) FROM invitation i WHERE i.created_at >= '2026-01-01' AND {where}")  # noqa: S608
        assert total[stage] == db.session.scalar(query), stage


@pytest.mark.usefixtures("context")
def test_filters_narrow_what_is_counted() -> None:
    for what in ("answered", "phone: refused", "saved"):
        happen(what)
    assert together(groups(choice(channel="phone"))).counts["invited"] == 1
    assert together(groups(choice(channel="mail"))).counts["complete"] == 1
    assert together(groups(choice(language="en"))).counts["invited"] == 0
    assert together(groups(choice(questionnaire_id=999))).counts["invited"] == 0


@pytest.mark.usefixtures("context")
def test_who_is_tied_to_a_branch_sees_that_branch_alone() -> None:
    happen("answered", "Utrecht")
    happen("saved", "Zwolle")
    lens = Lens(User(), PERIOD, branch_id=stories.branch("Zwolle").id)
    found = together(groups(Choice(lens)))
    assert (found["invited"], found["complete"], found["partial"]) == (1, 0, 1)


@pytest.mark.usefixtures("context")
def test_each_question_is_counted_where_it_was_shown() -> None:
    version = publish(OF_EVERY_KIND)
    for what, main in (("answered", "price"), ("answered", "price"), ("answered", "errors"), ("saved", "")):
        asked = happen(what if not main else "looked in")
        asked.questionnaire_version_id = version.id
        if main:
            answer = stories.response(None, main, asked=asked)
            db.session.add(ResponseAnswer(response_id=answer.id, question="visits", number=3))
            for code in ("speed", "advice"):
                db.session.add(ResponseAnswer(response_id=answer.id, question="missed", choice=code))
    first = db.session.query(ResponseReason).order_by(ResponseReason.id).first()
    db.session.add(ResponseAnswer(response_id=first.response_id, question="against", choice="rival"))
    db.session.flush()

    found = {(one.key, one.after): (one.shown, one.answered) for one in asked_questions(choice(), "en")}

    assert found[("main", "")] == (4, 4)
    assert found[("against", "price")] == (3, 1)
    assert found[("moment", "rude_staff")] == (0, 0)
    assert found[("visits", "")] == (4, 4)
    assert found[("missed", "")] == (4, 3)
    assert found[("words", "")] == (4, 0)


@pytest.mark.usefixtures("context")
def test_how_long_an_answer_takes() -> None:
    for seconds in (30, 40, 60, 200, None):
        stories.response(None, asked=happen("accepted")).seconds_taken = seconds
    db.session.flush()
    (taken,) = times_taken(choice())
    assert (taken.answers, taken.quartile, taken.median, taken.upper_quartile) == (4, 35, 50, 130)
    assert quantile({5: 3}, 0.5) == 5


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(("places", "decides"), [([1] * 60 + [5] * 40, True), (list(range(1, 11)) * 10, False)])
def test_whether_the_order_decides(places: list[int], decides: bool) -> None:
    for place in places:
        answer = stories.response(None, "price", asked=happen("accepted"))
        answer.reasons[0].position = place
    pinned = stories.response(None, "other", asked=happen("accepted"))
    pinned.reasons[0].position = 12
    db.session.flush()
    found = order_effect(choice())
    assert found
    assert (found.answers, found.expected, found.decides) == (100, 0.1, decides)


@pytest.mark.usefixtures("context")
def test_how_soon_people_hear() -> None:
    happen("accepted")
    happen("phone: call back")
    happen("nothing")
    found = first_contact(choice())
    assert (found.target_days, found.contacted, found.in_time, found.judged, found.median) == (7, 2, 2, 3, 3)


@pytest.mark.usefixtures("context")
def test_who_was_not_asked_and_why() -> None:
    for _ in range(2):
        happen("skipped")
    stories.mailing(happen("nothing"), 0, state="cancelled", cancelled_because="window_full")
    assert [(row.what, row.why, row.count) for row in not_asked(choice())] == [
        ("invitation", "no_address", 2), ("mailing", "window_full", 1),
    ]  # fmt: skip


ADDRESS = "/asking?from=2026-01-01&to=2026-10-31"


@pytest.fixture
def business(app: Flask) -> dict[str, int]:
    with app.app_context(), writing():
        for n, what in enumerate(HAPPENED):
            happen(what, ("Utrecht", "Zwolle")[n % 2])
        db.session.commit()
        return {name: stories.branch(name).id for name in ("Utrecht", "Zwolle")}


def test_the_page_and_its_file_say_the_same(sign_in: Callable[..., FlaskClient], business: dict[str, int]) -> None:
    client = sign_in("manager")
    page = client.get(ADDRESS).text
    assert "4 of the 18 people invited" in page
    file = client.get(ADDRESS.replace("/asking", "/asking/stages.csv"))
    rows = list(csv.DictReader(io.StringIO(file.data.decode("utf-8-sig"))))
    assert sum(int(row["Answered"]) for row in rows) == 4
    assert sum(int(row["Invited"]) for row in rows) == 18
    for by in ("channel", "branch", "language"):
        assert client.get(f"{ADDRESS}&by={by}").status_code == 200


def test_a_branch_sees_its_own(sign_in: Callable[..., FlaskClient], business: dict[str, int]) -> None:
    page = sign_in("manager", branches=(business["Zwolle"],)).get(f"{ADDRESS}&by=branch").text
    assert "Zwolle" in page
    assert "Utrecht" not in page


def test_others_may_not_look(sign_in: Callable[..., FlaskClient], business: dict[str, int]) -> None:
    assert sign_in("interviewer").get("/asking").status_code == 403


def test_nothing_yet_says_what_comes(sign_in: Callable[..., FlaskClient]) -> None:
    page = sign_in("analyst").get("/asking").text
    assert "Nobody was invited" in page


@pytest.mark.parametrize("query", ["by=x", "channel=fax", "language=fr", "questionnaire=0", "branch=99", "period=x"])
def test_what_cannot_be_asked_is_said(sign_in: Callable[..., FlaskClient], query: str) -> None:
    assert sign_in("manager").get(f"/asking?{query}").status_code == 400
