"""BG/BB, sBG and Gamma-Gamma: the papers' tables typed in, worlds found again, refusals in words."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import BGBB, GammaGamma, NotFitted, ShiftedBetaGeometric, TooThin, buying_model_from
from analysis.defection.buying.bgbb import _heights
from analysis.defection.buying.gamma_gamma import _likelihood

#: frequency, recency, donors with six opportunities: Fader, Hardie & Shang (2010), table 1
DONORS = np.array(
    [
        (0, 0, 3464), (1, 1, 1091), (1, 2, 277), (1, 3, 129), (1, 4, 78), (1, 5, 119), (1, 6, 129), (2, 2, 613),
        (2, 3, 255), (2, 4, 155), (2, 5, 173), (2, 6, 234), (3, 3, 322), (3, 4, 181), (3, 5, 225), (3, 6, 357),
        (4, 4, 240), (4, 5, 284), (4, 6, 512), (5, 5, 335), (5, 6, 728), (6, 6, 1203),
    ]
)  # fmt: skip
#: customers still there of 1,000 after 0 .. 7 renewals: Fader & Hardie (2007), table 1
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


@pytest.fixture(scope="module")
def donors():
    x, tx, count = DONORS.T
    return BGBB().fit(np.repeat(x, count), np.repeat(tx, count), np.full(count.sum(), 6))


def test_bgbb_fits_the_donors_as_the_paper(donors):
    assert list(donors.params_.values()) == pytest.approx([1.204, 0.750, 0.657, 2.783], abs=0.002)
    assert donors.log_likelihood_ == pytest.approx(-33225.6, abs=0.05)
    assert donors.customers_ == 11_104


def test_bgbb_foretells_five_years_as_the_paper(donors):
    """The corners of its table of expected transactions 2002-2006: nobody heard of since, and who gave every year."""
    never, late, always = donors.expected_purchases(5, [0, 1, 6], [0, 6, 6], 6)
    assert never == pytest.approx(0.07, abs=0.005)
    assert always == pytest.approx(3.75, abs=0.005)
    assert donors.expected_purchases(5, 1, 1, 6) < late < always


def test_bgbb_is_its_own_sum(donors):
    """Probabilities of all histories of four opportunities add up to one; E is the sum of one year after another."""
    paths = [[int(bit) for bit in f"{number:04b}"] for number in range(16)]
    total = 0.0
    for path in paths:
        x, tx = sum(path), max((place + 1 for place, bit in enumerate(path) if bit), default=0)
        total += np.exp(_heights(list(donors.params_.values()), tuple(np.array([float(v)]) for v in (x, tx, 4))))[0]
    assert total == pytest.approx(1)
    one_more = donors.expected_purchases(np.arange(8), 3, 5, 6)
    alpha, beta = donors.params_["alpha"], donors.params_["beta"]
    taken = donors.probability_alive(3, 5, 6) * (alpha + 3) / (alpha + beta + 6)
    assert one_more[0] == 0
    assert one_more[1] == pytest.approx(taken)
    assert (np.diff(one_more) > 0).all()
    assert (np.diff(one_more, 2) < 0).all()


def test_bgbb_runs_on_smoothly_where_gamma_is_one(donors):
    told = []
    for gamma in (0.999, 1.0, 1.001):
        model = BGBB().restore(donors.params_ | {"gamma": gamma}, 0)
        told.append(float(model.expected_purchases(5, 3, 5, 6)))
    assert told == sorted(told, reverse=True)
    assert np.ptp(told) < 0.005


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (([1.5], [2], [6]), "must be whole numbers"),
        (([1], [7], [6]), "may not exceed the opportunities"),
        (([3], [2], [6]), "at least the frequency"),
        (([0], [2], [6]), "0 for none"),
        (([1, 2], [2], [6]), "equally long"),
        (([-1], [0], [6]), "below 0"),
        (([1], [2], [6]), "needs at least 30"),
        (([0] * 40, [0] * 40, [6] * 40), "Nobody came back"),
    ],
)
def test_bgbb_refuses_in_words(columns, words):
    with pytest.raises(ValueError, match=words):
        BGBB().fit(*columns)


def test_bgbb_asks_for_whole_horizons_and_a_fit(donors):
    with pytest.raises(ValueError, match="whole number"):
        donors.expected_purchases(1.5, 1, 1, 6)
    with pytest.raises(NotFitted):
        BGBB().probability_alive(1, 1, 6)


@pytest.mark.parametrize(("still", "published"), [(HIGH_END, (0.668, 3.806)), (REGULAR, (0.704, 1.182))])
def test_sbg_fits_as_the_paper(still, published):
    model = ShiftedBetaGeometric().fit(still)
    assert list(model.params_.values()) == pytest.approx(published, abs=0.002)
    assert model.survival(np.arange(8)) == pytest.approx(np.array(still) / 1000, abs=0.025)
    twice = ShiftedBetaGeometric().fit([still, still])
    assert list(twice.params_.values()) == pytest.approx(list(model.params_.values()), rel=1e-3)
    younger = ShiftedBetaGeometric().fit([still, still[:4]])  # of the second cohort three renewals were seen
    assert younger.customers_ == 2000
    assert younger.survival(3) == pytest.approx(still[3] / 1000, abs=0.02)


def test_sbg_residual_is_the_discounted_sum():
    model = ShiftedBetaGeometric().fit(HIGH_END)
    for renewals in (0, 1, 4):
        ahead = np.arange(renewals + 1, 6000)
        alive = model.survival(ahead) / model.survival(renewals)
        told = float((alive / 1.1 ** (ahead - renewals - 1)).sum())
        assert model.expected_residual(renewals, 0.1) == pytest.approx(told, rel=1e-6)
    assert (np.diff(model.expected_residual([0, 1, 2, 3], 0.1)) > 0).all()
    assert model.retention([1, 2]) == pytest.approx(model.survival([1, 2]) / model.survival([0, 1]))


@pytest.mark.parametrize(
    ("still", "error", "words"),
    [
        ([1000, 900, 950], ValueError, "cannot grow"),
        ([1000, -1, -2], ValueError, "below 0"),
        ([20, 10, 5], TooThin, "needs at least 30"),
        ([1000, 900], TooThin, "at least two"),
        ([1000, 1000, 1000], TooThin, "Nobody left yet"),
        ([], ValueError, "number of customers that it began with"),
    ],
)
def test_sbg_refuses_in_words(still, error, words):
    with pytest.raises(error, match=words):
        ShiftedBetaGeometric().fit(still)


@given(st.lists(st.integers(0, 400), min_size=3, max_size=9))
@settings(max_examples=15, deadline=None)
def test_sbg_answers_or_says_why(numbers):
    try:
        model = ShiftedBetaGeometric().fit(sorted(numbers, reverse=True))
    except (TooThin, NotFitted):
        return
    told = model.expected_residual([0, 3], 0.1)
    assert np.isfinite(told).all()
    assert (told <= 11 + 1e-6).all()  # nobody is worth more than who stays for ever
    assert (np.diff(model.survival(np.arange(20))) <= 0).all()


def test_sbg_without_discount_has_an_end_or_says_so():
    assert ShiftedBetaGeometric().restore({"alpha": 3.0, "beta": 4.0}, 0).expected_residual(0, 0) == pytest.approx(2)
    with pytest.raises(ValueError, match="have no end"):
        ShiftedBetaGeometric().fit(HIGH_END).expected_residual(0, 0)
    with pytest.raises(ValueError, match="at least 0"):
        ShiftedBetaGeometric().fit(HIGH_END).expected_residual(0, -0.1)
    with pytest.raises(ValueError, match="counted from 1"):
        ShiftedBetaGeometric().fit(HIGH_END).retention(0)


def spenders(n, seed, values=(6.25, 3.74, 15.44)):
    """Frequency and mean amount of n customers of the world of Fader, Hardie & Lee (2005)."""
    p, q, v = values
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.4, n)
    own = rng.gamma(q, 1 / v, n)
    return x, rng.gamma(p * x, 1 / own) / x, p / own


def test_gamma_gamma_finds_the_world_again():
    x, mean, own = spenders(6000, 1)
    model = GammaGamma().fit(np.append(x, [0, 0]), np.append(mean, [0, 0]))
    assert model.customers_ == 6000
    assert list(model.params_.values()) == pytest.approx([6.25, 3.74, 15.44], rel=0.2)
    told = model.expected_mean(x, mean)
    assert np.mean((told - own) ** 2) < 0.8 * np.mean((mean - own) ** 2)
    assert told.mean() == pytest.approx(own.mean(), rel=0.03)


def test_gamma_gamma_draws_towards_the_population():
    model = GammaGamma().restore({"p": 6.25, "q": 3.74, "v": 15.44}, 0)
    assert model.expected_mean(0, 0) == pytest.approx(35.2, abs=0.1)  # "about $35" in the paper
    few, many = model.expected_mean([1, 50], 100.0)
    assert 35.2 < few < many < 100


def test_gamma_gamma_slopes_are_those_of_the_likelihood():
    values, x, mean = np.array([2.0, 3.0, 10.0]), np.array([1.0, 4.0, 30.0]), np.array([0.5, 20.0, 300.0])
    slopes = _likelihood(values, x, mean)[1]
    for place, value in enumerate(values):
        step = np.zeros(3)
        step[place] = 1e-6 * value
        rise = _likelihood(values + step, x, mean)[0] - _likelihood(values - step, x, mean)[0]
        assert slopes[place] == pytest.approx(rise / (2 * step[place]), rel=1e-4)


@pytest.mark.parametrize(
    ("frequency", "amount", "error", "words"),
    [
        ([1] * 40, [5.0] * 39 + [0], ValueError, "must have spent something"),
        ([1.5] * 40, [5.0] * 40, ValueError, "whole number"),
        ([1] * 40, [5.0] * 40, TooThin, "Everybody spent 5 a visit"),
        ([1] * 29 + [0] * 50, range(79), ValueError, "must have spent"),
        ([1] * 29, range(1, 30), TooThin, "29 customers came back"),
        ([1] * 40, [5.0] * 39 + [float("nan")], ValueError, "missing"),
    ],
)
def test_gamma_gamma_refuses_in_words(frequency, amount, error, words):
    with pytest.raises(error, match=words):
        GammaGamma().fit(frequency, list(amount))


def test_gamma_gamma_says_when_amounts_have_no_mean():
    model = GammaGamma().restore({"p": 2.0, "q": 0.9, "v": 1.0}, 0)
    assert model.expected_mean(3, 10) > 0
    with pytest.raises(NotFitted, match="have no mean"):
        model.expected_mean(0, 0)


def test_other_models_survive_storing(donors):
    x, mean, _ = spenders(100, 2)
    for model in (donors, ShiftedBetaGeometric().fit(REGULAR), GammaGamma().fit(x, mean)):
        again = buying_model_from(json.loads(json.dumps(model.as_dict())))
        assert again.as_dict() == model.as_dict()
