"""An answer, taken once: the response, its reasons, and the end of the invitation, in one transaction.

The statements are built once and go past the ORM: on SQLite nobody else can write while they run.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Insert, Update, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from survey.clock import now, today
from survey.database import Base
from survey.extensions import db
from survey.invitations.asked import Asked
from survey.invitations.closing import close_answered
from survey.questionnaires.versions import WALLET
from survey.responses.drafts import drop_draft
from survey.responses.forms import Answer
from survey.taxonomy.queries import id_of_reason


@dataclass(frozen=True)
class How:
    """The way an answer was given: mail, or by phone to an interviewer; and how long it took, where that is known."""

    channel: str = "mail"
    interviewer_id: int | None = None
    seconds_taken: int | None = None


BY_MAIL = How()


def take(person: Asked, answer: Answer, how: How = BY_MAIL) -> bool:
    """Store the answer to this invitation; False where it was answered or closed meanwhile. Flushes."""
    shown = [option.code for option in person.version.ordered(person.order_seed)]
    response = _response(person, answer, shown) | {
        "channel": how.channel,
        "interviewer_id": how.interviewer_id,
        "seconds_taken": how.seconds_taken,
    }
    reasons = _reasons(answer, shown)
    if not close_answered(person.invitation_id):
        return False
    mark_started(person.invitation_id)
    key = db.session.execute(_insert_response(), response).scalar_one()
    if reasons:
        db.session.execute(_insert_reasons(), [{"response": key} | reason for reason in reasons])
    if answer.further:
        _store_further(key, person, answer)
    drop_draft(person.invitation_id)
    return True


def mark_started(invitation_id: int) -> None:
    """Note the first POST of a form; later ones change nothing."""
    db.session.execute(_mark_started(), {"number": invitation_id, "moment": now()})


def _response(person: Asked, answer: Answer, shown: list[str]) -> dict[str, Any]:
    return {
        "invitation_id": person.invitation_id,
        "language": answer.language,
        "shown_order": shown,
        "words": answer.words or None,
        "has_words": bool(answer.words),
        "may_contact": answer.may_contact,
        "reason_count": len(answer.reasons),
        "created_at": now(),
    }


def _reasons(answer: Answer, shown: list[str]) -> list[dict[str, Any]]:
    return [{"code": code, "is_main": code == answer.reason, "place": shown.index(code) + 1} for code in answer.reasons]


def _store_further(response_id: int, person: Asked, answer: Answer) -> None:
    """The rows of the further questions, and what they say of the share of this customer's custom."""
    rows = [vars(row) | {"response_id": response_id} for row in answer.further]
    db.session.execute(_insert_answers(), rows)
    measuring = {q.key: q.most for q in person.version.questions if q.measures == WALLET and q.most > 0}
    for row in answer.further:
        if row.question in measuring and row.number is not None:
            values = {"customer_id": person.customer_id, "answered_on": today()}
            values |= {"with_us": row.number, "out_of": measuring[row.question]}
            db.session.execute(_insert_wallet(db.engine.dialect.name), values)


@cache
def _insert_response() -> Insert:
    table = Base.metadata.tables["response"]
    return insert(table).returning(table.c.id)


@cache
def _insert_reasons() -> Insert:
    return insert(Base.metadata.tables["response_reason"]).values(
        response_id=bindparam("response"),
        reason_id=id_of_reason(bindparam("code")),
        main=bindparam("is_main"),
        position=bindparam("place"),
    )


@cache
def _insert_answers() -> Insert:
    return insert(Base.metadata.tables["response_answer"])


@cache
def _insert_wallet(dialect: str) -> Insert:
    """Who answers twice on a day is believed the second time."""
    key, table = ["customer_id", "answered_on"], Base.metadata.tables["wallet_answer"]
    if dialect == "sqlite":
        lite = sqlite.insert(table)
        return lite.on_conflict_do_update(
            index_elements=key, set_={"with_us": lite.excluded.with_us, "out_of": lite.excluded.out_of}
        )
    full = postgresql.insert(table)
    return full.on_conflict_do_update(
        index_elements=key, set_={"with_us": full.excluded.with_us, "out_of": full.excluded.out_of}
    )


@cache
def _mark_started() -> Update:
    invitation = Base.metadata.tables["invitation"]
    not_yet = update(invitation).where(invitation.c.id == bindparam("number"), invitation.c.started_at.is_(None))
    return not_yet.values(started_at=bindparam("moment"))
