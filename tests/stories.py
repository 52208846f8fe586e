"""People with a history, made in one line: who came, left, was asked, and answered. Each flushes; the test commits."""

from array import array
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import select

from survey.customers import contracts
from survey.customers.models import Branch, Customer, Transaction
from survey.customers.terms import Told
from survey.defections.models import Defection, Definition
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing
from survey.questionnaires.models import QuestionnaireVersion
from survey.reasons import explaining, versions
from survey.reasons.answers import chance
from survey.reasons.models import (
    Classification,
    ClassifiedReason,
    HumanLabel,
    ModelVersion,
    Reading,
    Review,
)
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
    made: Customer = _added(Customer(**defaults | given))
    sign(made)
    return made


def sign(who: Customer) -> None:
    """The contract that a file of customers tells of, kept as an import keeps it."""
    days = (who.contract_from, who.contract_until, who.cancelled_on)
    contracts.keep([Told(who.id, *days, who.yearly_value, is_only=True)], date.today())


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


def model(codes: tuple[str, ...] | None = None, serving: bool = True, **given: Any) -> ModelVersion:
    """A version of a model, without its file; it serves unless that is not wanted."""
    known = codes or tuple(db.session.scalars(select(Reason.code).where(Reason.code != "other").order_by(Reason.id)))
    name = f"{next(_numbers):032x}"
    defaults = {
        "fingerprint": name,
        "encoder_id": "characters-1",
        "preprocessing": "terms-3",
        "reason_codes": list(known),
        "file_name": f"{name}.model",
        "origin": "starter",
        "created_at": MOMENT,
    }
    version = _added(ModelVersion(**defaults | given))
    if serving:
        versions.serve(version)
    return version


def classified(answer: Response, version: ModelVersion, **probabilities: float) -> Classification:
    """What a version makes of an answer; a reason is given from a half on: `classified(answer, version, price=.9)`."""
    scores = [probabilities.get(code, 0.02) for code in version.reason_codes]
    given = {code: p for code, p in probabilities.items() if p >= 0.5}
    row = _added(
        Classification(
            response_id=answer.id,
            model_version_id=version.id,
            state="given" if given else "unsure",
            scores=array("f", scores).tobytes(),
            created_at=MOMENT,
        )
    )
    reasons = {r.code: r.id for r in db.session.scalars(select(Reason))}
    for code, probability in given.items():
        # one word, "duur", in the first row: intercept -1, sentence 0.5, the word 2
        spoke = explaining.pack(0, -1.0, 0.5, array("d", [2.0]).tobytes())
        _added(
            ClassifiedReason(classification_id=row.id, reason_id=reasons[code], probability=probability, spoke=spoke)
        )
    return row


def reading(answer: Response, terms: str = "duur", **given: Any) -> Reading:
    """An answer as it is stored once it was read; `content` is not a real one."""
    defaults = {
        "response_id": answer.id,
        "encoder_id": "characters-1",
        "preprocessing": "terms-3",
        "language": answer.language,
        "chance": chance(answer.id),
        "content": b"",
        "terms": terms,
    }
    return _added(Reading(**defaults | given))


def review(answer: Response, user_id: int, *codes: str, **given: Any) -> Review:
    """What a person found in an answer."""
    reasons = {r.code: r.id for r in db.session.scalars(select(Reason))}
    defaults = {"response_id": answer.id, "user_id": user_id, "state": "reviewed", "created_at": MOMENT}
    labels = [HumanLabel(reason_id=reasons[code]) for code in codes]
    return _added(Review(**defaults | given, labels=labels))


def _added(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row
