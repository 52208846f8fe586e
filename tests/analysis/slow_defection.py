"""The rules of defection told slowly: one customer, one day at a time, in plain Python and fractions."""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

from analysis.defection.combining import AllOf, AnyOf
from analysis.defection.contracts import Cancelled, ContractEnded
from analysis.defection.decline import Decline
from analysis.defection.expected import Expected
from analysis.defection.lapse import Lapse
from analysis.defection.services import DroppedService
from analysis.defection.wallet import Wallet

Visits = list[tuple[int, float]]  # (day, amount), one customer, one entry a day, sorted


@dataclass
class Person:
    """All that is known of one customer; every day is a whole number, None where there is none."""

    visits: Visits = field(default_factory=list)
    #: (start, until, cancelled, told)
    contracts: list[tuple[int, int | None, int | None, int]] = field(default_factory=list)
    #: (day, share)
    answers: list[tuple[int, float]] = field(default_factory=list)
    #: the purchases of the one service that is watched
    bought: Visits = field(default_factory=list)


def lapse_threshold(days: list[int], rule, interval: float | None) -> float:
    """The days that may pass after the last of `days`."""
    floor = rule.days or 1
    if rule.times_usual is None:
        return floor
    seen = (rule.prior_weight if interval is not None else 0.0) + len(days) - 1
    if seen == 0:
        return floor if rule.days is not None else math.inf
    known = (rule.prior_weight * interval if interval is not None else 0.0) + days[-1] - days[0]
    return max(floor, math.ceil(rule.times_usual * (known / seen) - 1e-9))


def lapse_holds(visits: Visits, rule, on: int, interval: float | None, ease: Fraction = Fraction(1)) -> bool:
    """Whether the time is over that the visits allow: the latest of the days to which each lets one stay away."""
    return on >= _lapse_day(tuple(day for day, _ in visits if day <= on), rule, interval, ease)


@cache
def _lapse_day(days: tuple[int, ...], rule, interval: float | None, ease: Fraction) -> float:
    """The day on which the time is over that these visits allow; infinite where the last says nothing."""
    allowed = [lapse_threshold(list(days[: n + 1]), rule, interval) for n in range(len(days))]
    if not days or allowed[-1] == math.inf:
        return math.inf
    return max(day + max(1, math.ceil(ease * a)) for day, a in zip(days, allowed, strict=True) if a < math.inf)


def decline_holds(visits: Visits, rule, on: int, ease: Fraction = Fraction(1)) -> bool:
    edge = on - rule.window_days
    usual = (_highest_level if rule.level == "highest" else _level)(tuple(visits), rule, edge)
    if usual is None or usual <= 0:
        return False
    recent = sum((_worth(rule, a) for d, a in visits if edge < d <= on), Fraction(0))
    share = 1 - ease * (1 - Fraction(round(rule.share * 10_000), 10_000))
    share = Fraction(math.ceil(share * 10_000), 10_000)
    return recent / rule.window_days < share * usual


def _worth(rule, amount: float) -> Fraction:
    return Fraction(1) if rule.measure == "frequency" else Fraction(round(amount * 100), 100)


@cache
def _level(visits: tuple, rule, edge: int) -> Fraction | None:
    """The average per day from the first visit to `edge`; None where that is too little to judge by."""
    earlier = [amount for day, amount in visits if day <= edge]
    if len(earlier) < rule.earlier_visits or edge - visits[0][0] + 1 < rule.earlier_days:
        return None
    return sum((_worth(rule, amount) for amount in earlier), Fraction(0)) / (edge - visits[0][0] + 1)


@cache
def _highest_level(visits: tuple, rule, edge: int) -> Fraction | None:
    now = _level(visits, rule, edge)
    if now is None or edge <= visits[0][0]:
        return now
    before = _highest_level(visits, rule, edge - 1)
    return now if before is None else max(now, before)


def episodes_of(visits: Visits, holds, as_of: int) -> list[tuple[int, int, int, int]]:
    """(number, last visit, defected on, returned on or -1) by walking over the days: gone from the first day on
    which the rule holds, back with the first visit on a day on which it does not."""
    gone = _walked(visits, holds, visits[0][0], as_of)
    return [
        (number, max(d for d, _ in visits if d <= start), start, end)
        for number, (start, end) in enumerate(_runs(gone, visits[0][0], as_of), 1)
    ]


def person_episodes(person: Person, rule, as_of: int, given, first_day: int, ease: Fraction = Fraction(1)) -> list:
    """The same for any rule; `given`: interval, service_interval, and `expects`, what is expected of a history."""
    gone = gone_days(person, rule, as_of, given, first_day, ease)
    return [
        (number, _last_sign(person, start), start, end)
        for number, (start, end) in enumerate(_runs(gone, first_day, as_of), 1)
    ]


