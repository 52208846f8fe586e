"""Businesses made up customer by customer, with the truth of each beside what is seen of it."""

from dataclasses import dataclass

import numpy as np

from analysis.defection.episodes import STILL_GONE, Episodes
from analysis.defection.histories import Histories
from analysis.defection.lapse import Lapse
from analysis.defection.rules import detect
from analysis.defection.spells import Spells, spells_of
from analysis.rates import Periods
from analysis.value import DAYS_PER_YEAR
from analysis.value.contractual import Renewals, ValuedContracts, contract_spending, contract_years, renewal_rates
from analysis.value.hazards import Hazards
from analysis.value.lost import returning_rates
from analysis.value.noncontractual import leaving_rates
from analysis.value.settings import ValueSettings
from analysis.value.staying import Away, years_lost
from analysis.value.worth import Worth, worth_of

DAYS = 1096
DAY = np.int64
LAST_YEAR = 365
SETTINGS = ValueSettings(margin=0.4, discount_rate=0.10, horizon_years=10)
LIVES = 8


@dataclass(frozen=True)
class World:
    """leaving, coming: by segment the yearly rates of leaving (bands of tenure 0, .25, 1 years) and of coming back
    (bands of time gone 0, .25, 1); for contracts (`term` above 0, in years) `leaving` is the share that ends at the
    first, second and later renewals. pace: visits a year; uneven: gamma shape of pace between customers; spend, spread:
    log-normal mean a visit and sigma between customers. groups: shares of branches. lapse: days of silence after which
    a rule calls somebody gone; then leaving is really stopping, and the rule makes episodes of it."""

    name: str
    customers: int
    leaving: tuple[tuple[float, float, float], ...]
    coming: tuple[tuple[float, float, float], ...]
    pace: float = 12.0
    uneven: float = 2.0
    spend: float = 30.0
    spread: float = 0.5
    groups: tuple[float, ...] = (0.6, 0.4)
    term: float = 0.0
    lapse: int = 0


WORLDS = (
    World("restaurant", 300, ((0.9, 0.5, 0.3),), ((1.0, 0.4, 0.1),), pace=20),
    World(
        "chain", 3000, ((1.2, 0.6, 0.3), (0.6, 0.4, 0.2), (0.3, 0.2, 0.15)),
        ((0.8, 0.3, 0.1), (0.8, 0.4, 0.2), (0.5, 0.3, 0.1)), pace=8, groups=(0.3, 0.25, 0.2, 0.15, 0.1),
    ),
    World("contracts", 600, ((0.35, 0.2, 0.12), (0.2, 0.12, 0.08)), ((0, 0, 0), (0, 0, 0)), term=0.5, spread=0.8),
    World("heavy spend", 1500, ((0.5, 0.4, 0.3),), ((0.5, 0.3, 0.1),), spread=1.2, uneven=1.0),
    World("few defections", 300, ((0.08, 0.06, 0.05),), ((0.3, 0.2, 0.1),)),
    World("lapse rule", 300, ((0.5, 0.4, 0.3),), ((0.5, 0.3, 0.1),), pace=15, uneven=4, lapse=120),
)  # fmt: skip


@dataclass(frozen=True)
class Business:
    histories: Histories
    episodes: Episodes
    spells: Spells
    segment: np.ndarray
    branch: np.ndarray
    yearly: np.ndarray
    person: np.ndarray
    term: float = 0.0

    def of(self, some: np.ndarray) -> Spells:
        """The spells of some customers, a mask (c,); persons are numbered anew."""
        if some.all():
            return self.spells
        rows, s = some[self.spells.person], self.spells
        person = np.unique(s.person[rows], return_inverse=True)[1]
        return Spells(s.customer[rows], person, s.began[rows], s.ended[rows], s.as_of_day)


def by_group(business: Business) -> list[tuple[str, np.ndarray]]:
    everyone = [("total", np.ones(len(business.branch), dtype=bool))]
    return everyone + [(f"group {b + 1}", business.branch == b) for b in range(int(business.branch.max()) + 1)]


def months(first: int, count: int) -> Periods:
    start = first + 30 * np.arange(count)
    return Periods(start, start + 29)


def make(world: World, draw: np.random.Generator, customers: int) -> Business:
    """A business over `DAYS` days, seen to the end of day DAYS - 1."""
    at = np.arange(customers)
    # The same share of each branch and segment in every run, and independent of each other.
    branch = np.searchsorted(np.cumsum(world.groups)[:-1], (at * 0.6180339887) % 1, side="right")
    segment = (at * 7919) % len(world.leaving)
    pace = draw.gamma(world.uneven, world.pace / world.uneven, customers)
    spend = world.spend * np.exp(world.spread * draw.standard_normal(customers) - world.spread**2 / 2)
    start = draw.integers(0, int(DAYS * 0.7), customers)
    began, ended = _lives(world, draw, start, segment)
    histories = _visits(draw, began, ended, pace, spend)
    episodes = detect(histories, Lapse(days=world.lapse), DAYS - 1) if world.lapse else _episodes(began, ended)
    spells = spells_of(histories, episodes, DAYS - 1)
    person = np.searchsorted(histories.customer[histories.first], episodes.customer)
    return Business(histories, episodes, spells, segment, branch, pace * spend, person, world.term)


def _lives(world: World, draw: np.random.Generator, start: np.ndarray, segment: np.ndarray) -> tuple:
    """(LIVES, n) days on which each stay began and ended; beyond the last day where it did not."""
    leaving, coming = np.array(world.leaving)[segment], np.array(world.coming)[segment]
    began, ended, now = [], [], start
    for _ in range(LIVES):
        stay = _renewing(world, draw, leaving) if world.term else _waiting(draw, leaving)
        end = now + np.maximum(np.ceil(stay * DAYS_PER_YEAR), 1).astype(DAY)
        began.append(now)
        ended.append(end)
        now = end + np.maximum(np.ceil(_waiting(draw, coming) * DAYS_PER_YEAR), 1).astype(DAY)
    return np.array(began), np.array(ended)


