"""What was planted in the demo business, kept so that later checks can be held against it."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from survey.demo import answers, leaving
from survey.demo.business import EMPLOYEES, REASONS, Investment
from survey.demo.customers import AGE_GROUPS, Bools, calendar_day, customer_id, epoch_day
from survey.demo.leaving import CODE
from survey.demo.world import World


@dataclass(frozen=True, slots=True)
class CustomerTruth:
    """One customer's latent life. `left_on` is the day they turned away (to come less, if `drifted`),
    `after_visit_on` and `met` tell of the visit before it; `reasons` begins with the main one. `theme` is "tracker"
    where the main reason, `other`, is one that no list of reasons has: the tracker hung in cars from a day on."""

    customer_id: str
    age_group: str
    left_on: date | None
    after_visit_on: date | None
    met: str | None
    reasons: tuple[str, ...]
    theme: str
    drifted: bool
    returned_on: date | None
    would_answer: bool


@dataclass(frozen=True, slots=True)
class InvestmentTruth:
    """What an investment did to the hazard of its targeted reasons at its branches.

    `leavers_before` counts who turned away for them from the first day to the start, `leavers_after` from the
    end of the wash-in to the last day; `..._per_1000_visits` set them against the visits there in that time;
    `prevented` is the expected number of people who would have turned away without it, until the last day.
    """

    name: str
    hits: bool
    hazard_fall: float
    leavers_before: int
    leavers_after: int
    before_per_1000_visits: float
    after_per_1000_visits: float
    prevented: float


@dataclass(frozen=True, slots=True)
class Truth:
    """All that was planted: by customer, by investment, and the parameters of the world."""

    customers: tuple[CustomerTruth, ...]
    investments: tuple[InvestmentTruth, ...]
    parameters: dict[str, Any]


def tell_truth(world: World) -> Truth:
    """The truth about a generated world."""
    return Truth(
        customers=tuple(_customer(world, index) for index in range(len(world.people))),
        investments=tuple(_investment(world, one) for one in world.story.investments),
        parameters=_parameters(world),
    )


def _customer(world: World, index: int) -> CustomerTruth:
    fates, visit = world.fates, int(world.fates.visit[index])
    one = answers.leaver(index, world.people, fates)
    return CustomerTruth(
        customer_id=customer_id(index),
        age_group=AGE_GROUPS[one.age],
        left_on=calendar_day(fates.left[index]) if visit >= 0 else None,
        after_visit_on=calendar_day(world.visits.day[visit]) if visit >= 0 else None,
        met=EMPLOYEES[world.visits.employee[visit]].name if visit >= 0 else None,
        reasons=one.reasons,
        theme=one.theme,
        drifted=bool(fates.drifted[index]),
        returned_on=calendar_day(fates.returned[index]) if fates.returned[index] >= 0 else None,
        would_answer=answers.responds(world.seed, one),
    )


def _investment(world: World, investment: Investment) -> InvestmentTruth:
    visits, codes = world.visits, [CODE[reason] for reason in investment.reasons]
    here = leaving.at_branches(world.people, investment.branches)[visits.customer]
    happened = here & leaving.takes_place(visits, world.fates)
    since = visits.day - epoch_day(investment.started_on)
    last = np.zeros(len(visits), dtype=np.bool_)
    last[world.fates.visit[np.isin(world.fates.main, codes)]] = True
    before, after = happened & (since < 0), happened & (since >= investment.wash_in_days)
    without = leaving.hazards(visits, world.people, world.story, invested=False)[happened][:, codes].sum()
    with_it = leaving.hazards(visits, world.people, world.story)[happened][:, codes].sum()
    return InvestmentTruth(
        name=investment.name,
        hits=investment.hits,
        hazard_fall=investment.hazard_fall,
        leavers_before=int((last & before).sum()),
        leavers_after=int((last & after).sum()),
        before_per_1000_visits=_per_1000(last, before),
        after_per_1000_visits=_per_1000(last, after),
        prevented=round(float(without - with_it), 1),
    )


def _per_1000(last: Bools, window: Bools) -> float:
    return round(1000 * float((last & window).sum()) / max(int(window.sum()), 1), 3)


def _parameters(world: World) -> dict[str, Any]:
    return {
        "seed": world.seed,
        "story": asdict(world.story),
        "reasons": list(REASONS),
        "hazard_a_visit": leaving.A_VISIT,
        "hazard_a_year": leaving.A_YEAR,
        "rude_employee_a_visit": leaving.RUDE_EMPLOYEE,
        "rude_branch_a_visit": leaving.RUDE_BRANCH,
        "tracker_a_visit": leaving.TRACKER_A_VISIT,
        "pushed_again_a_visit": list(leaving.PUSHED_AGAIN),
        "response_by_age": answers.RESPONSE_BY_AGE,
        "response_by_theme": answers.RESPONSE_BY_THEME,
        "ticks_price_instead": answers.TICKS_PRICE_INSTEAD,
        "writes": answers.WRITES,
    }
