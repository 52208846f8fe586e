"""What a file says of a contract beside the terms that are known: renewed, moved, cancelled, corrected, as it was."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from survey.customers.terms import Term, Told, after

ON = date(2026, 6, 1)
YEAR_END, NEXT_END = date(2026, 12, 31), date(2027, 12, 31)
FIRST = date(2026, 1, 1)


def told(first=FIRST, last=YEAR_END, cancelled=None, value=None, is_only=True):
    return Told(1, first, last, cancelled, None if value is None else Decimal(value), is_only)


def stored(terms):
    """As they are after they were stored."""
    return [replace(term, key=key) for key, term in enumerate(terms)]


def spans(terms):
    return [(term.contract_from, term.starts_on, term.ends_on) for term in terms]


@pytest.fixture
def year():
    return stored(after([], told(value="100"), ON))


def test_a_new_contract_is_one_term(year):
    assert year == [Term(0, FIRST, FIRST, YEAR_END, None, Decimal("100"), FIRST)]


def test_a_later_last_day_is_a_renewal(year):
    found = after(year, told(last=NEXT_END, value="120"), ON)
    assert found[0] == year[0]
    assert found[1] == Term(None, FIRST, date(2027, 1, 1), NEXT_END, None, Decimal("120"), ON)


def test_a_renewal_that_is_told_late_was_known_on_its_first_day(year):
    assert after(year, told(last=NEXT_END), date(2027, 3, 1))[1].known_on == date(2027, 1, 1)


def test_a_last_day_put_right_by_some_days_is_no_renewal(year):
    assert spans(after(year, told(last=date(2027, 1, 2)), ON)) == [(FIRST, FIRST, date(2027, 1, 2))]


def test_an_earlier_last_day_takes_the_renewal_back(year):
    renewed = stored(after(year, told(last=NEXT_END), ON))
    assert spans(after(renewed, told(), ON)) == spans(year)
    assert spans(after(renewed, told(last=date(2027, 5, 31)), ON))[1][2] == date(2027, 5, 31)


@pytest.mark.parametrize("first", [date(2026, 2, 1), date(2025, 12, 1)])
def test_another_first_day_with_the_same_last_day_is_a_mistake_put_right(year, first):
    assert spans(after(year, told(first=first), ON)) == [(first, first, YEAR_END)]


def test_another_contract_begins_and_an_open_one_closes():
    open_ended = stored(after([], told(last=None), ON))
    found = after(open_ended, told(first=date(2026, 7, 1), last=None), ON)
    assert spans(found) == [(FIRST, FIRST, date(2026, 6, 30)), (date(2026, 7, 1), date(2026, 7, 1), None)]
    beside = after(open_ended, told(first=date(2026, 7, 1), last=None, is_only=False), ON)
    assert spans(beside)[0] == (FIRST, FIRST, None)


def test_a_cancellation_belongs_to_the_term_it_fell_in(year):
    renewed = stored(after(year, told(last=NEXT_END), ON))
    assert [t.cancelled_on for t in after(renewed, told(last=NEXT_END, cancelled=ON), ON)] == [ON, None]
    later = date(2027, 2, 1)
    assert [t.cancelled_on for t in after(renewed, told(last=NEXT_END, cancelled=later), ON)] == [None, later]


def test_what_is_not_told_stays(year):
    cancelled = stored(after(year, told(cancelled=ON), ON))
    assert after(cancelled, Told(1, None, None, None, None, True), ON) == cancelled


def test_an_unknown_first_day_is_the_first_day_that_is_known():
    assert spans(after([], told(first=None, cancelled=ON), ON)) == [(ON, ON, YEAR_END)]
    assert after([], Told(1, None, None, None, Decimal(1), True), ON) == []


def test_a_renewal_that_another_contract_covers_is_not_told_twice(year):
    own = stored(after(year, told(first=date(2027, 1, 1), last=NEXT_END, is_only=False), ON))
    assert after(own, told(last=NEXT_END, is_only=False), ON) == own


@pytest.mark.parametrize("seed", range(40))
def test_told_twice_nothing_changes_and_terms_stay_in_order(seed):
    random, terms = Random(seed), []
    for _ in range(6):
        first = FIRST + timedelta(days=random.randrange(0, 900, 45))
        last = random.choice([None, first + timedelta(days=random.randrange(0, 700))])
        row = told(first, last, random.choice([None, first + timedelta(days=30)]), is_only=random.random() < 0.6)
        terms = stored(after(terms, row, ON))
        assert stored(after(terms, row, ON)) == terms
        assert [t.order for t in terms] == sorted({t.order for t in terms})
        assert all(t.contract_from <= t.starts_on and t.known_on <= t.starts_on for t in terms)
        assert all(t.ends_on is None or t.ends_on >= t.starts_on for t in terms)
