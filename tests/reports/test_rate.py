"""The stored figures of how many leave: against plain readings of the same lives, and against what was planted."""

import random
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
import time_machine

from survey.customers.models import Branch, Employee
from survey.extensions import db
from survey.reports.models import StoredFigure
from survey.reports.period import Period
from survey.reports.rate import beside, figures, trend
from survey.reports.rate.lives import Serving
from survey.reports.rate.page import Asked, page_of
from survey.reports.spells import rates
from tests import stories
from tests.reports.garage import lens
from tests.reports.rate_shop import Life, add, worked

TODAY = date(2026, 11, 25)
BEGIN = date(2023, 11, 1)
RULE = 100
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("context", "autumn")


@pytest.fixture
def autumn() -> object:
    with time_machine.travel("2026-11-25 10:00:00+00:00", tick=False):
        yield


def regular(first: date = BEGIN, last: date = TODAY, every: int = 60, **more: object) -> Life:
    """Comes every so many days up to the last one."""
    days = [first + n * timedelta(days=every) for n in range((last - first).days // every + 1)]
    return Life((*days, last), **more)


def gone(first: date, last: date, **more: object) -> Life:
    """Came from the first to the last day, and has left by a rule of 100 days."""
    return Life((first, last), ((last, last + timedelta(days=RULE), None),), **more)


def somebody(source: random.Random) -> Life:
    """Comes, leaves and comes back, as chance has it."""
    on = first = BEGIN + timedelta(days=source.randrange(700))
    visits, episodes = [first], []
    while source.random() < 0.7:
        last = on + timedelta(days=source.randrange(60))
        left = last + timedelta(days=RULE)
        back = left + timedelta(days=source.randint(1, 150)) if source.random() < 0.6 else None
        back = back if back and back <= TODAY else None
        if left > TODAY:
            break
        visits.append(last)
        episodes.append((last, left, back))
        if back is None:
            break
        visits.append(back)
        on = back
    return Life(sorted(set(visits)), episodes, branch=source.choice(["Utrecht", "Breda"]))


def test_months_are_those_of_the_one_definition() -> None:
    source = random.Random(4)
    add(regular(), *(somebody(source) for _ in range(80)))
    stored = worked()
    utrecht = db.session.query(Branch).filter_by(name="Utrecht").one()
    for found, view in ((stored, lens()), (figures.stored(f"branch:{utrecht.id}"), lens(branch="Utrecht"))):
        months = [month for month in found.months if month.known != "running"]
        plain = rates(view, [Period(month.period.first, month.period.last) for month in months])
        assert len(months) > 30
        assert [(m.rated.left, m.rated.at_risk) for m in months] == [(r.left, r.at_risk) for r in plain]


def test_months_that_cannot_be_known_are_set_apart() -> None:
    add(regular(), gone(BEGIN, date(2026, 6, 1)))
    stored = worked()
    assert (stored.as_of, stored.data_from, stored.rule_days) == (TODAY, BEGIN, RULE)
    states = {month.period.first: month.known for month in stored.months}
    assert states[date(2023, 12, 1)] == states[date(2024, 2, 1)] == "too_old"
    assert states[date(2024, 3, 1)] == states[date(2026, 10, 1)] == "whole"
    assert states[date(2026, 11, 1)] == "running"
    by_last_visit = {month.period.first: (month.gone, month.known) for month in stored.stopped}
    assert by_last_visit[date(2026, 6, 1)] == (1, "whole")
    assert by_last_visit[date(2026, 9, 1)] == (0, "too_new")


def test_months_after_the_last_purchase_are_not_over() -> None:
    """Where purchases stop coming in, silence is no departure."""
    add(regular(last=date(2026, 9, 20)), gone(BEGIN, date(2026, 3, 1)))
    stored = worked()
    assert stored.as_of == date(2026, 9, 27)
    assert [(m.period.first, m.known) for m in stored.months][-2:] == [
        (date(2026, 8, 1), "whole"), (date(2026, 9, 1), "running"),
    ]  # fmt: skip


def test_a_year_is_held_against_the_same_months_of_the_year_before() -> None:
    crowd = [regular() for _ in range(40)]
    leavers = [gone(BEGIN, date(2026, 1, 1) + n * timedelta(days=9)) for n in range(20)]
    add(*crowd, *leavers, gone(BEGIN, date(2025, 1, 1)))
    year = worked().year
    assert (year.compared, year.now.left, year.before.left) == (12, 20, 1)
    assert year.change.low > 0
    assert year.period.last == date(2026, 10, 31)


def test_a_short_past_is_compared_month_by_month() -> None:
    first = date(2025, 1, 1)
    add(*(regular(first) for _ in range(5)), gone(first, date(2026, 2, 1)))
    year = worked().year
    # known from mid-April 2025 on, so May 2025 is the first month that has one a year later
    assert year.compared == 6
    assert year.period.first == date(2025, 11, 1)


def test_avoidable_and_not_by_the_reasons_told() -> None:
    ids = add(*(regular() for _ in range(30)), *(gone(BEGIN, date(2026, 5, 1)) for _ in range(10)))[30:]
    for customer, reason in zip(ids[:4], ("price", "price", "price", "circumstances"), strict=True):
        stories.response(main=reason, asked=stories.invitation(_departure_of(customer)))
    db.session.commit()
    stored = worked()
    assert vars(stored.told) == {"leavers": 10, "avoidable": 3, "unavoidable": 1}
    apart, rate = stored.apart, stored.year.now.share
    assert apart.share.estimate == 0.75
    assert apart.avoidable.estimate + apart.unavoidable.estimate == pytest.approx(rate.estimate)
    assert apart.widened.low < apart.share.low
    assert apart.widened.high > apart.share.high
    assert (apart.widest.low, apart.widest.high) == (pytest.approx(0.3), pytest.approx(0.9))


def _departure_of(customer_id: int) -> object:
    from survey.defections.models import Defection

    return db.session.query(Defection).filter_by(customer_id=customer_id).one()


def test_a_bad_branch_lies_above_the_outer_line_and_chance_does_not() -> None:
    people = []
    for name, leaving in (("Assen", 22), *((f"Branch {n}", 6) for n in range(8))):
        people += [regular(branch=name, every=400) for _ in range(30 - leaving)]
        people += [gone(BEGIN, date(2026, 1, 1) + n * 6 * DAY, branch=name) for n in range(leaving)]
    add(*people)
    stored = worked()
    page = page_of(Asked(None, "departure", None), _everybody())
    assert page is not None
    assert [(unit.name, unit.row.outside) for unit in page.branches] == [
        ("Assen", 1), *((f"Branch {n}", 0) for n in range(8)),
    ]  # fmt: skip
    assert stored.branches.lines
    assert figures.stored("branch:1").branches is None


def test_small_employees_are_taken_together() -> None:
    people = [regular(served_by="Big", every=80) for _ in range(20)]
    people += [gone(BEGIN, date(2026, 1, 1) + n * 10 * DAY, served_by="Big") for n in range(14)]
    people += [regular(served_by=name, every=80) for name in ("One", "Two", "Three") for _ in range(2)]
    add(*people)
    units = {unit.key: unit for unit in worked().employees.units}
    assert units[beside.POOLED].members == 3
    assert units[beside.POOLED].row.at_risk == 24
    assert len(units) == 2


def test_customers_belong_to_who_served_them_last_before_the_quarter() -> None:
    """A change of hands counts from the next quarter on."""
    life = Life(tuple(BEGIN + n * 30 * DAY for n in range(38)), served_by="First")
    add(life, *(regular(served_by="Second") for _ in range(3)))
    stored = worked()
    assert sum(unit.row.at_risk for unit in stored.employees.units) == 16


def test_who_served_last_is_told_by_day_and_on_one_day_by_the_order_of_entry() -> None:
    early, late = date(1969, 12, 1), date(2026, 1, 5)  # both sides of the day that days are counted from
    ann, bob, cis = (Employee(name=name) for name in ("Ann", "Bob", "Cis"))
    db.session.add_all([ann, bob, cis])
    often, once, later = (stories.customer() for _ in range(3))
    served = [(often, late, ann), (often, early, bob), (often, late, cis), (once, early, bob), (once, early - DAY, ann)]
    for who, on, by in [*served, (later, date(2026, 2, 1), ann)]:
        stories.visit(who, on).employee_id = by.id
    keys = np.array([often.id, once.id, later.id])
    assert Serving().last(keys, date(2026, 2, 1)).tolist() == [cis.id, bob.id, 0]


def test_how_long_they_stay_is_dated_back_to_the_last_visit() -> None:
    once = [
        Life((on,), ((on, on + timedelta(days=RULE), None),)) for on in (date(2025, 1, 1) + n * DAY for n in range(10))
    ]
    add(*(regular(date(2025, 1, 5)) for _ in range(20)), *once, regular())
    stored = worked()
    first = stored.hazard[0]
    assert (first.start, first.end, first.left) == (0, 1, 10)
    assert stored.segments.curves[0].curve.stays[1].estimate == pytest.approx(21 / 31)


def test_the_channel_that_brings_passers_by_is_found_and_no_other() -> None:
    people = [regular()]
    for channel, lost in (("folder", 20), ("friends", 2), ("web", 2)):
        start = date(2025, 3, 1)
        more = (("acquired_via", channel), ("joined_on", start))
        people += [Life((start,), ((start, start + timedelta(days=RULE), None),), more=more) for _ in range(lost)]
        people += [regular(start, more=more) for _ in range(40 - lost)]
    add(*people)
    found = worked().unkept
    assert (found.count, found.total, found.by_tenure) == (24, 120, 24)
    real = [channel.name for channel in found.channels if channel.row.p <= 0.05 and channel.row.share.estimate > 0.3]
    assert real == ["folder"]


def test_who_is_held_by_contract_stands_apart() -> None:
    running = (("contract_from", date(2026, 1, 1)), ("contract_until", date(2027, 1, 1)))
    ended = (("contract_from", date(2024, 1, 1)), ("contract_until", date(2025, 1, 1)))
    cancelled = (*running, ("cancelled_on", date(2026, 2, 1)))
    add(
        regular(more=running), regular(last=date(2026, 9, 1), more=running), Life((), more=running),
        regular(more=ended), regular(more=cancelled), gone(BEGIN, date(2026, 5, 1)),
    )  # fmt: skip
    found = worked().contracts
    assert (found.coming, found.held, found.free, found.days) == (1, 2, 2, RULE // 2)


def test_nothing_is_stored_before_there_are_purchases_and_twice_is_once() -> None:
    assert worked() is None
    add(regular(), gone(BEGIN, date(2026, 5, 1)))
    first, second = worked(), worked()
    assert first == second
    assert db.session.query(StoredFigure).filter_by(name="rate", scope="").count() == 1


def test_quarters_are_whole() -> None:
    year = Period(date(2026, 2, 1), date(2026, 10, 31))
    assert [quarter.first for quarter in trend.quarters_of(year)] == [
        date(2026, 2, 1),
        date(2026, 5, 1),
        date(2026, 8, 1),
    ]
    short = Period(date(2026, 9, 1), date(2026, 10, 31))
    assert trend.quarters_of(short) == []


def _everybody() -> SimpleNamespace:
    return SimpleNamespace(branch_ids=frozenset(), has_role=lambda role: role == "manager")
