"""Remedies that management edits, and who came back by the purchases."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.accounts.models import User
from survey.clock import now
from survey.customers.histories import mark, refresh_some
from survey.extensions import db
from survey.taxonomy.models import Reason
from survey.winback.models import Case, Remedy, RemedyTried
from survey.winback.returns import WITHIN, returns_until
from tests import stories

SignIn = Callable[..., FlaskClient]

KNOWN = date(2026, 6, 30)
LAST = KNOWN - WITHIN

pytestmark = pytest.mark.usefixtures("posts_need_no_token")


def texts(code: str) -> list[str]:
    query = select(Remedy.en).join(Reason, Reason.id == Remedy.reason_id).where(Reason.code == code)
    found = list(db.session.scalars(query.order_by(Remedy.position)))
    db.session.rollback()
    return found


@pytest.mark.sqlite
@pytest.mark.parametrize("role", ["analyst", "interviewer"])
def test_remedies_are_for_management(sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    assert [client.get("/remedies").status_code, client.post("/remedies/1/up").status_code] == [403, 403]


def test_price_is_never_answered_by_a_lower_price(context: None) -> None:
    assert not [text for text in texts("price") if "discount" in text.lower() or "lower" in text.lower()]


def test_remedies_are_added_moved_changed_and_switched_off(context: None, sign_in: SignIn) -> None:
    manager = sign_in("manager")
    before = texts("premises")
    manager.post("/remedies/of/premises", data={"nl": "Nodig uit om te kijken.", "en": "Invite them to come and see."})
    assert texts("premises") == [*before, "Invite them to come and see."]
    key = db.session.scalar(select(Remedy.id).where(Remedy.en == "Invite them to come and see."))
    db.session.rollback()
    for _ in range(2):
        assert manager.post(f"/remedies/{key}/up").status_code == 303
    assert texts("premises") == ["Invite them to come and see.", *before]
    manager.post(f"/remedies/{key}", data={"nl": "Kom kijken.", "en": "Come and see.", "is_offer": "y"})
    manager.post(f"/remedies/{key}/switch")
    changed = db.session.get_one(Remedy, key)
    assert (changed.en, changed.is_offer, changed.active) == ("Come and see.", True, False)
    db.session.rollback()
    refused = manager.post(f"/remedies/{key}?lang=en", data={"nl": "", "en": "Kept as typed"})
    assert refused.status_code == 422
    assert "Kept as typed" in refused.get_data(as_text=True)
    db.session.rollback()
    assert manager.post("/remedies/of/nonsense").status_code == 404
    db.session.rollback()
    assert manager.post("/remedies/999999/up").status_code == 404


def left(on: date, returned: date | None, with_case: bool = False, main: str = "price") -> Case | None:
    gone = stories.defection(stories.customer(), on=on, returned_on=returned)
    stories.response(None, main, asked=stories.invitation(gone))
    if not with_case:
        return None
    case = Case(
        defection_id=gone.id, customer_id=gone.customer_id, opened_because="remedy", due_on=on, opened_at=now(),
        reason_id=db.session.scalars(select(Reason.id).where(Reason.code == main)).one(),
    )  # fmt: skip
    db.session.add(case)
    db.session.flush()
    return case


def test_coming_back_is_counted_within_its_days_and_only_where_it_is_known(
    context: None, user: Callable[..., int]
) -> None:
    manager = db.session.get_one(User, user("manager"))
    left(LAST, LAST + WITHIN)
    left(LAST, LAST + WITHIN + timedelta(days=1))
    case = left(LAST - timedelta(days=365), LAST, with_case=True)
    assert case is not None
    left(LAST, None, with_case=True)
    left(LAST + timedelta(days=1), LAST + timedelta(days=2), with_case=True)
    left(LAST - timedelta(days=366), LAST, main="errors")
    remedy = db.session.scalars(select(Remedy).where(Remedy.reason_id == case.reason_id)).first()
    assert remedy is not None
    db.session.add(RemedyTried(case_id=case.id, remedy_id=remedy.id, at=now()))
    db.session.commit()

    found = returns_until(KNOWN, manager)

    (price,) = found.reasons
    assert (price.all.departures, price.all.returned) == (4, 1)
    assert (price.with_case.departures, price.with_case.returned) == (2, 0)
    assert price.all.share.low < 0.25 < price.all.share.high
    assert found.not_yet_known == 1
    (tried,) = found.remedies
    assert (tried.remedy.id, tried.tried.departures, tried.tried.returned) == (remedy.id, 1, 0)


def test_the_page_says_what_is_known_and_when_nothing_is(context: None, sign_in: SignIn) -> None:
    manager = sign_in("manager")
    assert "Nothing can be said yet" in manager.get("/winback?lang=en").get_data(as_text=True)
    who = stories.customer()
    stories.visit(who, KNOWN)
    left(LAST, LAST + timedelta(days=3))
    mark([who.id])
    refresh_some()
    db.session.commit()
    page = " ".join(manager.get("/winback?lang=en").get_data(as_text=True).split())
    assert "One customer left from" in page


@pytest.mark.sqlite
def test_interviewers_have_cases_and_no_figures(sign_in: SignIn) -> None:
    assert sign_in("interviewer").get("/winback").status_code == 403
