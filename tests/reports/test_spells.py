"""The defection rate against a plain reading of its definition, day by day."""

import random
from datetime import date, timedelta

import pytest

from survey.reports.period import Period, months_up_to
from survey.reports.spells import rates
from tests.reports.garage import THIRD_QUARTER, Left, Person, add, lens

pytestmark = pytest.mark.usefixtures("context")

BEGIN, END = THIRD_QUARTER.first, THIRD_QUARTER.last
DAY = timedelta(days=1)


def rate(*people: Person, period: Period = THIRD_QUARTER) -> tuple[int, int]:
    add(*people)
    found = rates(lens(), [period])[0]
    return found.left, found.at_risk


def test_who_left_on_the_first_and_the_last_day_left_in_the_period() -> None:
    assert rate(Person(left=(Left(BEGIN),)), Person(left=(Left(END),)), Person()) == (2, 3)


def test_who_left_the_day_before_was_no_longer_at_risk_and_who_left_the_day_after_was() -> None:
    assert rate(Person(left=(Left(BEGIN - DAY),)), Person(left=(Left(END + DAY),))) == (0, 1)


def test_who_first_came_on_the_first_day_is_not_at_risk() -> None:
    assert rate(Person(visits=(BEGIN,), left=(Left(END),)), Person(visits=(BEGIN - DAY,))) == (0, 1)


def test_who_came_back_before_the_period_is_at_risk_again_and_who_came_back_in_it_is_not() -> None:
    before = Left(date(2026, 1, 1), returned_on=BEGIN - DAY)
    within = Left(date(2026, 1, 1), returned_on=BEGIN)
    assert rate(Person(left=(before, Left(END))), Person(left=(within, Left(END)))) == (1, 1)


def test_who_left_twice_in_a_period_counts_once() -> None:
    year = Period(date(2026, 1, 1), date(2026, 12, 31))
    twice = (Left(date(2026, 2, 1), returned_on=date(2026, 3, 1)), Left(date(2026, 11, 1)))
    assert rate(Person(left=twice), period=year) == (1, 1)


def test_a_customer_who_never_visited_counts_nowhere() -> None:
    assert rate(Person(visits=()), Person(visits=(), left=(Left(BEGIN),))) == (0, 0)


def test_rates_agree_with_a_day_by_day_reading() -> None:
    source = random.Random(11)
    people = [_somebody(source) for _ in range(120)]
    add(*people)
    periods = [*months_up_to(date(2026, 9, 30), 24), Period(date(2025, 2, 10), date(2026, 3, 3))]
    assert [(r.left, r.at_risk) for r in rates(lens(), periods)] == [_by_hand(people, period) for period in periods]


def _somebody(source: random.Random) -> Person:
    """A life of visits, departures and returns, in any order that a life can have."""
    on = first = date(2024, 6, 1) + timedelta(days=source.randrange(700))
    episodes = []
    while source.random() < 0.7:
        gone = on + timedelta(days=source.randint(1, 200))
        back = gone + timedelta(days=source.randint(1, 150)) if source.random() < 0.6 else None
        episodes.append(Left(gone, returned_on=back, mail=""))
        if back is None:
            break
        on = back
    return Person(visits=(first,), left=tuple(episodes))


def _by_hand(people: list[Person], period: Period) -> tuple[int, int]:
    at_risk = [person for person in people if _is_customer(person, period.first)]
    left = [p for p in at_risk if any(period.first <= gone.on <= period.last for gone in p.left)]
    return len(left), len(at_risk)


def _is_customer(person: Person, on: date) -> bool:
    """Came before this day, and was not gone when it began."""
    gone = any(left.on < on and (left.returned_on is None or left.returned_on >= on) for left in person.left)
    return person.visits[0] < on and not gone


def test_filters_hold_for_both_figures() -> None:
    add(
        Person(branch="Utrecht", segment="private", left=(Left(BEGIN),)),
        Person(branch="Utrecht", segment="lease"),
        Person(branch="Breda", segment="private", left=(Left(BEGIN),)),
    )
    found = rates(lens(branch="Utrecht"), [THIRD_QUARTER])[0]
    assert (found.left, found.at_risk) == (1, 2)
    found = rates(lens(segment="private"), [THIRD_QUARTER])[0]
    assert (found.left, found.at_risk) == (2, 2)
