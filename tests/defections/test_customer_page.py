"""Looking a customer up, and the page of one: who finds whom, what it says, and that nobody must have left for it."""

from datetime import date

import pytest
from sqlalchemy import select, update

from survey.accounts.models import AuditEntry
from survey.clock import now
from survey.customers.models import Branch, Customer
from survey.database import writing
from survey.defections import definitions
from survey.defections.definitions import Draft
from survey.defections.models import CustomerValue, Defection
from survey.defections.strips import Stretch, strip
from survey.extensions import db
from tests.defections import shop
from tests.defections.shop import day
from tests.reading import text_of

#: nobody is called alike
PEOPLE = {
    "K-1": {"name": "Anna de Wit", "email": "Anna@example.org", "phone": "06 1111 2222", "card_id": "900-1"},
    "K-2": {"name": "Özil 50% Wit", "do_not_contact": True},
    "K-3": {"name": None},
    "K-4": {"name": "Carla Zwart"},
}


@pytest.fixture
def people(app):
    """As of day 200 by a lapse of 60 days: K-1 drifts, K-2 never came, K-3 left, K-4 left and came back. K-3 is of
    Gouda, the others of Delft. The keys of all by their numbers, and of the branches by name."""
    with app.app_context(), writing():
        delft, gouda = Branch(name="Delft"), Branch(name="Gouda")
        db.session.add_all([delft, gouda])
        definitions.revise(Draft("Standard", "lapse", {"days": 60}), None)
        db.session.commit()
        more = {key: {**given, "branch_id": gouda.id if key == "K-3" else delft.id} for key, given in PEOPLE.items()}
        shop.open_shop(
            {"K-1": [(100, 20), (160, 100)], "K-2": [], "K-3": [(10, 5)], "K-4": [(0, 50), (180, 70)]}, **more
        )
        shop.detect(day(120))
        shop.detect(day(200))
        keys = dict(db.session.execute(select(Customer.external_id, Customer.id)).all())
        return keys | {"Delft": delft.id, "Gouda": gouda.id}


def found_by(client, words):
    page = client.get("/customers", query_string={"q": words}).get_data(as_text=True)
    return {key for key in PEOPLE if f">{PEOPLE[key]['name'] or key}</a>" in page}


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("anna", {"K-1"}),
        ("  WIT   de ", {"K-1"}),
        ("wit", {"K-1", "K-2"}),
        ("özil", {"K-2"}),
        ("50%", {"K-2"}),
        ("a_a", set()),
        ("%%", set()),
        ("K-3", {"K-3"}),
        ("K-", set()),
        ("900-1", {"K-1"}),
        ("06 1111 2222", {"K-1"}),
        ("aNNa@EXAMPLE.org", {"K-1"}),
        ("example.org", set()),
        ("w", set()),
        ("x" * 101, set()),
        ("<b>' OR 1=1 --", set()),
    ],
)
def test_found_by_what_is_known(people, sign_in, words, who):
    assert found_by(sign_in("analyst"), words) == who


def test_the_list_says_where_they_stand(people, sign_in, app):
    page = text_of(sign_in("manager").get("/customers?q=wit"))
    assert "2 customers found, by name" in page
    assert "drifting" in page
    assert f'href="/customers/{people["K-1"]}"' in page
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "customers found")).one()
        assert entry.details == {"page": 1, "shown": 2}  # and not what was typed


def test_nobody_found_says_what_to_try(people, sign_in, app):
    client = sign_in("manager")
    assert "Of a name, any part of two letters or more will do." in text_of(client.get("/customers?q=<script>"))
    assert "Nobody found" not in text_of(client.get("/customers"))
    for odd in ("%ff%fe", "%ED%A0%80x", "%E2%80%AEab", "a%5C%25_"):
        assert client.get(f"/customers?q={odd}").status_code == 200
    for wrong in ("?q=wit&page=2", "?q=wit&page=0", "?page=x"):
        assert client.get(f"/customers{wrong}").status_code in (400, 404)
    for page in ("/customers?q=a%00b", "/defections?segment=a%00b", "/defections/drifting?segment=a%00b"):
        assert client.get(page).status_code in (200, 400)  # PostgreSQL does not take it, SQLite finds nobody
    with app.app_context():
        assert not db.session.scalars(select(AuditEntry).where(AuditEntry.action == "customers found")).all()


