"""The business as a whole: the same every time, believable in its numbers, with its story visible."""

import time
from bisect import bisect_right
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest

from survey.demo import leaving
from survey.demo.business import BRANCHES, REASONS, SERVICES
from survey.demo.generating import DemoBusiness, generate
from tests.demo.conftest import UNTIL


def days_by_customer(business: DemoBusiness) -> dict[str, list[int]]:
    found: dict[str, set[int]] = {}
    for row in business.transactions:
        found.setdefault(row.customer_id, set()).add(row.occurred_on.toordinal())
    return {customer: sorted(days) for customer, days in found.items()}


def lapses(business: DemoBusiness, begin: date, end: date) -> tuple[set[str], set[str]]:
    """Who lapsed after `begin` and until `end`, and who was a customer when it began."""
    lapse, first, last = business.definition.days, begin.toordinal(), end.toordinal()
    lapsed, customers = set(), set()
    for customer, days in days_by_customer(business).items():
        for day, following in zip(days, [*days[1:], 10**9], strict=True):
            if first < day + lapse <= last and day + lapse < following:
                lapsed.add(customer)
        known = bisect_right(days, first)
        if known and first - days[known - 1] < lapse:
            customers.add(customer)
    return lapsed, customers


def excess_at_rude_branch(business: DemoBusiness, begin: date, end: date) -> float:
    """How many times the lapses of the other branches the rude branch has."""
    lapsed, customers = lapses(business, begin, end)
    rude = {row.customer_id for row in business.customers if row.branch == business.story.rude_branch}
    elsewhere = len(lapsed - rude) / len(customers - rude)
    return len(lapsed & rude) / len(customers & rude) / elsewhere


def left_for(business: DemoBusiness, reason: str) -> list[date]:
    return sorted(one.left_on for one in business.truth.customers if one.reasons[:1] == (reason,) and one.left_on)


def test_the_same_seed_and_day_give_the_same_business(small: DemoBusiness) -> None:
    again = generate(3, UNTIL, customers=300)
    assert again.customers == small.customers
    assert again.transactions == small.transactions
    assert again.truth == small.truth


def test_another_seed_gives_another_business(small: DemoBusiness) -> None:
    other = generate(4, UNTIL, customers=300)
    assert other.transactions != small.transactions
    assert [row.name for row in other.customers] != [row.name for row in small.customers]


def test_five_thousand_customers_take_less_than_ten_seconds() -> None:
    began = time.perf_counter()
    business = generate(2, UNTIL)
    assert time.perf_counter() - began < 10
    assert len(business.customers) == 5000


def test_every_customer_came_in_the_four_years_and_never_after(business: DemoBusiness) -> None:
    days = days_by_customer(business)
    assert days.keys() == {row.customer_id for row in business.customers}
    first, last = min(map(min, days.values())), max(map(max, days.values()))
    assert UNTIL.toordinal() - 1461 <= first < UNTIL.toordinal() - 1446
    assert UNTIL.toordinal() - 7 < last <= UNTIL.toordinal()


def test_nobody_comes_before_joining(business: DemoBusiness) -> None:
    joined = {row.customer_id: row.joined_on for row in business.customers}
    assert all(row.occurred_on >= joined[row.customer_id] for row in business.transactions)


def test_a_customer_comes_once_to_two_and_a_half_times_a_year(business: DemoBusiness) -> None:
    """Counted between the first and the last visit of those who came for more than a year."""
    rates = [
        (len(days) - 1) / ((days[-1] - days[0]) / 365)
        for days in days_by_customer(business).values()
        if days[-1] - days[0] > 365
    ]
    assert 1.4 < np.mean(rates) < 2.5
    assert 0.9 < np.quantile(rates, 0.1) < 1.2


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_eight_to_fourteen_in_a_hundred_lapse_in_the_last_year(seed: int) -> None:
    lapsed, customers = lapses(generate(seed, UNTIL), UNTIL - timedelta(days=365), UNTIL)
    assert 0.08 < len(lapsed) / len(customers) < 0.14


def test_the_suggested_lapse_hardly_ever_accuses_a_loyal_customer(business: DemoBusiness) -> None:
    lapsed, _ = lapses(business, UNTIL - timedelta(days=365), UNTIL)
    away = {one.customer_id for one in business.truth.customers if one.left_on and not one.drifted}
    assert len(lapsed - away) / len(lapsed) < 0.03


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_rude_branch_loses_more_until_its_staff_is_trained(seed: int) -> None:
    """Whoever came for the last time before the training shows up as lapsed 450 days later."""
    business = generate(seed, UNTIL)
    training, lapse = business.investments[0], timedelta(days=business.definition.days)
    shown = training.started_on + lapse
    before = excess_at_rude_branch(business, business.story.start + lapse, shown)
    after = excess_at_rude_branch(business, shown + timedelta(days=training.wash_in_days), UNTIL)
    assert before > 1.4
    assert after < 0.85 * before


def test_the_rude_employee_met_most_who_left_over_rudeness_there(business: DemoBusiness) -> None:
    branch = {row.customer_id: row.branch for row in business.customers}
    met = Counter(
        one.met
        for one in business.truth.customers
        if one.reasons[:1] == ("rude_staff",) and branch[one.customer_id] == business.story.rude_branch
    )
    assert met[business.story.rude_employee] > 0.7 * met.total() > 20


