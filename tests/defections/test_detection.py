"""Detection on stored purchases, held against the slow telling of the rules (invariant N07)."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from analysis.defection.rules import rule_from
from survey.clock import now
from survey.customers.models import Customer
from survey.defections import definitions, detection
from survey.defections.definitions import Draft
from survey.defections.models import Defection
from survey.extensions import db
from tests.analysis import slow_defection as slow
from tests.defections import shop
from tests.defections.shop import day

pytestmark = pytest.mark.usefixtures("context")

LAPSE = ("lapse", {"days": 60})
USUAL = ("lapse", {"times_usual": 3, "days": 21})
SPEND = ("decline", {"measure": "spend", "window_days": 60, "earlier_days": 90, "earlier_visits": 3})
VISITS = ("decline", {"measure": "frequency", "window_days": 45, "share": 0.6})


def define(kind, parameters, segment="", name=None):
    made = definitions.revise(Draft(name or segment or "Standard", kind, parameters, segment), None)
    db.session.commit()
    return made


def slowly(purchases, kind, parameters, until):
    """The episodes of all these customers as the slow telling has them."""
    rule = rule_from(kind, parameters)
    visits = {name: _by_day(bought, until) for name, bought in purchases.items()}
    interval = _mean_interval(visits.values())
    expected = []
    for name, own in sorted(visits.items()):
        if not own:
            continue
        if kind == "lapse":
            found = slow.episodes_of(own, lambda d, v=own: slow.lapse_holds(v, rule, d, interval), until)
        else:
            found = slow.episodes_of(own, lambda d, v=own: slow.decline_holds(v, rule, d), until)
        expected += [(name, n, day(a), day(b), day(c) if c >= 0 else None) for n, a, b, c in found]
    return expected


def _by_day(bought, until):
    days = defaultdict(float)
    for number, amount in bought:
        if number <= until:
            days[number] = round(days[number] + amount, 2)
    return sorted(days.items())


def _mean_interval(histories):
    spans = [(v[-1][0] - v[0][0]) / (len(v) - 1) for v in histories if len(v) > 1]
    return sum(spans) / len(spans)


@pytest.mark.parametrize(("kind", "parameters"), [LAPSE, USUAL, SPEND, VISITS])
def test_detection_equals_the_slow_telling(kind, parameters):
    purchases = shop.random_purchases(seed=4, customers=120, days=500)
    shop.open_shop(purchases)
    define(kind, parameters)
    stored = shop.detect(day(450))
    expected = slowly(purchases, kind, parameters, 450)
    assert len(expected) > 20
    assert shop.stored_episodes() == expected
    assert len(stored.new) == len(expected)
    assert sum(new.is_open for new in stored.new) == sum(row[4] is None for row in expected)


@pytest.mark.parametrize(("kind", "parameters"), [LAPSE, SPEND, VISITS])
def test_day_by_day_gives_what_one_run_at_the_end_gives(kind, parameters):
    purchases = shop.random_purchases(seed=9, customers=60, days=400)
    shop.open_shop(purchases)
    define(kind, parameters)
    for number in (100, 101, 160, 230, 231, 300, 399):
        shop.detect(day(number))
    assert shop.stored_episodes() == slowly(purchases, kind, parameters, 399)


def test_a_second_run_adds_nothing():
    shop.open_shop(shop.random_purchases(seed=2, customers=50, days=300))
    define(*USUAL)
    assert shop.detect(day(290)).new
    before = shop.stored_episodes()
    again = shop.detect(day(290))
    assert (again.new, again.returned) == ([], 0)
    assert shop.stored_episodes() == before


def test_an_earlier_day_looked_at_later_changes_nothing():
    shop.open_shop(shop.random_purchases(seed=2, customers=50, days=300))
    define(*LAPSE)
    shop.detect(day(290))
    before = shop.stored_episodes()
    shop.detect(day(120))
    assert shop.stored_episodes() == before


def test_a_return_is_noticed_and_leaving_again_is_a_second_episode():
    shop.open_shop({"anna": [(0, 10)]})
    define(*LAPSE)
    assert shop.detect(day(70)).new
    shop.add_purchases({"anna": [(80, 10)]})
    seen = shop.detect(day(90))
    assert (seen.new, seen.returned) == ([], 1)
    assert shop.stored_episodes() == [("anna", 1, day(0), day(60), day(80))]
    shop.detect(day(200))
    assert shop.stored_episodes()[1] == ("anna", 2, day(80), day(140), None)


def test_someone_still_gone_gets_no_second_episode_under_another_definition():
    shop.open_shop({"anna": [(0, 10)]})
    define(*LAPSE)
    shop.detect(day(70))
    define("lapse", {"days": 30})
    assert shop.detect(day(71)).new == []


def test_a_purchase_imported_late_shows_that_nobody_had_left():
    shop.open_shop({"anna": [(0, 10)]})
    define(*LAPSE)
    shop.detect(day(70))
    shop.add_purchases({"anna": [(50, 10)]})
    assert shop.detect(day(71)).returned == 1
    assert shop.stored_episodes() == [("anna", 1, day(0), day(60), day(60))]


def test_a_decline_found_untrue_by_late_purchases_is_ended():
    regular = [(number, 10) for number in range(0, 300, 10)]
    shop.open_shop({"anna": regular})
    define("decline", {"measure": "frequency", "window_days": 60})
    assert len(shop.detect(day(345)).new) == 1
    gone_on = shop.stored_episodes()[0][3]
    shop.add_purchases({"anna": [(number, 10) for number in range(300, 350, 10)]})
    assert shop.detect(day(345)).returned == 1
    assert [row[4] for row in shop.stored_episodes()] == [gone_on]


def test_each_segment_by_its_own_definition_and_the_rest_by_the_general_one():
    purchases = {"gold1": [(0, 10)], "gold2": [(0, 10)], "rest": [(0, 10)], "late": [(95, 10)]}
    shop.open_shop(purchases, gold1={"segment": "gold"}, gold2={"segment": "gold"})
    define("lapse", {"days": 90})
    define("lapse", {"days": 30}, segment="gold")
    shop.detect(day(100))
    found = {row[0]: row[3] for row in shop.stored_episodes()}
    assert found == {"gold1": day(30), "gold2": day(30), "rest": day(90)}


def test_a_later_definition_does_not_rewrite_what_was():
    purchases = {"once": [(0, 10), (50, 10), (60, 10)], "gone": [(0, 10)]}
    shop.open_shop(purchases)
    define("lapse", {"days": 100})
    shop.detect(day(65))
    shop.add_purchases({"gone": [(70, 5)]})
    assert shop.stored_episodes() == []
    shop.open_shop({"left": [(0, 10)]})
    shop.detect(day(110))
    assert [row[0] for row in shop.stored_episodes()] == ["left"]
    define("lapse", {"days": 40})
    shop.detect(day(115))
    # `once` was away from day 0 to 50 and `gone` from 0 to 70: over before the new rule was made. Both have
    # been away again for 40 days since, and that is noticed.
    assert shop.stored_episodes() == [
        ("gone", 1, day(70), day(110), None),
        ("left", 1, day(0), day(100), None),
        ("once", 1, day(60), day(100), None),
    ]


def test_value_is_the_own_year_or_what_the_business_gave():
    purchases = {"own": [(0, 100), (200, 40.5), (400, 20)], "given": [(0, 5), (400, 5)], "minus": [(0, -9)]}
    shop.open_shop(purchases, given={"yearly_value": Decimal("1200.00")})
    define("lapse", {"days": 300})
    shop.detect(day(800))
    rows = {
        name: (d.yearly_spend, d.value_method, d.lost_value, d.remaining_years)
        for d, name in db.session.execute(
            select(Defection, Customer.external_id).join(Customer, Customer.id == Defection.customer_id)
        )
        if d.last_visit_on != day(0) or name == "minus"
    }
    years = rows["own"][3]
    # Days before they left: 700 of own; 300 and, back again, 300 of given; 300 of minus. Four episodes.
    assert years == pytest.approx((700 + 600 + 300) / 365.25 / 4)
    assert rows["own"][:2] == (Decimal("60.50"), detection.OWN_SPEND)
    assert rows["own"][2] == pytest.approx(Decimal(60.5 * years), abs=Decimal("0.01"))
    assert rows["given"][:2] == (Decimal("1200.00"), detection.GIVEN_VALUE)
    assert rows["minus"][0] == Decimal("-9.00")
    assert rows["minus"][2] == 0


def test_cents_are_exact_on_both_engines():
    shop.open_shop({"anna": [(0, 0.29), (0, 0.57), (1, 19.99), (2, 1234567.89)]})
    define(*LAPSE)
    shop.detect(day(90))
    made = db.session.scalars(select(Defection)).one()
    assert made.yearly_spend == Decimal("1234588.74")
    assert made.lost_value == (made.yearly_spend * Decimal(made.remaining_years)).quantize(Decimal("0.01"))


def test_what_was_stored_is_told_with_its_keys():
    keys = shop.open_shop({"anna": [(0, 10), (90, 10)], "bert": [(0, 10)]})
    define(*LAPSE)
    (customers,) = detection.batches()
    stored = detection.store(detection.look(customers, day(100), detection.rules_in_force(day(100))))
    rows = {d.id: (d.customer_id, d.defected_on, d.returned_on is None) for d in db.session.scalars(select(Defection))}
    assert {n.defection_id: (n.customer_id, n.defected_on, n.is_open) for n in stored.new} == rows
    assert [n.customer_id for n in stored.still_gone] == [keys["bert"]]


def test_purchases_after_the_day_are_not_seen():
    shop.open_shop({"anna": [(0, 10), (70, 10)]})
    define(*LAPSE)
    shop.detect(day(65))
    assert shop.stored_episodes() == [("anna", 1, day(0), day(60), None)]


def test_a_customer_without_purchases_is_not_judged():
    shop.open_shop({"new": []}, new={"joined_on": date(2020, 1, 1)})
    assert shop.detect(day(900)).new == []


def test_nobody_at_all():
    assert shop.detect(day(10)).new == []


def test_batches_give_what_one_batch_gives(monkeypatch):
    purchases = shop.random_purchases(seed=4, customers=50, days=500)
    shop.open_shop(purchases)
    define(*USUAL)
    monkeypatch.setattr(detection, "BATCH", 7)
    assert len(list(detection.batches())) == 8
    assert [r.first_id for r in detection.batches(after_id=21)] == [22, 29, 36, 43, 50]
    shop.detect(day(450))
    assert shop.stored_episodes() == slowly(purchases, *USUAL, 450)


def test_two_runs_at_once_store_once():
    shop.open_shop({"anna": [(0, 10)], "bert": [(0, 10), (90, 10)]})
    define(*LAPSE)
    applied = detection.rules_in_force(day(100))
    (customers,) = detection.batches()
    first = detection.look(customers, day(100), applied)
    second = detection.look(customers, day(100), applied)
    assert len(detection.store(first).new) == 2
    assert detection.store(second).new == []


def test_the_number_of_queries_does_not_depend_on_the_number_of_customers():
    shop.open_shop(shop.random_purchases(seed=1, customers=300, days=400))
    define(*LAPSE)
    shop.detect(day(200))
    counted = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
    applied = detection.rules_in_force(day(390))
    stored = [detection.store(detection.look(c, day(390), applied)) for c in detection.batches()]
    assert len(stored[0].new) > 50
    assert stored[0].returned > 0
    assert len(counted) < 20


def test_moments_are_those_of_the_run():
    shop.open_shop({"anna": [(0, 10)]})
    define(*LAPSE)
    before = now()
    shop.detect(day(70))
    made = db.session.scalars(select(Defection)).one()
    assert made.noticed_on == day(70)
    assert before <= made.created_at <= now()
