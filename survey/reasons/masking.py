"""Taking personal data out of the words: the respondent's own, and the names of staff, who become pseudonyms."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from functools import lru_cache
from string import ascii_lowercase
from typing import Any

from sqlalchemy import Row, null, select, update

from survey.customers.models import Customer, Employee
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reasons import classifying
from survey.responses.models import Response, ResponseAnswer, RootCause, WalkInAnswer
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


def mask_walk_in_batch(after: int) -> int | None:
    """The same for words given at a branch; nobody knows the name and numbers of who wrote them."""
    unknown = [null().label(name) for name in ("name", "card_id", "external_id")]
    rows = db.session.execute(
        select(WalkInAnswer.id, WalkInAnswer.words, *unknown)
        .where(WalkInAnswer.id > after, WalkInAnswer.words.is_not(None), WalkInAnswer.masked_words.is_(None))
        .order_by(WalkInAnswer.id)
        .limit(BATCH)
    ).all()
    if not rows:
        return None
    _store_masked(WalkInAnswer, rows)
    return int(rows[-1].id)


def mask_whys_batch(after: int) -> int | None:
    """The same for what an interviewer heard when asking why; the last id looked at is that of the answer."""
    rows = db.session.execute(
        select(RootCause.response_id, RootCause.whys, Customer.name, Customer.card_id, Customer.external_id)
        .join(Response, Response.id == RootCause.response_id)
        .join(Invitation, Invitation.id == Response.invitation_id)
        .join(Customer, Customer.id == Invitation.customer_id)
        .where(RootCause.response_id > after, RootCause.whys.is_not(null()), RootCause.masked_whys.is_(null()))
        .order_by(RootCause.response_id)
        .limit(BATCH)
    ).all()
    if not rows:
        return None
    written = [(why, *_identifiers(row)) for row in rows for why in row.whys or ()]
    masked = iter(classifying.mask(written, staff(), pseudonyms(settings().secret_key)))
    values = [{"response_id": row.response_id, "masked_whys": [next(masked) for _ in row.whys or ()]} for row in rows]
    db.session.execute(update(RootCause), values)
    return int(rows[-1].response_id)


def _store_masked(
    table: type[Response] | type[ResponseAnswer] | type[WalkInAnswer], rows: Sequence[Row[*tuple[Any, ...]]]
) -> None:
    """Mask the `words` of these rows, each with the name and identifiers of who wrote them."""
    written = [(row.words, *_identifiers(row)) for row in rows]
    masked = classifying.mask(written, staff(), pseudonyms(settings().secret_key))
    db.session.execute(
        update(table), [{"id": row.id, "masked_words": words} for row, words in zip(rows, masked, strict=True)]
    )


def _identifiers(row: Row[*tuple[Any, ...]]) -> tuple[list[str], list[str]]:
    """The name of who wrote this, and their numbers."""
    return [row.name] if row.name else [], list(filter(None, [row.card_id, row.external_id]))


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
