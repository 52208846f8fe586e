"""What is over and goes: each kind of data with the rows of it whose days have passed, and what is done to them.

The page counts by the same conditions by which the job forgets, so that it announces what will happen. Rows are taken
in batches by their keys and no longer fit the condition afterwards, so a job that was killed goes on where it was.

Purchases have no period of their own. Histories, states, values and every rate of an earlier month are worked out of
all of them; without the oldest, customers would seem to have come later, and figures that were given would change. A
summary in their place would still hold the day and the amount of every visit. What goes instead is whose they are:
see `addresses`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, null, select, update

from survey.accounts import audit
from survey.accounts.models import AuditEntry
from survey.clock import now
from survey.customers.keeping import DEFAULTS
from survey.customers.models import Customer, ImportProblem, RightsRequest
from survey.extensions import db
from survey.invitations.models import Bounce, Mailing
from survey.mail import copies_before
from survey.reasons.erasing import empty_words
from survey.responses.drafts import empty_drafts
from survey.responses.models import Response, ResponseAnswer, ResponseDraft, RootCause, WalkInAnswer
from survey.rights import over
from survey.winback.models import Call, CaseNote, Promise

BATCH = 1000

Keys = Collection[Any]


@dataclass(frozen=True)
class Part:
    """Rows of one table. `over`: which of them are done with, if what is older than a moment is; `forget`: by key."""

    key: Any
    over: Callable[[datetime], ColumnElement[bool]]
    forget: Callable[[Keys], None]


def _emptied(table: Any, key: Any, **values: Any) -> Callable[[Keys], None]:
    """These columns take these values."""
    return lambda keys: _run(update(table).where(key.in_(keys)).values(**values))


def _deleted(table: Any, key: Any) -> Callable[[Keys], None]:
    return lambda keys: _run(delete(table).where(key.in_(keys)))


def _run(statement: Any) -> None:
    db.session.execute(statement, execution_options={"synchronize_session": False})


def _forget_addresses(customer_ids: Keys) -> None:
    gone = {"name": None, "email": None, "phone": None, "card_id": None, "forgotten_at": now()}
    _run(update(Customer).where(Customer.id.in_(customer_ids)).values(**gone))


PARTS: Mapping[str, tuple[Part, ...]] = {
    "words": (
        Part(Response.id, over.words, _emptied(Response, Response.id, words=None)),
        Part(ResponseAnswer.id, over.further_words, _emptied(ResponseAnswer, ResponseAnswer.id, words=None)),
        Part(RootCause.response_id, over.whys, _emptied(RootCause, RootCause.response_id, whys=null())),
        Part(WalkInAnswer.id, over.raw_walk_in_words, _emptied(WalkInAnswer, WalkInAnswer.id, words=None)),
    ),
    "masked_words": (Part(Response.id, over.all_words, empty_words),),
    "walk_in_words": (
        Part(
            WalkInAnswer.id, over.walk_in_words, _emptied(WalkInAnswer, WalkInAnswer.id, words=None, masked_words=None)
        ),
    ),
    "drafts": (Part(ResponseDraft.invitation_id, over.drafts, empty_drafts),),
    "notes": (
        Part(CaseNote.id, over.case_notes, _emptied(CaseNote, CaseNote.id, text=None)),
        Part(Promise.id, over.promises, _emptied(Promise, Promise.id, text=None)),
        Part(Call.id, over.calls, _emptied(Call, Call.id, note="")),
    ),
    "bounces": (
        Part(Bounce.id, over.bounces, _emptied(Bounce, Bounce.id, text="")),
        Part(Mailing.id, over.mail_answers, _emptied(Mailing, Mailing.id, answer=None)),
    ),
    # files, which no transaction takes back: the job deletes them by `survey.mail.forget_older`
    "mail_copies": (),
    "import_values": (Part(ImportProblem.id, over.import_values, _emptied(ImportProblem, ImportProblem.id, value="")),),
    "addresses": (Part(Customer.id, over.addresses, _forget_addresses),),
    "audit": (Part(AuditEntry.id, over.audit_entries, audit.shorten),),
    "requests": (Part(RightsRequest.id, over.requests, _deleted(RightsRequest, RightsRequest.id)),),
}
KINDS = tuple(DEFAULTS)


def count_over(kind: str, days: int) -> int:
    """How many rows of this kind would go now, if it were kept so many days."""
    moment = now() - timedelta(days=days)
    counts = (select(func.count()).select_from(part.key.class_).where(part.over(moment)) for part in PARTS[kind])
    copies = len(copies_before(moment)) if kind == "mail_copies" else 0
    return copies + sum(db.session.scalar(count) or 0 for count in counts)


def is_any_over(kind: str, days: int) -> bool:
    """Whether there is anything of this kind to forget: looking costs nobody the write gate."""
    moment = now() - timedelta(days=days)
    return any(db.session.scalar(select(exists().where(part.over(moment)))) for part in PARTS[kind])


def forget_some(kind: str, days: int, limit: int = BATCH) -> int:
    """Forget the next rows of this kind, at most `limit`, in the order of their keys; gives how many. Flushes.

    Run until it gives 0, each time in a transaction of its own.
    """
    moment = now() - timedelta(days=days)
    for part in PARTS[kind]:
        keys = list(db.session.scalars(select(part.key).where(part.over(moment)).order_by(part.key).limit(limit)))
        if keys:
            part.forget(keys)
            return len(keys)
    return 0


def returned() -> list[int]:
    """Keys of the customers whose name and address went and who came back since."""
    return list(db.session.scalars(select(Customer.id).where(Customer.forgotten_at.is_not(None), ~over.is_gone())))


def remember(customer_ids: Keys) -> None:
    """Let the next file of customers name these again. Flushes."""
    _run(update(Customer).where(Customer.id.in_(customer_ids)).values(forgotten_at=None))
