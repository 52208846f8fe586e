"""What people asked of us, and when it was done: a row for each, kept as the register asks."""

from survey.clock import now
from survey.customers.models import RightsRequest
from survey.extensions import db

EXPORT, ERASE = "export", "erase"
PERSON, OPERATOR = "person", "operator"


def asked(customer_id: int, kind: str, asked_by: str) -> RightsRequest:
    """Note that this was asked just now, by the person or for the person by the operator. Flushes."""
    request = RightsRequest(customer_id=customer_id, kind=kind, asked_by=asked_by, asked_at=now())
    db.session.add(request)
    db.session.flush()
    return request


def asked_and_done(customer_id: int, kind: str, asked_by: str) -> None:
    """The same of what was done at once. Flushes."""
    request = asked(customer_id, kind, asked_by)
    request.done_at = request.asked_at
    db.session.flush()
