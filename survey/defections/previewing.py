"""What a definition would say of the customers, before it is saved: tried on the own history, on a sample of many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from survey import analyst
from survey.analyst import detecting, trying
from survey.analyst.known import Asks
from survey.analyst.trying import Tried
from survey.clock import today
from survey.customers.models import Customer
from survey.customers.newest import newest_purchase
from survey.defections import definitions
from survey.defections.definitions import Draft
from survey.defections.facts import facts_of
from survey.defections.histories import Sample, sample_of, visits_among
from survey.defections.models import Definition
from survey.defections.strips import Stretch, Strip, back_from, strip
from survey.extensions import db

#: few enough for somebody who waits for the page
SAMPLE = 20_000
#: the days that the strips show: the months that are counted, and as far back as the last visits of who is shown
LEAST_DAYS, MOST_DAYS = 760, 1830
MARGIN = 60


@dataclass(frozen=True)
class Scaled:
    """A number of customers, with the ends between which it lies where it was counted in a sample (95 %)."""

    count: int
    low: int
    high: int


@dataclass(frozen=True)
class Named:
    """An example with a name to it, and its strip."""

    name: str
    example: trying.Example
    strip: Strip


@dataclass(frozen=True)
class Preview:
    """What a draft says as of a day. Counts of `tried` are those of the sample; the others stand for all.

    false_alarms: the share of those who were called gone and came back within 90 days. standing: what is in force for
    the same customers; None where nothing is, or it says the same.
    """

    as_of: date
    sample: Sample
    tried: Tried
    customers: int
    gone: Scaled
    new: tuple[int, ...]
    false_alarms: analyst.Share
    standing: Definition | None
    standing_gone: int | None
    differently: int | None
    stretch: Stretch
    examples: tuple[Named, ...]

    @property
    def is_sample(self) -> bool:
        return self.sample.step > 1

    @property
    def a_month(self) -> float:
        """How many a month in the 23 months that are over."""
        whole = self.new[:-1]
        return sum(whole) / len(whole)


def preview(draft: Draft) -> Preview:
    """Try a draft on the customers it would label. As of today, or the last purchase where the files end before.

    Raises ValueError where the rule cannot be applied, or needs what is not known.
    """
    as_of = _last_known_day()
    others = [d for d in definitions.in_force() if d.segment != draft.segment]
    sample = sample_of(definitions.covers(draft, others), SAMPLE)
    rule, standing = definitions.rule_of(draft), _other_than(draft)
    against = definitions.rule_of(standing) if standing else None
    asks = detecting.asks(rule)
    if against:
        more = detecting.asks(against)
        asks = Asks(asks.needs | more.needs, asks.services | more.services)
    facts = facts_of(sample.among, asks, as_of)
    tried = trying.try_rule(visits_among(sample.among, as_of), rule, as_of, facts, against)
    return _preview(as_of, sample, tried, standing)


def _last_known_day() -> date:
    return min(newest_purchase() or today(), today())


def _other_than(draft: Draft) -> Definition | None:
    """What holds for the customers of the draft today, where it says something else."""
    standing = definitions.standing_for(draft.segment) or definitions.standing_for("")
    if standing is None or definitions.rule_of(standing) == definitions.rule_of(draft):
        return None
    return standing


def _preview(as_of: date, sample: Sample, tried: Tried, standing: Definition | None) -> Preview:
    step, alarms = sample.step, tried.false_alarms
    shares = analyst.share_intervals([tried.gone, alarms.came_back], [tried.customers, alarms.began])
    stretch = _stretch(as_of, tried.examples)
    return Preview(
        as_of=as_of,
        sample=sample,
        tried=tried,
        customers=tried.customers * step,
        gone=_scaled(tried.gone, tried.customers, shares[0], step),
        new=tuple(number * step for number in tried.new),
        false_alarms=shares[1],
        standing=standing,
        standing_gone=None if tried.standing_gone is None else tried.standing_gone * step,
        differently=None if tried.differently is None else tried.differently * step,
        stretch=stretch,
        examples=_named(tried.examples, stretch),
    )


def _stretch(as_of: date, examples: tuple[trying.Example, ...]) -> Stretch:
    longest = max(((as_of - one.last_visit_on).days for one in examples), default=0)
    return back_from(as_of, min(max(longest + MARGIN, LEAST_DAYS), MOST_DAYS))


def _scaled(gone: int, customers: int, share: analyst.Share, step: int) -> Scaled:
    if step == 1:
        return Scaled(gone, gone, gone)
    whole = customers * step
    return Scaled(gone * step, round(share.low * whole), round(share.high * whole))


def _named(examples: tuple[trying.Example, ...], stretch: Stretch) -> tuple[Named, ...]:
    keys = [one.customer for one in examples]
    query = select(Customer.id, Customer.name, Customer.external_id).where(Customer.id.in_(keys))
    names = {key: name or external_id for key, name, external_id in db.session.execute(query)}
    shown = tuple(
        Named(names[one.customer], one, strip(one.visits, stretch, one.gone_on, one.returned_on))
        for one in examples
        if one.customer in names
    )
    return tuple(sorted(shown, key=lambda one: _ORDER[one.example.why]))


_ORDER = {"biggest": 0, "just_gone": 1, "false_alarm": 2, "long_gone": 3, "other": 4}
