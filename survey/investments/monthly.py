"""Departures by month, reason and branch, dated by the day on which the customer turned away: the last visit.

An investment works on the day somebody turns away, which for a lapse of 450 days lies that much before the day on which
the rule held. So the last months, in which not everybody who turned away is known yet, are left out.

Each departure counts once. What its reason was is what the serving model reads in the words of its answer, with all its
doubt (probabilities, scaled to add up to one at most); where there are no words, the main reason ticked. Those who did
not answer are stood for by those of the same branch and half-year who did. Where nobody did, the reason is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from survey.analyst import Ints
from survey.analyst.investing import Defections

Numbers = NDArray[np.float64]
#: in the place of a reason: not known, or none of those in use
UNCLEAR = "unclear"
#: answers of so many months stand for the departures of the same months
BLOCK = 6
#: of a block, this part of the departures must have answered for its months to be compared
LEAST_ANSWERED, LEAST_ANSWERS = 0.05, 5


@dataclass(frozen=True, eq=False)
class Monthly:
    """t months from `first` on (months since 1970-01), b branches (0: none), k reasons by code, the last one UNCLEAR.

    counts, variance (t, b, k): departures by reason, and what estimating them adds to their variance. at_risk (t, b):
    customers who could have turned away. departures, answers (t, b). weight (t, b): how many departures an answer
    stands for. `known_until`: the last day on which all who turned away are known by now.
    """

    first: int
    branches: list[int]
    reasons: list[str]
    counts: Numbers
    variance: Numbers
    at_risk: Numbers
    departures: Numbers
    answers: Numbers
    weight: Numbers
    known_until: date
    days_until_known: int

    @property
    def last(self) -> int:
        return self.first + len(self.counts) - 1

    def at(self, branches: Sequence[int]) -> NDArray[np.bool_]:
        """(b,) which branches are meant; none named: all."""
        return np.asarray(np.isin(self.branches, branches or self.branches))

    def within(self, first: int, last: int) -> NDArray[np.bool_]:
        """(t,) which months lie between these two, both included."""
        months = np.arange(self.first, self.last + 1)
        return np.asarray((months >= first) & (months <= last))

    def given(self, codes: Sequence[str]) -> NDArray[np.bool_]:
        return np.isin(self.reasons, codes)

    def defections(self) -> Defections:
        """The same as rows; a branch without customers in a month has none."""
        t, b, k = np.nonzero((self.at_risk > 0)[:, :, None] & ((self.counts > 0) | self._one_each()))
        return Defections(
            t + self.first, np.array(self.reasons)[k], np.array(self.branches)[b], self.counts[t, b, k],
            self.at_risk[t, b], self.variance[t, b, k],
        )  # fmt: skip

    def _one_each(self) -> NDArray[np.bool_]:
        """A row for each month and branch, whatever was given there."""
        return np.asarray(np.arange(len(self.reasons)) == len(self.reasons) - 1)

    def payload(self) -> dict[str, Any]:
        numbers = {name: np.round(getattr(self, name), 4).tolist() for name in _ARRAYS}
        plain = {name: getattr(self, name) for name in ("first", "branches", "reasons", "days_until_known")}
        return {**plain, **numbers, "known_until": self.known_until.isoformat()}

    @classmethod
    def from_payload(cls, stored: dict[str, Any]) -> Monthly:
        arrays: dict[str, Any] = {name: np.array(stored[name], dtype=np.float64) for name in _ARRAYS}
        known = date.fromisoformat(stored["known_until"])
        plain = {name: stored[name] for name in ("first", "branches", "reasons", "days_until_known")}
        return cls(**plain, **arrays, known_until=known)


_ARRAYS = ("counts", "variance", "at_risk", "departures", "answers", "weight")


@dataclass(frozen=True, eq=False)
class Sums:
    """What the answers and departures add up to before they are weighted: the arrays of `Monthly`, and `scores`,
    `scores_squared` (t, b, k): probabilities of the reasons of those who answered."""

    scores: Numbers
    scores_squared: Numbers
    departures: Numbers
    answers: Numbers

    @classmethod
    def nothing(cls, months: int, branches: int, reasons: int) -> Sums:
        by_reason = [np.zeros((months, branches, reasons)) for _ in range(2)]
        by_branch = [np.zeros((months, branches)) for _ in range(2)]
        return cls(*by_reason, *by_branch)


@dataclass(frozen=True)
class Span:
    """Which months, branches and reasons; `known_until` and `days_until_known` as in `Monthly`."""

    first: int
    months: int
    branches: list[int]
    reasons: list[str]
    known_until: date
    days_until_known: int


def weighted(sums: Sums, at_risk: Numbers, span: Span) -> Monthly | None:
    """Answers stand for all who left in their branch and half-year; None where hardly anybody has answered yet."""
    weight, kept = _weights(sums), _answered(sums)
    if not kept.any():
        return None
    months = slice(int(np.argmax(kept)), len(kept) - int(np.argmax(kept[::-1])))
    w = weight[:, :, None]
    counts = w * sums.scores
    variance = np.maximum(w**2 * sums.scores_squared - counts, 0)
    counts[..., -1] += np.where(weight > 0, 0.0, sums.departures)
    return Monthly(
        span.first + months.start, span.branches, span.reasons, counts[months], variance[months], at_risk[months],
        sums.departures[months], sums.answers[months], weight[months], span.known_until, span.days_until_known,
    )  # fmt: skip


def _blocks(months: int) -> Iterator[slice]:
    """Half-years from the last month back, so that the newest is whole."""
    for end in range(months, 0, -BLOCK):
        yield slice(max(end - BLOCK, 0), end)


def _weights(sums: Sums) -> Numbers:
    """(t, b) how many departures an answer stands for; 0 where nobody answered."""
    weight = np.zeros_like(sums.departures)
    for block in _blocks(len(weight)):
        left, told = sums.departures[block].sum(axis=0), sums.answers[block].sum(axis=0)
        weight[block] = np.divide(left, told, out=np.zeros_like(left), where=told > 0)
    return weight


def _answered(sums: Sums) -> NDArray[np.bool_]:
    """(t,) months of half-years in which enough have answered."""
    enough = np.zeros(len(sums.answers), dtype=np.bool_)
    for block in _blocks(len(enough)):
        left, told = sums.departures[block].sum(), sums.answers[block].sum()
        enough[block] = told >= LEAST_ANSWERS and told >= LEAST_ANSWERED * left
    return enough


def month_of(day: date) -> int:
    """Whole months since 1970-01."""
    return (day.year - 1970) * 12 + day.month - 1


def first_day(month: int) -> date:
    return date(1970 + month // 12, month % 12 + 1, 1)


def last_day(month: int) -> date:
    return first_day(month + 1) - timedelta(days=1)


def months_of(days: Ints) -> Ints:
    """(n,) whole months since 1970-01 of days since 1970-01-01."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
