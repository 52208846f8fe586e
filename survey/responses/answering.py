"""An answer, taken once: the response, its reasons, and the end of the invitation, in one transaction.

The statements are built once and go past the ORM: on SQLite nobody else can write while they run.
"""

from functools import cache
from typing import Any

from sqlalchemy import Insert, bindparam, insert

from survey.clock import now
from survey.database import Base
from survey.extensions import db
from survey.invitations.asked import Asked
from survey.invitations.closing import close_answered
from survey.responses.forms import Answer
from survey.taxonomy.queries import id_of_reason


def take(person: Asked, answer: Answer) -> bool:
    """Store the answer to this invitation; False where it was answered or closed meanwhile."""
    shown = [option.code for option in person.version.ordered(person.order_seed)]
    response, reasons = _response(person, answer, shown), _reasons(answer, shown)
    if not close_answered(person.invitation_id):
        return False
    key = db.session.execute(_insert_response(), response).scalar_one()
    db.session.execute(_insert_reasons(), [{"response": key} | reason for reason in reasons])
    return True


def _response(person: Asked, answer: Answer, shown: list[str]) -> dict[str, Any]:
    return {
        "invitation_id": person.invitation_id,
        "language": answer.language,
        "shown_order": shown,
        "words": answer.words or None,
        "has_words": bool(answer.words),
        "may_contact": answer.may_contact,
        "reason_count": 1 + len(answer.also),
        "created_at": now(),
    }


def _reasons(answer: Answer, shown: list[str]) -> list[dict[str, Any]]:
    return [
        {"code": code, "is_main": code == answer.reason, "place": shown.index(code) + 1}
        for code in (answer.reason, *answer.also)
    ]


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
