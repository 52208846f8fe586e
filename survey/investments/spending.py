"""What the register says was put in, and how much of it is aimed at one reason."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flask_babel import gettext as _

from survey import formats
from survey.investments.models import Investment
from survey.investments.register import investments
from survey.reports import telling
from survey.reports.lens import Lens
from survey.taxonomy.models import Reason


@dataclass(frozen=True)
class Spent:
    """What the register of investments says was put in, and how much of it is aimed at one reason."""

    all: Decimal
    on_reason: Decimal


def spent_on(reason: Reason, lens: Lens, day: date) -> Spent:
    """From the register: what was put in up to a day, spread evenly over the reasons that an investment is to mend.

    Of what the viewer of the lens may see; of one branch, what is spent there alone. What has not begun is left out.
    """
    all_of_it, on_reason = Decimal(0), Decimal(0)
    for one in investments(lens.user):
        elsewhere = lens.branch_id is not None and [row.branch_id for row in one.branches] != [lens.branch_id]
        if elsewhere or one.starts_on > day:
            continue
        put_in = one.amount + one.yearly_cost * _years(one, day)
        all_of_it += put_in
        aimed = [each.reason_id for each in one.reasons]
        on_reason += put_in / len(aimed) if reason.id in aimed else 0
    return Spent(all_of_it, on_reason)


def _years(one: Investment, day: date) -> Decimal:
    until = min(day, one.ends_on) if one.ends_on else day
    return Decimal((until - one.starts_on).days) / Decimal("365.25")


def spent_sentence(spent: Spent) -> str:
    """Whether money goes to the reason that costs most."""
    if not spent.all:
        return str(_("No investment is in the register yet, so it cannot be said whether money goes to it."))
    values = {"all": telling.amount(float(spent.all)), "amount": telling.amount(float(spent.on_reason))}
    if not spent.on_reason:
        return str(_("None of the %(all)s you invest goes to it.", **values))
    part = formats.percent(spent.on_reason / spent.all, 0)
    return str(_("%(part)s of what you invest goes to it: %(amount)s of %(all)s.", part=part, **values))