def test_one_who_drifts(people, sign_in, app):
    with app.app_context(), writing():
        bounds = {"value": 700, "low": 600, "high": 800, "yearly_margin": 1, "remaining_years": 1}
        db.session.add(CustomerValue(customer_id=people["K-1"], as_of=day(200), method="lapse", thin=True, **bounds))
        db.session.commit()
    page = text_of(sign_in("manager").get(f"/customers/{people['K-1']}"))
    assert "Anna de Wit" in page
    assert "Drifting since 9 July 2024." in page
    assert "May still bring in €700, between €600 and €800." in page
    assert "too few visits to tell" in page
    assert "A personal word at the next visit" in page
    assert "2 visits from 10 April 2024 to 9 June 2024." in page
    assert "The 2 newest purchases" in page
    assert page.index("9 Jun 2024</th>") < page.index("10 Apr 2024</th>")
    assert "€100.00" in page
    assert 'href="tel:0611112222"' in page
    with app.app_context():
        viewed = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "customer viewed")).one()
        assert (viewed.object_kind, viewed.object_id) == ("customer", str(people["K-1"]))


def test_one_who_never_came(people, sign_in):
    admin = sign_in("administrator")
    page = text_of(admin.get(f"/customers/{people['K-2']}"))
    assert "No visit is on record." in page
    assert "Asked to be left alone" in page
    assert "svg" not in page.split("<main")[1].split("</main>")[0]
    assert f'href="/customers/{people["K-2"]}/erase"' in page
    asked = text_of(admin.get(f"/customers/{people['K-2']}/erase"))
    assert f'href="/customers/{people["K-2"]}"' in asked


def test_who_left_and_who_came_back(people, sign_in):
    client = sign_in("analyst")
    left, back = (text_of(client.get(f"/customers/{people[key]}")) for key in ("K-3", "K-4"))
    assert "Left on 11 March 2024." in left
    assert "What to do next" not in left
    assert "not yet" in left
    assert "Came back on 29 June 2024." in back
    assert "Say that it is good to see them" in back
    assert "29 Jun 2024" in back


@pytest.mark.parametrize(
    ("low", "high", "method", "said"),
    [
        (100, 300, "own_history", '€200<br><span class="small quiet">€100 to €300</span>'),
        (200, 200, "contract", '€200<br><span class="small quiet">as the contract says</span>'),
        (None, None, "first_estimate", "€200</td>"),
    ],
)
def test_what_was_lost_stands_with_its_bounds(people, sign_in, app, low, high, method, said):
    with app.app_context(), writing():
        worth = {"lost_value": 200, "value_low": low, "value_high": high, "value_method": method}
        db.session.execute(update(Defection).where(Defection.customer_id == people["K-3"]).values(**worth))
        db.session.commit()
    client = sign_in("manager")
    for path in (f"/customers/{people['K-3']}", "/defections"):
        assert said in text_of(client.get(path))


def test_who_has_left_since_brings_in_nothing_more(people, sign_in, app):
    """Values are worked out after detection: until then a row of the night before stands."""
    with app.app_context(), writing():
        bounds = {"value": 700, "low": 600, "high": 800, "yearly_margin": 1, "remaining_years": 1}
        db.session.add(CustomerValue(customer_id=people["K-3"], as_of=day(199), method="lapse", thin=False, **bounds))
        db.session.commit()
    assert "May still bring in" not in text_of(sign_in("manager").get(f"/customers/{people['K-3']}"))


def test_how_to_reach_them_is_for_who_may_have_it(people, sign_in):
    page = text_of(sign_in("analyst").get(f"/customers/{people['K-1']}"))
    assert "0611112222" not in page
    assert "Anna@" not in page
    assert "May be written to or called" in page


def test_a_stranger_and_an_erased_one_are_not_there(people, sign_in, app):
    tied = sign_in("manager", branches=(people["Delft"],))
    assert tied.get(f"/customers/{people['K-3']}").status_code == 404
    assert tied.get(f"/customers/{people['K-1']}").status_code == 200
    assert found_by(tied, "K-3") == set()
    interviewer = sign_in("interviewer")
    assert interviewer.get(f"/customers/{people['K-1']}").status_code == 403
    assert interviewer.get("/customers?q=anna").status_code == 403
    with app.app_context(), writing():
        gone = {"erased_at": now(), "name": None, "email": None, "phone": None, "card_id": None}
        db.session.execute(update(Customer).where(Customer.id == people["K-1"]).values(**gone))
        db.session.commit()
    client = sign_in("administrator")
    assert client.get(f"/customers/{people['K-1']}").status_code == 404
    assert client.get("/customers/999999").status_code == 404
    assert found_by(client, "K-1") == set()


def test_what_lies_outside_of_a_strip_is_not_drawn_at_its_edge():
    stretch = Stretch(date(2025, 1, 1), date(2025, 12, 31))
    assert strip([], stretch, date(2024, 3, 1), date(2024, 9, 1)).gone is None
    begun_before = strip([], stretch, date(2024, 3, 1), date(2025, 2, 1))
    assert (begun_before.fired, begun_before.returned) == (False, True)
    assert begun_before.gone is not None
    assert begun_before.gone[0] == 0
    within = strip([], stretch, date(2025, 3, 1))
    assert (within.fired, within.returned) == (True, False)
    assert strip([], stretch, date(2026, 1, 1)).gone is None
