"""The page of who is drifting: who may see it, what it says and leaves out, and its file."""

import csv
import io
from decimal import Decimal

import pytest
from sqlalchemy import select

from survey.accounts.models import AuditEntry
from survey.clock import now
from survey.customers.models import Branch, Customer
from survey.database import writing
from survey.defections import definitions
from survey.defections.definitions import Draft
from survey.defections.models import CustomerValue
from survey.extensions import db
from survey.jobs.models import Job
from tests.defections import shop
from tests.defections.shop import day

PAGE, FILE = "/defections/drifting", "/defections/drifting.csv"
NAMES = ("anna", "bert", "carl", "dora", "eric", "=cmd")


@pytest.fixture
def drifting(app):
    """As of day 100 by a lapse of 60 days. Of Delft: anna and dora drift, bert is about to leave, eric has left. Of
    Gouda: carl came back. Of none: =cmd drifts, and asked to be left alone."""
    with app.app_context(), writing():
        delft, gouda = Branch(name="Delft"), Branch(name="Gouda")
        db.session.add_all([delft, gouda])
        definitions.revise(Draft("Standard", "lapse", {"days": 60}), None)
        db.session.commit()
        shop.open_shop(
            {
                "anna": [(10, 20), (60, 100)],
                "bert": [(50, 900)],
                "carl": [(0, 50), (95, 50)],
                "dora": [(65, 40)],
                "eric": [(0, 10)],
                "=cmd": [(64, 30)],
            },
            anna={"branch_id": delft.id, "segment": "gold", "name": "Anna de Wit"},
            bert={"branch_id": delft.id},
            carl={"branch_id": gouda.id, "segment": "gold"},
            dora={"branch_id": delft.id, "yearly_value": Decimal("5000.00")},
            eric={"branch_id": delft.id},
            **{"=cmd": {"do_not_contact": True}},
        )
        looked(100)
        return {"Delft": delft.id, "Gouda": gouda.id}


def looked(number):
    """Detection as of a day, as its job leaves it."""
    shop.detect(day(number))
    times = {"created_at": now(), "due_at": now(), "ended_at": now()}
    job = Job(key=f"detect:{number}", kind="detect", arguments={}, state="done", **times)
    job.outcome = {"as_of": day(number).isoformat()}
    db.session.add(job)
    db.session.commit()


def text_of(response):
    assert response.status_code == 200
    return " ".join(response.get_data(as_text=True).split())


def row_of(page, name):
    return next((row for row in page.split("<tr>")[1:] if name in row), "")


def order_of(page):
    names = {name: page.find(row_of(page, name)) for name in NAMES if row_of(page, name)}
    return sorted(names, key=names.__getitem__)


def test_the_page_says_who_drifts_by_value(drifting, sign_in):
    page = text_of(sign_in("manager").get(PAGE))
    assert "3 customers are drifting and 1 is about to leave." in page
    assert "Of the others 0 come as usual, 1 came back lately and 1 has left." in page
    assert "The 4 customers of this list spend €6,050 a year together." in page
    assert order_of(page) == ["dora", "bert", "anna", "=cmd"]
    anna = row_of(page, "anna")
    assert "Anna de Wit" in anna
    assert "drifting" in anna
    assert "31 Mar 2024" in anna
    assert "2 visits, the last on 1 Mar 2024" in anna
    assert "A personal word at the next visit" in anna
    assert "Call or write this week" in row_of(page, "bert")
    assert "Asked to be left alone" in row_of(page, "=cmd")


