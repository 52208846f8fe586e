"""Building a definition on its page: rules added and taken away, what is tried beside it, versions and their days."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from survey.accounts.models import AuditEntry
from survey.clock import today
from survey.customers.models import Transaction
from survey.database import writing
from survey.defections import definitions, previewing
from survey.defections.models import Definition
from survey.extensions import db
from tests.defections import shop
from tests.defections.test_pages import CHANGE, DEFINITIONS, post, text_of

CONTRACT = {"b-kind": "contract_ended", "b-grace_days": "14", "b-warn_days": "30"}
SERVICE = {"c-kind": "dropped_service", "c-service": "wash", "c-days": "60", "c-bought_times": "2"}
LAPSE = {"kind": "lapse", "days": "77", "segment": "", "together": "all_of"}


@pytest.fixture
def shopped(app):
    """Two years of forty customers who buy one service; all of them were looked at once."""
    with app.app_context(), writing():
        shop.open_shop(shop.random_purchases(seed=6, customers=40, days=700), c0001={"name": "Anna de Wit"})
        db.session.execute(db.update(Transaction).values(service="wash"))
        db.session.commit()
        assert shop.detect(shop.day(690)).new


def typed(page, name):
    """What stands in a field of the page."""
    tag = re.search(rf'<input[^>]* name="{name}"[^>]*>', page)
    return tag and re.search(r'value="([^"]*)"', tag[0])[1]


def day_of(app):
    with app.app_context():
        return today()


def newest(app):
    with app.app_context():
        made = db.session.scalars(select(Definition).order_by(Definition.id.desc())).first()
        return made.kind, made.parameters, made.effective_on


def test_adding_a_rule_keeps_what_was_typed(shopped, sign_in):
    client = sign_in("analyst")
    page = text_of(client.get(CHANGE, query_string=LAPSE | CONTRACT | {"add": "1", "added": "dropped_service"}))
    assert typed(page, "days") == "77"
    assert typed(page, "b-grace_days") == "14"
    assert typed(page, "c-kind") == "dropped_service"
    assert '<option value="wash">wash</option>' in page
    assert "Add this rule" not in page  # three are as many as there may be
    assert '<option selected value="all_of">' in page


def test_taking_a_rule_away_moves_the_others_up(shopped, sign_in):
    client = sign_in("analyst")
    page = text_of(client.get(CHANGE, query_string=LAPSE | CONTRACT | SERVICE | {"remove": "0"}))
    assert typed(page, "kind") == "contract_ended"
    assert typed(page, "grace_days") == "14"
    assert typed(page, "b-days") == "60"
    assert typed(page, "c-kind") is None
    assert client.get(CHANGE, query_string=LAPSE | {"remove": "x"}).status_code == 400
    assert client.get(CHANGE, query_string=LAPSE | {"add": "1", "added": "x"}).status_code == 400


def test_three_rules_are_saved_as_one_definition_and_can_be_opened_again(shopped, app, sign_in):
    client = sign_in("analyst")
    assert post(client, CHANGE, **LAPSE, **CONTRACT, **SERVICE).status_code == 302
    kind, parameters, first = newest(app)
    assert (kind, first) == ("all_of", day_of(app))
    assert parameters == {
        "rules": [
            {"kind": "lapse", "parameters": {"days": 77}},
            {"kind": "contract_ended", "parameters": {"grace_days": 14, "warn_days": 30}},
            {"kind": "dropped_service", "parameters": {"service": "wash", "days": 60, "bought_times": 2}},
        ]
    }
    page = text_of(client.get(CHANGE))
    assert typed(page, "c-bought_times") == "2"
    listed = text_of(client.get(DEFINITIONS))
    assert "All of these must hold: (1) A customer has left after 77 days without a visit. (2)" in listed
    assert "analyst" in listed  # who made it


@pytest.mark.parametrize(
    ("given", "kind", "parameters"),
    [
        ({"kind": "cancelled", "warn_days": "20"}, "cancelled", {"warn_days": 20}),
        ({"kind": "wallet", "share": "40"}, "wallet", {"share": 0.4}),
        (
            {"kind": "decline", "measure": "spend", "share": "50", "level": "highest", "window_days": "90",
             "earlier_days": "180", "earlier_visits": "4"},
            "decline",
            {"measure": "spend", "share": 0.5, "level": "highest", "window_days": 90, "earlier_days": 180,
             "earlier_visits": 4},
        ),
        (
            {"kind": "dropped_service", "service": "wash", "days": "", "times_usual": "2.5", "bought_times": "1"},
            "dropped_service",
            {"service": "wash", "times_usual": 2.5, "bought_times": 1},
        ),
    ],
)  # fmt: skip
def test_every_kind_is_stored_as_its_rule_wants_it(shopped, app, sign_in, given, kind, parameters):
    client = sign_in("analyst")
    assert post(client, CHANGE, segment="", **given).status_code == 302
    assert newest(app)[:2] == (kind, parameters)
    assert client.get(CHANGE).status_code == 200


def test_wrong_in_a_later_rule_is_said_there_and_keeps_the_rest(shopped, app, sign_in):
    client = sign_in("analyst")
    answer = post(client, CHANGE, **LAPSE, **CONTRACT | {"b-grace_days": "-3"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'href="#b-grace_days"' in page
    assert 'value="77"' in page
    assert newest(app)[0] == "lapse"


def test_no_model_no_rule_about_what_it_expects(shopped, app, sign_in):
    client = sign_in("analyst")
    given = {"kind": "expected", "measure": "alive", "below": "0.2", "horizon_days": "90", "segment": ""}
    answer = post(client, CHANGE, **given)
    assert answer.status_code == 422
    assert "There is no model of repeat buying yet." in answer.get_data(as_text=True)
    assert "chance is a number between 0 and 1" in post(client, CHANGE, **given | {"below": "3"}).get_data(as_text=True)


def test_what_it_would_say_stands_beside_it(shopped, app, sign_in):
    client = sign_in("analyst")
    page = text_of(client.get(CHANGE, query_string=LAPSE | {"days": "40", "preview": "1"}))
    assert "by the definition in force" in page
    assert "came back by themselves within 90 days" in page
    assert page.count('<svg class="strip"') == 14  # so many ever stayed away for so long
    assert page.count('<rect class="month') == 24
    assert "Anna de Wit" in page
    assert "one in every" not in page
    with app.app_context():
        tried = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "definition tried")).one()
        assert tried.details == {"shown": 14}
    assert "This is what the definition in force says." in text_of(client.get(CHANGE))


def test_many_customers_are_tried_on_a_sample_that_says_so(shopped, app, sign_in, monkeypatch):
    monkeypatch.setattr(previewing, "SAMPLE", 10)
    page = text_of(sign_in("analyst").get(CHANGE, query_string=LAPSE | {"days": "40", "preview": "1"}))
    assert "tried on one in every 4 customers and scaled up; the real number lies between" in page
    assert "of 40 customers have left" in page
    with app.app_context(), app.test_request_context():
        seen = previewing.preview(definitions.Draft("Standard", "lapse", {"days": 40}))
    assert seen.gone.low < seen.gone.count < seen.gone.high <= 40
    assert seen.gone.count == 4 * seen.tried.gone


def test_a_version_may_be_planned_and_called_off(shopped, app, sign_in):
    client = sign_in("analyst")
    start = day_of(app) + timedelta(days=10)
    assert post(client, CHANGE, **LAPSE, effective_on=start.isoformat()).status_code == 302
    assert newest(app)[2] == start
    with app.app_context():
        assert definitions.standing_for("").parameters == {"days": 180}
        planned = definitions.newest_for("").id
    page = text_of(client.get(DEFINITIONS))
    assert "planned" in page
    assert post(client, f"{DEFINITIONS}/{planned}/retire").status_code == 302
    assert "Called off." in text_of(client.get(DEFINITIONS))
    assert newest(app)[1] == {"days": 180}


def test_a_segment_begins_with_what_holds_for_it(shopped, app, sign_in):
    with app.app_context(), writing():
        shop.add_customers(["gold1"], gold1={"segment": "gold"})
    page = text_of(sign_in("analyst").get(f"{CHANGE}?segment=gold"))
    assert 'value="180"' in page
    assert "None of these customers can be judged by it yet" in page
