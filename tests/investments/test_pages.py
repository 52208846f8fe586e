"""The pages of the investments: who may see and change what, what is refused, and files in and out."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from survey.accounts.models import AuditEntry
from survey.database import writing
from survey.extensions import db
from survey.investments import checking, register
from survey.investments.models import Investment, InvestmentChange, Verdict
from survey.jobs.models import Job
from tests import stories
from tests.investments.shop import TODAY, entry, fill, invest, key
from tests.reading import text_of

SignIn = Callable[..., FlaskClient]
#: what is filled in; the reason is added by `form`
FILLED = {
    "name": "Training", "amount": "5000", "yearly_cost": "0", "starts_on": "2025-04-01", "wash_in_days": "30",
    "effect_low": "30", "effect_high": "70", "owner": "Els", "purpose": "Be kind",
}  # fmt: skip
HEADER = "naam;bedrag;redenen;vestigingen;begint_op;effect_van;effect_tot\n"

pytestmark = pytest.mark.usefixtures("posts_need_no_token")


def form(app: Flask, code: str = "rude_staff", **given: Any) -> dict[str, Any]:
    with app.app_context():
        return FILLED | {"reasons": str(key(code))} | given


@pytest.fixture
def checked(app: Flask) -> int:
    """A business with two investments that were checked; gives its branch."""
    with app.app_context(), writing():
        branch = fill()
        invest()
        found = checking.work_out(TODAY)
        assert found
        checking.keep(found)
        db.session.commit()
        return branch


def test_the_overview_says_what_to_stop_paying_for(checked: int, sign_in: SignIn) -> None:
    page = text_of(sign_in("manager").get("/investments"))
    assert "You spend €900,000 on “Premises and atmosphere”; 0% of what you lose goes to it." in page
    assert "What to stop paying for, by these figures: “Renovation”." in page
    assert page.index("Training</a>") < page.index("Renovation</a>")  # the most profitable money first
    assert '<strong class="verdict well">Worked.</strong>' in page


def test_the_verdict_page_answers_three_questions(checked: int, sign_in: SignIn) -> None:
    page = text_of(sign_in("analyst").get("/investments/1"))
    for words in ("Worked.", "Could it ever pay back?", "Is the money where the causes are?", "Did it work?"):
        assert words in page
    assert "known after 90 days, so the figures end on 31 March 2026" in page


def test_an_earlier_verdict_stays_as_it_was(app: Flask, checked: int, sign_in: SignIn) -> None:
    client = sign_in("manager")
    before = text_of(client.get("/investments/1/verdicts/1"))
    with app.app_context(), writing():
        register.change(db.session.get_one(Investment, 1), entry("Other name", "price", "9"), None)
        db.session.commit()
    after = text_of(client.get("/investments/1/verdicts/1"))
    start, end = "<h1>", '<div class="buttons">'
    assert before[before.index(start) : before.index(end)] == after[after.index(start) : after.index(end)]


def test_added_changed_removed_and_put_back(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("manager")
    assert client.post("/investments/add", data=form(app)).status_code == 303
    assert client.post("/investments/1/change", data=form(app, amount="6000")).status_code == 303
    assert client.post("/investments/1/change", data=form(app, amount="6000")).status_code == 303  # nothing differs
    assert client.post("/investments/1/remove").status_code == 303
    assert client.post("/investments/1/remove").status_code == 303  # twice is once
    page = text_of(client.get("/investments/1/changes"))
    assert "written down or changed 3 times" in page
    assert "€5,000.00 became €6,000.00" in page
    assert "Removed: no became yes" in page
    assert client.post("/investments/1/put-back").status_code == 303
    with app.app_context():
        assert db.session.scalar(select(func.count(InvestmentChange.id))) == 4
        assert db.session.scalars(select(Job.kind)).all() == ["check_investments"]
        assert db.session.scalar(select(func.count(AuditEntry.id)).where(AuditEntry.object_kind == "investment")) == 6


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"amount": "0"}, "Say what it costs"),
        ({"effect_low": "80"}, "The expected effect is a range"),
        ({"ends_on": "2025-01-01"}, "It ends before it starts."),
        ({"picked_from": "2024-01-01"}, "Give both ends of the months"),
        ({"reasons": ""}, "Choose at least one reason"),
        ({"starts_on": "soon"}, "It starts on"),
    ],
)
def test_what_cannot_be_is_refused_and_kept(app: Flask, sign_in: SignIn, given: dict[str, str], said: str) -> None:
    filled = form(app, **given)
    if not filled["reasons"]:
        del filled["reasons"]
    page = text_of(sign_in("manager").post("/investments/add", data=filled), 422)
    assert said in page
    assert 'value="Els"' in page
    with app.app_context():
        assert not db.session.scalar(select(func.count(Investment.id)))


def test_a_name_is_used_once(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("manager")
    client.post("/investments/add", data=form(app))
    assert "Another investment has this name" in text_of(client.post("/investments/add", data=form(app)), 422)


def test_who_may_not(app: Flask, checked: int, sign_in: SignIn) -> None:
    for role, reads in (("interviewer", 403), ("analyst", 200)):
        client = sign_in(role)
        assert client.get("/investments").status_code == reads
        assert client.get("/investments/1").status_code == reads
        assert client.get("/investments/add").status_code == 403
        assert client.post("/investments/1/remove").status_code == 403
        assert client.post("/investments/import/take").status_code == 403
    assert sign_in("manager").get("/investments/99").status_code == 404
    assert sign_in("manager", branches=(checked,)).get("/investments?branch=99").status_code == 404


def test_who_is_tied_to_a_branch_sees_its_investments_only(app: Flask, checked: int, sign_in: SignIn) -> None:
    """The two of the shop are made everywhere, so they are not theirs."""
    client = sign_in("manager", branches=(checked,))
    assert client.get("/investments/1").status_code == 404
    assert client.get("/investments/1/verdicts/1").status_code == 404
    assert client.post("/investments/1/remove").status_code == 404
    assert "Choose the branches" in text_of(client.post("/investments/add", data=form(app, name="Mine")), 422)
    saved = client.post("/investments/add", data=form(app, name="Mine", branches=str(checked)))
    assert saved.status_code == 303
    page = text_of(client.get("/investments"))
    assert "Mine" in page
    assert "Renovation" not in page


def upload(client: FlaskClient, content: str) -> Any:
    file = (io.BytesIO(content.encode()), "register.csv")
    return client.post("/investments/import", data={"file": file}, content_type="multipart/form-data")


def test_a_spreadsheet_comes_in_whole(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        stories.branch("Zutphen")
        db.session.commit()
    client = sign_in("manager")
    rows = "Training;1.500,00;rude_staff;Zutphen;01-04-2025;30;70\nLampen;€ 250;Price|premises;;2025-05-01;10%;0,2\n"
    page = text_of(upload(client, HEADER + rows))
    assert "This will bring in 2 investments" in page
    with app.app_context():
        assert not db.session.scalar(select(func.count(Investment.id)))
    sent = page[page.index('name="rows" value="') + 19 :]
    data = {"rows": sent[: sent.index('"> <div')]}
    assert client.post("/investments/import/take", data=data).status_code == 303
    assert client.post("/investments/import/take", data=data).status_code == 303  # twice changes nothing
    with app.app_context():
        found = {row.name: row for row in db.session.scalars(select(Investment))}
        assert (found["Training"].amount, found["Lampen"].effect_low) == (1500, 0.1)
        assert [len(found[name].reasons) for name in ("Training", "Lampen")] == [1, 2]
        assert db.session.scalar(select(func.count(InvestmentChange.id))) == 2


def test_every_bad_cell_is_named_and_nothing_comes_in(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("manager")
    rows = "Good;100;price;;2025-04-01;30;70\nBad;1.234;nonsense;Nowhere;31-02-2025;many;70\n"
    page = text_of(upload(client, HEADER + rows), 422)
    assert "5 cells need your attention" in page
    for value in ("1.234", "nonsense", "Nowhere", "31-02-2025", "many"):
        assert f"<td>{value}</td>" in page
    assert "The file has no column “starts_on" in text_of(upload(client, "naam;redenen\nx;price\n"), 422)
    assert client.post("/investments/import/take", data={"rows": "not json"}).status_code == 422
    with app.app_context():
        assert not db.session.scalar(select(func.count(Investment.id)))


def test_what_was_downloaded_can_be_brought_in_again(app: Flask, checked: int, sign_in: SignIn) -> None:
    client = sign_in("manager")
    content = client.get("/investments/export.csv").get_data(as_text=True)
    page = text_of(upload(client, content))
    assert page.count("stands there already") == 2


def test_before_spending(checked: int, app: Flask, sign_in: SignIn) -> None:
    client = sign_in("manager")
    with app.app_context():
        asked = {"reason": key("rude_staff"), "branch": 0, "low": 20, "high": 40, "cost": 5}
    page = text_of(client.get("/investments/before", query_string=asked))
    assert "Within a year only a fall of" in page
    assert "The trap of the worst" in page
    wrong = text_of(client.get("/investments/before", query_string=asked | {"low": 200}), 422)
    assert 'value="200"' in wrong


def test_empty_pages_teach(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("manager")
    assert "Nothing in the register yet" in text_of(client.get("/investments"))
    assert "No figures yet" in text_of(client.get("/investments/before"))
    client.post("/investments/add", data=form(app))
    assert "Not checked yet" in text_of(client.get("/investments"))
    assert "Not checked yet" in text_of(client.get("/investments/1"))
    with app.app_context():
        assert not db.session.scalar(select(func.count(Verdict.id)))


def test_months_as_a_file(checked: int, sign_in: SignIn) -> None:
    lines = sign_in("manager").get("/investments/1/verdicts/1/months.csv").get_data(as_text=True).splitlines()
    assert len(lines) == 25
    assert lines[1].startswith('"2024-04-01","7.000000","7.000000"')
