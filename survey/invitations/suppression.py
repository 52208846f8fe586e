"""Addresses that are never written to again, kept as keyed digests: who they are cannot be read back."""

import hashlib
import hmac
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import select

from survey.clock import now
from survey.extensions import db
from survey.invitations.models import Suppression
from survey.web import settings


def address_digest(address: str) -> str:
    """What stands for an address, by the secret key in use."""
    return _digest(address, settings().secret_key)


def suppress(address: str, why: str) -> None:
    """Never write to this address again. Twice is once. Flushes."""
    if address not in suppressed_among([address]):
        db.session.add(Suppression(address_digest=address_digest(address), why=why, created_at=now()))
        db.session.flush()


def suppressed_among(addresses: Collection[str], why: str | None = None) -> set[str]:
    """Those of the addresses that are never written to again, also when that was said under a retired key.

    With `why`, only those suppressed for that.
    """
    pairs = [(digest, address) for address in addresses for digest in digests_of(address)]
    known = {digest for chunk in _chunks(list(dict(pairs))) for digest in _known(chunk, why)}
    # an address in other letters has the same digest: both are meant
    return {address for digest, address in pairs if digest in known}


def digests_of(address: str) -> list[str]:
    """All that may stand for an address: by the secret key in use, and by retired ones."""
    return [_digest(address, key) for key in (settings().secret_key, *settings().old_secret_keys)]


def _known(digests: list[str], why: str | None) -> Sequence[str]:
    query = select(Suppression.address_digest).where(Suppression.address_digest.in_(digests))
    if why is not None:
        query = query.where(Suppression.why == why)
    return db.session.scalars(query).all()


def _chunks(digests: list[str]) -> Iterator[list[str]]:
    """Few enough at a time for both engines, which limit the values of one statement."""
    for start in range(0, len(digests), 10_000):
        yield digests[start : start + 10_000]


def _digest(address: str, key: str) -> str:
    message = f"suppression {address.strip().casefold()}".encode()
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()