def test_values_that_were_worked_out_take_the_place_of_a_years_spend(drifting, sign_in, app):
    with app.app_context(), writing():
        for name, amount in (("anna", 700), ("bert", 300)):
            key = db.session.scalar(select(Customer.id).where(Customer.external_id == name))
            terms = {"yearly_margin": 1, "remaining_years": 1, "method": "lapse", "thin": name == "bert"}
            bounds = {"value": amount, "low": amount - 100, "high": amount + 100}
            db.session.add(CustomerValue(customer_id=key, as_of=day(100), **terms, **bounds))
        db.session.commit()
    page = text_of(sign_in("manager").get(PAGE))
    assert order_of(page)[:2] == ["anna", "bert"]
    assert "may still bring in €1,000 together" in page
    assert "€600 to €800" in row_of(page, "anna")
    assert "as their segment" in row_of(page, "bert")
    assert "5,000" not in page


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("?state=drifting", {"anna", "dora", "=cmd"}),
        ("?state=about_to_defect", {"bert"}),
        ("?state=returned", {"carl"}),
        ("?branch={Delft}", {"anna", "bert", "dora"}),
        ("?branch={Gouda}", set()),
        ("?segment=gold", {"anna"}),
        ("?from=2024-04-03", {"dora", "=cmd", "bert"}),
        ("?worth=top", {"dora", "=cmd"}),
        ("?worth=top&branch={Delft}&segment=&state=", {"dora"}),
        ("?branch=999", set()),
    ],
)
def test_filters_stand_in_the_address(drifting, sign_in, address, shown):
    client = sign_in("analyst")
    page = text_of(client.get(PAGE + address.format(**drifting)))
    assert set(order_of(page)) == shown
    if not shown:
        assert "Nobody in this list" in page
    file = client.get(FILE + address.format(**drifting)).get_data(as_text=True)
    rows = list(csv.reader(io.StringIO(file.removeprefix("\ufeff"))))[1:]
    assert {row[0].removeprefix("'") for row in rows} == shown


@pytest.mark.parametrize(
    "address", ["?state=active", "?state=x", "?branch=x", "?from=soon", "?worth=much", "?page=0", "?branch=99999999999"]
)
def test_an_address_without_sense_is_refused(drifting, sign_in, address):
    client = sign_in("manager")
    assert client.get(PAGE + address).status_code == 400
    assert client.get(PAGE + "?page=2").status_code == 404


def test_the_file_is_safe_and_written_down(drifting, sign_in, app):
    sent = sign_in("manager").get(FILE)
    assert sent.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(sent.get_data(as_text=True).removeprefix("\ufeff"))))
    assert rows[0][:6] == ["customer", "name", "branch", "segment", "where they stand", "since"]
    assert [row[0] for row in rows[1:]] == ["dora", "bert", "anna", "'=cmd"]
    assert rows[3][1:8] == ["Anna de Wit", "Delft", "gold", "drifting", "2024-03-31", "2024-03-01", "120.000000"]
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "drifting exported")).one()
        assert entry.details == {"rows": 4}


def test_who_is_tied_to_a_branch_sees_only_that(drifting, sign_in):
    client = sign_in("manager", branches=(drifting["Gouda"],))
    page = text_of(client.get(PAGE))
    assert "0 customers are drifting and 0 are about to leave." in page
    assert "1 came back lately and 0 have left." in page
    assert "Delft" not in page
    other = text_of(client.get(f"{PAGE}?branch={drifting['Delft']}"))
    assert order_of(other) == []
    assert "0 customers are drifting" in other
    assert "anna" not in client.get(FILE).get_data(as_text=True)


def test_interviewers_and_strangers_see_nothing(client, drifting, sign_in):
    interviewer = sign_in("interviewer")
    for address in (PAGE, FILE):
        assert interviewer.get(address).status_code == 403
        assert client.get(address).status_code == 302


def test_the_erased_are_not_listed(drifting, sign_in, app):
    with app.app_context(), writing():
        anna = db.session.scalars(select(Customer).where(Customer.external_id == "anna")).one()
        anna.name = anna.email = anna.phone = anna.card_id = None
        anna.erased_at = now()
        db.session.commit()
    assert "anna" not in order_of(text_of(sign_in("manager").get(PAGE)))


def test_it_says_until_when_departures_and_purchases_are_known(drifting, sign_in, app):
    client = sign_in("manager")
    page = text_of(client.get(PAGE))
    assert "This is as of 10 April 2024." in page
    assert "Not all who came for the last time after 10 February 2024 are known to have left yet." in page
    assert "The last purchase on record" not in page
    with app.app_context(), writing():
        looked(149)
    page = text_of(client.get(PAGE))
    assert "The last purchase on record is of 5 April 2024." in page


def test_before_anybody_was_looked_at(sign_in, client):
    assert "Nobody was looked at yet" in text_of(sign_in("manager").get(PAGE))