def gone_days(person: Person, rule, as_of: int, given, first_day: int, ease: Fraction = Fraction(1)) -> set[int]:
    """The days up to `as_of` on which the person is gone."""
    if isinstance(rule, AnyOf | AllOf):
        parts = [gone_days(person, part, as_of, given, first_day, ease) for part in rule.rules]
        return set.union(*parts) if isinstance(rule, AnyOf) else set.intersection(*parts)
    visits = [v for v in person.visits if v[0] <= as_of]
    if isinstance(rule, Lapse):
        return _walked(visits, lambda d: lapse_holds(visits, rule, d, given.interval, ease), first_day, as_of)
    if isinstance(rule, Decline):
        return _walked(visits, lambda d: decline_holds(visits, rule, d, ease), first_day, as_of)
    if isinstance(rule, DroppedService):
        return _dropped(person, rule, as_of, given, first_day, ease)
    if isinstance(rule, Expected):
        return _walked(visits, lambda d: _expected_holds(visits, rule, d, given, ease), first_day, as_of)
    holds = {Wallet: wallet_holds, ContractEnded: contract_ended_holds, Cancelled: cancelled_holds}[type(rule)]
    return {day for day in range(first_day, as_of + 1) if holds(person, rule, day, as_of, ease)}


def _dropped(person: Person, rule, as_of: int, given, first_day: int, ease: Fraction) -> set[int]:
    bought = [v for v in person.bought if v[0] <= as_of]

    def holds(day: int) -> bool:
        enough = sum(d <= day for d, _ in bought) >= rule.bought_times
        return enough and lapse_holds(bought, rule, day, given.service_interval, ease)

    return _walked(bought, holds, first_day, as_of)


def _expected_holds(visits: Visits, rule, on: int, given, ease: Fraction) -> bool:
    days = [day for day, _ in visits if day <= on]
    if not days:
        return False
    limit = 1 - ease * (1 - rule.below) if rule.measure == "alive" else rule.below / ease
    return given.expects(rule, len(days) - 1, days[-1] - days[0], on - days[0]) < float(limit)


def wallet_holds(person: Person, rule, on: int, as_of: int, ease: Fraction) -> bool:
    known = sorted(answer for answer in person.answers if answer[0] <= on)
    share = Fraction(rule.share).limit_denominator(10_000)
    return bool(known) and Fraction(known[-1][1]).limit_denominator(10_000) < 1 - ease * (1 - share)


def contract_ended_holds(person: Person, rule, on: int, as_of: int, ease: Fraction) -> bool:
    begun = [row for row in person.contracts if max(row[0], row[3]) <= on]
    covered = [row for row in begun if row[1] is None or on <= max(row[1], max(row[0], row[3]) - 1) + rule.grace_days]
    ended = bool(begun) and not covered
    return ended or (ease < 1 and _nears_its_end(person, rule, on))


def cancelled_holds(person: Person, rule, on: int, as_of: int, ease: Fraction) -> bool:
    begun = [row for row in person.contracts if max(row[0], row[3]) <= on]
    # A cancellation before the start was of an earlier contract.
    kept = [row for row in begun if row[2] is None or row[2] < row[0] or on < row[2]]
    running = [row for row in begun if row[1] is None or on <= row[1]]
    gone = bool(begun) and not kept
    return gone or (ease < 1 and bool(running) and _nears_its_end(person, rule, on))


def _nears_its_end(person: Person, rule, on: int) -> bool:
    told = [row for row in person.contracts if row[3] <= on]
    return bool(told) and all(u is not None and on >= max(u + 1 - rule.warn_days, s) for s, u, _, _ in told)


def _last_sign(person: Person, on: int) -> int:
    visits = [day for day, _ in person.visits if day <= on]
    others = [max(row[0], row[3]) for row in person.contracts] + [day for day, _ in person.answers]
    others = [day for day in others if day <= on]
    return max(visits) if visits else max(others, default=on)


def _walked(visits: Visits, holds, first_day: int, as_of: int) -> set[int]:
    came = {day for day, _ in visits}
    found: set[int] = set()
    gone = False
    for day in range(first_day, as_of + 1):
        held = holds(day)
        gone = held or (gone and day not in came)
        if gone:
            found.add(day)
    return found


def _runs(days: set[int], first_day: int, as_of: int) -> list[tuple[int, int]]:
    """(first day, day after the last or -1) of each unbroken run."""
    starts = [day for day in range(first_day, as_of + 1) if day in days and day - 1 not in days]
    ends = [day for day in range(first_day, as_of + 1) if day - 1 in days and day not in days]
    return [(start, ends[n] if n < len(ends) else -1) for n, start in enumerate(starts)]
