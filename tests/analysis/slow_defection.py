"""The rules of defection told slowly: one customer, one day at a time, in plain Python and fractions."""

import math
from fractions import Fraction

Visits = list[tuple[int, float]]  # (day, amount), one customer, one entry a day, sorted


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


def lapse_holds(visits: Visits, rule, on: int, interval: float | None) -> bool:
    days = [day for day, _ in visits if day <= on]
    return bool(days) and on - days[-1] >= lapse_threshold(days, rule, interval)


def decline_holds(visits: Visits, rule, on: int) -> bool:
    def worth(amount: float) -> Fraction:
        return Fraction(1) if rule.measure == "frequency" else Fraction(round(amount * 100), 100)

    edge = on - rule.window_days
    earlier = [(day, amount) for day, amount in visits if day <= edge]
    if len(earlier) < rule.earlier_visits or edge - visits[0][0] + 1 < rule.earlier_days:
        return False
    recent = sum((worth(a) for d, a in visits if edge < d <= on), Fraction(0))
    before = sum((worth(a) for _, a in earlier), Fraction(0))
    if before <= 0:
        return False
    share = Fraction(round(rule.share * 10_000), 10_000)
    return recent / rule.window_days < share * before / (edge - visits[0][0] + 1)


def episodes_of(visits: Visits, holds, as_of: int) -> list[tuple[int, int, int, int]]:
    """(number, last visit, defected on, returned on or -1) by walking over the days: gone from the first day on
    which the rule holds, back with the first visit on a day on which it does not."""
    came = {day for day, _ in visits}
    found: list[list[int]] = []
    gone = False
    for day in range(visits[0][0], as_of + 1):
        held = holds(day)
        if held and not gone:
            last = max(d for d, _ in visits if d <= day)
            found.append([len(found) + 1, last, day, -1])
            gone = True
        elif gone and not held and day in came:
            found[-1][3] = day
            gone = False
    return [tuple(row) for row in found]
