"""The door to the statistics: lists or columns in, frozen dataclasses out. Nothing else here imports `analysis`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import agreement, drift, quality, shares, value
from analysis.agreement import Agreement as Agreement
from analysis.defection.episodes import STILL_GONE as STILL_GONE
from analysis.drift import Watch
from analysis.quality import Estimate as Estimate
from analysis.quality import Needed as Needed
from analysis.quality import Quality as Quality

EPOCH = date(1970, 1, 1)
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
#: a measure of the watch and its band
Measured = Watch


@dataclass(frozen=True, eq=False)
class Visits:
    """What many customers did, one row per customer and day, sorted by customer, then by day.

    Equally long int64 columns: customer: the key; day: days since 1970-01-01 (`day_number`); cents: spent that day.
    """

    customer: Ints
    day: Ints
    cents: Ints

    def __len__(self) -> int:
        return len(self.customer)

    def only(self, customer_ids: Ints) -> Visits:
        """The visits of some of the customers."""
        return self._at(np.isin(self.customer, customer_ids))

    def until(self, as_of: date) -> Visits:
        """The visits up to and including a day."""
        return self._at(self.day <= day_number(as_of))

    def first_after(self, customer: Ints, day: Ints) -> Ints:
        """(n,) for each customer and day given, the first visit after it; `STILL_GONE` where there was none."""
        row = np.searchsorted(_key(self.customer, self.day), _key(customer, day), side="right")
        same = np.append(self.customer, -1)[row] == customer
        return np.where(same, np.append(self.day, STILL_GONE)[row], STILL_GONE)

    def _at(self, rows: Flags) -> Visits:
        return self if rows.all() else Visits(self.customer[rows], self.day[rows], self.cents[rows])


@dataclass(frozen=True)
class Rule:
    """A definition of defection as it is stored."""

    kind: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Population:
    """What one customer is judged and valued by, taken from all: so that batches agree."""

    #: mean interval between visits in days; None when nobody came twice
    interval: float | None
    #: expected further years of a customer who stays
    remaining_years: float


@dataclass(frozen=True, eq=False)
class Episodes:
    """Times at which customers were gone, sorted by customer and day: equally long int64 columns.

    Days are since 1970-01-01; returned_day is `STILL_GONE` while it lasts; yearly_cents: spent in the 365 days up to
    the last visit, no margin taken off.
    """

    customer: Ints
    last_visit_day: Ints
    defected_day: Ints
    returned_day: Ints
    yearly_cents: Ints

    def __len__(self) -> int:
        return len(self.customer)


@dataclass(frozen=True)
class Share:
    """A share with its interval, each between 0 and 1; of a total of nothing the estimate is None."""

    estimate: float | None
    low: float
    high: float


@dataclass(frozen=True)
class RateDifference:
    """A rate minus the rate it is held against, with the interval of the difference."""

    estimate: float
    low: float
    high: float

    @property
    def is_real(self) -> bool:
        """Whether the interval leaves out that nothing changed."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Judged:
    """Answers that people labelled, a row each: per reason what the model `found` and what is true, and with which
    probability the answer was drawn."""

    found: list[list[bool]]
    truth: list[list[bool]]
    inclusion: list[float]


@dataclass(frozen=True)
class Scored:
    """Answers as a model read them: equally long lists. `scores`: little-endian float32, one for each reason."""

    on: list[date]
    words: list[int]
    unknown: list[float]
    unsure: list[bool]
    scores: list[bytes]


def lost_cents(yearly_cents: Ints, remaining_years: float) -> Ints:
    """(n,) the first estimate of what is lost with each customer: yearly spend times remaining years, in cents."""
    return np.rint(value.first_estimate(yearly_cents, remaining_years)).astype(np.int64)


def share_intervals(counts: Sequence[float], totals: Sequence[float], level: float = 0.95) -> list[Share]:
    """Wilson's interval for each count out of its total."""
    interval = shares.wilson(counts, totals, level)
    ends = zip(counts, totals, interval.low.tolist(), interval.high.tolist(), strict=True)
    return [Share(count / total if total else None, low, high) for count, total, low, high in ends]


def rate_difference(now: tuple[int, int], before: tuple[int, int], level: float = 0.95) -> RateDifference:
    """The rate now minus the rate before, each as (count, total), with Newcombe's interval."""
    found = shares.rate_difference(now, before, level)
    return RateDifference(float(found.estimate), float(found.low), float(found.high))


def reason_quality(judged: Judged) -> tuple[Quality, ...]:
    """How well each reason is found, in the order of the columns."""
    return quality.quality(*_columns(judged))


def overall_quality(judged: Judged) -> Quality:
    """All reasons as one: how many of those that are there are found, and how many of those found are there."""
    found, truth, inclusion = _columns(judged)
    row, column = np.nonzero(found | truth)  # neither found nor there: in no share
    return quality.quality(found[row, column][:, None], truth[row, column][:, None], inclusion[row])[0]


def answers_needed(positives: int, reviewed: int) -> Needed:
    """How many more answers, drawn uniformly, until a reason may be expected to have an honest interval."""
    return quality.answers_needed(positives, reviewed)


def alpha(judgements: Sequence[Sequence[bool | None]]) -> Agreement | None:
    """Krippendorff's alpha of one reason: a row for each reviewer, a column for each answer, None where not judged."""
    return agreement.krippendorff_alpha(np.array(judgements, dtype=np.float64))


def kappa(first: Sequence[bool], second: Sequence[bool]) -> Agreement | None:
    """Cohen's kappa of two reviewers who judged the same answers."""
    return agreement.cohen_kappa(first, second)


def measure_reading(before: Scored, now: Scored, reasons: Sequence[str]) -> tuple[Measured, ...]:
    """Unknown words, unsure answers and the shift of each reason's scores, against the band of the time `before`."""
    return drift.watch_reading(_read_answers(before, len(reasons)), _read_answers(now, len(reasons)), reasons)


def measure_accuracy(before: Judged, now: Judged, reasons: Sequence[str]) -> tuple[Measured, ...]:
    """F1 of each reason on answers that people labelled, against the band of the time `before`."""
    return drift.watch_accuracy(drift.Audit(*_columns(before)), drift.Audit(*_columns(now)), reasons)


def _columns(judged: Judged) -> tuple[Flags, Flags, NDArray[np.float64]]:
    found, truth = np.array(judged.found, dtype=bool), np.array(judged.truth, dtype=bool)
    if not len(found):
        found = truth = np.zeros((0, 0), dtype=bool)
    return found, truth, np.array(judged.inclusion, dtype=np.float64)


def _read_answers(scored: Scored, reasons: int) -> drift.ReadAnswers:
    scores = np.frombuffer(b"".join(scored.scores), dtype="<f4").reshape(-1, reasons)
    return drift.ReadAnswers([day_number(on) for on in scored.on], scored.words, scored.unknown, scored.unsure, scores)


def day_number(on: date) -> int:
    """Days since 1970-01-01."""
    return (on - EPOCH).days


def _key(customer: Ints, day: Ints) -> Ints:
    """One number per customer and day that sorts as the pair does: a day of a Python date has 22 bits."""
    return customer * (1 << 23) + day
