"""Who leaves the demo garage, when and why: a hazard for every reason at every visit, and what came of it.

A visit can drive someone away (rudeness, pushing, waiting, errors, ...) and the time until the next one can
take someone away (a move, a better offer). Each reason has its own hazard; the first that strikes is the main
reason. Most who turn away never come back, some only come less, some return after a year or more.
"""

from dataclasses import dataclass

import numpy as np

from survey.demo.business import BRANCHES, EMPLOYEES, REASONS, Investment, Story
from survey.demo.customers import BUSINESS, CHANNELS, LEASE, PRIVATE, Bools, Floats, Ints, People, epoch_day
from survey.demo.visits import MAIN, Visits

CODE = {reason: index for index, reason in enumerate(REASONS)}
A_VISIT: dict[str, float] = {
    "price": 0.0074,
    "rude_staff": 0.0022,
    "broken_promises": 0.0050,
    "pushy_sales": 0.0007,
    "slow_service": 0.0062,
    "poor_quality": 0.0062,
    "errors": 0.0040,
    "premises": 0.0003,
    "other": 0.0016,
}
A_YEAR: dict[str, float] = {"competitor": 0.0150, "inconvenience": 0.0130, "circumstances": 0.0220}
#: what the tracker adds to the reason `other`, which is where it is counted while no reason of its own exists
TRACKER_A_VISIT = 0.0130
RUDE_EMPLOYEE = 0.150
RUDE_BRANCH = 0.024
PUSHED_AGAIN = (0.0, 0.006, 0.065, 0.110, 0.140)  # by the number of times pushed in the pushy year
_CONTRACT_HOLDS = 0.45
_EARLY = ((365, 1.9), (730, 1.3))
_AFTER_PRICE_RISE = (180, 2.6)
_DRIFT_ODDS = 0.30
_RETURN_ODDS = {"price": 0.14, "competitor": 0.14, "inconvenience": 0.08, "slow_service": 0.08, "circumstances": 0.02}
_RETURN_OTHERWISE = 0.05
_SEGMENT: tuple[tuple[int, str, float], ...] = (
    (PRIVATE, "price", 1.25),
    (LEASE, "price", 0.35),
    (LEASE, "circumstances", 1.8),
    (BUSINESS, "slow_service", 1.7),
    (BUSINESS, "errors", 1.7),
    (BUSINESS, "price", 0.8),
)
_OFTEN_TOGETHER: tuple[tuple[str, str], ...] = (
    ("price", "competitor"),
    ("price", "pushy_sales"),
    ("rude_staff", "slow_service"),
    ("broken_promises", "slow_service"),
    ("poor_quality", "broken_promises"),
    ("poor_quality", "errors"),
    ("inconvenience", "competitor"),
)


@dataclass(frozen=True, slots=True)
class Fates:
    """One array element a customer. `visit` is the visit after which they turned away, -1 if they never did;
    `left` the day of it; `reasons` (n, 12) is true for every reason that counted, `main` the first of them;
    `returned` the day of the first visit after coming back, -1 if none; `over_tracker` is true for those whose main
    reason, `other`, is the tracker. Days count from 1970-01-01."""

    visit: Ints
    left: Ints
    main: Ints
    reasons: Bools
    drifted: Bools
    returned: Ints
    over_tracker: Bools

    @property
    def turned_away(self) -> Bools:
        """Who left or drifted at any time."""
        away: Bools = self.visit >= 0
        return away


def hazards(visits: Visits, people: People, story: Story, invested: bool = True) -> Floats:
    """The hazard of every reason from each visit to the next, (visits, 12); without the investments if asked."""
    rate = np.zeros((len(visits), len(REASONS)))
    for reason, value in A_VISIT.items():
        rate[:, CODE[reason]] = value
    years_until_next = (visits.next_day - visits.day) / 365
    for reason, value in A_YEAR.items():
        rate[:, CODE[reason]] = value * years_until_next
    _add_rudeness(rate, visits, people, story)
    _add_pushing(rate, visits)
    _add_price_rises(rate, visits, story)
    rate[visits.day >= epoch_day(story.tracker_from), CODE["other"]] += TRACKER_A_VISIT
    if invested:
        for investment in story.investments:
            _wash_in(rate, visits, people, investment)
    return rate * _personal(visits, people)