def test_the_pushy_year_sells_more_extras_and_drives_people_away_later(business: DemoBusiness) -> None:
    story = business.story
    inside = Counter(
        story.pushy_from <= row.occurred_on < story.pushy_until
        for row in business.transactions
        if row.service == "Extra's"
    )
    assert inside[True] / 365 > 3 * inside[False] / (1461 - 365)
    left = left_for(business, "pushy_sales")
    half = story.pushy_from + (story.pushy_until - story.pushy_from) / 2
    early = sum(story.pushy_from <= day < half for day in left)
    late = sum(half <= day < story.pushy_until + timedelta(days=90) for day in left)
    assert late > 1.5 * early
    assert late > 30
    branch = {row.customer_id: row.branch for row in business.customers}
    assert {branch[one.customer_id] for one in business.truth.customers if "pushy_sales" in one.reasons[:1]} == {
        one.name for one in BRANCHES
    }


def test_more_leave_over_price_after_the_price_rise(business: DemoBusiness) -> None:
    rise = business.story.price_rise_on
    window = timedelta(days=180)
    left = left_for(business, "price")
    before = sum(rise - window <= day < rise for day in left)
    after = sum(rise <= day < rise + window for day in left)
    assert after > 1.7 * before > 0


def test_prices_rise_every_january_and_once_more(business: DemoBusiness) -> None:
    private = {row.customer_id for row in business.customers if row.segment == "particulier"}
    paid: dict[tuple[int, bool], set[float]] = {}
    for row in business.transactions:
        if row.service == "APK-keuring" and row.branch == "Zutphen" and row.customer_id in private:
            key = (row.occurred_on.year, row.occurred_on >= business.story.price_rise_on)
            paid.setdefault(key, set()).add(float(row.amount))
    assert {year for year, _ in paid} == {2022, 2023, 2024, 2025, 2026}
    for (year, risen), amounts in paid.items():
        expected = 49 * 1.04 ** (year - 2022) * (1.09 if risen else 1)
        assert list(amounts) == [pytest.approx(expected, abs=0.03)]


def test_tyres_change_in_spring_and_autumn_and_summer_is_quiet(business: DemoBusiness) -> None:
    tyres = Counter(row.occurred_on.month for row in business.transactions if row.service == "Bandenwissel")
    assert sum(tyres[month] for month in (3, 4, 5, 10, 11, 12)) == tyres.total()
    by_month = Counter(row.occurred_on.month for row in business.transactions)
    others = [by_month[month] for month in range(1, 13) if month not in (7, 8)]
    assert by_month[7] + by_month[8] < 1.3 * np.mean(others)


def test_closed_on_sundays_and_holidays(business: DemoBusiness) -> None:
    days = {row.occurred_on for row in business.transactions}
    assert not [day for day in days if day.weekday() == 6]
    assert not [day for day in days if (day.month, day.day) in ((1, 1), (4, 27), (12, 25), (12, 26))]


def test_the_first_year_is_the_riskiest(business: DemoBusiness) -> None:
    world = business.world
    took_place = leaving.takes_place(world.visits, world.fates)
    tenure = world.visits.day - world.people.joined[world.visits.customer]
    last = np.zeros(len(world.visits), dtype=bool)
    last[world.fates.visit[world.fates.visit >= 0]] = True
    first_year = last[took_place & (tenure < 365)].mean()
    later = last[took_place & (tenure >= 730)].mean()
    assert first_year > 1.4 * later


def test_all_reasons_occur_and_premises_hardly_ever(business: DemoBusiness) -> None:
    main = Counter(one.reasons[0] for one in business.truth.customers if one.reasons)
    assert set(main) <= set(REASONS)
    assert set(REASONS) - set(main) <= {"premises"}
    assert main["premises"] < 0.01 * main.total()
    assert main["circumstances"] > 0.08 * main.total()


def test_about_half_of_the_leavers_had_more_than_one_reason(business: DemoBusiness) -> None:
    several = [len(one.reasons) > 1 for one in business.truth.customers if one.reasons]
    assert 0.3 < np.mean(several) < 0.6
    assert all(len(set(one.reasons)) == len(one.reasons) <= 3 for one in business.truth.customers)


def test_every_service_is_sold_and_every_employee_meets_customers(business: DemoBusiness) -> None:
    assert {row.service for row in business.transactions} == {one.name for one in SERVICES}
    assert {row.employee for row in business.transactions} == {one.name for one in business.employees}
    place = {one.name: one.branch for one in business.employees}
    assert all(place[row.employee] == row.branch for row in business.transactions)
    assert 28 <= len(business.employees) <= 32
    assert len(business.branches) == 6


@pytest.mark.parametrize("until", [date(2024, 2, 29), date(2026, 1, 1), date(2027, 12, 31)])
def test_any_day_can_be_the_last(until: date) -> None:
    business = generate(5, until, customers=60)
    assert len(business.customers) == 60
    assert max(row.occurred_on for row in business.transactions) <= until
    assert all(one.left_on <= until for one in business.truth.customers if one.left_on)


def test_a_stranger_has_no_answer_to_give(small: DemoBusiness) -> None:
    for stranger in ("K00301", "K1", "K00000", "x", ""):
        with pytest.raises(KeyError):
            small.answer(stranger, "nl")
