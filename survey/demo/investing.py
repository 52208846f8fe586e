"""The two investments of the story, put into the register as a manager would."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select

from survey.customers.models import Branch
from survey.demo.business import Investment
from survey.extensions import db
from survey.investments.models import Investment as Standing
from survey.investments.register import Entry, add
from survey.taxonomy.queries import active_reasons

#: what it is to change, who answers for it, and what is expected of it, in the order of the story
SAID = (
    ("Klanten in Zutphen worden vriendelijk ontvangen en geholpen.", "Vestigingsleider Zutphen", 0.4, 0.8),
    ("Wachten wordt prettig: licht, koffie, een speelhoek.", "Directie", 0.2, 0.5),
)


def add_investments(investments: Sequence[Investment]) -> int:
    """Those that are not in the register yet; how many. Flushes."""
    reasons = {reason.code: reason.id for reason in active_reasons()}
    branches = {name: key for name, key in db.session.execute(select(Branch.name, Branch.id))}
    known = set(db.session.scalars(select(Standing.name)))
    added = 0
    for one, (purpose, owner, low, high) in zip(investments, SAID, strict=True):
        if one.name not in known:
            everywhere = set(one.branches) >= set(branches)
            ids = () if everywhere else tuple(branches[name] for name in one.branches)
            entry = Entry(
                name=one.name, amount=Decimal(one.amount_cents) / 100, starts_on=one.started_on, effect_low=low,
                effect_high=high, reason_ids=tuple(reasons[code] for code in one.reasons), branch_ids=ids,
                wash_in_days=one.wash_in_days, purpose=purpose, owner=owner,
            )  # fmt: skip
            add(entry, None)
            added += 1
    return added
