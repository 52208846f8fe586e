"""Numbers of customers who were erased, kept as keyed digests: who they were cannot be read back, and an old file does
not bring them back either."""

import hmac
from collections.abc import Collection, Iterator

from sqlalchemy import select

from survey.clock import now
from survey.customers.models import ErasedNumber
from survey.extensions import db
from survey.web import settings

_AT_ONCE = 10_000


def remember_erased(external_id: str) -> None:
    """Files that name this customer bring nothing in any more. Twice is once. Flushes."""
    if not erased_among([external_id]):
        db.session.add(ErasedNumber(digest=_digest(external_id, settings().secret_key), created_at=now()))
        db.session.flush()


def erased_among(numbers: Collection[str]) -> set[str]:
    """Those of the numbers whose customers were erased, also under a key that is retired by now. A few queries."""
    if db.session.scalar(select(ErasedNumber.digest).limit(1)) is None:
        return set()
    keys = [settings().secret_key, *settings().old_secret_keys]
    of_number = {_digest(number, key): number for number in numbers for key in keys}
    digest = ErasedNumber.digest
    found = (db.session.scalars(select(digest).where(digest.in_(some))) for some in _some(of_number))
    return {of_number[known] for rows in found for known in rows}


def _some(digests: Collection[str]) -> Iterator[list[str]]:
    """Few enough at a time for both engines, which limit the values of one statement."""
    every = list(digests)
    return (every[start : start + _AT_ONCE] for start in range(0, len(every), _AT_ONCE))


def _digest(number: str, key: str) -> str:
    return hmac.digest(key.encode(), f"erased customer {number}".encode(), "sha256").hex()
