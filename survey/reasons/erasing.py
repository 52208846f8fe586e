"""Erasing a person: name, address, words and identifiers go everywhere; the reason stays counted."""

from collections.abc import Collection
from dataclasses import dataclass
from secrets import token_bytes

from sqlalchemy import delete, null, select, update

from survey.clock import now
from survey.customers.models import (
    Customer,
    Import,
    ImportProblem,
    StagedContract,
    StagedCustomer,
    StagedTransaction,
    Transaction,
)
from survey.extensions import db
from survey.invitations.models import Bounce, Invitation, Mailing
from survey.invitations.suppression import suppress
from survey.reasons.models import Reading, ThemeAnswer
from survey.reasons.what_spoke import forget_what_spoke
from survey.responses.drafts import empty_drafts
from survey.responses.models import Response, ResponseAnswer, RootCause


@dataclass(frozen=True)
class Erased:
    """Who was erased, and how many answers stay counted."""

    customer_id: int
    responses: int


def erase(customer: Customer) -> Erased:
    """Empty everything that says who this is, up to the answers. Flushes."""
    response_ids = list(
        db.session.scalars(select(Response.id).join(Invitation).where(Invitation.customer_id == customer.id))
    )
    if customer.email:
        suppress(customer.email, "erased")
    empty_words(response_ids)
    _take_back_consent(response_ids)
    _withdraw_invitations(customer.id)
    _empty_imports(customer)
    _unname_purchases(customer.id)
    _empty_customer(customer)
    db.session.flush()
    return Erased(customer.id, len(response_ids))


def empty_words(response_ids: Collection[int]) -> None:
    """Empty all words of these answers, and what was read out of them: what they were taken for stays. Flushes."""
    response_ids = list(response_ids)
    own = update(Response).where(Response.id.in_(response_ids))
    db.session.execute(own.values(words=None, masked_words=None))
    further = update(ResponseAnswer).where(ResponseAnswer.response_id.in_(response_ids))
    db.session.execute(further.values(words=None, masked_words=None))
    causes = update(RootCause).where(RootCause.response_id.in_(response_ids))
    db.session.execute(causes.values(whys=null(), masked_whys=null()))
    db.session.execute(delete(Reading).where(Reading.response_id.in_(response_ids)))
    db.session.execute(delete(ThemeAnswer).where(ThemeAnswer.response_id.in_(response_ids)))
    forget_what_spoke(response_ids)


def _take_back_consent(response_ids: list[int]) -> None:
    db.session.execute(update(Response).where(Response.id.in_(response_ids)).values(may_contact=False))


def _withdraw_invitations(customer_id: int) -> None:
    """Close what is open, and empty what mail servers said."""
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
    mails = select(Mailing.id).where(Mailing.invitation_id.in_(theirs))
    reports = update(Bounce).where(Bounce.mailing_id.in_(mails)).values(text="")
    db.session.execute(reports.execution_options(synchronize_session=False))


def _empty_imports(customer: Customer) -> None:
    """Rows on their way in, and values that were reported as wrong."""
    # on PostgreSQL, imports wait here: a batch on its way in is seen below, the next one knows of the erasure
    under_way = select(Import.id).where(Import.state.in_(("checking", "publishing")))
    db.session.execute(under_way.with_for_update()).all()
    for staged in (StagedCustomer, StagedTransaction, StagedContract):
        db.session.execute(delete(staged).where(staged.external_id == customer.external_id))
    identifiers = [customer.external_id, customer.card_id, customer.name, customer.email, customer.phone]
    for identifier in filter(None, identifiers):
        db.session.execute(
            update(ImportProblem).where(ImportProblem.value.contains(identifier, autoescape=True)).values(value="")
        )


def _unname_purchases(customer_id: int) -> None:
    """What makes a purchase itself is a digest of the customer's number too, which a guess could confirm."""
    keys = db.session.scalars(select(Transaction.id).where(Transaction.customer_id == customer_id)).all()
    if keys:
        db.session.execute(update(Transaction), [{"id": key, "identity": token_bytes(16)} for key in keys])


def _empty_customer(customer: Customer) -> None:
    customer.external_id = f"erased-{customer.id}"
    customer.card_id = customer.name = customer.email = customer.phone = None
    customer.do_not_contact = True
    customer.call_consent = None
    customer.erased_at = now()
