"""The door to the statistics: plain lists in, frozen dataclasses out. Nothing else here imports `analysis`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import agreement, drift, quality, shares, value
from analysis.agreement import Agreement as Agreement
from analysis.defection.episodes import STILL_GONE, Episodes
from analysis.defection.histories import Histories
from analysis.defection.lapse import interval_of
from analysis.defection.rules import detect, rule_from
from analysis.drift import Watch
from analysis.quality import Estimate as Estimate
from analysis.quality import Needed as Needed
from analysis.quality import Quality as Quality

EPOCH = date(1970, 1, 1)
CENT = Decimal("0.01")
Flags = NDArray[np.bool_]
#: a measure of the watch and its band
Measured = Watch


@dataclass(frozen=True)
class Visits:
    """Purchases as rows, in any order: equally long lists. Rows of one customer on one day are one visit."""

    customer: list[int]
    on: list[date]
    amount: list[float]


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


@dataclass(frozen=True)
class Episode:
    """One time that a customer was gone; `returned_on` is None while it lasts."""

    customer_id: int
    last_visit_on: date
    defected_on: date
    returned_on: date | None
    #: spent in the 365 days up to the last visit, no margin taken off
    yearly_spend: Decimal


@dataclass(frozen=True)
class Gone:
    """How many of some customers are gone by a rule."""

    customers: int
    gone: int


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


def check_rule(rule: Rule) -> None:
    """Raise ValueError, in words, when the rule cannot be applied."""
    rule_from(rule.kind, rule.parameters)


def population(visits: Visits, rule: Rule, as_of: date) -> Population:
    """The population's interval, and the remaining years by its yearly rate of defection."""
    day, made = _day(as_of), rule_from(rule.kind, rule.parameters)
    known = _histories(visits).until(day)
    if known.size == 0:
        return Population(None, value.SHORTEST_YEARS)
    gone = detect(known, made, day)
    # A customer who left on the day of the first visit was observed for no time at all.
    years = max(value.customer_years(known, gone, day), 1 / value.DAYS_PER_YEAR)
    return Population(interval_of(known), float(value.remaining_years(len(gone), years)))


def find_episodes(visits: Visits, rule: Rule, as_of: date, of: Population) -> list[Episode]:
    """Every time a customer was gone by the rule, as known at the end of `as_of`, by customer and date."""
    histories = _histories(visits)
    made = rule_from(rule.kind, rule.parameters)
    found = detect(histories, made, _day(as_of), of.interval)
    spend = value.yearly_spend(histories, found.customer, found.last_visit_day)
    return _as_episodes(found, spend.tolist())


def count_gone(visits: Visits, rule: Rule, as_of: date) -> Gone:
    """How many of the customers who had visits by the end of `as_of` are gone on that day."""
    day = _day(as_of)
    known = _histories(visits).until(day)
    found = detect(known, rule_from(rule.kind, rule.parameters), day)
    return Gone(known.size, int(found.is_open.sum()))


def lost_values(yearly_spend: Sequence[Decimal], remaining_years: float) -> list[Decimal]:
    """The first estimate of what is lost with each customer: yearly spend times remaining years."""
    lost = value.first_estimate([float(spend) for spend in yearly_spend], remaining_years)
    return [Decimal(amount).quantize(CENT) for amount in lost.tolist()]


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
    return drift.ReadAnswers([_day(on) for on in scored.on], scored.words, scored.unknown, scored.unsure, scores)


def _histories(visits: Visits) -> Histories:
    days = np.array(visits.on, dtype="datetime64[D]").astype(np.int64)
    return Histories.of(np.array(visits.customer, dtype=np.int64), days, visits.amount)


def _as_episodes(found: Episodes, spend: list[float]) -> list[Episode]:
    days = (found.last_visit_day, found.defected_day, found.returned_day)
    rows = zip(found.customer.tolist(), *(column.tolist() for column in days), spend, strict=True)
    return [
        Episode(who, _date(last), _date(gone), None if back == STILL_GONE else _date(back), _money(yearly))
        for who, last, gone, back, yearly in rows
    ]


def _money(amount: float) -> Decimal:
    return Decimal(amount).quantize(CENT)


def _day(on: date) -> int:
    return (on - EPOCH).days


def _date(day: int) -> date:
    return EPOCH + timedelta(days=day)
