"""People with a history, made in one line: who came, left, was asked, and answered. Each flushes; the test commits."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import select

from survey.customers.models import Branch, Customer, Transaction
from survey.defections.models import Defection, Definition
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing
from survey.questionnaires.models import QuestionnaireVersion
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason

MOMENT = datetime(2026, 6, 1, 9, tzinfo=UTC)
_numbers = count(1)


def branch(name: str) -> Branch:
    standing = db.session.scalar(select(Branch).where(Branch.name == name))
    return standing or _added(Branch(name=name))


def customer(**given: Any) -> Customer:
    number = next(_numbers)
    defaults = {
        "external_id": f"C{number:05}",
        "name": f"Jan Voorbeeld {number}",
        "email": f"jan{number}@example.org",
        "language": "nl",
        "segment": "private",
        "joined_on": date(2023, 1, 1),
    }
    return _added(Customer(**defaults | given))


def visit(who: Customer, on: date, amount: str = "100.00") -> Transaction:
    number = next(_numbers)
    return _added(
        Transaction(
            customer_id=who.id, occurred_on=on, amount=Decimal(amount), identity=number.to_bytes(16, "big"),
            branch_id=who.branch_id,
        )
    )  # fmt: skip


def defection(who: Customer | None = None, on: date = date(2026, 5, 20), **given: Any) -> Defection:
    who = who or customer()
    defaults = {
        "customer_id": who.id,
        "definition_id": db.session.scalar(select(Definition.id).limit(1)),
        "episode": 1,
        "last_visit_on": on - timedelta(days=180),
        "defected_on": on,
        "noticed_on": on,
        "yearly_spend": Decimal("400.00"),
        "remaining_years": 5.0,
        "lost_value": Decimal("2000.00"),
        "value_method": "own_spend",
        "created_at": MOMENT,
    }
    return _added(Defection(**defaults | given))


def invitation(gone: Defection | None = None, **given: Any) -> Invitation:
    gone = gone or defection()
    who = db.session.get_one(Customer, gone.customer_id)
    defaults = {
        "defection_id": gone.id,
        "customer_id": who.id,
        "questionnaire_version_id": db.session.scalar(select(QuestionnaireVersion.id).limit(1)),
        "language": who.language,
        "order_seed": 7,
        "created_at": MOMENT,
        "expires_at": MOMENT + timedelta(days=10_000),
    }
    return _added(Invitation(**defaults | given))


def mailing(asked: Invitation, round: int = 0, **given: Any) -> Mailing:
    defaults = {
        "invitation_id": asked.id,
        "round": round,
        "message_id": f"<{asked.id}.{round}@whyleft.test>",
        "due_at": MOMENT,
    }
    return _added(Mailing(**defaults | given))


def response(
    words: str | None = None, main: str = "price", also: tuple[str, ...] = (), asked: Invitation | None = None
) -> Response:
    asked = asked or invitation()
    asked.state = "answered"
    reasons = {r.code: r for r in db.session.scalars(select(Reason))}
    return _added(
        Response(
            invitation_id=asked.id,
            language=asked.language,
            shown_order=list(reasons),
            words=words,
            has_words=bool(words),
            reason_count=1 + len(also),
            created_at=MOMENT,
            reasons=[
                ResponseReason(reason_id=reasons[code].id, main=code == main, position=i)
                for i, code in enumerate((main, *also), 1)
            ],
        )
    )


def _added(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row
