"""Cases: opened for the right people and once, taken care of by who may see them, closed once."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from survey.accounts.models import AuditEntry
from survey.clock import now, today
from survey.customers.models import Customer
from survey.database import committed
from survey.extensions import db
from survey.invitations.closing import opt_out
from survey.jobs.tasks import cases as job
from survey.notices import standing
from survey.responses.models import Response
from survey.winback.models import Case, CaseNote, Promise, Remedy, RemedyTried
from survey.winback.opening import working_days_after
from tests import stories

SignIn = Callable[..., FlaskClient]

pytestmark = pytest.mark.usefixtures("posts_need_no_token")


def answer(main: str = "rude_staff", may_contact: bool = True, **customer: object) -> Response:
    """Somebody who left last week and answered today. Commits."""
    who = stories.customer(**customer)
    gone = stories.defection(who, on=today() - timedelta(days=7))
    response = stories.response("They were rude.", main, asked=stories.invitation(gone))
    response.created_at, response.may_contact, response.masked_words = now(), may_contact, "They were rude."
    db.session.commit()
    return response


def the_case() -> Case:
    db.session.expire_all()
    return db.session.scalars(select(Case)).one()


# -- who gets one ----------------------------------------------------------------------------------------------


def test_who_may_be_contacted_gets_a_case_and_only_one(context: None) -> None:
    answer("circumstances")
    assert job.run() == {"opened": 1, "late": 0}
    assert job.run() == {"opened": 0, "late": 0}
    case = the_case()
    assert (case.opened_because, case.state, case.owner_id) == ("asked", "open", None)
    assert case.due_on == working_days_after(today(), 3)


def test_whose_reason_has_a_remedy_gets_one_too(context: None) -> None:
    answer("rude_staff", may_contact=False)
    answer("circumstances", may_contact=False)
    assert job.run()["opened"] == 1
    assert the_case().opened_because == "remedy"


def test_a_remedy_that_is_switched_off_opens_nothing(context: None) -> None:
    db.session.execute(update(Remedy).values(active=False))
    answer("rude_staff", may_contact=False)
    assert job.run()["opened"] == 0


@pytest.mark.parametrize("what", ["opted out", "do not contact", "erased", "came back", "long ago"])
def test_who_is_to_be_left_alone_gets_none(context: None, what: str) -> None:
    response = answer()
    customer = db.session.scalars(select(Customer)).one()
    if what == "opted out":
        opt_out(response.invitation_id)
    elif what == "do not contact":
        customer.do_not_contact = True
    elif what == "erased":
        customer.name = customer.email = customer.phone = customer.card_id = None
        customer.erased_at = now()
    elif what == "came back":
        stories.db.session.execute(update(stories.Defection).values(returned_on=today()))
    else:
        response.created_at = now() - timedelta(days=61)
    db.session.commit()
    assert job.run()["opened"] == 0


def test_days_of_work_leave_out_the_weekend() -> None:
    friday = date(2026, 11, 27)
    assert working_days_after(friday, 1) == date(2026, 11, 30)
    assert working_days_after(friday, 3) == date(2026, 12, 2)
    assert working_days_after(friday, 0) == friday


def test_a_late_case_is_told_and_settled(context: None) -> None:
    answer()
    job.run()
    committed(db.session, lambda: db.session.execute(update(Case).values(due_on=today() - timedelta(days=1))))
    assert job.run()["late"] == 1
    (notice,) = standing()
    assert notice.message % notice.values == "Cases of customers who left that are late: 1."
    committed(db.session, lambda: db.session.execute(update(Case).values(due_on=today())))
    job.run()
    assert standing() == []


# -- who may see and do what ---------------------------------------------------------------------------------


def case_in(branch: str) -> int:
    answer(branch_id=stories.branch(branch).id, name="Piet Verweg")
    job.run()
    key = the_case().id
    db.session.rollback()
    return key


def test_the_front_line_sees_its_branches_only(app: Flask, context: None, sign_in: SignIn) -> None:
    branch_id = stories.branch("Utrecht").id
    case_id = case_in("Zwolle")
    tied = sign_in("interviewer", branches=(branch_id,))
    assert "Piet Verweg" not in tied.get("/cases?lang=en").get_data(as_text=True)
    for path in ("", "/take", "/note", "/close", "/again", "/later", "/give", "/promise"):
        call = tied.get if not path else tied.post
        assert call(f"/cases/{case_id}{path}").status_code == 404, path


def test_who_is_tied_to_no_branch_sees_all(context: None, sign_in: SignIn) -> None:
    case_in("Zwolle")
    assert "Piet Verweg" in sign_in("interviewer").get("/cases?lang=en").get_data(as_text=True)


@pytest.mark.sqlite
def test_analysts_have_no_call_to_see_who_it_is(sign_in: SignIn) -> None:
    analyst = sign_in("analyst")
    assert [analyst.get(path).status_code for path in ("/cases", "/promises")] == [403, 403]


@pytest.mark.sqlite
@pytest.mark.parametrize("address", ["/cases?which=none", "/cases?branch=x", "/promises?state=x"])
def test_an_address_that_makes_no_sense_is_refused(sign_in: SignIn, address: str) -> None:
    assert sign_in("manager").get(address).status_code == 400


# -- from opening to outcome -----------------------------------------------------------------------------------


def test_from_opening_to_outcome(context: None, sign_in: SignIn) -> None:
    answer(name="Mevrouw Jansen", phone="+31 6 12345678")
    job.run()
    case_id = the_case().id
    db.session.rollback()
    person = sign_in("interviewer")
    page = person.get(f"/cases/{case_id}?lang=en").get_data(as_text=True)
    for words in ("Mevrouw Jansen", "They were rude.", "Nobody takes care yet.", "tel:+31612345678", "make no offer"):
        assert words in page

    assert person.post(f"/cases/{case_id}/take").status_code == 303
    person.post(f"/cases/{case_id}/note", data={"note": "Called, listened, said sorry."})
    promised = {"text": "The manager writes a letter.", "source": "case", "due_on": today().isoformat()}
    person.post(f"/cases/{case_id}/promise", data=promised)
    remedy = db.session.scalars(select(Remedy).where(Remedy.reason_id == the_case().reason_id)).first()
    assert remedy is not None
    remedy_id = remedy.id
    db.session.rollback()
    assert person.post(f"/cases/{case_id}/tried/{remedy_id}").status_code == 303
    assert person.post(f"/cases/{case_id}/tried/{remedy_id}").status_code == 303
    page = person.post(f"/cases/{case_id}/close", data={"outcome": "content"}, follow_redirects=True).get_data(True)

    assert "Stays away, and is content" in page
    assert "No purchase since." in page
    case = the_case()
    assert (case.state, case.outcome) == ("closed", "content")
    assert case.closed_at is not None
    assert [note.text for note in db.session.scalars(select(CaseNote))] == ["Called, listened, said sorry."]
    assert len(db.session.scalars(select(RemedyTried)).all()) == 1
    assert [promise.text for promise in db.session.scalars(select(Promise))] == ["The manager writes a letter."]
    actions = set(db.session.scalars(select(AuditEntry.action)))
    assert {"case viewed", "case given", "case noted", "promise noted", "remedy tried", "case closed"} <= actions


def test_a_closed_case_is_not_closed_twice_and_can_be_opened_again(context: None, sign_in: SignIn) -> None:
    answer()
    job.run()
    case_id = the_case().id
    db.session.rollback()
    person = sign_in("manager")
    person.post(f"/cases/{case_id}/close", data={"outcome": "not_reached"})
    again = person.post(f"/cases/{case_id}/close?lang=en", data={"outcome": "declined"}, follow_redirects=True)
    assert "This case was closed meanwhile" in again.get_data(as_text=True)
    assert the_case().outcome == "not_reached"
    db.session.rollback()
    person.post(f"/cases/{case_id}/again")
    case = the_case()
    assert (case.state, case.outcome, case.closed_at) == ("open", "", None)


@pytest.mark.parametrize(
    ("what", "data", "words"),
    [
        ("note", {"note": "  "}, "Write what was done."),
        ("note", {"note": "x" * 2001}, "x" * 2001),
        ("close", {"outcome": "<b>"}, "How did it end?"),
        ("later", {"until": "2020-01-01"}, "Choose today or a later day."),
        ("give", {"owner": "999999"}, "Who takes care"),
        (
            "promise",
            {"text": "A letter", "source": "case", "made_on": "2026-01-05", "due_on": "2026-01-04"},
            "A letter",
        ),
    ],
)
def test_bad_input_changes_nothing_and_keeps_what_was_typed(
    context: None, sign_in: SignIn, what: str, data: dict[str, str], words: str
) -> None:
    answer()
    job.run()
    case_id, due = the_case().id, the_case().due_on
    db.session.rollback()
    refused = sign_in("manager").post(f"/cases/{case_id}/{what}?lang=en", data=data)
    assert refused.status_code == 422
    assert words in refused.get_data(as_text=True)
    case = the_case()
    assert (case.state, case.owner_id, case.due_on) == ("open", None, due)
    assert db.session.scalars(select(CaseNote)).all() == []
    assert db.session.scalars(select(Promise)).all() == []


def test_offers_are_kept_from_who_did_not_agree_to_them(context: None, sign_in: SignIn) -> None:
    answer("price")
    job.run()
    case = the_case()
    offer = db.session.scalars(select(Remedy).where(Remedy.is_offer)).one()
    offer_id, text, case_id = offer.id, offer.en, case.id
    db.session.rollback()
    person = sign_in("manager")
    assert text not in person.get(f"/cases/{case_id}?lang=en").get_data(as_text=True)
    assert person.post(f"/cases/{case_id}/tried/{offer_id}").status_code == 404
    committed(db.session, lambda: db.session.execute(update(Customer).values(call_consent=True)))
    assert text in person.get(f"/cases/{case_id}?lang=en").get_data(as_text=True)


def test_words_of_the_case_are_text(context: None, sign_in: SignIn) -> None:
    answer(name="<script>alert(1)</script>")
    job.run()
    case_id = the_case().id
    db.session.rollback()
    person = sign_in("manager")
    person.post(f"/cases/{case_id}/note", data={"note": "<img src=x onerror=alert(1)> {{ 7*7 }}"})
    page = person.get(f"/cases/{case_id}").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;img src=x onerror=alert(1)&gt; {{ 7*7 }}" in page
