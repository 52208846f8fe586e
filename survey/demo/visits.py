"""When the customers of the demo garage come if nothing drives them away: the schedule of visits."""

from dataclasses import dataclass

import numpy as np

from survey.demo.business import BRANCHES, EMPLOYEES, YEARS_OF_HISTORY, Story
from survey.demo.customers import Bools, Ints, People, epoch_day

MAIN, TYRES, REPAIR, AIRCO = range(4)
_MAIN_BY_MONTH = np.array([1.15, 1.05, 1.15, 1.10, 1.05, 0.95, 0.55, 0.60, 1.05, 1.15, 1.10, 0.90])
_REPAIR_BY_MONTH = np.array([1.25, 1.15, 1.0, 0.95, 0.95, 0.9, 0.6, 0.65, 1.0, 1.05, 1.15, 1.15])
_CONTACT_ODDS = {"receptionist": 6.0, "mechanic": 1.5, "sales": 1.5}
_PUSH_ODDS = 0.07
_PUSH_ODDS_IN_PUSHY_YEAR = 0.34


@dataclass(frozen=True, slots=True)
class Visits:
    """One array element a visit, sorted by customer and day. `employee` indexes EMPLOYEES (who met the
    customer); `pushed` says that something unasked for was sold; `pushes` counts those so far in the pushy
    year, this visit included; `next_day` is the next visit, or the last day of the data."""

    customer: Ints
    day: Ints
    kind: Ints
    employee: Ints
    pushed: Bools
    pushes: Ints
    next_day: Ints

    def __len__(self) -> int:
        return len(self.customer)


