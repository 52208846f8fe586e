"""Notices about cases and promises whose day has passed, to the branch that knows the customer."""

from datetime import date

from sqlalchemy import func, select

from survey.customers.models import Customer
from survey.extensions import db
from survey.notices import N_, notify, settle_others
from survey.winback.models import Case, Promise
from survey.winback.promises import is_broken

CASES = "late-cases:"
PROMISES = "due-promises:"


def tell_of_late(today: date) -> int:
    """Bring the notices up to date, one a branch for cases and for promises; gives how many cases are late. Flushes."""
    late = _by_branch(Case, (Case.state != "closed") & (Case.due_on < today))
    for branch_id, count in late.items():
        message = N_("Cases of customers who left that are late: %(count)s.")
        notify(f"{CASES}{branch_id}", "warning", message, {"count": count}, "/cases?which=due", branch_id)
    settle_others(CASES, [f"{CASES}{branch_id}" for branch_id in late])
    due = _by_branch(Promise, Promise.kept_on.is_(None) & (Promise.due_on == today) & ~is_broken(today))
    for branch_id, count in due.items():
        message = N_("Promises to customers that fall due today: %(count)s.")
        notify(f"{PROMISES}{branch_id}", "warning", message, {"count": count}, "/promises", branch_id)
    settle_others(PROMISES, [f"{PROMISES}{branch_id}" for branch_id in due])
    return sum(late.values())


def _by_branch(kind: type[Case] | type[Promise], which: object) -> dict[int | None, int]:
    query = (
        select(Customer.branch_id, func.count(kind.id))
        .join(Customer, Customer.id == kind.customer_id)
        .where(which)  # type: ignore[arg-type]  # a condition of either table
        .group_by(Customer.branch_id)
    )
    return {branch_id: count for branch_id, count in db.session.execute(query)}
