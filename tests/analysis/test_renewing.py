"""Terms of contracts become lives: what was renewed, what ended, what runs; and values of both kinds as one."""

import numpy as np
import pytest

from analysis.defection.histories import NEVER
from analysis.value.contractual import contract_spending, contract_years, renewal_rates
from analysis.value.first import DAYS_PER_YEAR
from analysis.value.joining import joined
from analysis.value.renewing import (
    GRACE_DAYS,
    Terms,
    contracts_of,
    ended_with,
    had_it_been_renewed,
    renewals_seen,
    renewed_between,
    running,
    term_before,
    to_be_valued,
)
from analysis.value.settings import ValueSettings
from analysis.value.worth import totals, worth_of

YEAR = 365
AS_OF = 1_500
SETTINGS = ValueSettings(1.0, 0.10, 10)


def terms(*rows, cancelled=None, yearly=None):
    """Terms of (customer, first day, last day or None)."""
    count = len(rows)
    until = [NEVER if row[2] is None else row[2] for row in rows]
    start = np.array([row[1] for row in rows], dtype=np.int64)
    return Terms(
        np.array([row[0] for row in rows], dtype=np.int64), start, np.array(until, dtype=np.int64),
        np.array(cancelled or [NEVER] * count, dtype=np.int64), start,
        np.array(yearly or [np.nan] * count, dtype=np.float64),
    )  # fmt: skip


def test_terms_in_a_row_are_renewals():
    found = contracts_of(terms((1, 0, 364), (1, 365, 729), (1, 730, 1094), (2, 100, 464)), AS_OF)
    assert found.renewed.tolist() == [0, 1, 2, 0]
    assert found.followed.tolist() == [True, True, False, False]
    seen = renewals_seen(found)
    assert (seen.person.tolist(), seen.after.tolist(), seen.ended.tolist()) == ([0, 1], [3, 1], [True, True])


def test_the_order_of_rows_does_not_matter():
    rows = [(1, 0, 364), (1, 365, 729), (2, 100, 464), (2, 600, 964)]
    there, back = contracts_of(terms(*rows), AS_OF), contracts_of(terms(*rows[::-1]), AS_OF)
    assert there.start.tolist() == back.start.tolist()
    assert there.renewed.tolist() == back.renewed.tolist()


@pytest.mark.parametrize(("gap", "renewed"), [(1, [0, 1]), (GRACE_DAYS + 1, [0, 1]), (GRACE_DAYS + 2, [0, 0])])
def test_a_gap_longer_than_the_days_of_grace_ends_a_contract(gap, renewed):
    assert contracts_of(terms((1, 0, 364), (1, 364 + gap, 900)), AS_OF).renewed.tolist() == renewed


def test_contracts_beside_each_other_are_one():
    found = contracts_of(terms((1, 0, 364), (1, 10, 200), (1, 365, 729), yearly=[100, 50, 120]), AS_OF)
    assert found.start.tolist() == [0, 365]
    assert found.yearly.tolist() == [150, 120]


def test_a_renewal_is_decided_when_the_days_of_grace_are_over():
    last_day = AS_OF - GRACE_DAYS
    other = [(9, 0, 99), (9, 100, None)]
    undecided = renewals_seen(contracts_of(terms((1, 0, last_day), *other), AS_OF))
    decided = renewals_seen(contracts_of(terms((1, 0, last_day - 1), *other), AS_OF))
    assert (undecided.after[0], undecided.ended[0]) == (0, False)
    assert (decided.after[0], decided.ended[0]) == (1, True)
    ahead = renewals_seen(contracts_of(terms((1, 0, AS_OF + 10), (1, AS_OF + 11, AS_OF + 400), *other), AS_OF))
    assert (ahead.after[0], ahead.ended[0]) == (0, False)


def test_without_a_last_day_nothing_is_renewed():
    found = contracts_of(terms((1, 0, None)), AS_OF)
    assert renewals_seen(found).after.tolist() == [0]
    assert running(found).tolist() == []


def test_what_ended_before_renewals_were_on_record_is_not_counted():
    """Where the last day is moved, contracts of the time before show only their end."""
    moved = [(1, 0, AS_OF + 100), (2, 0, 364), (3, 0, 364)]
    assert renewals_seen(contracts_of(terms(*moved), AS_OF)).after.tolist() == [0, 0, 0]
    seen = renewals_seen(contracts_of(terms(*moved, (4, 0, 799), (4, 800, None), (5, 0, 900)), AS_OF))
    assert seen.after.tolist() == [0, 0, 0, 1, 1]
    assert seen.ended.tolist() == [False, False, False, False, True]


def test_what_was_not_known_yet_does_not_count():
    known = terms((1, 0, 364), (1, 365, 729))
    early = Terms(known.customer, known.start, known.until, known.cancelled, np.array([0, 365]), known.yearly)
    assert len(contracts_of(early, 300)) == 1
    later = contracts_of(terms((1, 0, 900), cancelled=[500]), 400)
    assert later.cancelled.tolist() == [NEVER]


