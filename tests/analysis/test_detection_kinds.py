"""Every kind of rule, alone and combined, against the slow telling, and what must hold whatever the data."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis
from analysis.defection.combining import AllOf, AnyOf
from analysis.defection.contracts import Cancelled, ContractEnded
from analysis.defection.decline import Decline
from analysis.defection.expected import Expected
from analysis.defection.histories import NEVER
from analysis.defection.judging import View
from analysis.defection.known import Answers, Contracts, FittedForecast, Known, Seen
from analysis.defection.lapse import Lapse
from analysis.defection.services import DroppedService
from analysis.defection.wallet import Wallet
from tests.analysis import slow_defection as slow
from tests.analysis.people import (
    FIRST_DAY,
    GIVEN,
    PEOPLE,
    SERVICE,
    VISITS,
    ModifiedBetaGeometric,
    histories_of,
    known_of,
    person,
)
from tests.analysis.test_detection import rows_of

LAPSES = st.builds(
    Lapse,
    days=st.integers(1, 60),
    times_usual=st.none() | st.floats(1, 5),
    prior_weight=st.sampled_from([0.0, 2.0]),
) | st.builds(Lapse, times_usual=st.floats(1, 5), prior_weight=st.sampled_from([0.0, 2.0]))
DECLINES = st.builds(
    Decline,
    measure=st.sampled_from(["frequency", "spend"]),
    window_days=st.integers(1, 40),
    share=st.sampled_from([0.25, 0.5, 0.7, 1.0]),
    earlier_days=st.integers(1, 50),
    earlier_visits=st.integers(1, 3),
    level=st.sampled_from(["average", "highest"]),
)
DROPPED = st.builds(
    DroppedService,
    service=st.just(SERVICE),
    days=st.integers(1, 60),
    times_usual=st.none() | st.floats(1, 4),
    bought_times=st.integers(1, 3),
)
CONTRACTS = st.builds(ContractEnded, grace_days=st.integers(0, 20), warn_days=st.integers(0, 40))
CANCELLED = st.builds(Cancelled, warn_days=st.integers(0, 40))
WALLETS = st.builds(Wallet, share=st.sampled_from([0.3, 0.5, 0.8, 1.0]))
EXPECTED = st.builds(
    Expected,
    measure=st.just("visits"),
    below=st.floats(0.05, 3),
    horizon_days=st.integers(7, 90),
) | st.builds(Expected, measure=st.just("alive"), below=st.floats(0.2, 0.95))
BY_VISITS = LAPSES | DECLINES | DROPPED
STEADY = BY_VISITS | CONTRACTS | CANCELLED | WALLETS
SINGLE = STEADY | EXPECTED


def combined(rules):
    some = st.lists(rules, min_size=2, max_size=3).map(tuple)
    return st.builds(AnyOf, some) | st.builds(AllOf, some)


ANY_RULE = SINGLE | combined(SINGLE) | combined(SINGLE | combined(SINGLE))
REGULAR = person(VISITS.filter(lambda visits: len(visits) >= 3)).map(
    lambda one: slow.Person(one.visits, one.contracts, one.answers, one.visits)
)
AS_OF = st.integers(-5, 130)
EASE = st.sampled_from([Fraction(1), Fraction(3, 4), Fraction(1, 2), Fraction(1, 10)])


def spans_of(people, rule, as_of, ease):
    view = View(as_of, histories_of(people).until(as_of), known_of(people).until(as_of))
    return rule.spans(view, float(ease)).until(as_of)


def found(people, rule, as_of):
    return rows_of(analysis.detect(histories_of(people), rule, as_of, known=known_of(people)))


@settings(max_examples=120, deadline=None)
@given(PEOPLE, ANY_RULE, AS_OF)
def test_every_rule_equals_the_slow_telling(people, rule, as_of):
    expected = [
        (7 + 3 * n, *row)
        for n, one in enumerate(people)
        for row in slow.person_episodes(one, rule, as_of, GIVEN, FIRST_DAY)
    ]
    assert found(people, rule, as_of) == expected


@settings(max_examples=60, deadline=None)
@given(PEOPLE, ANY_RULE, AS_OF, EASE)
def test_an_eased_rule_equals_the_slow_telling(people, rule, as_of, ease):
    spans = spans_of(people, rule, as_of, ease)
    ends = np.where(spans.end == NEVER, -1, spans.end)
    rows = list(zip(spans.customer.tolist(), spans.start.tolist(), ends.tolist(), strict=True))
    expected = [
        (7 + 3 * n, start, end)
        for n, one in enumerate(people)
        for _, _, start, end in slow.person_episodes(one, rule, as_of, GIVEN, FIRST_DAY, ease)
    ]
    assert rows == expected


@settings(max_examples=60, deadline=None)
@given(PEOPLE, ANY_RULE, AS_OF, EASE, EASE)
def test_who_is_gone_at_one_ease_is_gone_at_every_lower_one(people, rule, as_of, one, other):
    def days_gone(ease):
        spans = spans_of(people, rule, as_of, ease)
        rows = zip(spans.customer.tolist(), spans.start.tolist(), spans.end.tolist(), strict=True)
        return {(who, day) for who, start, end in rows for day in range(start, min(end, as_of + 1))}

    assert days_gone(max(one, other)) <= days_gone(min(one, other))


@settings(max_examples=60, deadline=None)
@given(PEOPLE, ANY_RULE, st.integers(0, 120), st.integers(0, 60))
def test_a_later_day_only_closes_what_was_open(people, rule, as_of, later):
    seen = [
        (*row[:4], row[4] if row[4] <= as_of else -1) for row in found(people, rule, as_of + later) if row[3] <= as_of
    ]
    assert found(people, rule, as_of) == seen


@settings(max_examples=60, deadline=None)
@given(PEOPLE, ANY_RULE, AS_OF)
def test_episodes_never_overlap_and_follow_the_last_visit(people, rule, as_of):
    rows = found(people, rule, as_of)
    for who, number, last, defected, returned in rows:
        assert last <= defected <= as_of
        assert returned == -1 or defected < returned <= as_of
        later = [row for row in rows if row[0] == who and row[1] == number + 1]
        assert not later or (returned != -1 and returned < later[0][3])


@settings(max_examples=50, deadline=None)
@given(PEOPLE, ANY_RULE, AS_OF, st.randoms(use_true_random=False))
def test_order_duplicates_and_batches_change_nothing(people, rule, as_of, random):
    whole = found(people, rule, as_of)
    assert whole == rows_of(
        analysis.detect(_shuffled(people, random), rule, as_of, known=_shuffled_known(people, random))
    )
    batches = []
    for n in range(len(people)):
        alone = [slow.Person() if k != n else one for k, one in enumerate(people)]
        batches += found(alone, rule, as_of)
    assert whole == batches


def _shuffled(people, random):
    """Each visit in two rows, half the money each, in any order."""
    rows = [(7 + 3 * n, day, amount / 2) for n, one in enumerate(people) for day, amount in one.visits] * 2
    random.shuffle(rows)
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return analysis.Histories.of(np.array(columns[0], int), np.array(columns[1], int), columns[2])


def _shuffled_known(people, random):
    known = known_of(people)
    twice = [random.sample(range(len(c)), len(c)) * 2 for c in (known.contracts.customer, known.answers.customer)]
    contracts, answers = known.contracts, known.answers
    columns = (contracts.customer, contracts.start, contracts.until, contracts.cancelled, contracts.told)
    rows, again = (np.array(order, dtype=int) for order in twice)
    return Known(
        known.interval,
        Contracts(*(column[rows] for column in columns)),
        Answers(answers.customer[again], answers.day[again], answers.share[again]),
        known.services,
        known.service_intervals,
        known.forecast,
    )


@settings(max_examples=120, deadline=None)
@given(REGULAR, STEADY | combined(STEADY), EASE, st.integers(1, 60), st.integers(0, 60), st.integers(0, 300))
def test_a_visit_after_the_last_makes_nobody_gone(regular, rule, ease, pause, rest, amount):
    # Three visits, and three purchases of the service, are enough to be judged by all these rules.
    visit = (regular.visits[-1][0] + pause, amount)
    bought = [*regular.bought, visit] if amount % 2 else regular.bought
    more = slow.Person([*regular.visits, visit], regular.contracts, regular.answers, bought)

    def is_gone(who):
        return bool((spans_of([who], rule, visit[0] + rest, ease).end == NEVER).any())

    assert is_gone(regular) or not is_gone(more)


def test_the_visit_that_completes_a_history_makes_a_customer_judged():
    rule = Decline("frequency", window_days=10, earlier_days=20, earlier_visits=4)
    three = analysis.Histories.of([1] * 3, [0, 10, 20], [5.0] * 3)
    four = analysis.Histories.of([1] * 4, [0, 10, 20, 30], [5.0] * 4)
    assert len(analysis.detect(three, rule, 100)) == 0
    assert analysis.detect(four, rule, 100).is_open.tolist() == [True]


def test_a_visit_in_between_shortens_the_usual_interval():
    rule = Lapse(times_usual=2, prior_weight=0)
    few = analysis.Histories.of([1] * 2, [0, 100], [5.0] * 2)
    more = analysis.Histories.of([1] * 3, [0, 60, 100], [5.0] * 3)
    assert len(analysis.detect(few, rule, 250, interval=30.0)) == 0
    assert analysis.detect(more, rule, 250, interval=30.0).is_open.tolist() == [True]


def test_a_quick_visit_before_the_same_silence_makes_a_model_doubt():
    rule, known = Expected("alive", below=0.25), Known(forecast=FittedForecast(ModifiedBetaGeometric()))
    few = analysis.Histories.of([1] * 4, [0, 40, 80, 120], [5.0] * 4)
    more = analysis.Histories.of([1] * 8, [0, 40, 80, 120, 121, 122, 123, 124], [5.0] * 8)
    day = int(analysis.detect(more, rule, 2000, known=known).defected_day[-1])
    assert analysis.detect(more, rule, day, known=known).is_open.tolist() == [True]
    assert len(analysis.detect(few, rule, day, known=known)) == 0


def test_the_day_on_which_a_model_gives_up_is_the_first():
    known = Known(forecast=FittedForecast(ModifiedBetaGeometric()))
    visits = analysis.Histories.of([1] * 3, [100, 128, 170], [5.0] * 3)
    day = int(analysis.detect(visits, Expected("alive", below=0.5), 2000, known=known).defected_day[0])
    alive = ModifiedBetaGeometric().probability_alive
    assert alive(2, 10, (day - 100) / 7) < 0.5 <= alive(2, 10, (day - 101) / 7)


PUBLISHED = {
    "NBD": {"r": 0.385, "alpha": 12.07},
    "BGNBD": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "MBGNBD": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "ParetoNBD": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
}


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("rule", [Expected("alive", below=0.5), Expected("visits", below=0.3)])
def test_what_the_models_expect_only_falls_between_visits(name, rule):
    forecast = FittedForecast(getattr(analysis, name)().restore(PUBLISHED[name], -9582.4))
    days = np.array([0, 14, 30, 55, 90, 200, 300], dtype=np.int64)
    visits = analysis.Histories.of([1] * 7, days, [5.0] * 7)
    age = np.arange(300.0, 2000.0)
    seen = Seen(np.full(1700, 6.0), np.full(1700, 300.0), age)
    figures = forecast.alive(seen) if rule.measure == "alive" else forecast.visits(seen, 90)
    assert (np.diff(figures) <= 0).all()
    fired = analysis.detect(visits, rule, 1999, known=Known(forecast=forecast)).defected_day[-1:].tolist()
    assert fired == age[figures < rule.below][:1].tolist()


def test_a_model_without_a_figure_is_refused():
    class Silent:
        def probability_alive(self, frequency, recency, age):
            return np.full(len(age), np.nan)

    visits = analysis.Histories.of([1], [0], [1.0])
    with pytest.raises(ValueError, match="no figure for some customers"):
        analysis.detect(visits, Expected("alive", 0.5), 50, known=Known(forecast=FittedForecast(Silent())))


def test_a_contract_counts_to_its_last_day_and_the_days_of_grace():
    known = Known(contracts=Contracts([5], [0], [364], [NEVER]))
    nobody = analysis.Histories.of(np.array([], int), np.array([], int), [])
    assert rows_of(analysis.detect(nobody, ContractEnded(), 900, known=known)) == [(5, 1, 0, 365, -1)]
    assert rows_of(analysis.detect(nobody, ContractEnded(grace_days=30), 900, known=known)) == [(5, 1, 0, 395, -1)]
    assert len(analysis.detect(nobody, ContractEnded(), 364, known=known)) == 0


def test_a_late_renewal_brings_back_on_the_day_it_was_told():
    rows = Contracts([5, 5], [0, 365], [364, 729], [NEVER, NEVER], told=[0, 400])
    nobody = analysis.Histories.of(np.array([], int), np.array([], int), [])
    assert rows_of(analysis.detect(nobody, ContractEnded(), 500, known=Known(contracts=rows))) == [(5, 1, 0, 365, 400)]
    # A renewal in time, whether as a row or by moving the last day, leaves nothing to tell.
    in_time = Contracts([5, 5, 6], [0, 365, 0], [364, 729, 729], [NEVER] * 3, told=[0, 350, 0])
    assert len(analysis.detect(nobody, ContractEnded(), 500, known=Known(contracts=in_time))) == 0


def test_a_cancellation_of_an_earlier_contract_is_not_heard_again():
    rows = Contracts([1, 2, 3], [0, 200, NEVER], [NEVER, NEVER, NEVER], [100, 100, 100])
    nobody = analysis.Histories.of(np.array([], int), np.array([], int), [])
    gone = analysis.detect(nobody, Cancelled(), 500, known=Known(contracts=rows))
    assert rows_of(gone) == [(1, 1, 0, 100, -1), (3, 1, 100, 100, -1)]
    assert len(analysis.detect(nobody, Cancelled(), 99, known=Known(contracts=rows))) == 0


def test_the_best_answer_of_a_day_counts():
    answers = Answers([1, 1, 2], [10, 10, 10], [0.3, 0.6, 0.3])
    visits = analysis.Histories.of([1, 2], [0, 4], [1.0, 1.0])
    assert rows_of(analysis.detect(visits, Wallet(), 50, known=Known(answers=answers))) == [(2, 1, 4, 10, -1)]


def test_half_is_not_below_half():
    answers = Answers([1, 2], [10, 10], [0.5, 0.4])
    nobody = analysis.Histories.of(np.array([], int), np.array([], int), [])
    assert analysis.detect(nobody, Wallet(), 50, known=Known(answers=answers)).customer.tolist() == [2]


def test_a_dropped_service_is_seen_while_the_customer_still_comes():
    days = list(range(0, 400, 10))
    visits = analysis.Histories.of([1] * 40, days, [5.0] * 40)
    oil = analysis.Histories.of([1] * 3, [0, 50, 100], [5.0] * 3)
    known = Known(services={SERVICE: oil})
    assert rows_of(analysis.detect(visits, DroppedService(SERVICE, days=120), 390, known=known)) == [
        (1, 1, 220, 220, -1)
    ]
    assert len(analysis.detect(visits, DroppedService(SERVICE, days=120, bought_times=4), 390, known=known)) == 0


def test_a_slow_decline_is_seen_against_the_highest_level_only():
    # Every 10 days for a year, then each gap a tenth longer than the one before: the average sinks along.
    gaps = [10] * 36 + [round(10 * 1.04**n) for n in range(1, 60)]
    days = np.cumsum([0, *gaps])
    visits = analysis.Histories.of([1] * len(days), days, [5.0] * len(days))
    fired = {
        level: int(analysis.detect(visits, Decline("frequency", 120, level=level), 2000).defected_day[0])
        for level in ("average", "highest")
    }
    assert fired["highest"] < fired["average"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (ContractEnded(), "looks at contracts"),
        (Cancelled(), "looks at contracts"),
        (Wallet(), "looks at answers"),
        (DroppedService("tyres", days=3), "purchases of 'tyres'"),
        (Expected("alive", 0.5), "no model was given"),
    ],
)
def test_a_rule_refuses_to_guess(rule, words):
    visits = analysis.Histories.of([1], [0], [1.0])
    for one in (rule, AnyOf((rule, Lapse(days=3)))):
        with pytest.raises(ValueError, match=words):
            analysis.detect(visits, one, 50)


def test_a_rule_says_what_it_needs():
    rule = AnyOf((Lapse(times_usual=2), AllOf((ContractEnded(), DroppedService("tyres", days=3)))))
    assert rule.needs == {"interval", "contracts", "services"}
    assert rule.watched == {"tyres"}
    assert Lapse(days=3).needs == frozenset()
    assert Wallet().needs == {"answers"}
    assert Expected("visits", 1).needs == {"forecast"}


def test_any_number_can_be_a_customer_and_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(3)
    who, day = rng.integers(0, 50, 900), rng.integers(0, 900, 900)
    rule = AnyOf((Lapse(days=60), Decline("frequency", 90, level="highest")))
    small, large = (
        analysis.detect(analysis.Histories.of(who + add, day, np.ones(900)), rule, 900) for add in (0, 10**15)
    )
    assert [(row[0] + 10**15, *row[1:]) for row in rows_of(small)] == rows_of(large)
    monkeypatch.setattr("analysis.defection.decline._BLOCK", 7)
    again = analysis.detect(analysis.Histories.of(who, day, np.ones(900)), rule, 900)
    assert rows_of(again) == rows_of(small)
    assert len(small) > 50
