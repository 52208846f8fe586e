"""Versions of a definition: which one holds on which day, and that none rewrites what another one labelled."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from survey.clock import today
from survey.customers.models import WatchedService
from survey.defections import definitions
from survey.defections.definitions import Draft
from survey.extensions import db
from tests.defections import shop
from tests.defections.shop import day

pytestmark = pytest.mark.usefixtures("context")

TOMORROW, LAST_MONTH = timedelta(days=1), timedelta(days=30)


def define(days, effective_on=None, segment=""):
    made = definitions.revise(Draft(segment or "Standard", "lapse", {"days": days}, segment, effective_on), None)
    db.session.commit()
    return made


def holding(on=None):
    return [(d.segment, d.parameters["days"]) for d in definitions.in_force(on)]


def states():
    return [
        (held.definition.parameters["days"], held.first, held.last, held.state) for held in definitions.all_versions()
    ]


def test_the_newest_that_is_effective_holds():
    start = today()
    define(90, start - LAST_MONTH)
    define(60, start + TOMORROW)
    assert holding(start - LAST_MONTH - TOMORROW) == [("", 180)]
    assert holding() == [("", 90)]
    assert holding(start + TOMORROW) == [("", 60)]
    assert states() == [
        (60, start + TOMORROW, None, "planned"),
        (90, start - LAST_MONTH, start, "holds"),
        (180, None, start - LAST_MONTH - TOMORROW, "replaced"),
    ]


def test_a_newer_version_with_an_earlier_day_takes_the_place_of_a_planned_one():
    define(60, today() + TOMORROW)
    define(70, today())
    assert holding(today() + LAST_MONTH) == [("", 70)]
    assert [row[3] for row in states()] == ["holds", "never", "replaced"]


def test_a_planned_one_can_be_called_off():
    planned = define(60, today() + TOMORROW)
    definitions.retire(planned)
    db.session.commit()
    assert holding(today() + LAST_MONTH) == [("", 180)]
    assert len(states()) == 1


def test_a_segment_falls_back_from_the_day_on_which_its_own_is_taken_away():
    own = define(30, today() - LAST_MONTH, "gold")
    definitions.retire(own)
    db.session.commit()
    assert holding() == [("", 180)]
    assert holding(today() - TOMORROW) == [("", 180), ("gold", 30)]
    assert [(row[0], row[3]) for row in states()][1:] == [(30, "withdrawn"), (30, "replaced")]
    with pytest.raises(ValueError, match="does not hold"):
        definitions.retire(own)
    define(30, today(), "gold")
    assert holding() == [("", 180), ("gold", 30)]


def test_saying_the_same_again_makes_no_version():
    first = define(90, today())
    assert define(90, today()).id == first.id
    define(60, today() + TOMORROW)
    assert define(90, today()).id != first.id  # it calls the planned one off


def test_a_name_stays_with_its_customers():
    define(30, None, "gold")
    with pytest.raises(ValueError, match="belongs"):
        definitions.revise(Draft("gold", "lapse", {"days": 9}, "silver"), None)


def test_who_was_gone_when_it_began_to_hold_left_on_that_day():
    shop.open_shop({"anna": [(0, 10)], "bert": [(0, 10), (70, 10)], "carl": [(0, 10), (130, 10)], "dora": [(95, 10)]})
    define(300)
    define(60, day(100))
    shop.detect(day(99))
    assert shop.stored_episodes() == []
    shop.detect(day(170))
    # By 60 days anna and carl were gone since day 60: the months before day 100 keep their figures. Bert was back
    # before that day, and left again on day 130.
    assert shop.stored_episodes() == [
        ("anna", 1, day(0), day(100), None),
        ("bert", 1, day(70), day(130), None),
        ("carl", 1, day(0), day(100), day(130)),
        ("dora", 1, day(95), day(155), None),
    ]


def test_day_by_day_gives_what_one_run_gives_after_its_day():
    shop.open_shop(shop.random_purchases(seed=5, customers=60, days=400))
    define(3650)
    define(40, day(200))
    for number in (199, 200, 201, 260, 330):
        shop.detect(day(number))
    by_day = shop.stored_episodes()
    db.session.execute(db.text("DELETE FROM defection"))
    db.session.commit()
    shop.detect(day(330))
    assert len(by_day) > 30
    assert shop.stored_episodes() == by_day


def test_what_was_labelled_stays_when_a_later_version_goes_back_in_time():
    shop.open_shop({"anna": [(0, 10)]})
    define(60)
    shop.detect(day(70))
    before = shop.stored_episodes()
    define(20, day(10))
    shop.detect(day(80))
    assert shop.stored_episodes() == before == [("anna", 1, day(0), day(60), None)]


def test_services_that_a_rule_asks_about_are_watched():
    rules = [
        {"kind": "dropped_service", "parameters": {"service": "wash", "days": 90}},
        {"kind": "lapse", "parameters": {"days": 90}},
    ]
    definitions.revise(Draft("Standard", "all_of", {"rules": rules}), None)
    assert list(db.session.scalars(select(WatchedService.service))) == ["wash"]
    define(90)
    assert list(db.session.scalars(select(WatchedService.service))) == ["wash"]  # it still says who came back


def changes(*segments):
    found = definitions.changes_for(segments, today())
    return [(change.on, change.definition.parameters["days"], change.segment) for change in found]


def test_a_change_is_one_for_the_segment_whose_definition_changed():
    months = [today() - n * LAST_MONTH for n in range(5)]
    define(90, months[4])
    own = define(30, months[3], "gold")
    define(60, months[2])
    assert changes("") == [(months[4], 90, ""), (months[2], 60, "")]
    assert changes("silver") == [(months[4], 90, "silver"), (months[2], 60, "silver")]
    # the general one changed as well, but not for those who have their own
    assert changes("gold") == [(months[4], 90, "gold"), (months[3], 30, "gold")]
    definitions.retire(own)
    define(20, today() + TOMORROW, "gold")
    assert changes("gold")[2:] == [(today(), 60, "gold")]
    assert changes("", "gold") == sorted(changes("") + changes("gold"))
    assert definitions.segments() == ["gold"]


def test_a_definition_of_the_whole_history_is_no_change():
    define(90)
    define(30, segment="gold")
    assert changes("", "gold") == []
