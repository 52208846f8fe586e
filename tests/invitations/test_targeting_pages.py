"""The pages of who is asked what: rules, whom they reach, who was not asked, the policy; who may do what."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.accounts.models import AuditEntry
from survey.clock import now, today
from survey.database import writing
from survey.extensions import db
from survey.invitations.models import ContactPolicy
from survey.questionnaires.models import Questionnaire, TargetingRule
from tests import stories
from tests.reading import text_of

SignIn = Callable[..., FlaskClient]
POLICY = {
    "quarantine_days": "90", "most_mails": "3", "window_days": "30", "quiet_from": "21", "quiet_until": "7",
    "most_reminders": "1", "least_gain": "12.5", "domain_per_minute": "600", "first_contact_days": "7",
}  # fmt: skip
PAGES = ("/targeting", "/targeting/policy", "/targeting/skipped", "/targeting/skipped.csv")
FORMS = ("/targeting/add", "/targeting/everybody")

pytestmark = pytest.mark.usefixtures("posts_need_no_token")


@pytest.fixture
def utrecht(app: Flask) -> int:
    """Two who left in Utrecht, one a member who may not be asked; one in Zwolle, who was not asked. Gives Utrecht."""
    with app.app_context(), writing():
        here, there = stories.branch("Utrecht"), stories.branch("Zwolle")
        day = today() - timedelta(days=10)
        for name, branch, more in (
            ("Anna", here, {"segment": "members"}),
            ("Bert", here, {"segment": "members", "do_not_contact": True}),
            ("Carl", there, {"segment": "other", "email": None}),
        ):
            who = stories.customer(name=name, external_id=name, branch_id=branch.id, **more)
            gone = stories.defection(who, on=day)
            if name == "Carl":
                stories.invitation(gone, state="skipped", skipped_because="no_address", created_at=now())
        db.session.commit()
        return here.id


def typed(app: Flask, **given: Any) -> dict[str, Any]:
    with app.app_context():
        questionnaire = db.session.scalar(select(Questionnaire.id).limit(1))
    return {"name": "Members", "channel": "mail", "questionnaire": questionnaire, "wait_days": "3"} | given


def rows(app: Flask) -> list[tuple[str, int, bool]]:
    with app.app_context():
        query = select(TargetingRule.name, TargetingRule.position, TargetingRule.active)
        return [tuple(row) for row in db.session.execute(query.order_by(TargetingRule.position))]


def actions(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_rule_is_tried_saved_and_told(app: Flask, utrecht: int, sign_in: SignIn) -> None:
    analyst = sign_in("analyst")
    form = typed(app, segments=["members"], branches=[utrecht], tenure_least="24", value_least="500")
    assert "Everybody else" in text_of(analyst.get("/targeting"))
    tried = text_of(analyst.get("/targeting/add", query_string=form | {"preview": "1"}))
    assert "This rule fits 2 of 3 departures of the last 90 days." in tried
    assert "1 would be asked." in tried
    assert "1 would not: wants no contact, by your file." in tried
    assert "Anna" in tried
    assert "Bert" in tried
    assert "Carl" not in tried
    assert rows(app) == []
    assert analyst.post("/targeting/add", data=form).status_code == 303
    assert rows(app) == [("Members", 1, True)]
    page = text_of(analyst.get("/targeting"))
    assert (
        "Customers who left, of the segment members, of the branch Utrecht, a customer for 2 years or longer, worth "
        "€500 or more: asked by mail, 3 days later, with “"
    ) in page
    tried = text_of(analyst.get("/targeting/add", query_string=typed(app, name="Second") | {"preview": "1"}))
    assert "2 are taken by an earlier rule." in tried
    assert "1 would not: no e-mail address." in tried
    assert actions(app)[-3:] == ["targeting rule tried", "targeting rule added", "targeting rule tried"]


def test_bad_input_keeps_what_was_typed(app: Flask, utrecht: int, sign_in: SignIn) -> None:
    analyst = sign_in("analyst")
    analyst.post("/targeting/add", data=typed(app))
    wrong = typed(app, name="members", tenure_least="12", tenure_most="6", wait_days="400")
    page = text_of(analyst.post("/targeting/add", data=wrong), 422)
    assert 'value="400"' in page
    assert "This is less than the least." in page
    page = text_of(analyst.post("/targeting/add", data=typed(app, name="members")), 422)
    assert "Another rule has this name." in page
    assert text_of(analyst.post("/targeting/add", data=typed(app, name="x", segments=["nobody knows"])), 422)
    assert text_of(analyst.post("/targeting/add", data=typed(app, name="y", questionnaire="99")), 422)
    assert rows(app) == [("Members", 1, True)]


def test_rules_are_changed_moved_and_switched(app: Flask, utrecht: int, sign_in: SignIn) -> None:
    analyst = sign_in("analyst")
    for name in ("First", "Second"):
        analyst.post("/targeting/add", data=typed(app, name=name))
    assert analyst.post("/targeting/2", data=typed(app, name="Third", channel="nobody")).status_code == 303
    assert analyst.post("/targeting/2/move", data={"way": "up"}).status_code == 303
    assert analyst.post("/targeting/1/switch", data={"active": "0"}).status_code == 303
    assert rows(app) == [("Third", 1, True), ("First", 2, False)]
    page = text_of(analyst.get("/targeting"))
    assert page.index("Third") < page.index("First") < page.index("Everybody else")
    assert analyst.post("/targeting/everybody", data=typed(app, wait_days="9")).status_code == 303
    assert "asked by mail, 9 days later" in text_of(analyst.get("/targeting"))
    assert analyst.post("/targeting/everybody/switch", data={"active": "0"}).status_code == 303
    assert "Whom no rule fits is not asked." in text_of(analyst.get("/targeting"))
    assert analyst.post("/targeting/1/move", data={"way": "sideways"}).status_code == 400
    assert analyst.post("/targeting/1/switch", data={}).status_code == 400
    for path in ("/targeting/99", "/targeting/3"):
        assert analyst.get(path).status_code == 404


def test_why_somebody_was_not_asked(app: Flask, utrecht: int, sign_in: SignIn) -> None:
    analyst = sign_in("analyst")
    analyst.post("/targeting/add", data=typed(app, segments=["members"]))
    page = text_of(analyst.get("/targeting/departures/3"))
    assert "Was not asked: no e-mail address." in page
    assert "Members: does not fit" in page
    assert "of the segment members: <strong>no</strong>" in page
    assert "Everybody else: fits" in page
    assert "Nothing was decided" in text_of(analyst.get("/targeting/departures/1"))
    assert analyst.get("/targeting/departures/99").status_code == 404
    listed = text_of(analyst.get("/targeting/skipped?why=no_address&segment=other"))
    assert "1 time somebody was not asked" in listed
    assert "Carl" in listed
    assert "Carl" not in text_of(analyst.get("/targeting/skipped?why=quarantine"))
    file = analyst.get("/targeting/skipped.csv").get_data(as_text=True)
    assert '"Carl","Carl","Zwolle","other","Not asked","no e-mail address"' in file
    for wrong in ("why=whatever", "from=yesterday", "branch=x"):
        assert analyst.get(f"/targeting/skipped?{wrong}").status_code == 400
    assert analyst.get("/targeting/skipped?page=9").status_code == 404


def test_a_mail_that_was_taken_back_is_in_the_list(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        asked = stories.invitation()
        stories.mailing(asked, 0, state="sent", sent_at=now())
        stories.mailing(asked, 1, state="cancelled", cancelled_because="little_gain")
        stories.mailing(asked, 2, state="cancelled", cancelled_because="closed")
        db.session.commit()
    page = text_of(sign_in("manager").get("/targeting/skipped"))
    assert "1 time somebody was not asked" in page
    assert "First reminder" in page
    assert "Second reminder" not in page
    page = text_of(sign_in("administrator").get("/targeting/departures/1"))
    assert "not sent: this round of reminders brings too little" in page


def test_every_change_of_the_policy_is_written_down(app: Flask, sign_in: SignIn) -> None:
    analyst = sign_in("analyst")
    assert "Nobody gets more than 3 mails in 30 days" in text_of(analyst.get("/targeting/policy"))
    assert analyst.post("/targeting/policy", data=POLICY).status_code == 303
    with app.app_context():
        row = db.session.get_one(ContactPolicy, 1)
        assert (row.quarantine_days, row.quiet_from, row.quiet_until, row.most_reminders) == (90, 21, 7, 1)
        assert row.least_gain == 0.125
        found = select(AuditEntry.details).where(AuditEntry.action == "contact policy changed")
        details = {one["code"]: (one["before"], one["after"]) for one in db.session.scalars(found)}
    assert details["quarantine_days"] == (180, 90)
    assert set(details) == {"quarantine_days", "quiet_from", "quiet_until", "most_reminders", "least_gain"}
    assert analyst.post("/targeting/policy", data=POLICY).status_code == 303
    assert actions(app).count("contact policy changed") == 5
    page = text_of(analyst.post("/targeting/policy", data=POLICY | {"most_mails": "0", "window_days": "44"}), 422)
    assert 'value="44"' in page
    assert "No mail leaves between 21:00 and 07:00." in text_of(analyst.get("/targeting/policy"))


@pytest.mark.parametrize("role", ["administrator", "analyst", "manager", "interviewer"])
def test_who_may_see_and_change(app: Flask, utrecht: int, sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    reads, writes = role != "interviewer", role in ("administrator", "analyst")
    assert {client.get(path).status_code for path in PAGES} == {200 if reads else 403}
    assert {client.get(path).status_code for path in FORMS} == {200 if writes else 403}
    assert client.get("/targeting/departures/1").status_code == (200 if reads else 403)
    assert client.post("/targeting/policy", data=POLICY).status_code == (303 if writes else 403)
    assert client.post("/targeting/add", data=typed(app)).status_code == (303 if writes else 403)


def test_who_is_tied_to_a_branch_sees_its_people_and_changes_nothing(app: Flask, utrecht: int, sign_in: SignIn) -> None:
    tied = sign_in("analyst", branches=(utrecht,))
    assert {tied.get(path).status_code for path in PAGES} == {200}
    assert "Carl" not in text_of(tied.get("/targeting/skipped"))
    assert tied.get("/targeting/departures/3").status_code == 404
    assert tied.get("/targeting/departures/1").status_code == 200
    assert {tied.get(path).status_code for path in FORMS} == {403}
    assert tied.post("/targeting/policy", data=POLICY).status_code == 403
    assert tied.post("/targeting/everybody/switch", data={"active": "0"}).status_code == 403
