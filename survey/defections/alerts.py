"""Somebody valuable starts to drift: the branch that knows them is told, once a week and without a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, select

from survey.customers.models import Branch, Customer
from survey.defections.drifting import ON_THE_WAY, Filters, purchases_missing
from survey.defections.models import CustomerState
from survey.defections.worth import top_fifth, worth
from survey.extensions import db
from survey.notices import N_, notify, settle, settle_others

PREFIX = "drifting:"
NO_MODEL = "no_model"
WITHOUT_MODEL = N_(
    "%(definitions)s of your definitions of having left ask what is expected of a customer, and there is no model to "
    "ask. Until values are worked out again they label nobody; the other definitions do."
)
PAGE = "/defections/drifting"
OF_BRANCH = N_("%(branch)s: %(customers)s of the most valuable customers began to drift or to leave since %(monday)s.")
OF_NO_BRANCH = N_("%(customers)s of the most valuable customers began to drift or to leave since %(monday)s.")


@dataclass(frozen=True)
class Drift:
    """How many of a branch's most valuable customers began to drift or to leave since the Monday of a week."""

    branch_id: int | None
    branch: str | None
    monday: date
    customers: int

    @property
    def key(self) -> str:
        """One notice a branch a week."""
        return f"{PREFIX}{self.monday.isoformat()}:{self.branch_id or ''}"

    @property
    def link(self) -> str:
        """The list of just these customers."""
        return f"{PAGE}?{urlencode(Filters(None, self.branch_id, None, self.monday, True).address())}"


def began_to_drift(as_of: date) -> list[Drift] | None:
    """What there is to tell of the week that a day lies in. Reads only. None while purchases are missing: then
    everybody would seem to drift."""
    if purchases_missing(as_of):
        return None
    monday = as_of - timedelta(days=as_of.weekday())
    query = (
        select(Customer.branch_id, Branch.name, func.count())
        .join(CustomerState, CustomerState.customer_id == Customer.id)
        .outerjoin(Branch, Branch.id == Customer.branch_id)
        .where(CustomerState.state.in_(ON_THE_WAY), CustomerState.since_on >= monday, Customer.erased_at.is_(None))
        .where(Customer.id.in_(top_fifth(worth())))
        .group_by(Customer.branch_id, Branch.name)
        .order_by(Branch.name)
    )
    return [Drift(branch_id, name, monday, number) for branch_id, name, number in db.session.execute(query)]


def tell_of_models(definitions: int) -> None:
    """Tell that so many definitions in force could not be applied for want of a model, or that it is over. Flushes."""
    if definitions:
        notify(NO_MODEL, "warning", WITHOUT_MODEL, {"definitions": definitions}, "/value/models")
    else:
        settle(NO_MODEL)


def tell(found: list[Drift]) -> None:
    """Bring the notices of this week up to date; those of other weeks, and of branches where nobody drifts any more,
    are over. Flushes."""
    for drift in found:
        values: dict[str, Any] = {"customers": drift.customers, "monday": drift.monday.isoformat()}
        if drift.branch is not None:
            values["branch"] = drift.branch
        message = OF_NO_BRANCH if drift.branch is None else OF_BRANCH
        notify(drift.key, "warning", message, values, drift.link, drift.branch_id)
    settle_others(PREFIX, [drift.key for drift in found])
