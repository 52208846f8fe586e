"""What a definition would say of the customers, before it is saved."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from survey import analyst
from survey.clock import today
from survey.customers.models import Customer, Transaction
from survey.defections import definitions
from survey.defections.definitions import Draft
from survey.defections.histories import visits_of_sample
from survey.extensions import db

#: few enough for somebody who waits for the page
SAMPLE = 2_000


@dataclass(frozen=True)
class Preview:
    """Of so many customers with visits, so many would count as gone as of a day."""

    as_of: date
    customers: int
    gone: int
    #: whether these are some of the customers, standing for all
    is_sample: bool


def preview(draft: Draft) -> Preview:
    """Try a draft on the customers it would label. As of today, or the last purchase where the files end before.

    Raises ValueError where the rule cannot be applied.
    """
    last = db.session.scalar(select(func.max(Transaction.occurred_on)).where(Transaction.occurred_on <= today()))
    as_of = last or today()
    others = [d for d in definitions.in_force() if d.segment != draft.segment]
    scope = definitions.covers(draft, others)
    counted = analyst.count_gone(visits_of_sample(scope, as_of, SAMPLE), definitions.rule_of(draft), as_of)
    covered = db.session.scalar(select(func.count()).select_from(Customer).where(scope)) or 0
    return Preview(as_of, counted.customers, counted.gone, covered > SAMPLE)
