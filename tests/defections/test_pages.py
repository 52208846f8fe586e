"""The pages of who left: who may see them, what they say, and what they change."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from survey.accounts.models import AuditEntry
from survey.customers.models import Branch
from survey.database import writing
from survey.defections import definitions
from survey.defections.models import Definition
from survey.extensions import db
from tests.defections import shop
from tests.defections.shop import day

ALL = "/defections"
DEFINITIONS = "/defections/definitions"
CHANGE = "/defections/definitions/change"


@pytest.fixture
def left(app):
    """Four customers of two branches: anna and bert of Delft, carl of Gouda (back again), dora of none."""
    with app.app_context(), writing():
        delft, gouda = Branch(name="Delft"), Branch(name="Gouda")
        db.session.add_all([delft, gouda])
        db.session.commit()
        shop.open_shop(
            {"anna": [(0, 100)], "bert": [(30, 50)], "carl": [(0, 20), (250, 20)], "dora": [(400, 5)]},
            anna={"branch_id": delft.id, "segment": "gold", "name": "Anna de Wit"},
            bert={"branch_id": delft.id, "yearly_value": Decimal("900.00")},
            carl={"branch_id": gouda.id, "segment": "gold"},
        )
        shop.detect(day(300))
        return {"Delft": delft.id, "Gouda": gouda.id}


def text_of(response):
    assert response.status_code == 200
    return " ".join(response.get_data(as_text=True).split())


def row_of(page, name):
    return next((row for row in page.split("<tr>")[1:] if name in row), "")


def test_the_list_says_who_left_and_what_it_costs(left, sign_in):
    page = text_of(sign_in("manager").get(ALL))
    assert "3 times a customer left. 1 of them came back." in page
    assert "Anna de Wit" in row_of(page, "anna")
    assert "29 Jun 2024" in row_of(page, "anna")
    assert "not yet" in row_of(page, "anna")
    assert "as you gave it" in row_of(page, "bert")
    assert "€900" in row_of(page, "bert")
    assert "7 Sep 2024" in row_of(page, "carl")
    assert "dora" not in page
    assert "first estimate without one until the coming night" in page


def test_the_lost_value_of_the_page_is_the_sum_of_those_still_gone(left, sign_in, app):
    page = text_of(sign_in("manager").get(ALL))
    with app.app_context():
        from survey.defections.models import Defection

        lost = sum(db.session.scalars(select(Defection.lost_value).where(Defection.returned_on.is_(None))))
    assert f"an estimated loss of €{lost:,.0f}." in page


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("?state=gone", {"anna", "bert"}),
        ("?state=returned", {"carl"}),
        ("?segment=gold", {"anna", "carl"}),
        ("?from=2024-07-01", {"bert"}),
        ("?to=2024-06-29", {"anna", "carl"}),
        ("?from=2024-06-29&to=2024-06-29&segment=&branch=", {"anna", "carl"}),
        ("?branch={Gouda}", {"carl"}),
        ("?branch=999", set()),
        ("?segment=unknown", set()),
    ],
)
def test_filters_stand_in_the_address(left, sign_in, address, shown):
    page = text_of(sign_in("analyst").get(ALL + address.format(**left)))
    assert {name for name in ("anna", "bert", "carl") if row_of(page, name)} == shown
    if not shown:
        assert "Nobody in this list" in page


@pytest.mark.parametrize(
    "address", ["?from=yesterday", "?branch=x", "?branch=99999999999", "?page=0", "?page=-1", "?page=x", "?state=dead"]
)
def test_an_address_without_sense_is_refused(left, sign_in, address):
    assert sign_in("manager").get(ALL + address).status_code == 400


def test_pages_hold_fifty_and_end(app, sign_in):
    with app.app_context(), writing():
        shop.open_shop({f"c{n:03}": [(0, 5)] for n in range(120)})
        shop.detect(day(300))
    client = sign_in("manager")
    seen = [text_of(client.get(f"{ALL}?page={n}")) for n in (1, 2, 3)]
    assert [page.count("<tr>") - 1 for page in seen] == [50, 50, 20]
    assert "Page 2 of 3, 120 in all" in seen[1]
    assert client.get(f"{ALL}?page=4").status_code == 404


def test_who_is_tied_to_a_branch_sees_only_that(left, sign_in):
    page = text_of(sign_in("manager", branches=(left["Delft"],)).get(ALL))
    assert "2 times a customer left. 0 of them came back." in page
    assert not row_of(page, "carl")
    assert "Gouda" not in page
    other = text_of(sign_in("analyst", branches=(left["Delft"],)).get(f"{ALL}?branch={left['Gouda']}"))
    assert "Nobody in this list" in other


@pytest.mark.parametrize("address", [ALL, DEFINITIONS, CHANGE])
def test_interviewers_and_strangers_see_nothing(client, sign_in, address):
    assert sign_in("interviewer").get(address).status_code == 403
    assert client.get(address).status_code == 302


def test_seeing_people_is_written_down(left, sign_in, app):
    sign_in("manager").get(ALL)
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "defections viewed")).one()
        assert entry.details == {"page": 1, "shown": 3}


def test_dutch_figures_on_the_dutch_page(left, sign_in):
    assert "29 jun 2024" in text_of(sign_in("manager", language="nl").get(ALL))


def test_definitions_are_told_in_sentences(client, sign_in):
    page = text_of(sign_in("manager").get(DEFINITIONS))
    assert "A customer has left after 180 days without a visit." in page
    assert "in force" in page
    assert CHANGE not in page


def token(client, address):
    page = client.get(address).get_data(as_text=True)
    return page.split('name="csrf_token" value="')[1].split('"')[0]


def post(client, address, **given):
    return client.post(address, data=given | {"csrf_token": token(client, CHANGE)})


def versions(app):
    with app.app_context():
        query = select(Definition).order_by(Definition.id)
        return [(d.name, d.version, d.kind, d.parameters, d.segment, d.active) for d in db.session.scalars(query)]


def in_force(app, on=None):
    with app.app_context():
        return [(d.name, d.version) for d in definitions.in_force(on)]


def test_a_change_is_a_new_version_and_the_old_one_stays(app, sign_in):
    client = sign_in("analyst")
    saved = post(client, CHANGE, kind="lapse", days="90", times_usual="2.5", segment="")
    assert (saved.status_code, saved.location) == (302, DEFINITIONS)
    assert versions(app) == [
        ("Standard", 1, "lapse", {"days": 180}, "", True),
        ("Standard", 2, "lapse", {"days": 90, "times_usual": 2.5}, "", True),
    ]
    assert in_force(app) == [("Standard", 2)]
    page = text_of(client.get(DEFINITIONS))
    assert "2.5 times their own usual interval without a visit. It takes at least 90 days." in page
    assert "replaced" in page
    with app.app_context():
        assert db.session.scalars(select(AuditEntry.action)).all()[-1] == "definition changed"


def test_saving_the_same_again_makes_no_version(app, sign_in):
    client = sign_in("administrator")
    assert post(client, CHANGE, kind="lapse", days="180", times_usual="", segment="").status_code == 302
    assert len(versions(app)) == 1


def test_a_segment_gets_its_own_and_can_give_it_up(left, app, sign_in):
    client = sign_in("analyst")
    given = {"measure": "spend", "share": "60", "window_days": "60", "earlier_days": "120", "earlier_visits": "3"}
    assert post(client, CHANGE, kind="decline", segment="gold", **given).status_code == 302
    assert versions(app)[0][5] is True
    assert versions(app)[1][:3] == ("gold", 1, "decline")
    assert versions(app)[1][3]["share"] == 0.6
    page = text_of(client.get(DEFINITIONS))
    assert "A customer has left when they spend less than 60% of what they used to. It is seen over 60 days." in page
    again = text_of(client.get(f"{CHANGE}?kind=decline&segment=gold"))
    assert 'value="60"' in again
    with app.app_context():
        key = db.session.scalar(select(Definition.id).where(Definition.name == "gold"))
    assert post(client, f"{DEFINITIONS}/{key}/retire").status_code == 302
    assert in_force(app) == [("Standard", 1)]
    assert "taken away" in text_of(client.get(DEFINITIONS))


def test_the_general_definition_cannot_be_taken_away(app, sign_in):
    client = sign_in("analyst")
    assert post(client, f"{DEFINITIONS}/1/retire").status_code == 400
    assert post(client, f"{DEFINITIONS}/999/retire").status_code == 404
    assert versions(app)[0][5] is True


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"kind": "lapse", "days": "", "times_usual": ""},
            "Give a number of days, a number of usual intervals, or both.",
        ),
        ({"kind": "lapse", "days": "0", "times_usual": ""}, "between 1 and 3650"),
        ({"kind": "lapse", "days": "half a year", "times_usual": ""}, "Not a valid integer"),
        ({"kind": "lapse", "days": "", "times_usual": "nan"}, "between 1 and 100"),
        ({"kind": "decline", "measure": "visits", "share": "50"}, "Not a valid choice"),
        ({"kind": "lapse", "days": "90", "segment": "<b>unknown"}, "Not a valid choice"),
    ],
)
def test_a_wrong_form_comes_back_with_words(app, sign_in, given, words):
    client = sign_in("analyst")
    answer = post(client, CHANGE, **({"segment": ""} | given))
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert len(versions(app)) == 1


def test_an_unknown_kind_is_refused(sign_in):
    client = sign_in("analyst")
    assert client.get(f"{CHANGE}?kind=vanish").status_code == 400
    assert post(client, CHANGE, kind="vanish").status_code == 400


def test_a_preview_says_how_many_and_changes_nothing(left, app, sign_in):
    page = text_of(sign_in("analyst").get(f"{CHANGE}?kind=lapse&days=100&times_usual=&segment=&preview=1"))
    # The last purchase is of day 400: anna and bert are gone, carl came on day 250 and is gone again, dora is not.
    assert "By this definition 3 of 4 customers have left as of 4 February 2025, 75.0%." in page
    assert "csrf_token=" not in page
    assert len(versions(app)) == 1
    gold = text_of(sign_in("administrator").get(f"{CHANGE}?kind=lapse&days=160&times_usual=&segment=gold&preview=1"))
    assert "By this definition 1 of 2 customers have left" in gold


def test_a_preview_without_customers_says_so(app, sign_in):
    page = text_of(sign_in("analyst").get(f"{CHANGE}?kind=lapse&days=100&times_usual=&segment=&preview=1"))
    assert "None of these customers can be judged by it yet" in page


@pytest.mark.parametrize("role", ["manager", "interviewer"])
def test_who_may_not_change_cannot_save(app, sign_in, role):
    client = sign_in(role)
    assert client.get(CHANGE).status_code == 403
    assert client.post(CHANGE, data={"kind": "lapse", "days": "9"}).status_code in (400, 403)
    assert len(versions(app)) == 1


def test_who_is_tied_to_a_branch_may_read_and_not_change(left, app, sign_in):
    client = sign_in("analyst", branches=(left["Delft"],))
    assert CHANGE not in text_of(client.get(DEFINITIONS))
    assert client.get(CHANGE).status_code == 403


def test_reading_changes_nothing(left, app, sign_in):
    client = sign_in("analyst")
    for address in (ALL, DEFINITIONS, f"{CHANGE}?preview=1&days=9"):
        client.get(address)
    assert len(versions(app)) == 1


def test_days_are_those_of_the_fixture():
    assert day(180) == date(2024, 6, 29)
