"""Whose link it is: the number of an invitation, signed for seeing one's own data, leads to who was asked."""

from dataclasses import dataclass

from sqlalchemy import select

from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.links import MY_DATA, invitation_of
from survey.invitations.models import Invitation


@dataclass(frozen=True)
class Owner:
    """The customer to whom a link belongs."""

    customer_id: int
    #: of the invitation that the link came with
    language: str
    erased: bool


def owner_of(token: str) -> Owner | None:
    """Whoever this link was made for; None where it was not made by us for this purpose."""
    number = invitation_of(MY_DATA, token)
    if number is None:
        return None
    query = select(Customer.id, Invitation.language, Customer.erased_at.is_not(None))
    row = db.session.execute(query.join(Invitation).where(Invitation.id == number)).one_or_none()
    return None if row is None else Owner(*row)