def _add_rudeness(rate: Floats, visits: Visits, people: People, story: Story) -> None:
    """The employee drives away those he meets; the mood he sets costs the branch a few more."""
    rude = next(index for index, one in enumerate(EMPLOYEES) if one.name == story.rude_employee)
    here = at_branches(people, (story.rude_branch,))[visits.customer]
    rate[here, CODE["rude_staff"]] += RUDE_BRANCH
    rate[visits.employee == rude, CODE["rude_staff"]] += RUDE_EMPLOYEE


def _add_pushing(rate: Floats, visits: Visits) -> None:
    """Once is forgiven; it is being pushed again that drives people away, so the harm comes late."""
    times = np.minimum(visits.pushes, len(PUSHED_AGAIN) - 1)
    rate[:, CODE["pushy_sales"]] += np.array(PUSHED_AGAIN)[times] * visits.pushed
    rate[:, CODE["pushy_sales"]] += 0.012 * (times >= 2)


def _add_price_rises(rate: Floats, visits: Visits, story: Story) -> None:
    days, factor = _AFTER_PRICE_RISE
    since = visits.day - epoch_day(story.price_rise_on)
    rate[(since >= 0) & (since < days), CODE["price"]] *= factor


def _wash_in(rate: Floats, visits: Visits, people: People, investment: Investment) -> None:
    since = visits.day - epoch_day(investment.started_on)
    reached = np.clip(since / investment.wash_in_days, 0, 1) * at_branches(people, investment.branches)[visits.customer]
    for reason in investment.reasons:
        rate[:, CODE[reason]] *= 1 - investment.hazard_fall * reached


def at_branches(people: People, wanted: tuple[str, ...]) -> Bools:
    """Which customers belong to one of these branches."""
    return np.isin(people.branch, [index for index, branch in enumerate(BRANCHES) if branch.name in wanted])


def _personal(visits: Visits, people: People) -> Floats:
    """How tenure, segment, contract and temper multiply each hazard; a move is nobody's fault."""
    factor = np.ones((len(people), len(REASONS)))
    for segment, reason, value in _SEGMENT:
        factor[people.segment == segment, CODE[reason]] *= value
    bargain = people.channel == CHANNELS.index("kortingsactie")
    factor[np.ix_(bargain, [CODE["price"], CODE["competitor"]])] *= 1.7
    factor *= (people.frailty * np.where(people.contract, _CONTRACT_HOLDS, 1.0))[:, None]
    each = factor[visits.customer] * _early(visits.day - people.joined[visits.customer])[:, None]
    each[:, CODE["circumstances"]] = factor[visits.customer, CODE["circumstances"]] ** 0.2
    return each


def _early(tenure: Ints) -> Floats:
    """The first year is the riskiest, the second still risky."""
    (first, high), (second, lower) = _EARLY
    factor: Floats = np.where(tenure < first, high, np.where(tenure < second, lower, 0.85))
    return factor


def decide(rng: np.random.Generator, visits: Visits, people: People, story: Story) -> Fates:
    """Let the hazards strike once for each customer."""
    rate = hazards(visits, people, story)
    total = rate.sum(axis=1)
    main = (rng.random((len(visits), 1)) * total[:, None] > np.cumsum(rate, axis=1)).sum(axis=1)
    main = np.minimum(main, len(REASONS) - 1)
    left = visits.day + _days_until_leaving(rng, visits, main)
    struck = (rng.random(len(visits)) < 1 - np.exp(-total)) & (left <= epoch_day(story.until))
    at = np.full(len(people), -1)
    places = np.flatnonzero(struck)[::-1]
    at[visits.customer[places]] = places
    away = at >= 0
    chosen = np.where(away, main[at], -1)
    drifted = away & _drifts(rng, visits, people, chosen)
    return Fates(
        visit=at,
        left=np.where(away, left[at], -1),
        main=chosen,
        reasons=_reasons(rng, rate[at], chosen) & away[:, None],
        drifted=drifted,
        returned=_returns(rng, visits, chosen, np.where(away & ~drifted, at, -1)),
        over_tracker=_over_tracker(rng, visits.day[at] >= epoch_day(story.tracker_from), chosen),
    )


