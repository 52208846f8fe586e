"""A garage whose customers leave as a test says; every row straight into the tables."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select

from survey.accounts.models import User
from survey.customers import histories
from survey.customers.models import Customer, Transaction
from survey.defections.models import Defection
from survey.extensions import db
from survey.reasons.models import Classification, ClassifiedReason, ModelVersion, ServingModel
from survey.reports.lens import Lens
from survey.reports.period import Period
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason
from tests import stories

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
THIRD_QUARTER = Period(date(2026, 7, 1), date(2026, 9, 30))


@dataclass(frozen=True)
class Answer:
    """What somebody answered; `read` is what the model made of it: codes, a state, or None for not yet."""

    main: str = "price"
    also: tuple[str, ...] = ()
    words: str | None = None
    masked: bool = True
    read: tuple[str, ...] | str | None = None


@dataclass(frozen=True)
class Left:
    """One departure: the day, what is lost, and what came of asking."""

    on: date
    lost: Decimal = Decimal("100.00")
    returned_on: date | None = None
    #: state of the one mail; empty: nobody was asked
    mail: str = "sent"
    answer: Answer | None = None


@dataclass(frozen=True)
class Person:
    """A customer: visits and departures."""

    visits: tuple[date, ...] = (date(2025, 1, 10),)
    left: tuple[Left, ...] = ()
    branch: str = "Utrecht"
    segment: str = "private"
    more: dict[str, object] = field(default_factory=dict)


def branch_id(name: str) -> int | None:
    """The branch of that name, made where there is none; empty: no branch."""
    return stories.branch(name).id if name else None


def add(*people: Person) -> list[int]:
    """Store these customers; gives their ids."""
    ids = [_add(person) for person in people]
    histories.mark(ids)
    while histories.refresh_some():
        pass
    db.session.commit()
    return ids


def _add(person: Person) -> int:
    number = (db.session.scalar(select(func.count()).select_from(Customer)) or 0) + 1
    customer = Customer(
        external_id=f"c{number}",
        name=f"Anna van Dam {number}",
        email=f"c{number}@example.org",
        branch_id=branch_id(person.branch),
        segment=person.segment,
        **person.more,
    )
    if person.more.get("erased_at"):
        customer.name = customer.email = None
    db.session.add(customer)
    db.session.flush()
    for place, on in enumerate(person.visits):
        identity = f"{customer.id}-{place}".encode().ljust(16)[:16]
        db.session.add(Transaction(customer_id=customer.id, occurred_on=on, amount=50, identity=identity))
    for episode, left in enumerate(person.left, 1):
        _add_departure(customer, episode, left)
    return customer.id


def _add_departure(who: Customer, episode: int, left: Left) -> None:
    defection = stories.defection(
        who, on=left.on, episode=episode, returned_on=left.returned_on, yearly_spend=left.lost / 4,
        remaining_years=4.0, lost_value=left.lost, created_at=NOON,
    )  # fmt: skip
    if left.mail or left.answer:
        _add_invitation(defection, left)


def _add_invitation(defection: Defection, left: Left) -> None:
    state = "answered" if left.answer else "open"
    expires = NOON + timedelta(days=60)
    invitation = stories.invitation(defection, state=state, created_at=NOON, expires_at=expires)
    if left.mail:
        sent_at = NOON if left.mail == "sent" else None
        stories.mailing(invitation, state=left.mail, due_at=NOON, sent_at=sent_at)
    if left.answer:
        _add_answer(invitation.id, left.answer)


def _add_answer(invitation_id: int, answer: Answer) -> None:
    codes = (answer.main, *answer.also) if answer.main else answer.also
    response = Response(
        invitation_id=invitation_id,
        language="nl",
        shown_order=list(codes),
        words=answer.words,
        masked_words=answer.words if answer.masked else None,
        has_words=answer.words is not None,
        reason_count=len(codes),
        created_at=NOON + timedelta(minutes=invitation_id),
    )
    response.reasons = [
        ResponseReason(reason_id=reason_id(code), main=code == answer.main, position=place)
        for place, code in enumerate(codes, 1)
    ]
    db.session.add(response)
    db.session.flush()
    if answer.read is not None:
        _add_classification(response.id, answer.read)


def _add_classification(response_id: int, read: tuple[str, ...] | str) -> None:
    classification = Classification(
        response_id=response_id,
        model_version_id=serving_model(),
        state=read if isinstance(read, str) else "given",
        scores=b"",
        created_at=NOON,
    )
    db.session.add(classification)
    db.session.flush()
    for code in () if isinstance(read, str) else read:
        reason = ClassifiedReason(
            classification_id=classification.id, reason_id=reason_id(code), probability=0.9, spoke=b""
        )
        db.session.add(reason)


def model(fingerprint: str) -> int:
    version = ModelVersion(
        fingerprint=fingerprint, encoder_id="e", reason_codes=[], file_name="m", origin="starter", created_at=NOON
    )
    db.session.add(version)
    db.session.flush()
    return version.id


def serving_model() -> int:
    """The model that serves; made on first use."""
    serving = db.session.get(ServingModel, 1)
    if serving is None:
        serving = ServingModel(id=1, model_version_id=model("first"), since=NOON)
        db.session.add(serving)
        db.session.flush()
    return serving.model_version_id


def reason_id(code: str) -> int:
    return db.session.scalars(select(Reason.id).where(Reason.code == code)).one()


def lens(
    period: Period = THIRD_QUARTER, *, branch: str = "", segment: str | None = None, user: User | None = None
) -> Lens:
    """What somebody who sees everything looks at, or `user`."""
    return Lens(user or User(email="x", tied_to=[]), period, "custom", branch_id(branch), segment)