def test_of_a_cancelled_contract_the_rest_of_the_term_counts():
    until = AS_OF + 100
    found = contracts_of(terms((1, AS_OF - 265, until), (2, AS_OF - 265, until), cancelled=[AS_OF, NEVER]), AS_OF)
    rows = running(found)
    valued = to_be_valued(found, rows, np.zeros(2, dtype=np.int64))
    assert valued.until.tolist() == [pytest.approx(100 / DAYS_PER_YEAR), np.inf]


def test_a_first_term_of_another_length_is_expected_to_be_renewed_as_others_are():
    rows = [(1, 0, AS_OF + 50), (2, AS_OF - 465, AS_OF - 100), (2, AS_OF - 99, AS_OF + 265)]
    found = contracts_of(terms(*rows), AS_OF)
    valued = to_be_valued(found, running(found), np.zeros(2, dtype=np.int64))
    assert valued.term == pytest.approx([YEAR / DAYS_PER_YEAR] * 2)


def test_renewals_within_a_period():
    found = contracts_of(terms((1, 0, 364), (1, 365, 729), (2, 0, 364), (3, 400, 1_490)), AS_OF)
    assert renewed_between(found, 365, 365) == (2, 1)
    assert renewed_between(found, 366, AS_OF) == (1, 0)


def test_what_a_departure_ended():
    found = contracts_of(terms((1, 0, 364), (2, 0, 364), (3, 0, 364), (3, 365, 729)), AS_OF)
    customer, defected = np.array([1, 2, 3, 9]), np.array([365, 900, 300, 365])
    rows = term_before(found, customer, defected)
    ends, left = ended_with(found, rows, defected, np.full(4, NEVER))
    assert rows.tolist() == [0, 1, 2, -1]
    assert ends.tolist() == [True, False, False, False]
    assert left[0] == 0
    back = ended_with(found, rows[2:3], defected[2:3], np.array([400]))
    assert back[0].tolist() == [True]
    assert back[1][0] == pytest.approx(65 / DAYS_PER_YEAR)


def made(seed, people=4_000, renews=0.8):
    """Yearly contracts from the same day, renewed by that share; gives the terms and how many years each lasted."""
    years = np.random.default_rng(seed).geometric(1 - renews, people)
    rows = [(who, n * YEAR, n * YEAR + YEAR - 1) for who, lasts in enumerate(years, 1) for n in range(min(lasts, 4))]
    return terms(*rows), years


def test_a_known_share_of_renewals_is_found_and_valued():
    """Renewed by 80 % for ever, a contract not renewed would have been worth the sum of .8 ^ k discounted years."""
    signed, _years = made(1)
    found = contracts_of(signed, 3 * YEAR + 40)
    group = np.zeros(int(found.person.max()) + 1, dtype=np.int64)
    rates = renewal_rates(renewals_seen(found), group, (0,))
    assert rates.rate[0, 0] == pytest.approx(0.2, abs=0.01)
    lost = had_it_been_renewed(found, np.array([0]), group, np.array([np.inf]))
    years = contract_years(rates, lost, ValueSettings(1.0, 0.10, 40)).years[0]
    term = YEAR / DAYS_PER_YEAR
    one = (1 - 1.1**-term) / np.log(1.1)
    assert years == pytest.approx(one / (1 - 0.8 * 1.1**-term), rel=0.03)
    home_again = had_it_been_renewed(found, np.array([0]), group, np.array([0.0]))
    assert contract_years(rates, home_again, SETTINGS).years[0] == 0


def worth_like(seed, groups, edges):
    signed, _years = made(seed, 300)
    found = contracts_of(signed, 3 * YEAR + 40)
    group = np.arange(int(found.person.max()) + 1) % groups
    rates = renewal_rates(renewals_seen(found), group, edges)
    rows = running(found)
    return worth_of(
        contract_spending(np.full(len(rows), 100.0)), contract_years(rates, to_be_valued(found, rows, group), SETTINGS),
        SETTINGS,
    )  # fmt: skip


def test_joined_values_keep_their_own_errors():
    first, second = worth_like(1, 2, (0, 1, 2)), worth_like(2, 3, (0,))
    count = len(first.value)
    both = joined(first, second, np.arange(count + len(second.value)))
    assert both.value.tolist() == [*first.value, *second.value]
    by = np.append(np.zeros(count, dtype=np.int64), np.ones(len(second.value), dtype=np.int64))
    found = totals(both, by)
    for at, one in enumerate((first, second)):
        alone = totals(one, np.zeros(len(one.value), dtype=np.int64))
        assert (found.estimate[at], found.low[at], found.high[at]) == pytest.approx(
            (alone.estimate[0], alone.low[0], alone.high[0])
        )


def test_nobody_has_a_contract():
    found = contracts_of(terms(), AS_OF)
    assert len(found) == 0
    assert running(found).tolist() == []
    assert term_before(found, np.array([1]), np.array([5])).tolist() == [-1]
    assert ended_with(found, np.array([-1]), np.array([5]), np.array([NEVER]))[0].tolist() == [False]
