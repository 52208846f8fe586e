"""What a risk model knows of customers as of a day: recency, frequency, spend, trend and tenure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.defection.histories import Days, Flags, Histories, Money

#: stretches before the day, as shares of the horizon, in which visits and spending are counted
_STRETCHES = (0.25, 0.5, 1.0, 2.0)
_TREND = 0.5  # the last stretch of half a horizon is held against all before it
#: level and unrest are read from so many stretches of a quarter of a horizon, back from the day
_BLOCKS, _BLOCK = 12, 0.25
_SLACK = 0.05  # variance of a level over a horizon that nobody is steadier than
_FADING = 3.0  # blocks after which a block weighs e times less in the recent level


@dataclass(frozen=True, eq=False)
class Features:
    """customer (n,) identifiers, ascending; names of the k features; values (n, k) float64. A value that has no meaning
    yet (the usual interval of who came once) is NaN, which the boosted model takes as such."""

    customer: Days
    names: tuple[str, ...]
    values: Money

    def column(self, name: str) -> Money:
        """(n,) one feature. ValueError where there is none of that name."""
        if name not in self.names:
            raise ValueError(f"There is no feature {name!r}; there are {', '.join(self.names)}.")
        return np.asarray(self.values[:, self.names.index(name)])

    def of(self, chosen: Flags) -> Features:
        """The same of some customers only."""
        return Features(self.customer[chosen], self.names, self.values[chosen])

    def only(self, names: tuple[str, ...]) -> Features:
        """The same with some of the columns only."""
        return Features(self.customer, names, np.column_stack([self.column(name) for name in names]))

    def with_column(self, name: str, values: Money) -> Features:
        """The same and one column more, (n,)."""
        return Features(self.customer, (*self.names, name), np.column_stack([self.values, values]))


def features_as_of(histories: Histories, as_of_day: int, horizon_days: int) -> Features:
    """The features of all who came on or before that day, from what was known at its end.

    Days and units of money. The horizon, the time that a risk is asked for, sets the stretches that are counted: of a
    quarter, a half, one and two horizons. Whole columns at a time; nothing is asked per customer.
    """
    if horizon_days < 4:
        raise ValueError("The horizon must be at least 4 days.")
    known = histories.until(as_of_day)
    columns = _whole_history(known, as_of_day) | _intervals(known, as_of_day)
    running = _Running(known, as_of_day)
    for share in _STRETCHES:
        days = max(1, round(share * horizon_days))
        visits, spend = running.last(days)
        columns |= {f"visits_{share:g}": visits, f"spend_{share:g}": spend}
    columns |= _trend(running, max(1, round(_TREND * horizon_days)), columns)
    columns |= _unrest(running, max(1, round(_BLOCK * horizon_days)), columns)
    return Features(known.customer[known.first], tuple(columns), np.column_stack(list(columns.values())))


class _Running:
    """Sums of visits and spending over the last days of each customer."""

    def __init__(self, known: Histories, as_of_day: int) -> None:
        self.known, self.as_of_day = known, as_of_day
        # Whole cents: the sum of a customer then does not depend on who else is there.
        self.spent = np.concatenate([[0], np.cumsum(np.rint(known.amount * 100).astype(np.int64))])

    def last(self, days: int) -> tuple[Money, Money]:
        """(c,) visits and spending on the last so many days, the day itself included."""
        known = self.known
        everyone = np.arange(known.size)
        before = known.row_at(everyone, np.full(known.size, self.as_of_day - days))
        start = np.where(before < 0, known.first, before + 1)
        spend = (self.spent[known.last + 1] - self.spent[start]) / 100.0
        return (known.last + 1 - start).astype(np.float64), spend


def _whole_history(known: Histories, as_of_day: int) -> dict[str, Money]:
    first, last = known.day[known.first], known.day[known.last]
    visits = (known.last - known.first + 1).astype(np.float64)
    total = np.add.reduceat(known.amount, known.first) if known.size else known.amount
    tenure = (as_of_day - first + 1).astype(np.float64)
    return {
        "days_away": (as_of_day - last).astype(np.float64),
        "tenure": tenure,
        "visits": visits,
        "visits_a_day": visits / tenure,
        "spend": total,
        "spend_a_visit": total / visits,
        "first_spend": known.amount[known.first],
        "last_spend": known.amount[known.last],
    }


def _intervals(known: Histories, as_of_day: int) -> dict[str, Money]:
    """The own usual interval, how it varies, the last one, and the time away measured by it."""
    step = np.diff(known.day, append=0).astype(np.float64)
    step[known.last] = 0
    count = (known.last - known.first).astype(np.float64)
    came_back = count > 0
    mean = _divided(np.bincount(known.group, step, known.size).astype(np.float64), count)
    square = _divided(np.bincount(known.group, step**2, known.size).astype(np.float64), count)
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    away = (as_of_day - known.day[known.last]).astype(np.float64)
    last = np.where(came_back, step[np.maximum(known.last - 1, 0)], np.nan)
    return {
        "usual_interval": mean,
        "interval_spread": _divided(deviation, mean),
        "last_interval": last,
        "intervals_away": _divided(away, mean),
    }


def _trend(running: _Running, days: int, columns: dict[str, Money]) -> dict[str, Money]:
    """Visits and spending a day in the last stretch over those before it; NaN where nothing lies before it."""
    visits, spend = running.last(days)
    before = np.maximum(columns["tenure"] - days, 0)
    return {
        "visits_trend": _divided(visits / days, _divided(columns["visits"] - visits, before)),
        "spend_trend": _divided(spend / days, _divided(columns["spend"] - spend, before)),
    }


def _unrest(running: _Running, days: int, columns: dict[str, Money]) -> dict[str, Money]:
    """How level the own past was, block by block, in shares of the own mean: the level now (blocks weigh less the
    longer they are past), the spread, the margin (how many standard errors of a horizon the level lies above half), the
    least, the share of blocks below half, and the slope. NaN where no block is whole."""
    visits, spend = (np.diff(np.stack(sums), axis=0) for sums in zip(*map(running.last, _ends(days)), strict=True))
    back = np.arange(_BLOCKS, dtype=np.float64)[:, None]
    whole = columns["tenure"] >= days * (back + 1)
    blocks = whole.sum(axis=0).astype(np.float64)
    fading = np.exp(-back / _FADING) * whole
    found: dict[str, Money] = {}
    for name, sums in (("visits", visits), ("spend", spend)):
        share = np.where(whole, _divided(sums, columns[name] / columns["tenure"] * days), 0.0)
        mean = _divided(share.sum(axis=0), blocks)
        off = np.where(whole, share - mean, 0.0)
        level = _divided((share * fading).sum(axis=0), fading.sum(axis=0))
        variance = _divided((off**2).sum(axis=0), blocks)
        middle = np.where(whole, back - (blocks - 1) / 2, 0.0)
        found |= {
            f"{name}_level": level,
            f"{name}_spread": np.sqrt(variance),
            f"{name}_margin": (level - 0.5) / np.sqrt(variance * _BLOCK + _SLACK),
            f"{name}_least": np.where(blocks > 0, np.where(whole, share, np.inf).min(axis=0), np.nan),
            f"{name}_below_half": _divided(((share < 0.5) & whole).sum(axis=0).astype(np.float64), blocks),
            f"{name}_slope": -_divided((off * middle).sum(axis=0), (middle**2).sum(axis=0)),
        }
    return found


def _ends(days: int) -> list[int]:
    return [days * number for number in range(_BLOCKS + 1)]


def _divided(above: Money, below: Money) -> Money:
    """above / below, and NaN where nothing stands below."""
    shape = np.broadcast_shapes(np.shape(above), np.shape(below))
    return np.asarray(np.divide(above, below, out=np.full(shape, np.nan), where=below > 0))
