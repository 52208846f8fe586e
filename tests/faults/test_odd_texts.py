"""B13, B14, B21, B23: odd texts in every form of asking and of coming back are kept clean or refused, shown as text."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from survey.clock import now, today
from survey.customers.models import Branch
from survey.database import writing
from survey.extensions import db
from survey.jobs.tasks import cases as job
from survey.questionnaires.models import Questionnaire, TargetingRule
from survey.responses.models import WalkInAnswer
from survey.responses.walk_in import links
from survey.winback.models import Case, CaseNote, Promise, Remedy
from tests import stories
from tests.responses.test_walk_in import stamp_in

SignIn = Callable[..., FlaskClient]

MARKS = "e" + "\u0301" * 500
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{7*7}}${7*7}{% raw %}'
UNREADABLE = "a\u202eb\u202c c\u200bd\ufeff e\x1b[31mf\r\ng \ufffd"
LETTERS = "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u05e9\u05dc\u05d5\u05dd"
ODD = ["\x00", "a\x00b", UNREADABLE, MARKS, LETTERS, HOSTILE]
#: what may stand in no row: controls but for tab and line end, what turns the writing round, what cannot be seen
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\ufeff]|\u0301{5}")

pytestmark = pytest.mark.usefixtures("posts_need_no_token")


@pytest.fixture
def business(app: Flask) -> dict[str, str]:
    """A case, a customer and a card; gives two addresses, and a day on which something may be due."""
    with app.app_context(), writing():
        who = stories.customer(external_id="K1")
        gone = stories.defection(who, on=today() - timedelta(days=7))
        answer = stories.response("Rude.", "rude_staff", asked=stories.invitation(gone))
        answer.created_at, answer.may_contact = now(), True
        db.session.flush()
        job.run()
        card = links.make(stories.branch("Utrecht").id, 1)
        db.session.commit()
        case = f"/cases/{db.session.scalars(select(Case.id)).one()}"
        return {"case": case, "card": f"/b/{card.code}", "due": today().isoformat()}


def forms(text: str, business: dict[str, str]) -> dict[str, dict[str, str]]:
    """Every form of the staff in which text is typed: its address, and what is filled in."""
    promise = {"text": text, "source": "case", "due_on": business["due"]}
    both = {"nl": text, "en": text}
    return {
        f"{business['case']}/note": {"note": text},
        f"{business['case']}/promise": promise,
        "/promises": promise | {"customer": "K1"},
        "/remedies/of/price": both,
        "/targeting/add": {"name": text, "channel": "mail", "questionnaire": "1", "wait_days": "3"},
        "/questionnaires/1/name": {"name": text, "seen": "0"},
        "/questionnaires/new": {"name": text, "source": "garage"},
        "/questionnaires/1/questions?kind=short": both | {"kind": "short", "seen": "0"},
    }


def kept(app: Flask) -> list[str]:
    """Every text that a form of this file may have stored."""
    columns = (CaseNote.text, Promise.text, Remedy.nl, Remedy.en, TargetingRule.name, Questionnaire.name)
    with app.app_context():
        found = [text for column in columns for text in db.session.scalars(select(column)) if text]
        drafts = [str(draft) for draft in db.session.scalars(select(Questionnaire.draft)) if draft]
        words = [text for text in db.session.scalars(select(WalkInAnswer.words)) if text]
        return found + drafts + words


def test_odd_text_is_kept_clean_or_refused(
    app: Flask, client: FlaskClient, business: dict[str, str], sign_in: SignIn
) -> None:
    staff = sign_in("administrator", "analyst", "manager")
    for text in ODD:
        for address, given in forms(text, business).items():
            status = staff.post(address, data=given).status_code
            assert status in (303, 409, 422), f"{address} {text!r}: {status}"
        # a number that nobody has, and a branch that is none
        assert staff.post("/promises", data={"text": "x", "source": "branch", "customer": text}).status_code == 422
        assert staff.post("/branch-links", data={"branch": text, "questionnaire": text}).status_code == 422
        at = stamp_in(client.get(business["card"]).text)
        assert client.post(business["card"], data={"at": at, "reason": "price", "words": text}).status_code == 303

    assert [stored for stored in kept(app) if UNSEEN.search(stored)] == []
    pages = ("/promises", "/remedies", "/targeting", "/questionnaires", "/questionnaires/1", "/walk-in", "/audit")
    for address in (business["case"], *pages):
        page = staff.get(address, follow_redirects=True)
        assert page.status_code == 200, address
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


def test_names_of_branches_are_text_on_cards_and_forms(app: Flask, client: FlaskClient, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        link_id = links.make(stories.branch("Utrecht").id, 1).id
        code = db.session.scalars(select(links.BranchLink.code)).one()
        db.session.execute(update(Branch).values(name=HOSTILE[:100]))
        db.session.commit()
    staff = sign_in("administrator")
    page = client.get(f"/b/{code}").text
    at = stamp_in(page)
    client.post(f"/b/{code}", data={"at": at, "reason": "price"})
    shown = [page, *(staff.get(path).text for path in (f"/branch-links/{link_id}", "/branch-links", "/walk-in"))]
    shown.append(staff.post("/questionnaires/1/retire", data={"seen": "0"}, follow_redirects=True).text)
    for text in shown:
        assert "<script>alert" not in text
        assert "<img src=x" not in text


@pytest.mark.sqlite
@pytest.mark.parametrize("kind", ["a", "stop", "b", "my-data"])
def test_an_address_without_a_code_is_no_page(client: FlaskClient, kind: str) -> None:
    """B01, of no characters."""
    for path in (f"/{kind}/", f"/{kind}"):
        assert client.get(path).status_code == 404
        assert client.post(path, data={"reason": "price"}).status_code == 404
