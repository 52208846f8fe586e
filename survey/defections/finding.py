"""Looking somebody up by what is known of them, and which of them a user may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.customers.models import Branch, Customer, CustomerHistory
from survey.defections.models import CustomerState
from survey.extensions import db
from survey.paging import Page

PER_PAGE = 50
#: fewer letters would find half of everybody
SHORTEST, LONGEST = 2, 100


@dataclass(frozen=True)
class Found:
    """One customer as the list shows it; None where it is not known."""

    customer_id: int
    external_id: str
    name: str | None
    branch: str | None
    segment: str
    state: str | None
    last_on: date | None


def there(user: User) -> list[ColumnElement[bool]]:
    """The customers who were not erased and whom this user may see."""
    return [Customer.erased_at.is_(None), visible(user, Customer.branch_id)]


def found(words: str, user: User, number: int) -> Page[Found]:
    """A page of those whose number, card, e-mail address or telephone number this is, or whose name has all the words,
    by name. Nobody where too little or too much was typed."""
    if not SHORTEST <= len(words) <= LONGEST:
        return Page([], 1, 0, PER_PAGE)
    columns = (
        Customer.id, Customer.external_id, Customer.name, Branch.name, Customer.segment, CustomerState.state,
        CustomerHistory.last_on,
    )  # fmt: skip
    # counted in the same pass: nothing but the number has an index, so everybody is read
    query: Any = select(func.count().over(), *columns).outerjoin(Branch, Branch.id == Customer.branch_id)
    query = query.outerjoin(CustomerState, CustomerState.customer_id == Customer.id)
    query = query.outerjoin(CustomerHistory, CustomerHistory.customer_id == Customer.id)
    query = query.where(*there(user), _meant_by(words)).order_by(Customer.name, Customer.id)
    rows = db.session.execute(query.limit(PER_PAGE).offset((number - 1) * PER_PAGE)).all()
    return Page([Found(*row[1:]) for row in rows], number, rows[0][0] if rows else 0, PER_PAGE)


def _meant_by(words: str) -> ColumnElement[bool]:
    exactly = (Customer.external_id, Customer.card_id, Customer.phone)
    named = and_(*(_has(word) for word in words.split()))
    return or_(named, func.lower(Customer.email) == words.lower(), *(column == words for column in exactly))


def _has(word: str) -> ColumnElement[bool]:
    """SQLite knows small and capital letters of English alone, so a name with another at its front is tried as such."""
    forms = {word} if word.isascii() else {word, word.capitalize()}
    return or_(*(Customer.name.icontains(form, autoescape=True) for form in forms))
