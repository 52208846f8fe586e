"""The share of those who left behind each reason, and what was lost with them: columns in, plain figures out.

Answers are `Evidence`: what the model says of each, which of them people read and what they found, and how many
departures each stands for. What customers ticked is evidence of the same shape, in which everything was read
(`ticked_evidence`), so ticks and words are estimated, weighted and compared in the same way and never mixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.agreement import cohen_kappa
from analysis.lost_by_reason import Amount as Amount
from analysis.lost_by_reason import lost_value
from analysis.shares.comparing import Differences, ReadShares, compare_shares
from analysis.shares.estimating import Shares, shares_of
from analysis.shares.reviewed import Reviewed, reviewed_answers
from analysis.weighting import bands as bands
from analysis.weighting import response_weights, widest_bounds
from survey.analyst import Flags

Numbers = NDArray[np.float64]
Evidence = Reviewed
Named = tuple[str, Evidence]
#: an agreement beyond chance, and the ends of its interval
Kappa = tuple[float, float | None, float | None] | None
#: more different values than this, and weights are raked rather than modelled: a fit would need a column for each
MOST_VALUES = 40
#: an interval wider than this says next to nothing
TOO_WIDE = 0.5
#: a reason that the model is this sure of counts as read, where it is held against what people found
READ_FROM = 0.5


@dataclass(frozen=True, eq=False)
class Weights:
    """`each` (r,): how many departures each answer stands for, in the order of those who answered; they add up to all.

    `effective`: how many answers of equal weight would say as much. `rate`: the part of the departures that answered,
    0 to 1. `unreached`: (characteristic, value) of which nobody answered.
    """

    each: Numbers
    effective: float
    rate: float
    unreached: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Estimate:
    """A share, 0 to 1, with its 95 % interval; None where nothing is known.

    `method`: difference, post_stratified, labels or too_few (`analysis.shares.choosing`). `found`: in how many answers
    that people read. `more`: how many more to read until the interval is honest and narrow; `at_least`: or more.
    """

    estimate: float | None
    low: float
    high: float
    method: str
    found: int
    more: int
    at_least: bool

    @property
    def says_little(self) -> bool:
        return self.estimate is None or self.method == "too_few" or self.high - self.low > TOO_WIDE


@dataclass(frozen=True)
class Lost:
    """What was lost by reason, in the currency of the values: (k,) amounts with 95 % intervals, and of all reasons that
    can be influenced, and of those who gave only others. Who gives several reasons counts under each."""

    total: float
    each: tuple[Amount, ...]
    can: Amount
    cannot: Amount


@dataclass(frozen=True)
class Difference:
    """A share in the one group less that in the other, -1 to 1, with the interval of the difference."""

    name: str
    against: str
    reason: int
    now: float
    before: float
    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Agreement:
    """Of the answers that people read: in how many a reason was both ticked and written, only ticked, only written.

    `tick`: how far the tick agrees with what people found in the words, `model`: how far the model does; Cohen's kappa
    with the lower and upper end of its interval (`analysis.agreement`). None where it is undefined, ends None where too
    few answers say. Figures that were stored before these have neither.
    """

    both: int
    only_ticked: int
    only_written: int
    tick: Kappa = None
    model: Kappa = None


def weigh(characteristics: Mapping[str, Sequence[str]], answered: Flags, base: Numbers | None = None) -> Weights:
    """Weights that make those who answered look like all who left, (n,) values by characteristic.

    `base` (n,): what each counts for already. Where nobody answered there are none.
    """
    if not answered.any():
        return Weights(np.zeros(0), 0.0, 0.0)
    way = "logistic" if sum(len(set(values)) for values in characteristics.values()) <= MOST_VALUES else "raking"
    found = response_weights(characteristics, answered, way="logistic" if way == "logistic" else "raking", base=base)
    return Weights(found.weights, found.effective_size, found.response_rate, found.unreached)


def evidence(
    scores: Numbers, at: Sequence[int], truth: Flags, weights: Numbers, inclusion: Sequence[float] | None = None
) -> Evidence:
    """Answers a model read, `scores` (n, k), of which people read those `at` (m,) and found `truth` (m, k).

    `inclusion` (m,): the chance with which each was drawn to be read; None: the same for all.
    """
    return reviewed_answers(scores, np.asarray(at, dtype=np.int64), truth, inclusion=inclusion, weights=weights)


def ticked_evidence(ticks: Flags, weights: Numbers) -> Evidence:
    """What was ticked, (n, k): known of every answer, so no model and no sample is in it."""
    return reviewed_answers(np.zeros(ticks.shape), np.arange(len(ticks)), ticks, weights=weights)


def unweighted(answers: Evidence) -> Evidence:
    """The same answers, each counting once."""
    return reviewed_answers(
        answers.probabilities, answers.at, answers.truth, inclusion=answers.inclusion, out_of_fold=answers.said
    )


def estimates(answers: Evidence) -> tuple[Estimate, ...]:
    """The share of each reason (k,); all unknown where there is no answer."""
    if not len(answers.weights):
        return tuple(Estimate(None, 0.0, 1.0, "too_few", 0, 0, True) for _ in range(answers.truth.shape[1]))
    return _told(shares_of(answers))


def _told(found: Shares) -> tuple[Estimate, ...]:
    columns = zip(
        found.estimate.tolist(), found.low.tolist(), found.high.tolist(), found.method,
        found.positives.tolist(), found.more.tolist(), found.at_least.tolist(), strict=True,
    )  # fmt: skip
    return tuple(Estimate(None if np.isnan(estimate) else estimate, *rest) for estimate, *rest in columns)


def widest(found: Sequence[Estimate], rate: float) -> list[tuple[float, float]]:
    """Between which shares (k,) among all who left the truth lies, whatever those who did not answer would have said.

    `found`: shares among those who answered, not weighted; `rate`: the part that answered.
    """
    ends = widest_bounds([each.low for each in found], [each.high for each in found], rate)
    return list(zip(ends.low.tolist(), ends.high.tolist(), strict=True))


def lost(answers: Evidence, value: Numbers, can: Sequence[bool], total: float) -> Lost | None:
    """`total`, lost with all who left, by reason; `value` (n,) lost with each who answered, `can` (k,) be influenced.

    None where there are no answers, or nothing was lost with those who answered.
    """
    if not len(value) or not (answers.weights @ value) > 0:
        return None
    found = lost_value(answers, value, np.asarray(can, dtype=np.int64), total=total)
    known = np.nan_to_num(found.estimate)
    each = zip(known.tolist(), found.low.tolist(), found.high.tolist(), strict=True)
    return Lost(found.total, tuple(Amount(*ends) for ends in each), found.influenceable, found.not_influenceable)


def real_differences(pairs: Sequence[tuple[Named, Named]], model: str) -> list[Difference]:
    """Of these pairs (named answers, and those they are held against) what is more than chance, over all reasons and
    pairs together: of what is called real about one in twenty is not. All were read by the one `model`."""
    known: dict[int, Shares] = {}
    for answers in (each for pair in pairs for _, each in pair):
        if id(answers) not in known:
            known[id(answers)] = shares_of(answers)
    named = [tuple(ReadShares(name, model, known[id(answers)]) for name, answers in reversed(pair)) for pair in pairs]
    compared = compare_shares([(before, now) for before, now in named])
    return [each for (before, now), found in zip(named, compared, strict=True) for each in _real(now, before, found)]


def _real(now: ReadShares, before: ReadShares, found: Differences) -> list[Difference]:
    later, earlier = now.shares.estimate, before.shares.estimate
    return [
        Difference(
            found.later, found.earlier, k, float(later[k]), float(earlier[k]),
            float(found.estimate[k]), float(found.low[k]), float(found.high[k]),
        )
        for k in np.flatnonzero(found.is_real).tolist()
    ]  # fmt: skip


def agreement(answers: Evidence, ticked: Flags) -> tuple[Agreement, ...]:
    """Three sources held against each other, reason by reason, in the answers that people read.

    What was ticked, (n, k), what the model reads in the words, and what people found in them.
    """
    found, own = answers.truth.astype(np.bool_), ticked[answers.at]
    read = answers.probabilities[answers.at] >= READ_FROM
    counts = ((own & found).sum(axis=0), (own & ~found).sum(axis=0), (~own & found).sum(axis=0))
    columns = zip(*(column.tolist() for column in counts), found.T, own.T, read.T, strict=True)
    has_model = bool(answers.probabilities.any())
    return tuple(
        Agreement(both, ticks, words, _kappa(tick, people), _kappa(model, people) if has_model else None)
        for both, ticks, words, people, tick, model in columns
    )


def _kappa(one: Flags, other: Flags) -> Kappa:
    found = cohen_kappa(one, other)
    return None if found is None else (found.estimate, found.low, found.high)


def among(answers: Evidence, chosen: Flags) -> Evidence | None:
    """Some of the answers, (n,); None where people have read none of them."""
    if not chosen.any():
        return None
    part = answers.among(chosen)
    return part if len(part.at) and part.total > 0 else None