def _waiting(draw: np.random.Generator, rates: np.ndarray) -> np.ndarray:
    """Years until an event whose yearly rate is constant in the bands from 0, .25 and 1."""
    left = draw.exponential(size=len(rates))
    years = np.zeros(len(rates))
    for k, width in enumerate((0.25, 0.75, np.inf)):
        rate = np.maximum(rates[:, k], 1e-9)
        step = np.minimum(left / rate, width)
        years += np.where(left > 0, step, 0)
        left = left - (rate * width if np.isfinite(width) else left)
    return np.minimum(years, 1e3)


def _renewing(world: World, draw: np.random.Generator, ends: np.ndarray) -> np.ndarray:
    """Years until a renewal is not made."""
    number, going = np.ones(len(ends)), np.ones(len(ends), dtype=bool)
    for k in range(40):
        going &= draw.random(len(ends)) >= ends[:, min(k, 2)]
        number += going
    return number * world.term


def _visits(draw, began, ended, pace, spend) -> Histories:
    """A visit on the first day of each stay, and others by chance until its end."""
    seen = began < DAYS
    who = np.broadcast_to(np.arange(began.shape[1]), began.shape)[seen]
    first, until = began[seen], np.minimum(ended[seen], DAYS)
    count = draw.poisson(pace[who] * (until - first) / DAYS_PER_YEAR)
    row = np.repeat(np.arange(len(who)), count)
    day = first[row] + np.floor(draw.random(len(row)) * (until - first)[row]).astype(DAY)
    customer = np.concatenate([who, who[row]])
    amount = spend[customer] * draw.gamma(2.0, 0.5, len(customer))
    return Histories.of(customer, np.concatenate([first, day]), amount)


def _episodes(began: np.ndarray, ended: np.ndarray) -> Episodes:
    over = (began < DAYS) & (ended < DAYS)
    life, who = np.nonzero(over)
    order = np.lexsort((life, who))
    life, who = life[order], who[order]
    back = np.concatenate([began[1:], np.full((1, began.shape[1]), 2 * DAYS)])[life, who]
    returned = np.where(back < DAYS, back, STILL_GONE)
    left = ended[life, who]
    return Episodes(who.astype(DAY), (life + 1).astype(DAY), left - 1, left, returned.astype(DAY))


def true_rates(world: World, large: Business) -> tuple[Hazards, Hazards]:
    """The rates behind a world. Where a rule of silence makes the episodes, those of a very large business by that
    rule: there is no other truth about them."""
    if world.lapse:
        leaving = leaving_rates(large.spells, large.segment)
        coming = returning_rates(large.episodes, large.person, DAYS - 1, large.segment)
        return _exactly(leaving.rate, leaving.edges), _exactly(coming.rate, coming.edges)
    bands = np.array([0, 1, 2] if world.term else [0, 0.25, 1])
    return _exactly(np.array(world.leaving), bands), _exactly(np.array(world.coming), np.array([0, 0.25, 1]))


def true_losses(business: Business, leaving: Hazards, coming: Hazards, rows: np.ndarray) -> np.ndarray:
    """(r,) what some defections have cost by the true rates, and the true pace and spend of the customers."""
    person = business.person[rows]
    yearly = SETTINGS.margin * business.yearly[person]
    if business.term:
        return yearly * contract_years(leaving, _contracts(business, rows), SETTINGS).years
    spells, returned = business.spells, business.episodes.returned_day[rows]
    tenure = (spells.ended - spells.began)[spells.is_over][rows] / DAYS_PER_YEAR
    left = business.episodes.defected_day[rows]
    gone = (np.where(returned == STILL_GONE, DAYS, returned) - left) / DAYS_PER_YEAR
    away = Away(gone, np.where(returned == STILL_GONE, np.inf, gone), coming)
    return yearly * years_lost(leaving, tenure, business.segment[person], away, SETTINGS).years


def contract_losses(business: Business) -> Worth:
    """By the code under test: renewals seen, and what those who did not renew paid."""
    spells = business.spells
    faced = ((spells.until - spells.began) / DAYS_PER_YEAR / business.term + 0.02).astype(DAY)
    seen = Renewals(spells.person, np.zeros_like(faced), faced, spells.is_over)
    rates = renewal_rates(seen, business.segment, (0, 1, 2))
    yearly = business.yearly[business.person]
    return worth_of(
        contract_spending(yearly),
        contract_years(rates, _contracts(business, np.arange(len(yearly))), SETTINGS),
        SETTINGS,
    )


def _contracts(business: Business, rows: np.ndarray) -> ValuedContracts:
    spells, term = business.spells, business.term
    stay = (spells.ended - spells.began)[spells.is_over][rows] / DAYS_PER_YEAR
    renewed = (stay / term + 0.02).astype(DAY)
    whole = np.full(len(renewed), term)
    return ValuedContracts(
        business.segment[business.person[rows]], renewed, whole, whole, np.full(len(renewed), np.inf)
    )


def _exactly(rate: np.ndarray, edges: np.ndarray) -> Hazards:
    """Rates without any uncertainty."""
    groups, bands = rate.shape
    nothing = np.zeros((groups, bands, bands))
    rate = rate.astype(float)
    return Hazards(edges.astype(float), rate, rate, rate, np.zeros((groups, bands)), np.arange(groups), nothing)
