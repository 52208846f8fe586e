"""Erasing a person: name, address, words and identifiers go everywhere; the reason stays counted."""

from dataclasses import dataclass

from sqlalchemy import delete, null, select, update

from survey.clock import now
from survey.customers.models import Customer, ImportProblem, StagedCustomer, StagedTransaction
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing
from survey.invitations.suppression import suppress
from survey.reasons.answers import forget_what_spoke
from survey.reasons.models import Reading, ThemeAnswer
from survey.responses.drafts import empty_drafts
from survey.responses.models import Response, ResponseAnswer, RootCause


class UnknownCustomer(Exception):
    """No customer has this id."""


@dataclass(frozen=True)
class Erased:
    """What was removed. `message_ids` are the mails to that person, for whoever keeps copies of them."""

    customer_id: int
    responses: int
    message_ids: list[str]


def erase(external_id: str) -> Erased:
    """Erase the customer of this id. Raises UnknownCustomer, also for somebody erased before. Flushes."""
    customer = db.session.scalar(select(Customer).where(Customer.external_id == external_id))
    if customer is None:
        raise UnknownCustomer
    response_ids = list(
        db.session.scalars(select(Response.id).join(Invitation).where(Invitation.customer_id == customer.id))
    )
    if customer.email:
        suppress(customer.email, "erased")
    _empty_answers(response_ids)
    message_ids = _withdraw_invitations(customer.id)
    _empty_imports(customer)
    _empty_customer(customer)
    db.session.flush()
    return Erased(customer.id, len(response_ids), message_ids)


def _empty_answers(response_ids: list[int]) -> None:
    db.session.execute(
        update(Response).where(Response.id.in_(response_ids)).values(words=None, masked_words=None, may_contact=False)
    )
    further = update(ResponseAnswer).where(ResponseAnswer.response_id.in_(response_ids))
    db.session.execute(further.values(words=None, masked_words=None))
    causes = update(RootCause).where(RootCause.response_id.in_(response_ids))
    db.session.execute(causes.values(whys=null(), masked_whys=null()))
    db.session.execute(delete(Reading).where(Reading.response_id.in_(response_ids)))
    db.session.execute(delete(ThemeAnswer).where(ThemeAnswer.response_id.in_(response_ids)))
    forget_what_spoke(response_ids)


def _withdraw_invitations(customer_id: int) -> list[str]:
    """Close what is open; gives the Message-IDs of what was sent or may have been."""
    theirs = select(Invitation.id).where(Invitation.customer_id == customer_id)
    empty_drafts(list(db.session.scalars(theirs)))
    db.session.execute(
        update(Invitation)
        .where(Invitation.customer_id == customer_id, Invitation.state == "open")
        .values(state="withdrawn")
    )
    db.session.execute(
        update(Mailing)
        .where(Mailing.invitation_id.in_(theirs), Mailing.state.in_(("queued", "claimed", "deferred")))
        .values(state="cancelled", cancelled_because="not_allowed", lease_until=None)
    )
    db.session.execute(update(Mailing).where(Mailing.invitation_id.in_(theirs)).values(answer=None))
    return list(db.session.scalars(select(Mailing.message_id).where(Mailing.invitation_id.in_(theirs))))


def _empty_imports(customer: Customer) -> None:
    """Rows on their way in, and values that were reported as wrong."""
    for staged in (StagedCustomer, StagedTransaction):
        db.session.execute(delete(staged).where(staged.external_id == customer.external_id))
    identifiers = [customer.external_id, customer.card_id, customer.name, customer.email, customer.phone]
    for identifier in filter(None, identifiers):
        db.session.execute(
            update(ImportProblem).where(ImportProblem.value.contains(identifier, autoescape=True)).values(value="")
        )


def _empty_customer(customer: Customer) -> None:
    customer.external_id = f"erased-{customer.id}"
    customer.card_id = customer.name = customer.email = customer.phone = None
    customer.do_not_contact = True
    customer.call_consent = None
    customer.erased_at = now()
