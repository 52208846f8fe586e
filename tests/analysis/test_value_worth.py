"""Lifetime value and lost value: formulas against slow integration, and totals that know what is shared."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis
from analysis.defection.lapse import Lapse
from analysis.defection.spells import spells_of
from analysis.value import lost, noncontractual
from analysis.value.contractual import (
    Renewals,
    ValuedContracts,
    contract_spending,
    contract_years,
    renewal_rates,
    retention,
)
from analysis.value.hazards import Timed, hazards
from analysis.value.settings import ValueSettings
from analysis.value.spending import Observed, Stays, observe, spending
from analysis.value.staying import Away, years_lost, years_to_come
from analysis.value.thin import enough, thin_groups, too_thin
from analysis.value.worth import Period, chosen, process_totals, totals, worth_of

SETTINGS = ValueSettings(margin=0.4, discount_rate=0.10, horizon_years=10)
EDGES = (0.0, 0.25, 1.0)


def some_rates(seed, people=200, groups=2, edges=EDGES):
    draw = np.random.default_rng(seed)
    years = draw.exponential(2, people)
    seen = Timed(np.arange(people), np.zeros(people), np.minimum(years, 2), years <= 2)
    return hazards(seen, np.arange(people) % groups, edges)


@pytest.mark.parametrize(
    ("margin", "rate", "years"), [(0, 0.1, 5), (1.2, 0.1, 5), (0.5, -0.1, 5), (0.5, 0.1, 0), (0.5, float("nan"), 5)]
)
def test_impossible_settings_are_refused(margin, rate, years):
    with pytest.raises(ValueError, match="must"):
        ValueSettings(margin, rate, years)


def test_a_constant_rate_gives_the_closed_form():
    rates = some_rates(1, edges=(0.0,))
    found = years_to_come(rates, [0.0, 3.0], [0, 1], SETTINGS)
    speed = rates.rate[:, 0] + np.log(1.1)
    assert found.years == pytest.approx((1 - np.exp(-speed * 10)) / speed)


def test_a_margin_multiple_of_gupta_and_lehmann():
    # Gupta and Lehmann (2003), table 2: retention 80 %, discount 12 %: 2.50 margins; yearly payments at the year's end.
    contracts = ValuedContracts(np.array([0]), np.array([0]), np.array([1.0]), np.array([1.0]), np.array([np.inf]))
    seen = Renewals(np.arange(1_000), np.zeros(1_000, int), np.ones(1_000, int), np.arange(1_000) < 200)
    rates = renewal_rates(seen, np.zeros(1_000, int), (0,))
    found = contract_years(rates, contracts, ValueSettings(1, 0.12, 50)).years[0]
    a_year = (1 - 1 / 1.12) / np.log(1.12)
    assert found == pytest.approx(a_year * 1.12 / (1.12 - 0.8), rel=1e-3)
    assert found / a_year * 0.8 / 1.12 == pytest.approx(2.50, abs=0.005)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 4), st.floats(0, 3), st.floats(0, 1), st.booleans(), st.integers(0, 1))
def test_years_lost_are_the_integral(tenure, gone, kept, is_back, group):
    leaving, coming = some_rates(2), some_rates(3)
    back = gone if is_back else np.inf
    away = Away(np.array([gone]), np.array([back]), coming, kept)
    found = years_lost(leaving, [tenure], [group], away, SETTINGS).years[0]
    assert found == pytest.approx(slowly(leaving, coming, tenure, gone, (group, kept, is_back)), rel=2e-3, abs=2e-3)


def slowly(leaving, coming, tenure, gone, rest):
    """The integral of the docstring of `years_lost`, by small steps."""
    group, kept, is_back = rest
    u = np.arange(0, 10, 0.001) + 0.0005
    stay = np.exp(-np.cumsum(rate_at(leaving, group, tenure + u)) * 0.001)
    if is_back:
        still_gone = (u < gone).astype(float)
    else:
        still_gone = np.exp(-np.cumsum(np.where(u > gone, rate_at(coming, group, u), 0)) * 0.001)
    return float((np.exp(-np.log(1.1) * u) * stay * (1 - kept * (1 - still_gone))).sum() * 0.001)


def rate_at(rates, group, time):
    return rates.rate[group][np.searchsorted(rates.edges, time, side="right") - 1]


def test_the_longer_gone_the_more_is_lost_and_never_more_than_all():
    leaving, coming = some_rates(2), some_rates(3)
    gone = np.array([0.01, 0.2, 1, 3, 9.9, 50])
    tenure, group = np.full(6, 1.5), np.zeros(6, int)
    returned = years_lost(leaving, tenure, group, Away(gone, gone, coming), SETTINGS).years
    whole = years_to_come(leaving, tenure, group, SETTINGS).years
    assert (np.diff(returned) >= 0).all()
    assert returned[0] == pytest.approx(0.01, rel=0.05)
    assert (returned <= whole + 1e-9).all()
    still = years_lost(leaving, tenure, group, Away(gone, np.full(6, np.inf), coming), SETTINGS).years
    assert (np.diff(still) >= 0).all()
    assert still[-1] == pytest.approx(whole[0])


def test_rates_are_events_over_time_in_each_band_and_late_entry_counts_from_then():
    seen = Timed(np.array([0, 1, 2]), np.array([0, 0.5, 0]), np.array([0.2, 2.0, 1.0]), np.array([True, True, False]))
    found = hazards(seen, [0, 0, 0], EDGES)
    assert found.events.tolist() == [[1, 0, 1]]
    assert found.exposure == pytest.approx(np.array([[0.2 + 0.25, 0.5 + 0.75, 1.0]]))
    assert found.influence.shape == (3, 3)


def test_a_group_in_which_nothing_happened_still_has_a_rate():
    seen = Timed(np.array([0, 1]), np.zeros(2), np.array([1.0, 3.0]), np.array([True, False]))
    found = hazards(seen, [0, 1, 2], (0.0,))
    assert found.rate[:, 0] == pytest.approx([1.0, 0.5 / (3 + 3), 0.25])
    with pytest.raises(ValueError, match="rise"):
        hazards(seen, [0, 1], (0.0, 0.0))
    with pytest.raises(ValueError, match="observed"):
        hazards(Timed(np.array([0]), np.zeros(1), np.zeros(1), np.array([False])), [0])


def test_the_spread_of_a_rate_is_that_of_its_count():
    spread = [np.log(some_rates(seed, 300, 1, (0.0,)).rate[0, 0]) for seed in range(400)]
    assert np.mean([some_rates(s, 300, 1, (0.0,)).variance[0, 0, 0] for s in range(50)]) == pytest.approx(
        np.var(spread), rel=0.2
    )


def test_a_regular_is_taken_at_the_own_pace_and_a_newcomer_at_the_segments():
    visits = np.array([200.0, 40, 20, 1, 0])
    years = np.array([2.0, 2, 2, 0.1, 0.0])
    seen = Observed(visits, years, np.array([201.0, 41, 21, 2, 1]), np.full(5, 10.0), np.full(5, 50.0))
    found = spending(seen, [0] * 5)
    assert found.yearly[0] == pytest.approx(1_000, rel=0.05)
    assert found.own[4] == 0
    mean = visits.sum() / years.sum() * 10
    assert found.yearly[4] == pytest.approx(mean, rel=0.01)
    assert found.variance[4] / found.yearly[4] ** 2 > found.variance[0] / found.yearly[0] ** 2
    with pytest.raises(ValueError, match="segment"):
        spending(seen, [0])


def test_the_silence_of_who_left_and_the_visits_at_the_ends_are_not_counted():
    visits = analysis.Histories.of([1] * 5, [0, 100, 200, 300, 366], [10.0] * 5)
    gone = observe(visits, Stays(np.array([1]), np.array([0]), np.array([600]), np.array([True])))
    assert gone.visits.tolist() == [3]
    assert gone.years * 365.25 == pytest.approx([365])
    there = observe(visits, Stays(np.array([1]), np.array([0]), np.array([600]), np.array([False])))
    assert (there.visits[0], there.years[0] * 365.25) == (4, pytest.approx(600))
    once = observe(visits, Stays(np.array([1]), np.array([366]), np.array([600]), np.array([True])))
    assert (once.visits[0], once.years[0] * 365.25) == (0, pytest.approx(234))
    with pytest.raises(ValueError, match="history"):
        observe(visits, Stays(np.array([2]), np.array([0]), np.array([600]), np.array([True])))


def made(seed=5, people=400):
    """Customers of two segments who come about every ten days until they stop, some of whom return."""
    draw = np.random.default_rng(seed)
    stop = np.minimum(draw.exponential(500, people), 1_000)
    customer = np.repeat(np.arange(people), 100)
    day = np.tile(np.arange(100) * 10, people) + draw.integers(0, 10, 100 * people)
    kept = (day < stop[customer]) | (day < 10) | ((day > stop[customer] + 200) & (customer % 4 == 0))
    visits = analysis.Histories.of(customer[kept], day[kept], draw.gamma(4, 5, kept.sum()))
    episodes = analysis.detect(visits, Lapse(days=60), 999)
    return visits, episodes, spells_of(visits, episodes, 999), np.arange(people) % 2


def test_lost_value_and_lifetime_value_from_histories():
    visits, episodes, spells, segment = made()
    worth = lost.lost_per_episode(visits, episodes, spells, segment, SETTINGS)
    assert worth.value.shape == (len(episodes),)
    assert ((worth.low < worth.value) & (worth.value < worth.high)).all()
    returned = ~episodes.is_open
    assert returned.any()
    assert worth.years[returned].mean() < worth.years[~returned].mean()
    # About 36 visits a year of 20 each, of which 40 % is margin.
    assert worth.margin.mean() == pytest.approx(0.4 * 36.5 * 20, rel=0.1)
    customers, now = noncontractual.customer_values(visits, spells, segment, SETTINGS)
    card = noncontractual.segment_values(now, noncontractual.leaving_rates(spells, segment), 1_000 / 365.25)
    assert card.customers.sum() == len(customers) == (~spells.is_over).sum()
    assert (card.customers * card.mean).sum() == pytest.approx(now.value.sum())
    assert ((card.low < card.mean) & (card.mean < card.high)).all()
    assert card.thin == ((), ())
    assert card.median[0] == pytest.approx(np.median(now.value[now.staying.group == 0]))


def test_the_order_of_customers_does_not_change_a_value():
    visits, episodes, spells, segment = made()
    whole = lost.lost_per_episode(visits, episodes, spells, segment, SETTINGS)
    part = chosen(whole, episodes.customer < 100)
    assert part.value.sum() == pytest.approx(whole.value[episodes.customer < 100].sum())
    assert part.staying.slope.shape[0] == len(part.value)
    with pytest.raises(ValueError, match="not those"):
        lost.person_of(episodes, spells_of(visits, analysis.detect(visits, Lapse(days=90), 999), 999))


def test_nobody_left_is_nothing_lost():
    visits = analysis.Histories.of([1, 1, 2, 2], [0, 50, 0, 50], [1.0] * 4)
    episodes = analysis.detect(visits, Lapse(days=500), 60)
    spells = spells_of(visits, episodes, 60)
    worth = lost.lost_per_episode(visits, episodes, spells, np.array([0, 1]), SETTINGS)
    assert len(worth.value) == 0
    assert totals(worth, [], 2).estimate.tolist() == [0, 0]


def worth_with(rates, yearly, group):
    years = years_to_come(rates, np.ones(len(group)), group, SETTINGS)
    return worth_of(contract_spending(yearly), years, SETTINGS)


def test_what_is_shared_does_not_average_out():
    rates = some_rates(4)
    group = np.arange(1_000) % 2
    worth = worth_with(rates, np.full(1_000, 500.0), group)
    one = totals(worth, group)
    relative = (np.log(one.high) - np.log(one.low)) / (np.log(worth.high[:2]) - np.log(worth.low[:2]))
    assert relative == pytest.approx([1, 1])
    both = totals(worth, np.zeros(1_000, int))
    assert np.log(both.high[0] / both.low[0]) == pytest.approx(np.log(one.high / one.low).mean() / np.sqrt(2), rel=0.1)
    assert both.estimate[0] == pytest.approx(one.estimate.sum())


def losses_of_a_process(seed):
    visits, episodes, spells, segment = made(seed, 200)
    worth = lost.lost_per_episode(visits, episodes, spells, segment, SETTINGS)
    person = lost.person_of(episodes, spells)
    last_year = episodes.defected_day >= 635
    return process_totals(
        chosen(worth, last_year), np.zeros(int(last_year.sum()), int), Period(person[last_year], np.array([200]))
    )


def test_the_interval_of_a_process_is_as_wide_as_processes_differ():
    found = [losses_of_a_process(seed) for seed in range(80)]
    spread = np.std([np.log(each.estimate[0]) for each in found])
    said = np.mean([np.log(each.high[0] / each.low[0]) for each in found]) / 2 / 1.96
    assert said == pytest.approx(spread, rel=0.25)


def test_a_process_needs_its_customers():
    visits, episodes, spells, segment = made()
    worth = lost.lost_per_episode(visits, episodes, spells, segment, SETTINGS)
    person = lost.person_of(episodes, spells)
    with pytest.raises(ValueError, match="number of customers"):
        process_totals(worth, segment[person], Period(person, np.array([200])))


def test_a_group_without_a_defection_is_not_known_to_lose_nothing():
    visits, episodes, spells, segment = made()
    worth = lost.lost_per_episode(visits, episodes, spells, segment, SETTINGS)
    person = lost.person_of(episodes, spells)
    found = process_totals(worth, np.zeros(len(person), int), Period(person, np.array([400, 50])))
    assert (found.rows[1], found.estimate[1], found.low[1]) == (0, 0, 0)
    assert found.high[1] == pytest.approx(worth.value.mean() * 3.689, rel=1e-3)


# Fader and Hardie (2007), table 1 of the regular segment: % surviving after each renewal.
REGULAR = np.array([1000, 631, 468, 382, 326, 289, 262, 241])


def test_renewals_give_back_the_published_survival():
    lasted = np.repeat(np.arange(1, 8), -np.diff(REGULAR))
    after = np.concatenate([lasted, np.full(REGULAR[-1], 7)])
    ended = np.arange(1_000) < len(lasted)
    rates = renewal_rates(
        Renewals(np.arange(1_000), np.zeros(1_000, int), after, ended), np.zeros(1_000, int), range(7)
    )
    found = retention(rates)
    assert found.surviving[0] * 1_000 == pytest.approx(REGULAR[1:])
    assert found.estimate[0, :2] == pytest.approx([0.631, 468 / 631])
    assert ((found.low < found.estimate) & (found.estimate < found.high)).all()
    # A contract that has renewed often has longer to go than a new one (Fader and Hardie 2010).
    contracts = ValuedContracts(np.zeros(2, int), np.array([0, 5]), np.ones(2), np.ones(2), np.full(2, np.inf))
    new, old = contract_years(rates, contracts, SETTINGS).years
    assert old > new
    slow = [1 / np.log(1.1) * (1 - 1 / 1.1) * REGULAR[k] / 1_000 / 1.1**k for k in range(8)]
    assert contract_years(rates, contracts, ValueSettings(0.4, 0.1, 8)).years[0] == pytest.approx(sum(slow), rel=1e-3)


@pytest.mark.parametrize(("left", "term"), [(-1.0, 1.0), (1.0, 0.0)])
def test_impossible_contracts_are_refused(left, term):
    contracts = ValuedContracts(np.array([0]), np.array([0]), np.array([left]), np.array([term]), np.array([np.inf]))
    with pytest.raises(ValueError, match="term above 0"):
        contract_years(some_rates(1), contracts, SETTINGS)
    with pytest.raises(ValueError, match="yearly value"):
        contract_spending([-1.0])


def test_thin_data_say_why_and_how_many_more():
    found = {each.reason: each for each in too_thin(12, 4, 2.0)}
    assert set(found) == {"customers", "defections"}
    assert (found["defections"].more, found["defections"].months) == (6, 36)
    assert found["customers"].more == 18
    assert too_thin(300, 50, 3.0) == ()
    assert too_thin(300, 0, 3.0)[0].months is None
    short = too_thin(300, 50, 0.5)
    assert (short[0].reason, short[0].months) == ("years", 6)
    with pytest.raises(ValueError, match="at least 0"):
        too_thin(-1, 0, 1)
    groups = thin_groups(some_rates(1, 50), 2.0)
    assert [each.reason for each in groups[0]] == ["customers"]
    assert not enough(groups, [0])
    assert enough(thin_groups(some_rates(1, 200), 2.0), [0, 1])
