"""Models of when customers buy: the papers' numbers, their limits, and what they refuse."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln, gammaln, hyp2f1

from analysis import BGNBD, MBGNBD, NBD, NotFitted, ParetoNBD, TooThin, buying_model_from
from analysis.defection.buying.leaving import expected_while_alive
from analysis.defection.buying.pareto import log_integral
from analysis.defection.buying.purchases import Purchases

#: as fitted to the 1/10 sample of CDNOW, weeks 1-39: Fader, Hardie & Lee (2005), table 2; Batislam et al. (2007)
PUBLISHED = {
    NBD: (0.385, 12.072),
    BGNBD: (0.243, 4.414, 0.793, 2.426),
    MBGNBD: (0.525, 6.183, 0.891, 1.614),
    ParetoNBD: (0.553, 10.578, 0.606, 11.669),
}
KINDS = list(PUBLISHED)


def known(kind, values=None):
    return kind().restore(dict(zip(kind.names, values or PUBLISHED[kind], strict=True)), 0.0)


def customers(kind, n, seed, ages=(20.0, 39.0)):
    """Of n customers who live as the model says, told visit by visit: frequency, recency, age, how many visits each
    made in as long again, and whether he was still there at that age."""
    rng = np.random.default_rng(seed)
    first, second, *rest = PUBLISHED[kind]
    found = []
    for rate, age in zip(rng.gamma(first, 1 / second, n), rng.uniform(*ages, n), strict=True):
        times, now, leaves = [], 0.0, math.inf
        chance = rng.beta(*rest) if kind in (BGNBD, MBGNBD) else 0.0
        if kind is ParetoNBD:
            leaves = rng.exponential(1 / max(rng.gamma(rest[0], 1 / rest[1]), 1e-12))
        if kind is MBGNBD and rng.random() < chance:
            leaves = 0.0
        while now < leaves:
            now += rng.exponential(1 / max(rate, 1e-12))
            if now > min(leaves, 2 * age):
                break
            times.append(now)
            if rng.random() < chance:
                leaves = now
        seen = [time for time in times if time <= age]
        found.append((len(seen), seen[-1] if seen else 0.0, age, len(times) - len(seen), leaves > age))
    return tuple(np.array(column) for column in zip(*found, strict=True))


def test_bgnbd_answers_as_the_paper():
    """Of the note that works through the model by hand (Fader, Hardie & Lee 2005), and its table of E[X(t)]."""
    model = known(BGNBD)
    assert model.expected_purchases(39, 2, 30.43, 38.86) == pytest.approx(1.226, abs=0.001)
    assert model.probability_alive(2, 30.43, 38.86) == pytest.approx(0.73, abs=0.005)
    assert model.log_likelihood_of([2], [30.43], [38.86]) == pytest.approx(-9.46, abs=0.005)
    weeks = [0.1429, 1, 3, 31.857, 32, 78]
    told = known(BGNBD, (0.2426, 4.4136, 0.7929, 2.4259)).expected_of_new(weeks)
    assert told == pytest.approx([0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576], rel=0.0005, abs=0.00005)


def test_one_time_buyers_of_bgnbd_never_leave_and_the_doc_warns_of_it():
    assert known(BGNBD).probability_alive([0, 0], [0, 0], [1, 10_000]).tolist() == [1, 1]
    assert "NEVER RANK" in BGNBD.probability_alive.__doc__
    for kind in (MBGNBD, ParetoNBD):
        soon, late = known(kind).probability_alive([0, 0], [0, 0], [1, 10_000])
        assert 1 > soon > 0.5 > 0.2 > late > 0


def test_pareto_agrees_with_the_closed_form_of_the_paper():
    """Equations 20 and 21 of Fader & Hardie (2005), where their two 2F1 do not cancel."""
    bought = Purchases.of([0, 1, 2, 9], [0, 3.0, 30.43, 31], [38.86, 12.0, 38.86, 40])
    for values in ((0.55, 10.6, 0.6, 11.7), (2.0, 3.0, 1.5, 8.0), (0.3, 9.0, 0.8, 4.0)):
        r, alpha, s, beta = values
        high, low = max(alpha, beta), min(alpha, beta)
        second = s + 1 if alpha >= beta else r + bought.frequency

        def part(time, power=r + s + bought.frequency, second=second, high=high, low=low):
            return hyp2f1(power, second, power + 1, (high - low) / (high + time)) * (high + time) ** -power

        closed = (part(bought.recency) - part(bought.age)) / (r + s + bought.frequency)
        assert np.exp(log_integral(np.array(values), bought)[0]) == pytest.approx(closed, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_likelihood_of_a_history_is_its_density(kind):
    """Over all last purchase times and none, what can happen in a week to who buys at most twice adds up to one."""
    model = known(kind, tuple(value * (0.05 if place == 0 else 1) for place, value in enumerate(PUBLISHED[kind])))

    def density(x, tx):
        ways = math.exp(gammaln(x)) if x > 1 else 1.0  # the earlier times can lie in any order before the last
        return math.exp(model.log_likelihood_of([x], [tx], [1.0])) * tx ** (x - 1) / ways

    never = math.exp(model.log_likelihood_of([0], [0], [1.0]))
    some = sum(quad(lambda tx, x=x: density(x, tx), 0, 1)[0] for x in (1, 2, 3, 4))
    assert never + some == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_slopes_are_those_of_the_likelihood(kind):
    bought = Purchases.of([0, 0, 1, 3, 40], [0, 0, 2, 30, 35], [0, 30, 9, 30, 50])
    values = np.array(PUBLISHED[kind])
    slopes = known(kind)._likelihood(values, bought)[1]
    for place, value in enumerate(values):
        step = np.zeros(len(values))
        step[place] = 1e-5 * value
        up, down = (known(kind)._likelihood(values + sign * step, bought)[0] for sign in (1, -1))
        assert slopes[place] == pytest.approx((up - down) / (2 * step[place]), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_fit_finds_the_world_again_and_foretells_it(kind):
    x, tx, age, later, _ = customers(kind, 4000, seed=5)
    model = kind().fit(x, tx, age)
    truth = known(kind)
    assert list(model.params_) == list(kind.names)
    assert model.customers_ == 4000
    assert model.log_likelihood_ >= truth.log_likelihood_of(x, tx, age)
    assert model.log_likelihood_ < truth.log_likelihood_of(x, tx, age) + 15
    foretold = model.expected_purchases(age, x, tx, age)
    for who in (x >= 0, x == 0, x > 3):  # within 4 standard errors of what chance makes of the sum
        assert abs(foretold[who].sum() - later[who].sum()) < 4 * later[who].std() * np.sqrt(who.sum())


@pytest.mark.parametrize("kind", KINDS)
def test_probability_alive_is_how_often_they_are(kind):
    x, tx, age, _, is_there = customers(kind, 4000, seed=6)
    alive = known(kind).probability_alive(x, tx, age)
    order = np.argsort(alive, kind="stable")
    for tenth in np.array_split(order, 10):  # within 4 standard errors of what chance makes of the share
        error = math.sqrt(max((alive[tenth] * (1 - alive[tenth])).sum(), 1e-12)) / len(tenth)
        assert abs(is_there[tenth].mean() - alive[tenth].mean()) <= 4 * error


@pytest.mark.parametrize("kind", KINDS)
def test_equal_histories_are_one_with_a_count(kind):
    x, tx, age, *_ = customers(kind, 400, seed=7)
    once = kind().fit(x, tx, age)
    order = np.random.default_rng(1).permutation(1200) % 400
    thrice = kind().fit(x[order], tx[order], age[order])
    assert thrice.log_likelihood_ == pytest.approx(3 * once.log_likelihood_, rel=1e-6)
    assert list(thrice.params_.values()) == pytest.approx(list(once.params_.values()), rel=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_days_or_weeks_tell_the_same(kind):
    x, tx, age, *_ = customers(kind, 1500, seed=8)
    weeks, days = kind().fit(x, tx, age), kind().fit(x, tx * 7, age * 7)
    assert days.expected_purchases(70, x, tx * 7, age * 7) == pytest.approx(
        weeks.expected_purchases(10, x, tx, age), rel=0.01
    )


@given(
    kind=st.sampled_from(KINDS),
    logs=st.lists(st.floats(-3, 3), min_size=4, max_size=4),
    x=st.integers(0, 2000),
    share=st.floats(0.01, 1),
    age=st.floats(0.1, 1000),
    horizon=st.floats(0, 1000),
)
@settings(max_examples=300, deadline=None)
def test_no_customer_and_no_parameters_break_a_forecast(kind, logs, x, share, age, horizon):
    model = known(kind, [math.exp(value) for value in logs[: len(kind.names)]])
    tx = age * share if x else 0.0
    alive = float(model.probability_alive(x, tx, age))
    told, longer = model.expected_purchases([horizon, horizon * 1.5], x, tx, age)
    assert 0 <= alive <= 1
    assert math.isfinite(longer)
    assert -1e-9 <= told <= longer * (1 + 1e-6) + 1e-9
    assert math.isfinite(model.log_likelihood_of([x], [tx], [age]))


@given(
    a=st.floats(0.06, 300),
    b=st.floats(0.3, 300),
    r=st.floats(0.1, 300),
    x=st.integers(0, 600),
    time=st.floats(0.01, 60),
)
@settings(max_examples=100, deadline=None)
def test_bgnbd_expects_what_integration_does(a, b, r, x, time):
    """E = the mean over p of (1 - (1 + p y)^-(r + x)) / p, without any 2F1, as a sum over a very fine grid of
    ln(p / (1 - p)); alpha + T is 1 here."""
    w = np.linspace(-600, 120, 60_001)
    log_p, log_q = -np.logaddexp(0, -w), -np.logaddexp(0, w)
    worth = np.log(-np.expm1(-(r + x) * np.log1p(np.exp(log_p) * time))) - log_p
    mean = np.exp(a * log_p + (b + x) * log_q - betaln(a, b + x) + worth).sum() * (w[1] - w[0])
    tx = 0.5 if x else 0.0
    values = [r, 0.5, a, b]
    told = expected_while_alive(values, b + np.array(float(x)), np.array(time), Purchases.of(x, tx, 0.5))
    assert told == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize(("kind", "place"), [(BGNBD, 2), (MBGNBD, 2), (ParetoNBD, 2)])
def test_a_hole_of_the_closed_form_is_filled(kind, place):
    """At a = 1 and s = 1 the formulas are 0 / 0; there and beside it the answer must run on smoothly."""
    values = list(PUBLISHED[kind])
    told = []
    for near in (0.999, 0.99995, 1.0, 1.00005, 1.001):
        values[place] = near
        told.append(float(known(kind, values).expected_purchases(39, 2, 30.43, 38.86)))
    assert np.ptp(told) < 0.002
    assert told == sorted(told, reverse=True)


def test_bgnbd_of_the_new_where_the_second_hole_is():
    """a + b = 1 makes the third argument of the 2F1 nothing for who came once."""
    told = [float(known(BGNBD, (0.3, 4.0, 0.4, b)).expected_of_new(39)) for b in (0.599, 0.6, 0.601)]
    assert told == sorted(told)
    assert np.ptp(told) < 0.002


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_survives_storing(kind):
    x, tx, age, *_ = customers(kind, 300, seed=9)
    model = kind().fit(x, tx, age)
    again = buying_model_from(json.loads(json.dumps(model.as_dict())))
    assert type(again) is kind
    assert again.as_dict() == model.as_dict()
    assert (again.expected_purchases(5, x, tx, age) == model.expected_purchases(5, x, tx, age)).all()


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ({"model": "Oracle"}, "no model called 'Oracle'; there are NBD, BGNBD"),
        ({"model": "NBD"}, "lacks log_likelihood and params"),
        ({"model": "NBD", "params": {"r": 1.0}, "log_likelihood": 0}, "NBD has the parameters r, alpha"),
        ({"model": "NBD", "params": {"r": 1.0, "alpha": -1.0}, "log_likelihood": 0}, "must be numbers above 0"),
        ({"model": "NBD", "params": {"r": 1.0, "alpha": math.nan}, "log_likelihood": 0}, "must be numbers above 0"),
    ],
)
def test_what_is_not_a_stored_model_is_refused(stored, words):
    with pytest.raises(ValueError, match=words):
        buying_model_from(stored)


def _changed(name, value, at=3):
    columns = {"frequency": [0, 1, 2, 3] * 20, "recency": [0, 2, 3, 4] * 20, "age": [9.0] * 80}
    columns[name] = list(columns[name])
    columns[name][at] = value
    return columns


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (_changed("frequency", 1.5), "must be a whole number"),
        (_changed("frequency", -1), "column frequency a value is below 0"),
        (_changed("recency", math.nan), "column recency a value is missing"),
        (_changed("age", math.inf), "column age a value is missing or not a number"),
        (_changed("recency", 9.5), "recency may not exceed the age"),
        (_changed("recency", 1.0, at=0), "never came back has a recency of 0"),
        (_changed("age", 1) | {"age": [9.0] * 79}, "frequency, recency and age must be equally long"),
        ({"frequency": [[1]], "recency": [[1]], "age": [[2]]}, "must be flat lists"),
        ({"frequency": [], "recency": [], "age": []}, "There are 0 customers; a model needs at least 30"),
        ({"frequency": [1] * 29, "recency": [1] * 29, "age": [2] * 29}, "There are 29 customers"),
        ({"frequency": [0] * 50, "recency": [0] * 50, "age": [2] * 50}, "Nobody came back"),
        ({"frequency": [1] * 60, "recency": [0] * 60, "age": [0] * 60}, "No time has passed"),
        ({"frequency": [0] * 50 + [1], "recency": [0] * 50 + [1], "age": [2] * 51}, "Only 1 customers came back"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_bad_columns_are_refused_in_words(kind, columns, words):
    with pytest.raises(ValueError, match=words):
        kind().fit(**columns)


@pytest.mark.parametrize("kind", KINDS)
def test_too_thin_and_not_fitted_have_names(kind):
    with pytest.raises(TooThin):
        kind().fit([0] * 50, [0] * 50, [1] * 50)
    for ask in (lambda: kind().expected_purchases(1, 0, 0, 1), lambda: kind().probability_alive(0, 0, 1)):
        with pytest.raises(NotFitted, match="call fit first"):
            ask()
    with pytest.raises(ValueError, match="column horizon a value is below 0"):
        known(kind).expected_purchases(-1, 0, 0, 1)


@pytest.mark.parametrize(
    ("frequency", "recency", "age"),
    [
        ([5] * 60, [9.0] * 60, [10.0] * 60),  # all alike
        ([1] * 60, [0.001] * 60, [1000.0] * 60),  # all gone at once
        ([500] * 60, [1000.0] * 60, [1000.0] * 60),  # nobody ever leaves
        ([0] * 55 + [1] * 5, [0.0] * 55 + [1.0] * 5, [1e6] * 60),  # next to nothing
        ([0] * 50 + [3000] * 10, [0.0] * 50 + [900.0] * 10, [1000.0] * 60),  # two kinds, far apart
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_odd_businesses_get_an_answer_or_a_reason(kind, frequency, recency, age):
    try:
        model = kind().fit(frequency, recency, age)
    except (TooThin, NotFitted):
        return
    told = model.expected_purchases(10, frequency, recency, age)
    alive = model.probability_alive(frequency, recency, age)
    assert math.isfinite(model.log_likelihood_)
    assert np.isfinite(told).all()
    assert (told >= 0).all()
    assert ((alive >= 0) & (alive <= 1)).all()