def _days_until_leaving(rng: np.random.Generator, visits: Visits, main: Ints) -> Ints:
    """Within two weeks of the visit that did it, or at any time before the next visit for what is outside it."""
    outside = np.isin(main, [CODE[reason] for reason in A_YEAR])
    luck = rng.random(len(visits))
    gap = np.maximum(visits.next_day - visits.day - 1, 0)
    days: Ints = np.where(outside, luck * gap, luck * np.minimum(gap, 14)).astype(np.int64)
    return days


def _drifts(rng: np.random.Generator, visits: Visits, people: People, main: Ints) -> Bools:
    """Only those who come for more than the yearly service can come less."""
    more = np.bincount(visits.customer, weights=visits.kind != MAIN, minlength=len(people))
    main_visits = np.bincount(visits.customer, weights=visits.kind == MAIN, minlength=len(people))
    able = (more >= 1.2 * main_visits) & (main != CODE["circumstances"])
    drifts: Bools = able & (rng.random(len(people)) < _DRIFT_ODDS)
    return drifts


def _reasons(rng: np.random.Generator, rate: Floats, main: Ints) -> Bools:
    """The main reason and up to two others that weighed at the same visit, (n, 12)."""
    weight = np.maximum(rate, 1e-9)
    for one, other in _OFTEN_TOGETHER:
        weight[main == CODE[one], CODE[other]] *= 5
        weight[main == CODE[other], CODE[one]] *= 5
    weight[:, [CODE["circumstances"], CODE["other"]]] = 1e-9
    rows = np.arange(len(main))
    weight[rows, main] = np.inf
    order = np.argsort(-(np.log(weight) + rng.gumbel(size=weight.shape)), axis=1)
    number = 1 + rng.choice(3, size=len(main), p=[0.52, 0.35, 0.13])
    number[main == CODE["circumstances"]] = 1
    reasons = np.zeros(weight.shape, dtype=np.bool_)
    for place in range(3):
        reasons[rows, order[:, place]] |= number > place
    return reasons


def _returns(rng: np.random.Generator, visits: Visits, main: Ints, at: Ints) -> Ints:
    """The day of the first visit after coming back, at least 460 days after the last one; -1 if none."""
    odds = np.array([_RETURN_ODDS.get(reason, _RETURN_OTHERWISE) for reason in REASONS])
    comes = (at >= 0) & (rng.random(len(at)) < odds[main])
    earliest = visits.day[at] + 460 + rng.exponential(90, len(at)).astype(np.int64)
    candidate = comes[visits.customer] & (visits.day >= earliest[visits.customer])
    places = np.flatnonzero(candidate)[::-1]
    returned = np.full(len(at), -1)
    returned[visits.customer[places]] = visits.day[places]
    return returned


def _over_tracker(rng: np.random.Generator, since_tracker: Bools, main: Ints) -> Bools:
    """Which of those who leave for `other` do so over the tracker; the rest have reasons that were there before."""
    share = TRACKER_A_VISIT / (TRACKER_A_VISIT + A_VISIT["other"])
    over_it: Bools = since_tracker & (main == CODE["other"]) & (rng.random(len(main)) < share)
    return over_it


def takes_place(visits: Visits, fates: Fates) -> Bools:
    """Which scheduled visits really take place once people leave, drift and return."""
    who = visits.customer
    at = fates.visit[who]
    stays = (at < 0) | (np.arange(len(visits)) <= at)
    comes_less = fates.drifted[who] & (visits.kind == MAIN)
    returned = (fates.returned[who] >= 0) & (visits.day >= fates.returned[who])
    took_place: Bools = stays | comes_less | returned
    return took_place
