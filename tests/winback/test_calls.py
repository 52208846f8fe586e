"""Whom to call, in which order, and by one interviewer at a time."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from survey.accounts.models import User
from survey.clock import now, today
from survey.customers.models import Customer
from survey.database import committed
from survey.defections.detection import Noticed
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.closing import opt_out
from survey.invitations.models import ContactPolicy, Invitation
from survey.invitations.planning import plan
from survey.jobs.tasks import erase
from survey.questionnaires import targeting_rules
from survey.winback import calls
from tests import stories
from tests.winback.callers import called, inside, outcomes, state_of, to_call

SignIn = Callable[..., FlaskClient]
EVERYWHERE = User(email="", tied_to=[])

pytestmark = pytest.mark.usefixtures("posts_need_no_token")


def due() -> list[int]:
    return [person.invitation_id for person in calls.due_list(EVERYWHERE)]


# -- who, and in which order -----------------------------------------------------------------------------------


def test_value_counts_half_after_thirty_days(context: None) -> None:
    old = to_call(days=90, value="3900.00")  # counts a quarter: 975
    recent = to_call(days=0, value="1000.00")
    valuable = to_call(days=30, value="2100.00")  # counts half: 1050
    assert due() == [valuable, recent, old]


def test_an_agreed_time_comes_first_and_not_before_its_time(context: None) -> None:
    agreed, plain = to_call(value="1.00"), to_call(value="9000.00")
    called(agreed, "call_back", hours_ago=2, appointment_at=now() + timedelta(minutes=5))
    assert due() == [plain]
    assert [person.invitation_id for person in calls.later_list(EVERYWHERE)] == [agreed]
    with time_machine.travel(now() + timedelta(minutes=6)):
        assert due() == [agreed, plain]
        assert calls.counts(EVERYWHERE) == calls.Counts(due=2, agreed=1, later=0, resting=0, tried_enough=0)


def test_nobody_is_tried_again_at_once_nor_for_ever(context: None) -> None:
    person = to_call()
    called(person, hours_ago=19.9)
    assert due() == []
    assert calls.counts(EVERYWHERE).resting == 1
    with time_machine.travel(now() + timedelta(hours=1)):
        assert due() == [person]
    for days in range(2, 6):
        called(person, "busy", hours_ago=24 * days)
    with time_machine.travel(now() + timedelta(days=5)):
        assert due() == []
        assert calls.counts(EVERYWHERE).tried_enough == 1
        called(person, "call_back", hours_ago=-119, appointment_at=now() - timedelta(minutes=1))
        assert due() == [person], "what was agreed is kept"


@pytest.mark.parametrize(
    "what",
    ["by mail", "no phone", "empty phone", "do not contact", "opted out", "opted out elsewhere", "erased", "came back",
     "answered", "expired", "waits"],
)  # fmt: skip
def test_who_is_not_to_be_called(context: None, what: str) -> None:
    given: dict[str, dict[str, Any]] = {
        "by mail": {"channel": "mail"},
        "answered": {"state": "answered"},
        "expired": {"expires_at": now() - timedelta(minutes=1)},
        "waits": {"call_from": now() + timedelta(minutes=1)},
    }
    phone = {"no phone": None, "empty phone": ""}.get(what, "0612345678")
    person = to_call(asked=given.get(what), phone=phone, email="same@example.org", external_id="K1")
    if what == "do not contact":
        db.session.execute(update(Customer).values(do_not_contact=True))
    elif what == "opted out":
        opt_out(person)
    elif what == "opted out elsewhere":
        opt_out(to_call(email="Same@example.org", external_id="K2"))
    elif what == "erased":
        erase.run("K1")
    elif what == "came back":
        db.session.execute(update(Defection).values(returned_on=today()))
    db.session.commit()
    assert due() == []
    assert not calls.is_due(person, EVERYWHERE)


def test_a_rule_that_asks_by_phone_makes_people_to_call_after_its_wait(context: None) -> None:
    gone = stories.defection(stories.customer(phone="0612345678"), on=today() - timedelta(days=3))
    questionnaire = targeting_rules.questionnaires_in_use()[0][0]
    targeting_rules.add(targeting_rules.Draft("By phone", {}, "phone", questionnaire, 2), None)
    plan([Noticed(gone.id, gone.customer_id, gone.defected_on, True)], today())
    db.session.commit()
    assert due() == []
    with time_machine.travel(now() + timedelta(days=2, minutes=1)):
        assert due() == list(db.session.scalars(select(Invitation.id)))


def test_the_front_line_sees_its_branches_only(app: Flask, sign_in: SignIn) -> None:
    with inside(app):
        other = stories.branch("Zwolle").id
        own = stories.branch("Utrecht").id
        far = to_call(branch_id=other, name="Piet Verweg")
        near = to_call(branch_id=own, name="Nel Nabij")
    tied = sign_in("interviewer", branches=(own,))
    page = tied.get("/calls?lang=en").text
    assert "Nel Nabij" in page
    assert "Piet Verweg" not in page
    for path in ("", "/done"):
        assert tied.get(f"/calls/{far}{path}").status_code == 404, path
    for path in ("/take", "/put-back", "/nobody", "/later", "/refused", "/answer"):
        assert tied.post(f"/calls/{far}{path}", data={"outcome": "busy"}).status_code == 404, path
    assert tied.post(f"/calls/{near}/take").status_code == 303
    assert "Piet Verweg" in sign_in("manager").get("/calls?lang=en").text


def test_analysts_have_no_call_to_see_who_it_is(sign_in: SignIn) -> None:
    assert sign_in("analyst").get("/calls").status_code == 403


# -- one at a time ---------------------------------------------------------------------------------------------


def test_of_many_who_want_one_person_at_once_one_gets_it(app: Flask, user: Callable[..., int]) -> None:
    with inside(app):
        person = to_call()
    people = [user("interviewer", branches=()), user("manager"), user("administrator"), user("analyst")]
    got: list[int] = []
    start = threading.Barrier(len(people))

    def want(user_id: int) -> None:
        with app.app_context():
            start.wait()
            if committed(db.session, lambda: calls.claim(person, user_id)):
                got.append(user_id)
            db.session.remove()

    threads = [threading.Thread(target=want, args=(each,)) for each in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    with app.app_context():
        assert db.session.get_one(Invitation, person).claimed_by_id == got[0]


def test_a_claim_ends_by_itself_and_stays_while_it_is_used(context: None, user: Callable[..., int]) -> None:
    db.session.rollback()
    anna, bert = user("interviewer"), user("manager")
    person = to_call()
    assert calls.claim(person, anna)
    assert calls.claim(person, anna)
    assert not calls.claim(person, bert)
    assert not calls.let_go(person, bert)
    with time_machine.travel(now() + calls.CLAIM + timedelta(seconds=1)):
        assert calls.claim(person, bert)
        assert not calls.let_go(person, anna)
        assert calls.let_go(person, bert)


def test_who_is_being_called_is_shown_and_kept_from_others(app: Flask, sign_in: SignIn) -> None:
    with inside(app):
        person = to_call(name="Jan Voorbeeld")
    anna, bert = sign_in("interviewer"), sign_in("manager")
    anna.post(f"/calls/{person}/take")
    assert "Go on with Jan Voorbeeld" in anna.get("/calls?lang=en").text
    assert "interviewer calls, until" in bert.get("/calls?lang=en").text
    shown = bert.get(f"/calls/{person}?lang=en")
    assert shown.status_code == 409
    assert "interviewer is calling this customer" in shown.text
    refused = bert.post(f"/calls/{person}/take?lang=en", follow_redirects=True)
    assert "somebody else is calling" in refused.text
    assert "Nothing was written down" in bert.post(
        f"/calls/{person}/nobody?lang=en", data={"outcome": "busy"}, follow_redirects=True
    ).text  # fmt: skip
    kept = bert.post(f"/calls/{person}/answer?lang=en", data={"reason": "price", "words": "typed by Bert"})
    assert kept.status_code == 409
    assert "typed by Bert" in kept.text
    assert "interviewer has taken over this customer" in kept.text
    assert (state_of(app, person), outcomes(app)) == ("open", [])
    anna.post(f"/calls/{person}/put-back")
    assert bert.post(f"/calls/{person}/answer", data={"reason": "price"}).status_code == 303
    assert state_of(app, person) == "answered"


def test_quiet_hours_hold(app: Flask, sign_in: SignIn) -> None:
    with inside(app):
        person = to_call()
        hour = now().astimezone(app.settings.zone).hour  # type: ignore[attr-defined]  # an app of create_app
        quiet = {"quiet_from": hour, "quiet_until": (hour + 2) % 24}
        committed(db.session, lambda: db.session.execute(update(ContactPolicy).values(**quiet)))
    client = sign_in("interviewer")
    page = client.get("/calls?lang=en").text
    assert "nobody is called until" in page
    assert f"/calls/{person}/take" not in page
    assert "nobody is called now" in client.post(f"/calls/{person}/take?lang=en", follow_redirects=True).text
    with app.app_context():
        assert db.session.get_one(Invitation, person).claimed_by_id is None


def test_the_home_page_of_who_calls_says_what_there_is_to_do(app: Flask, sign_in: SignIn) -> None:
    with inside(app):
        to_call()
    page = sign_in("interviewer").get("/?lang=en").text
    assert "1 customer who left is to be called now." in page
    assert 'href="/calls"' in page
