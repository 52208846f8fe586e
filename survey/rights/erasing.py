"""Erasing a person everywhere: rows at once, then copies of mails and files, and the request is done when both are.

Files cannot be rolled back, so they go after the rows are committed. A process that dies in between leaves a request
that is not done, and whoever erases next, or the daily job, deletes the files once more.
"""

from sqlalchemy import select, update

from survey.accounts import audit
from survey.clock import now
from survey.customers.erased import remember_erased
from survey.customers.models import Customer, RightsRequest
from survey.customers.uploads import delete_finished_uploads
from survey.database import empty_log
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing
from survey.mail import forget_copies
from survey.reasons.erasing import Erased, erase
from survey.rights.requests import ERASE, asked
from survey.web import settings
from survey.winback.erasing import erase_from_cases


class UnknownCustomer(Exception):
    """There is no such customer, or not any more."""


def customer_called(external_id: str) -> int:
    """The key of the customer with this number of the import file. Raises UnknownCustomer, also for the erased."""
    key = db.session.scalar(
        select(Customer.id).where(Customer.external_id == external_id, Customer.erased_at.is_(None))
    )
    if key is None:
        raise UnknownCustomer
    return key


def erase_person(customer_id: int, asked_by: str, user_id: int | None = None) -> Erased:
    """Erase the rows of a customer: only that there was one, and why that one left, stays. Raises UnknownCustomer, also
    for somebody erased before. Flushes; commit, then `finish_erasures`."""
    there = Customer.id == customer_id, Customer.erased_at.is_(None)
    # on PostgreSQL the second of two who erase the same person waits here, and then finds nobody
    customer = db.session.scalar(select(Customer).where(*there).with_for_update())
    if customer is None:
        raise UnknownCustomer
    asked(customer_id, ERASE, asked_by)
    remember_erased(customer.external_id)
    erase_from_cases(customer_id)
    erased = erase(customer)
    audit.record("customer erased", user_id, about=("customer", customer_id))
    return erased


def finish_erasures() -> int:
    """Delete what is kept in files of everybody whose erasure is not done yet; gives how many that are. Twice changes
    nothing. To be called outside a transaction; flushes."""
    empty_log(db.engine)
    waiting = select(RightsRequest.id, RightsRequest.customer_id).where(
        RightsRequest.kind == ERASE, RightsRequest.done_at.is_(None)
    )
    rows = db.session.execute(waiting).all()
    if rows:
        customers = [row.customer_id for row in rows]
        mails = select(Mailing.message_id).join(Invitation).where(Invitation.customer_id.in_(customers))
        forget_copies(list(db.session.scalars(mails)))
        delete_finished_uploads(settings().instance)
        done = update(RightsRequest).where(RightsRequest.id.in_([row.id for row in rows]))
        db.session.execute(done.values(done_at=now()))
    return len(rows)