def months(days: Ints) -> Ints:
    """The month of each day, January being 0."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12


def years(days: Ints) -> Ints:
    """The calendar year of each day."""
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def schedule(rng: np.random.Generator, people: People, story: Story) -> Visits:
    """Every visit that would take place between `story.start` and `story.until` if nobody ever left."""
    parts = [
        _main(rng, people, story),
        _tyre_changes(rng, people, story),
        _repairs(rng, people, story),
        _airco(rng, people, story),
    ]
    customer = np.concatenate([part[0] for part in parts])
    day = _opening_days(rng, np.concatenate([part[1] for part in parts]))
    kind = np.repeat(np.arange(4), [len(part[0]) for part in parts])
    inside = (day >= np.maximum(epoch_day(story.start), people.joined[customer])) & (day <= epoch_day(story.until))
    customer, day, kind = _once_a_day(customer[inside], day[inside], kind[inside])
    pushed = _pushed(rng, day, story)
    return Visits(
        customer=customer,
        day=day,
        kind=kind,
        employee=_contacts(rng, people.branch[customer]),
        pushed=pushed,
        pushes=_pushes_so_far(customer, pushed & pushy(day, story)),
        next_day=_next_days(customer, day, epoch_day(story.until)),
    )


def pushy(days: Ints, story: Story) -> Bools:
    """Which days lie in the year of pushy sales."""
    inside: Bools = (days >= epoch_day(story.pushy_from)) & (days < epoch_day(story.pushy_until))
    return inside


def _main(rng: np.random.Generator, people: People, story: Story) -> tuple[Ints, Ints]:
    """The yearly APK or service: about the same time every year, now and then months late."""
    start, count = epoch_day(story.start), len(people)
    first_year = np.arange(start, start + 365)
    weights = _MAIN_BY_MONTH[months(first_year)]
    anchor = rng.choice(first_year, size=count, p=weights / weights.sum())
    anchor = np.where(people.joined >= start, people.joined, anchor)
    turn, shape = np.arange(YEARS_OF_HISTORY), (count, YEARS_OF_HISTORY)
    late = (rng.random(shape) < 0.05) * rng.integers(20, 60, shape)
    drift = np.clip(rng.normal(0, 12, shape), -30, 30).astype(np.int64) + late
    drift[:, 0] = np.where(people.joined >= start, 0, np.abs(drift[:, 0]))
    day = anchor[:, None] + 365 * turn + drift
    return np.repeat(np.arange(count), YEARS_OF_HISTORY), day.ravel()


def _tyre_changes(rng: np.random.Generator, people: People, story: Story) -> tuple[Ints, Ints]:
    """Winter tyres on between half October and the end of November, off between half March and April."""
    owners = np.flatnonzero(people.two_sets_of_tyres)
    first, last = story.start.year, story.until.year
    seasons = [
        epoch_day(story.start.replace(year=year, month=m, day=d))
        for year in range(first, last + 1)
        for m, d in ((3, 14), (10, 12))
    ]
    day = np.array(seasons)[None, :] + rng.triangular(0, 18, 48, (len(owners), len(seasons))).astype(np.int64)
    comes = rng.random(day.shape) < 0.9
    return np.repeat(owners, len(seasons))[comes.ravel()], day[comes]


def _repairs(rng: np.random.Generator, people: People, story: Story) -> tuple[Ints, Ints]:
    """Faults at random, more of them in winter; thinned from a faster stream by the month."""
    start, until = epoch_day(story.start), epoch_day(story.until)
    peak = _REPAIR_BY_MONTH.max()
    number = rng.poisson(people.repairs_a_year * peak * (until - start) / 365)
    customer = np.repeat(np.arange(len(people)), number)
    day = rng.integers(start, until + 1, len(customer))
    stays = rng.random(len(day)) < _REPAIR_BY_MONTH[months(day)] / peak
    return customer[stays], day[stays]


def _airco(rng: np.random.Generator, people: People, story: Story) -> tuple[Ints, Ints]:
    summers = np.array(
        [
            epoch_day(story.start.replace(year=year, month=5, day=1))
            for year in range(story.start.year, story.until.year + 1)
        ]
    )
    comes = rng.random((len(people), len(summers))) < 0.10
    customer, summer = np.nonzero(comes)
    return customer, summers[summer] + rng.integers(0, 60, len(customer))


def _opening_days(rng: np.random.Generator, day: Ints) -> Ints:
    """Closed on Sundays and holidays, half as many on Saturdays; whoever cannot come comes a little later."""
    saturday = (day + 3) % 7 == 5
    day = day + 2 * (saturday & (rng.random(len(day)) < 0.5))
    for _ in range(4):
        day = day + (((day + 3) % 7 == 6) | _holiday(day))
    return day


def _holiday(day: Ints) -> Bools:
    of_month = day - day.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + 1
    code = (months(day) + 1) * 100 + of_month
    return np.isin(code, (101, 427, 1225, 1226))


def _once_a_day(customer: Ints, day: Ints, kind: Ints) -> tuple[Ints, Ints, Ints]:
    """Sorted by customer and day; of two on one day the one of the lowest kind stays."""
    order = np.lexsort((kind, day, customer))
    customer, day, kind = customer[order], day[order], kind[order]
    first = np.ones(len(day), dtype=np.bool_)
    first[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
    return customer[first], day[first], kind[first]


def _contacts(rng: np.random.Generator, branch: Ints) -> Ints:
    """Who meets the customer at each visit: mostly the desk."""
    chosen = np.zeros(len(branch), dtype=np.int64)
    for number, place in enumerate(BRANCHES):
        staff = [index for index, one in enumerate(EMPLOYEES) if one.branch == place.name]
        odds = np.array([_CONTACT_ODDS[EMPLOYEES[index].role] for index in staff])
        here = branch == number
        chosen[here] = rng.choice(staff, size=int(here.sum()), p=odds / odds.sum())
    return chosen


def _pushed(rng: np.random.Generator, day: Ints, story: Story) -> Bools:
    odds = np.where(pushy(day, story), _PUSH_ODDS_IN_PUSHY_YEAR, _PUSH_ODDS)
    pushed: Bools = rng.random(len(day)) < odds
    return pushed


def _pushes_so_far(customer: Ints, pushed: Bools) -> Ints:
    """A running count within each customer; `customer` is sorted."""
    running = np.cumsum(pushed)
    first = np.searchsorted(customer, customer)
    return running - (running - pushed)[first]


def _next_days(customer: Ints, day: Ints, until: int) -> Ints:
    following = np.append(day[1:], until)
    same = np.append(customer[1:] == customer[:-1], False)
    return np.where(same, following, until)
