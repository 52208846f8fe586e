"""The gate: what is worse does not pass, what may be chance does, and the refusal says where."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.reasons.gate import Labels, Trial, macro, micro, refusals, rows

N = 400
REASONS = ("price", "rude_staff")


def with_errors(truth: Labels, share: float, seed: int) -> Labels:
    """The truth with this share of it turned round."""
    return truth ^ (np.random.default_rng(seed).random(truth.shape) < share)


def trial(candidate: float, baseline: float = 0.3, serving: float | None = None, seed: int = 1) -> Trial:
    """Models that are wrong about so much of the answers."""
    draw = np.random.default_rng(seed)
    truth = draw.random((N, len(REASONS))) < 0.3
    return Trial(
        reasons=REASONS,
        languages=np.where(draw.random(N) < 0.5, "nl", "en"),
        truth=truth,
        candidate=with_errors(truth, candidate, 2),
        baseline=with_errors(truth, baseline, 3),
        serving=None if serving is None else with_errors(truth, serving, 4),
        compared=np.ones(N, dtype=bool),
    )


def test_a_better_model_passes() -> None:
    assert refusals(trial(0.05, serving=0.15)) == []


@pytest.mark.parametrize(("baseline", "serving", "against"), [(0.05, None, "baseline"), (0.3, 0.05, "serving")])
def test_a_worse_model_is_refused_with_the_reason_why(baseline: float, serving: float | None, against: str) -> None:
    found = refusals(trial(0.25, baseline, serving))
    assert {refusal.against for refusal in found} == {against}
    assert {(refusal.reason, refusal.language) for refusal in found} >= {("", ""), ("price", ""), ("rude_staff", "")}
    assert all(refusal.candidate < refusal.other for refusal in found)


def test_one_language_that_got_worse_is_enough() -> None:
    good = trial(0.02, serving=0.06)
    dutch = good.languages == "nl"
    good.candidate[dutch, 0] = ~good.truth[dutch, 0]
    assert ("price", "nl", "serving") in {(r.reason, r.language, r.against) for r in refusals(good)}


def test_chance_is_let_through() -> None:
    """Two models equally good on the same answers: the gate rarely holds one up."""
    refused = sum(bool(refusals(trial(0.1, 0.3, 0.1, seed))) for seed in range(40))
    assert refused <= 4


def test_answers_the_serving_model_learnt_from_are_not_held_against_the_candidate() -> None:
    learnt_by_heart = trial(0.2, serving=0.0)
    assert refusals(learnt_by_heart)
    assert refusals(replace(learnt_by_heart, compared=np.zeros(N, dtype=bool))) == []


def test_rare_reasons_are_not_judged_by_themselves() -> None:
    few = trial(0.02, serving=0.02)
    few.truth[:, 1] = False
    few.truth[:5, 1] = True
    few.serving[:, 1] = few.truth[:, 1]
    few.candidate[:, 1] = False
    assert "rude_staff" not in {refusal.reason for refusal in refusals(few)}


def test_rows_count_every_reason_in_every_language() -> None:
    found = rows(trial(0.1))
    assert [(row.reason, row.language) for row in found[:3]] == [("price", ""), ("price", "en"), ("price", "nl")]
    assert found[0].candidate.answers == found[1].candidate.answers + found[2].candidate.answers
    assert found[0].serving is None


def test_macro_leaves_out_what_nobody_gave() -> None:
    truth = np.array([[True, False], [True, False]])
    assert macro(truth, truth) == micro(truth, truth) == 1.0
