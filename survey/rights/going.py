"""What the erasure of a person takes away and what it leaves, counted before it is done.

A line for each kind of row that `survey.rights.erasing` empties or leaves; a test erases somebody and counts again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, String, cast, func, or_, select

from survey.customers.models import Contract, Customer, RightsRequest, Transaction
from survey.defections.models import CustomerState, CustomerValue, Defection, WalletAnswer
from survey.extensions import db
from survey.invitations.models import Bounce, Invitation, Mailing
from survey.reasons.models import Classification, Reading, Review
from survey.responses.models import Response, ResponseAnswer, ResponseDraft, ResponseReason, RootCause
from survey.rights.labels import LABELS
from survey.rights.over import holds
from survey.rights.rows import invitations_of, looked_at
from survey.winback.models import Call, Case, CaseNote, Promise

#: columns that say who somebody is
IDENTITY = {"customer_number": "external_id", "card_number": "card_id", "name": "name", "email": "email",
            "phone": "phone"}  # fmt: skip


@dataclass(frozen=True)
class Line:
    label: Any
    count: int


@dataclass(frozen=True)
class Going:
    """`identity`: how people call what says who this is, and goes as well."""

    identity: Sequence[Any]
    goes: Sequence[Line]
    stays: Sequence[Line]


def going_of(customer: Customer) -> Going:
    """What there is of this customer; kinds of which there is nothing are left out."""
    identity = [LABELS[name] for name, column in IDENTITY.items() if getattr(customer, column)]
    goes, stays = _what_goes(customer.id), _what_stays(customer.id)
    return Going(identity, [line for line in goes if line.count], [line for line in stays if line.count])


def _what_goes(customer_id: int) -> list[Line]:
    """Rows of which the words, or all of it, go."""
    asked, answers = invitations_of(customer_id), _answers_of(customer_id)
    mails, cases = select(Mailing.id).where(Mailing.invitation_id.in_(asked)), _cases_of(customer_id)
    whys = or_(holds(RootCause.whys), holds(RootCause.masked_whys))
    draft = cast(ResponseDraft.fields, String) != "{}"
    server = _count(Mailing.id.in_(mails), Mailing.answer.is_not(None))
    return [
        Line(_l("Own words in answers"), _count(Response.id.in_(answers), _written(Response))),
        Line(
            _l("Words in answers to further questions"),
            _count(ResponseAnswer.response_id.in_(answers), _written(ResponseAnswer)),
        ),
        Line(_l("Causes told on the telephone, in words"), _count(RootCause.response_id.in_(answers), whys)),
        Line(_l("Answers saved and not sent"), _count(ResponseDraft.invitation_id.in_(asked), draft)),
        Line(_l("Own words as numbers, for the model"), _count(Reading.response_id.in_(answers))),
        Line(_l("Notes of calls"), _count(Call.invitation_id.in_(asked), Call.note != "")),
        Line(_l("Notes in cases"), _count(CaseNote.case_id.in_(cases), CaseNote.text.is_not(None))),
        Line(_l("Promises, in words"), _count(Promise.customer_id == customer_id, Promise.text.is_not(None))),
        Line(_l("What mail servers said"), server + _count(Bounce.mailing_id.in_(mails), Bounce.text != "")),
    ]


def _what_stays(customer_id: int) -> list[Line]:
    """Rows that stay, and no longer tell whose they are."""
    asked, answers = invitations_of(customer_id), _answers_of(customer_id)
    chosen = or_(ResponseAnswer.choice != "", ResponseAnswer.number.is_not(None))
    reckoned = (CustomerState, CustomerValue, WalletAnswer)
    return [
        Line(_l("Purchases and visits"), _count(Transaction.customer_id == customer_id)),
        Line(_l("Contracts"), _count(Contract.customer_id == customer_id)),
        Line(_l("Departures, with the value lost"), _count(Defection.customer_id == customer_id)),
        Line(
            _l("State, value and share of purchases"),
            sum(_count(each.customer_id == customer_id) for each in reckoned),
        ),
        Line(_l("Reasons chosen"), _count(ResponseReason.response_id.in_(answers))),
        Line(
            _l("Choices and numbers in answers to further questions"),
            _count(ResponseAnswer.response_id.in_(answers), chosen),
        ),
        Line(_l("What models read in answers"), _count(Classification.response_id.in_(answers))),
        Line(_l("What people read in answers"), _count(Review.response_id.in_(answers))),
        Line(_l("That it was decided to ask, or not"), _count(Invitation.customer_id == customer_id)),
        Line(_l("That a mail was written"), _count(Mailing.invitation_id.in_(asked))),
        Line(_l("That a call was made, and how it ended"), _count(Call.invitation_id.in_(asked))),
        Line(_l("That there was a case, and how it ended"), _count(Case.customer_id == customer_id)),
        Line(_l("That something was promised, and whether it was kept"), _count(Promise.customer_id == customer_id)),
        Line(_l("Requests about one's own data"), _count(RightsRequest.customer_id == customer_id)),
        Line(_l("Lines of the audit log, by number"), len(looked_at(customer_id))),
    ]


def _count(*conditions: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count()).where(*conditions)) or 0


def _answers_of(customer_id: int) -> Any:
    return select(Response.id).where(Response.invitation_id.in_(invitations_of(customer_id)))


def _cases_of(customer_id: int) -> Any:
    return select(Case.id).where(Case.customer_id == customer_id)


def _written(table: type[Response] | type[ResponseAnswer]) -> ColumnElement[bool]:
    return or_(table.words.is_not(None), table.masked_words.is_not(None))
