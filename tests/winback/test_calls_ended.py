"""How calls end: with an answer that counts like any other, with another time, or not at all; and slips taken back."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from survey.accounts.models import AuditEntry, User
from survey.clock import now, today
from survey.customers.models import Customer
from survey.database import committed
from survey.extensions import db
from survey.invitations.models import ContactPolicy, Invitation
from survey.invitations.suppression import suppressed_among
from survey.jobs.tasks import cases, classify, erase
from survey.reasons.models import Classification
from survey.reports.asking.stages import Choice, groups, split_by
from survey.reports.counting import NO_ANSWER, NOT_ASKED, departures
from survey.reports.lens import Lens
from survey.reports.period import Period
from survey.responses.models import Response, ResponseAnswer, ResponseDraft, ResponseReason, RootCause
from survey.taxonomy.models import Reason
from survey.winback.models import Call, Case, Remedy
from tests.responses.sheets import OF_EVERY_KIND, publish
from tests.responses.test_faults import gate_held
from tests.winback.callers import called, day_in, inside, outcomes, state_of, to_call

SignIn = Callable[..., FlaskClient]

ANSWERED: dict[str, Any] = {
    "reason": "price",
    "also": ["rude_staff"],
    "words": "Far too expensive, says Xanthippe.",
    "contact": "y",
    "talk-why_1": "The bill was higher than the offer.",
    "talk-why_2": " Xanthippe was not told. ",
    "talk-root": "broken_promises",
    "talk-note": "Friendly.",
}

pytestmark = pytest.mark.usefixtures("posts_need_no_token")


@pytest.fixture
def person(app: Flask) -> int:
    """Somebody to call."""
    with inside(app):
        return to_call(name="Xanthippe Voorbeeld", email="x@example.org", external_id="K1")


@pytest.fixture
def caller(sign_in: SignIn, person: int) -> FlaskClient:
    """Who has taken that person."""
    client = sign_in("interviewer")
    assert client.post(f"/calls/{person}/take").status_code == 303
    return client


def audited(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


# -- answered --------------------------------------------------------------------------------------------------


def test_from_the_list_to_an_answer(app: Flask, caller: FlaskClient, person: int) -> None:
    page = caller.get(f"/calls/{person}?lang=en").text
    for words in ('href="tel:0612345678"', "Am I speaking with Xanthippe Voorbeeld?", "I am not calling to sell you",
                  "Ask and listen only: no offer."):  # fmt: skip
        assert words in page

    sent = caller.post(f"/calls/{person}/answer", data=ANSWERED | {"at": shown_at(page)}, follow_redirects=True)

    assert "The answer is stored" in sent.text
    assert (state_of(app, person), outcomes(app)) == ("answered", ["answered"])
    with app.app_context():
        response = db.session.scalars(select(Response)).one()
        assert (response.channel, response.language, response.may_contact) == ("phone", "en", True)
        assert response.seconds_taken is not None
        assert db.session.get_one(User, response.interviewer_id).name == "interviewer"
        stated = select(Reason.code, ResponseReason.main).join(ResponseReason).order_by(Reason.code)
        assert db.session.execute(stated).all() == [("price", True), ("rude_staff", False)]
        cause = db.session.scalars(select(RootCause)).one()
        assert cause.whys == ["The bill was higher than the offer.", "Xanthippe was not told."]
        assert db.session.get_one(Reason, cause.reason_id).code == "broken_promises"
        assert db.session.scalars(select(Call.note)).all() == ["Friendly."]
    assert {"calls viewed", "call begun", "call viewed", "call answered"} - set(audited(app)) == {"calls viewed"}


def shown_at(page: str) -> str:
    found = re.search(r'name="at" value="([^"]*)"', page)
    assert found
    return found[1]


def test_an_answer_sent_twice_is_one(app: Flask, caller: FlaskClient, person: int) -> None:
    caller.post(f"/calls/{person}/answer", data=ANSWERED)
    again = caller.post(f"/calls/{person}/answer?lang=en", data=ANSWERED, follow_redirects=True)
    assert "nothing was stored twice" in again.text
    assert outcomes(app) == ["answered"]
    with app.app_context():
        assert db.session.scalar(select(func.count(Response.id))) == 1


def test_further_questions_are_asked_and_checked(app: Flask, sign_in: SignIn) -> None:
    with inside(app):
        person = to_call(asked={"questionnaire_version_id": publish(OF_EVERY_KIND).id})
    caller = sign_in("interviewer")
    caller.post(f"/calls/{person}/take")
    assert "How likely are you to come back?" in caller.get(f"/calls/{person}").text
    typed = {"reason": "price", "q-against": "rival", "q-likely": "11", "q-else": "kept as typed", "talk-why_1": "kept"}
    back = caller.post(f"/calls/{person}/answer?lang=en", data=typed)
    assert back.status_code == 422
    assert "Give a whole number from 0 to 10" in back.text
    assert "kept as typed</textarea>" in back.text
    assert re.search(r'name="talk-why_1"[^>]*value="kept"', back.text)
    assert outcomes(app) == []
    assert caller.post(f"/calls/{person}/answer", data=typed | {"q-likely": "3"}).status_code == 303
    with app.app_context():
        rows = db.session.execute(select(ResponseAnswer.question, ResponseAnswer.number)).all()
    assert ("likely", 3) in rows


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"words": "kept"}, "Choose the reason that mattered most."),
        ({"reason": "nonsense"}, "Choose one of the reasons in the list."),
        ({"reason": "price", "words": "é" * 10_001}, "10,001"),
        ({"reason": "price", "talk-why_3": "x" * 1001}, "x" * 1001),
        ({"reason": "price", "talk-root": "nonsense"}, "What it comes down to"),
        ({"reason": "price", "talk-consent": "nonsense"}, "Did they agree to be called about offers?"),
    ],
)
def test_what_is_wrong_is_given_back(
    app: Flask, caller: FlaskClient, person: int, typed: dict[str, str], words: str
) -> None:
    back = caller.post(f"/calls/{person}/answer?lang=en", data=typed | {"talk-note": "note kept"})
    assert back.status_code == 422
    assert 'role="alert"' in back.text
    assert words in back.text
    assert "note kept" in back.text
    assert (state_of(app, person), outcomes(app)) == ("open", [])


def test_what_was_saved_for_later_stands_there_in_the_language_spoken(
    app: Flask, caller: FlaskClient, person: int
) -> None:
    caller.post(f"/calls/{person}/answer", data=ANSWERED | {"save": "y"})
    page = caller.get(f"/calls/{person}").text
    assert "Far too expensive, says Xanthippe.</textarea>" in page
    assert re.search(r'name="talk-why_2"[^>]*value="Xanthippe was not told."', page)
    caller.post(f"/calls/{person}/answer", data=ANSWERED | {"switch": "nl"})
    page = caller.get(f"/calls/{person}?lang=en").text
    assert '<div class="interview" lang="nl">' in page
    assert "Spreek ik met Xanthippe Voorbeeld?" in page
    assert (state_of(app, person), outcomes(app)) == ("open", [])
    caller.post(f"/calls/{person}/answer", data=ANSWERED | {"lang": "nl"})
    with app.app_context():
        assert db.session.scalars(select(Response.language)).all() == ["nl"]
        assert db.session.scalar(select(func.count(ResponseDraft.invitation_id))) == 0


def test_words_and_whys_are_read_masked_and_counted_as_by_the_web(app: Flask, caller: FlaskClient, person: int) -> None:
    caller.post(f"/calls/{person}/answer", data=ANSWERED)
    with inside(app):
        classify.run()
        cause = db.session.scalars(select(RootCause)).one()
        assert cause.masked_whys == ["The bill was higher than the offer.", "[NAME] was not told."]
        assert db.session.scalars(select(Response.masked_words)).one() == "Far too expensive, says [NAME]."
        assert db.session.scalar(select(func.count(Classification.id))) == 1
        year = Period(today() - timedelta(days=30), today() + timedelta(days=1))
        (group,) = split_by(groups(Choice(Lens(User(email="", tied_to=[]), year))), "channel")
        assert group.split == {"channel": "phone"}
        assert [group[stage] for stage in ("invited", "delivered", "started", "complete")] == [1, 1, 1, 1]


def test_nothing_of_a_call_is_left_of_an_erased_person(app: Flask, caller: FlaskClient, person: int) -> None:
    caller.post(f"/calls/{person}/answer", data=ANSWERED | {"talk-note": "Xanthippe was friendly"})
    with inside(app):
        classify.run()
        erase.run("K1")
        db.session.expire_all()
        rows = [db.session.execute(select(table)).all() for table in db.metadata.sorted_tables]
        assert "Xanthippe" not in repr(rows)
        assert "higher than the offer" not in repr(rows)
        assert db.session.scalars(select(Call.outcome)).all() == ["answered"]


@pytest.mark.sqlite
def test_what_was_typed_is_given_back_while_somebody_else_writes(app: Flask, caller: FlaskClient, person: int) -> None:
    with gate_held(app):
        busy = caller.post(f"/calls/{person}/answer", data=ANSWERED)
    assert busy.status_code == 503
    again = dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)">', busy.text))
    assert "Far too expensive, says Xanthippe.</textarea>" in busy.text
    assert again["talk-why_1"] == ANSWERED["talk-why_1"]
    assert caller.post(f"/calls/{person}/answer", data=again).status_code == 303
    with app.app_context():
        assert db.session.scalar(select(func.count(RootCause.response_id))) == 1


# -- offers ----------------------------------------------------------------------------------------------------


def offers(app: Flask) -> str:
    """An offer that is suggested for the price."""
    with app.app_context():
        return db.session.scalars(select(Remedy.en).where(Remedy.is_offer)).first() or ""


@pytest.mark.parametrize(("said", "stored"), [("", None), ("no", False), ("yes", True)])
def test_offers_are_kept_from_who_did_not_agree_to_them(
    app: Flask, caller: FlaskClient, person: int, said: str, stored: bool | None
) -> None:
    offer = offers(app)
    assert offer
    assert offer not in caller.get(f"/calls/{person}?lang=en").text
    data = ANSWERED | {"talk-consent": said}
    page = caller.post(f"/calls/{person}/answer?lang=en", data=data, follow_redirects=True).text
    assert (offer in page) == (stored is True)
    assert ("Make no offer now" in page) == (stored is not True)
    with app.app_context():
        assert db.session.scalars(select(Customer.call_consent)).one() is stored
    assert ("call consent noted" in audited(app)) == (stored is not None)


def test_who_agreed_before_is_shown_to_have_agreed(app: Flask, caller: FlaskClient, person: int) -> None:
    with inside(app):
        committed(db.session, lambda: db.session.execute(update(Customer).values(call_consent=True)))
    page = caller.get(f"/calls/{person}?lang=en").text
    assert "They agreed to be called about offers." in page
    assert "no offer" not in page


# -- not answered ----------------------------------------------------------------------------------------------


def test_nobody_there_is_two_clicks_and_counts_once(app: Flask, caller: FlaskClient, person: int) -> None:
    done = caller.post(f"/calls/{person}/nobody?lang=en", data={"outcome": "voicemail", "nobody-note": "long beep"})
    assert done.status_code == 303
    twice = caller.post(f"/calls/{person}/nobody?lang=en", data={"outcome": "voicemail"}, follow_redirects=True)
    assert "Nothing was written down" in twice.text
    assert outcomes(app) == ["voicemail"]
    with app.app_context():
        assert db.session.scalars(select(Call.note)).all() == ["long beep"]
        assert db.session.get_one(Invitation, person).claimed_by_id is None


@pytest.mark.parametrize("outcome", ["", "answered", "refused", "call_back", "nonsense"])
def test_an_outcome_that_this_button_cannot_have_is_refused(
    app: Flask, caller: FlaskClient, person: int, outcome: str
) -> None:
    assert caller.post(f"/calls/{person}/nobody", data={"outcome": outcome}).status_code == 400
    assert outcomes(app) == []


def test_who_was_spoken_to_counts_as_asked(app: Flask, caller: FlaskClient, person: int) -> None:
    lens = Lens(User(email="", tied_to=[]), Period(day_in(app, -30), day_in(app, 0)))

    def asked() -> list[str]:
        with app.app_context():
            return [row.outcome for row in departures(lens)]

    caller.post(f"/calls/{person}/nobody", data={"outcome": "voicemail"})
    assert asked() == [NOT_ASKED]
    with inside(app):
        called(person, "refused", hours_ago=-0.1)
    assert asked() == [NO_ANSWER]


@pytest.mark.parametrize(
    ("path", "outcome", "state"),
    [
        ("nobody", "wrong_number", "withdrawn"),
        ("nobody", "other_language", "open"),
        ("refused", "refused", "withdrawn"),
    ],
)
def test_what_ends_and_what_can_be_taken_back(
    app: Flask, caller: FlaskClient, person: int, path: str, outcome: str, state: str
) -> None:
    caller.post(f"/calls/{person}/{path}", data={"outcome": outcome})
    assert (state_of(app, person), outcomes(app)) == (state, [outcome])
    page = caller.get("/calls?lang=en").text
    (undo,) = re.findall(r'action="(/calls/undo/\d+)"', page)
    back = caller.post(undo)
    assert back.location == f"/calls/{person}"
    assert (state_of(app, person), outcomes(app)) == ("open", [])
    assert caller.get(f"/calls/{person}").status_code == 200
    again = caller.post(f"{undo}?lang=en", follow_redirects=True)
    assert "cannot be taken back any more" in again.text
    assert "call taken back" in audited(app)


def test_calls_of_others_old_calls_and_answers_stay(
    app: Flask, caller: FlaskClient, person: int, sign_in: SignIn
) -> None:
    caller.post(f"/calls/{person}/nobody", data={"outcome": "busy"})
    with app.app_context():
        call_id = db.session.scalars(select(Call.id)).one()
    sign_in("manager").post(f"/calls/undo/{call_id}")
    assert outcomes(app) == ["busy"]
    with time_machine.travel(now() + timedelta(hours=1, minutes=1), tick=True):
        caller.post(f"/calls/undo/{call_id}")
    assert outcomes(app) == ["busy"]
    caller.post(f"/calls/{person}/take")
    with inside(app):
        called(person, hours_ago=-0.01)
    caller.post(f"/calls/undo/{call_id}")
    assert outcomes(app) == ["busy", "no_answer"], "somebody has called since"


def test_never_again_is_for_good(app: Flask, caller: FlaskClient, person: int) -> None:
    caller.post(f"/calls/{person}/answer", data=ANSWERED | {"save": "y"})
    caller.post(f"/calls/{person}/refused", data={"refused-never": "y"})
    assert (state_of(app, person), outcomes(app)) == ("opted_out", ["refused"])
    with inside(app):
        assert db.session.scalars(select(Customer.opted_out_at)).one() is not None
        assert suppressed_among({"x@example.org"}, "opted_out")
        assert db.session.scalars(select(ResponseDraft.fields)).all() == [{}]
    assert "/calls/undo/" not in caller.get("/calls").text
    assert "customer opted out" in audited(app)
    kept = caller.post(f"/calls/{person}/answer?lang=en", data=ANSWERED)
    assert kept.status_code == 409
    assert "is not asked any more" in kept.text


AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def test_an_appointment_is_kept_by_the_clock_of_the_organisation(app: Flask, caller: FlaskClient, person: int) -> None:
    day = day_in(app, 2)
    agreed = {"later-day": day.isoformat(), "later-hour": "14:30", "later-note": "after lunch"}
    assert caller.post(f"/calls/{person}/later", data=agreed).status_code == 303
    with app.app_context():
        call = db.session.scalars(select(Call)).one()
        assert (call.outcome, call.note) == ("call_back", "after lunch")
        assert call.appointment_at is not None
        there = call.appointment_at.astimezone(AMSTERDAM)
        assert (there.date(), there.hour, there.minute) == (day, 14, 30)
    assert "Agreed for later" in caller.get("/calls?lang=en").text


@pytest.mark.parametrize(
    ("days", "hour", "words"),
    [
        (-1, "14:30", "Choose a time that is still to come."),
        (90, "14:30", "is not asked any more"),
        (2, "07:30", "At that hour nobody is called: not before 08:00."),
        (2, "", "Choose a time."),
        (2, "25:00", "Time"),
        (None, "14:30", "tomorrow"),
    ],
)
def test_an_appointment_that_cannot_be_kept_is_given_back(
    app: Flask, caller: FlaskClient, person: int, days: int | None, hour: str, words: str
) -> None:
    with inside(app):
        quiet = {"quiet_from": 20, "quiet_until": 8}
        committed(db.session, lambda: db.session.execute(update(ContactPolicy).values(**quiet)))
    day = day_in(app, days).isoformat() if days is not None else "tomorrow"
    typed = {"later-day": day, "later-hour": hour, "later-note": "kept"}
    back = caller.post(f"/calls/{person}/later?lang=en", data=typed)
    assert back.status_code == 422
    assert words in back.text
    assert "kept</textarea>" in back.text
    assert outcomes(app) == []


def test_who_is_not_there_is_no_page(sign_in: SignIn) -> None:
    client = sign_in("interviewer")
    assert client.get("/calls/999999").status_code == 404
    assert client.post("/calls/999999/answer", data=ANSWERED).status_code == 404


def test_a_case_tells_what_was_heard_on_the_phone(app: Flask, caller: FlaskClient, person: int) -> None:
    caller.post(f"/calls/{person}/answer", data=ANSWERED)
    with inside(app):
        classify.run()
        cases.run()
        case_id = db.session.scalars(select(Case.id)).one()
    page = caller.get(f"/cases/{case_id}?lang=en").text
    for words in (
        "as the interviewer understood it: Broken promises",
        "[NAME] was not told.",
        "Answered our questions",
    ):
        assert words in page
