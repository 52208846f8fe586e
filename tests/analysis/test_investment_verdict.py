"""From evidence to verdict: every verdict, their order, and the door that puts all together."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import analysis
from analysis import Defections, Drawing, Investment, InvestmentSettings
from analysis.investment.verdict import OUTCOMES, decide

START = 600
REASONS = ("rude_staff", "price", "errors", "statements")
FAST = InvestmentSettings(draws=200)


def plan(**changes):
    usual = {"name": "it", "reasons": ("rude_staff",), "start": START, "one_off": 1000.0, "expected_fall": (0.2, 0.4)}
    return Investment(**{**usual, **changes})


def business(ratio=1.0, *, volume=40.0, before=24, after=12, branches=1, others=1.0, seed=1):
    """Branch 1 is treated; `others` is what becomes of its other reasons."""
    rng = np.random.default_rng(seed)
    mean = np.full((before + after, 3, branches), float(volume))
    mean[:, 1:] *= 2
    mean[before:, 0, 0] *= ratio
    mean[before:, 1:, 0] *= others
    counts = rng.poisson(mean)
    month, reason, branch = np.indices(counts.shape).reshape(3, -1)
    return Defections(
        month + START - before, np.array(REASONS)[reason], branch + 1, counts.reshape(-1), np.full(counts.size, 1000.0)
    )


def lost(counts=(100, 100, 100, 1), total=1e6):
    return analysis.lost_from_counts(REASONS, counts, (True,) * 4, (total, total / 20), Drawing(400, 1))


def check(investment=None, data=None, value=None, others=()):
    return analysis.check_investment(
        investment or plan(), business() if data is None else data, value or lost(), others, FAST
    )


def test_worked():
    verdict = check(data=business(0.6))
    assert (verdict.outcome, verdict.why, verdict.holds) == ("worked", "fell", ("worked",))
    assert verdict.facts["effect_rate_ratio"] == pytest.approx(0.6, abs=0.1)
    assert verdict.facts["measured_profit_probability"] == 1


def test_no_effect_where_the_expected_fall_is_excluded():
    verdict = check(data=business(1.0, volume=150))
    assert (verdict.outcome, verdict.why) == ("no_effect_shown", "excluded")
    assert verdict.facts["effect_low"] > 0.7


def test_a_rise_is_no_effect():
    assert check(data=business(1.6)).why == "rose"
    assert check(data=business(1.6)).outcome == "no_effect_shown"


def test_too_little_data_where_the_interval_holds_both():
    verdict = check(data=business(1.0, volume=3.0, seed=3))
    assert (verdict.outcome, verdict.why) == ("too_little_data", "wide_interval")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"after": 2}, "months_after"),
        ({"before": 5}, "months_before"),
        ({"volume": 0.2}, "defections"),
    ],
)
def test_too_little_data_to_compare(data, why):
    verdict = check(data=business(**data))
    assert (verdict.outcome, verdict.why) == ("too_little_data", why)
    assert verdict.evidence.effect is None
    assert verdict.p_value is None


def test_an_investment_of_the_future_is_told_what_could_be_seen():
    verdict = check(plan(start=START + 12))
    assert verdict.why == "months_after"
    assert 0.1 < verdict.facts["smallest_fall"] < 0.22
    assert verdict.facts["months_needed"] <= 12
    assert verdict.facts["per_month"] == pytest.approx(40, rel=0.1)
    nowhere = check(plan(branches=(99,)))
    assert (nowhere.why, nowhere.facts["smallest_fall"]) == ("defections", 1)


def test_cannot_tell_where_investments_overlap():
    other = plan(name="other", start=START + 3)
    verdict = check(data=business(0.6), others=[other, plan()])
    assert (verdict.outcome, verdict.why) == ("cannot_tell", "overlap")
    assert verdict.evidence.overlap == ("other",)
    elsewhere = plan(name="other", reasons=("price",), start=START + 3)
    assert check(data=business(0.6), others=[elsewhere]).outcome == "worked"


def test_cannot_tell_without_anything_to_hold_it_against():
    everything = plan(reasons=("rude_staff", "price", "errors"))
    assert check(everything).why == "no_controls"
    others = [plan(name=reason, reasons=(reason,)) for reason in ("price", "errors")]
    assert check(others=others).why == "no_controls"


def test_cannot_tell_where_it_was_falling_already():
    data = business(0.7, volume=100)
    month, reason = np.asarray(data.month), np.asarray(data.reason)
    falling = np.where(reason == "rude_staff", 0.6 ** ((month - month.min()) / 12), 1.0)
    verdict = check(data=replace(data, count=np.round(data.count * falling)))
    assert (verdict.outcome, verdict.why) == ("cannot_tell", "fell_before")


def test_what_moved_to_other_reasons_did_not_work():
    moved = business(0.4, volume=200, branches=2, others=1.15)
    assert check(plan(branches=(1,)), moved).why == "moved"
    assert check(plan(branches=(1,)), moved).outcome == "no_effect_shown"
    assert check(plan(branches=(1,)), business(0.4, volume=200, branches=2)).outcome == "worked"


def test_the_bank_is_aimed_at_a_non_cause_and_cannot_pay_back():
    statements = plan(reasons=("statements",), one_off=2e6)
    verdict = check(statements)
    assert verdict.holds[:2] == ("cannot_pay_back", "aimed_at_non_cause")
    assert verdict.outcome == "cannot_pay_back"
    cheap = check(replace(statements, one_off=10.0))
    assert cheap.outcome == "aimed_at_non_cause"


def test_what_works_and_never_pays_back_is_told_so_first():
    verdict = check(plan(one_off=1e8), business(0.6))
    assert verdict.holds == ("cannot_pay_back", "worked")
    assert [OUTCOMES.index(each) for each in verdict.holds] == [0, 4]


def test_window_of_the_choice_is_kept_out_of_the_baseline():
    data = business(1.0, volume=60)
    month, reason = np.asarray(data.month), np.asarray(data.reason)
    peak = (reason == "rude_staff") & (month >= START - 6) & (month < START)
    data = replace(data, count=np.where(peak, data.count * 2.0, data.count))
    trapped = check(data=data)
    assert trapped.evidence.effect.rate_ratio < 0.85
    guarded = check(plan(chosen_on=(START - 6, START - 1)), data)
    assert guarded.evidence.effect.rate_ratio == pytest.approx(1, abs=0.1)
    assert guarded.outcome != "worked"
    assert guarded.facts["months_before"] == 18
    only_that = check(plan(chosen_on=(START - 24, START - 1)), data)
    assert only_that.why == "months_before"


def test_several_investments_are_judged_together():
    verdicts = [check(plan(name=f"none {i}"), business(seed=50 + i)) for i in range(8)]
    weak = next(v for v in (check(data=business(0.85, seed=s)) for s in range(60)) if 0.02 < v.p_value < 0.05)
    assert weak.outcome == "worked"
    together = analysis.judge_together([*verdicts, weak])
    assert together[-1].outcome != "worked"
    assert together[-1].p_value > 0.05
    strong = check(data=business(0.5))
    assert analysis.judge_together([*verdicts, strong])[-1].outcome == "worked"
    assert analysis.judge_together([strong]) == (strong,)
    untested = check(data=business(after=1))
    assert analysis.judge_together([strong, untested])[1] == untested


def test_many_tests_are_named_where_they_change_the_verdict():
    weak = next(v for v in (check(data=business(0.8, volume=15, seed=s)) for s in range(60)) if 0.02 < v.p_value < 0.05)
    again = decide(weak.name, weak.evidence, 0.2)
    assert (again.outcome, again.why) == ("too_little_data", "many_tests")


def test_false_discoveries_of_the_paper():
    """Benjamini & Hochberg (1995), section 4.1: of these 15, the four smallest are found at .05."""
    p = [.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .324, .4262, .5719, .6528, .759, 1]  # fmt: skip
    adjusted = analysis.false_discoveries(p)
    assert (adjusted <= 0.05).tolist() == [True] * 4 + [False] * 11
    assert adjusted[:2] == pytest.approx([0.0015, 0.003])
    shuffled = np.random.default_rng(1).permutation(15)
    assert analysis.false_discoveries(np.array(p)[shuffled]) == pytest.approx(adjusted[shuffled])
    holes = analysis.false_discoveries([0.01, np.nan, 0.04])
    assert holes == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    with pytest.raises(ValueError, match="between 0 and 1"):
        analysis.false_discoveries([1.1])


def test_the_same_evidence_reads_the_same_for_ever():
    first, second = check(data=business(0.6)), check(data=business(0.6))
    assert first == second
    facts = json.loads(json.dumps(first.facts, allow_nan=False))
    assert facts == first.facts
    nothing = check(plan(reasons=("statements",)), value=lost((100, 100, 100, 0)))
    json.dumps(nothing.facts, allow_nan=False)


def test_verdicts_name_every_fact_or_say_that_it_is_unknown():
    full, short = check(data=business(0.6)).facts, check(data=business(after=1)).facts
    assert set(short) <= set(full)
    assert {name for name, value in short.items() if value is None} >= {"effect_rate_ratio", "total_rate_ratio"}


def test_settings_are_checked():
    with pytest.raises(ValueError, match="Controls"):
        InvestmentSettings(controls="luck")
    with pytest.raises(ValueError, match="level"):
        InvestmentSettings(level=5)


def test_false_worked_stays_rare_when_the_market_falls():
    """A fall of a fifth in everything is no effect; the benchmark has the exact rates."""
    found = []
    for seed in range(150):
        data = business(1.0, volume=20, seed=1000 + seed)
        after = np.asarray(data.month) >= START
        rng = np.random.default_rng(seed)
        thinned = np.where(after, rng.binomial(np.asarray(data.count, dtype=int), 0.8), data.count)
        found.append(check(data=replace(data, count=thinned)).outcome)
    assert found.count("worked") <= 10


def test_the_check_loads_no_text_models():
    code = (
        "import analysis, sys; analysis.check_investment; print([m for m in ('sklearn', 'nltk') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
