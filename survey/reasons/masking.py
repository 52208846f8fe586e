"""Taking personal data out of the words: the respondent's own, and the names of staff, who become pseudonyms."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from functools import lru_cache
from string import ascii_lowercase
from typing import Any

from sqlalchemy import Row, select, update

from survey.customers.models import Customer, Employee
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reasons import classifying
from survey.responses.models import Response, ResponseAnswer
from survey.web import settings

BATCH = 200
_LETTERS = 4


def mask_batch(after: int) -> int | None:
    """Store the masked words of the next answers that have none; the last id looked at, None at the end. Flushes."""
    rows = db.session.execute(
        select(Response.id, Response.words, Customer.name, Customer.card_id, Customer.external_id)
        .join(Invitation, Invitation.id == Response.invitation_id)
        .join(Customer, Customer.id == Invitation.customer_id)
        .where(Response.id > after, Response.words.is_not(None), Response.masked_words.is_(None))
        .order_by(Response.id)
        .limit(BATCH)
    ).all()
    if not rows:
        return None
    _store_masked(Response, rows)
    return int(rows[-1].id)


def mask_further_batch(after: int) -> int | None:
    """The same for words written at further questions; the last id looked at is that of the row of the answer."""
    rows = db.session.execute(
        select(ResponseAnswer.id, ResponseAnswer.words, Customer.name, Customer.card_id, Customer.external_id)
        .join(Response, Response.id == ResponseAnswer.response_id)
        .join(Invitation, Invitation.id == Response.invitation_id)
        .join(Customer, Customer.id == Invitation.customer_id)
        .where(ResponseAnswer.id > after, ResponseAnswer.words.is_not(None), ResponseAnswer.masked_words.is_(None))
        .order_by(ResponseAnswer.id)
        .limit(BATCH)
    ).all()
    if not rows:
        return None
    _store_masked(ResponseAnswer, rows)
    return int(rows[-1].id)


def _store_masked(table: type[Response] | type[ResponseAnswer], rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
    """Mask the `words` of these rows, each with the name and identifiers of who wrote them."""
    written = [(r.words, [r.name] if r.name else [], list(filter(None, [r.card_id, r.external_id]))) for r in rows]
    masked = classifying.mask(written, staff(), pseudonyms(settings().secret_key))
    db.session.execute(
        update(table), [{"id": row.id, "masked_words": words} for row, words in zip(rows, masked, strict=True)]
    )


def staff() -> tuple[tuple[int, str], ...]:
    """Everybody who works there: number and name."""
    rows = db.session.execute(select(Employee.id, Employee.name).order_by(Employee.id))
    return tuple((row.id, row.name) for row in rows)


@lru_cache(maxsize=2)
def pseudonyms(secret_key: str) -> Callable[[str], str]:
    """What gives four letters for a folded name, by this key: always the same ones, which say nothing without it."""

    def letters(name: str) -> str:
        digest = hmac.new(secret_key.encode(), f"whyleft staff {name}".encode(), hashlib.sha256).digest()
        return _spelt(digest)

    return letters


def _spelt(digest: bytes) -> str:
    """No letter stands twice in a row (nor an x first, behind "STAFF-x"): reading shortens letters written thrice."""
    number, word = int.from_bytes(digest), "x"
    for _ in range(_LETTERS):
        number, place = divmod(number, len(ascii_lowercase) - 1)
        word += ascii_lowercase.replace(word[-1], "")[place]
    return word[1:]
