"""What rules lean on besides visits, read for some customers at once: contracts, answers, services, a fitted model."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
from sqlalchemy import BigInteger, cast, func, select

from survey.analyst import Visits, detecting
from survey.analyst.known import Answers, Asks, Contracts, Facts, Fitted
from survey.customers.models import ServiceHistory, Transaction, WatchedService
from survey.defections.contracts import signed_by
from survey.defections.days import column, days_of, rows_of
from survey.defections.histories import Among, unpacked
from survey.defections.models import BuyingModel, WalletAnswer
from survey.extensions import db

#: purchases that are looked through for the names of services
RECENT = 200_000
#: choices of a model that are looked through for one that can be asked
KEPT = 100


def facts_of(among: Among, asks: Asks, as_of: date) -> Facts:
    """What a rule that asks for this must be told of these customers: a query for each part it asks for."""
    return Facts(
        contracts=_contracts(among) if "contracts" in asks.needs else None,
        answers=_answers(among, as_of) if "answers" in asks.needs else None,
        services={service: purchases_of(service, among, as_of) for service in sorted(asks.services)},
        model=_forecast(as_of) if "forecast" in asks.needs else None,
    )


def with_intervals(facts: Facts) -> Facts:
    """The same, with the usual interval between the purchases of each service as these customers have it."""
    intervals = {service: detecting.usual_interval(visits) for service, visits in facts.services.items()}
    return replace(facts, service_intervals=intervals)


def purchases_of(service: str, among: Among, as_of: date) -> Visits:
    """The purchases of one service: from the histories kept of it, or, where nobody asked for it yet, from all."""
    if db.session.get(WatchedService, service) is None:
        return _from_transactions(service, among, as_of)
    query = (
        select(ServiceHistory.customer_id, ServiceHistory.packed)
        .where(ServiceHistory.service == service, among(ServiceHistory.customer_id), ServiceHistory.first_on <= as_of)
        .order_by(ServiceHistory.customer_id)
    )
    rows = rows_of(query)
    return unpacked([row[0] for row in rows], [row[1] for row in rows]).until(as_of)


def _from_transactions(service: str, among: Among, as_of: date) -> Visits:
    cents = cast(func.sum(func.round(func.coalesce(Transaction.amount, 0) * 100)), BigInteger)
    query = (
        select(Transaction.customer_id, Transaction.occurred_on, cents)
        .where(Transaction.service == service, among(Transaction.customer_id), Transaction.occurred_on <= as_of)
        .group_by(Transaction.customer_id, Transaction.occurred_on)
        .order_by(Transaction.customer_id, Transaction.occurred_on)
    )
    rows = rows_of(query)
    return Visits(column(rows, 0), days_of([row[1] for row in rows], detecting.NEVER), column(rows, 2))


def _contracts(among: Among) -> Contracts:
    signed = signed_by(among)
    return Contracts(signed.customer, signed.start, signed.until, signed.cancelled, signed.known)


def _answers(among: Among, as_of: date) -> Answers:
    query = select(WalletAnswer.customer_id, WalletAnswer.answered_on, WalletAnswer.with_us, WalletAnswer.out_of)
    rows = rows_of(query.where(among(WalletAnswer.customer_id), WalletAnswer.answered_on <= as_of))
    share = np.array([row[2] / row[3] for row in rows], dtype=np.float64)
    return Answers(column(rows, 0), days_of([row[1] for row in rows], detecting.NEVER), share)


def _forecast(as_of: date) -> Fitted | None:
    """The model of repeat buying in use, the newest as of the day; the newest of all where none was fitted by then."""
    chosen = select(BuyingModel).where(BuyingModel.chosen, BuyingModel.cohort == "")
    newest = chosen.order_by((BuyingModel.as_of <= as_of).desc(), BuyingModel.as_of.desc(), BuyingModel.id.desc())
    # Where recency alone foretold better on a day, nothing was fitted then: the last that was is asked.
    stored = next((each for each in db.session.scalars(newest.limit(KEPT)) if "params" in each.parameters), None)
    if stored is None:
        return None
    own = select(BuyingModel).where(BuyingModel.chosen, BuyingModel.cohort != "", BuyingModel.as_of == stored.as_of)
    years = {int(each.cohort): each.parameters for each in db.session.scalars(own) if each.cohort.isdecimal()}
    return Fitted(stored.parameters, float(stored.parameters.get("unit_days", 7.0)), years)


def has_model(as_of: date) -> bool:
    """Whether a model of repeat buying stands that a rule can ask."""
    return _forecast(as_of) is not None


def services_on_record() -> list[str]:
    """The services among the purchases that came in last, by name."""
    recent = select(Transaction.service).order_by(Transaction.id.desc()).limit(RECENT).subquery()
    query = select(recent.c.service).where(recent.c.service != "").distinct().order_by(recent.c.service)
    return list(db.session.scalars(query))
