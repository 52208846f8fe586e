"""All that whoever talks to a customer next should know, so that nobody is asked twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from survey.accounts.models import User
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.questionnaires.models import QuestionnaireVersion
from survey.questionnaires.versions import Version
from survey.responses.models import Response, ResponseAnswer, ResponseReason, RootCause
from survey.taxonomy.models import Reason
from survey.winback import promises, remedies
from survey.winback.cases import Line
from survey.winback.models import Call, CaseNote, Promise, Remedy, RemedyTried


@dataclass(frozen=True)
class Told:
    """What the customer answered. `words` is None while personal data is not yet masked."""

    at: datetime
    language: str
    main: Reason | None
    also: Sequence[Reason]
    has_words: bool
    words: str | None
    may_contact: bool
    #: further questions, each with what was answered
    further: Sequence[tuple[str, str]]
    #: heard by an interviewer who asked why again and again, apart from the reason that was stated
    root: Reason | None
    whys: Sequence[str]


@dataclass(frozen=True)
class Happened:
    """A note or a call, and by whom."""

    at: datetime
    who: str | None
    text: str | None
    outcome: str = ""


@dataclass(frozen=True)
class Dossier:
    customer: Customer
    told: Told | None
    happened: Sequence[Happened]
    promises: Sequence[Promise]
    #: suggested for the reason, and the numbers of those that were tried
    remedies: Sequence[Remedy]
    tried: frozenset[int]
    #: agreed to be called with an offer
    may_offer: bool


def dossier_of(line: Line) -> Dossier:
    """Everything about the customer of a case, the latest first."""
    customer = db.session.get_one(Customer, line.case.customer_id)
    tried = db.session.scalars(select(RemedyTried.remedy_id).where(RemedyTried.case_id == line.case.id))
    may_offer = customer.call_consent is True
    return Dossier(
        customer=customer,
        told=_told(line),
        happened=sorted([*_notes(line), *_calls(line)], key=lambda event: event.at, reverse=True),
        promises=promises.promises_to(customer.id),
        remedies=remedies.suggested(line.case.reason_id, may_offer),
        tried=frozenset(tried),
        may_offer=may_offer,
    )


def _told(line: Line) -> Told | None:
    row = db.session.execute(
        select(Response, QuestionnaireVersion.content)
        .join(Invitation, Invitation.id == Response.invitation_id)
        .join(QuestionnaireVersion, QuestionnaireVersion.id == Invitation.questionnaire_version_id)
        .where(Invitation.defection_id == line.defection.id)
    ).one_or_none()
    if row is None:
        return None
    response, version = row[0], Version.of(row[1])
    cause = _cause(response.id)
    ticked = db.session.execute(
        select(ResponseReason.main, Reason)
        .join(Reason, Reason.id == ResponseReason.reason_id)
        .where(ResponseReason.response_id == response.id)
        .order_by(ResponseReason.position)
    ).all()
    return Told(
        at=response.created_at,
        language=response.language,
        main=next((reason for main, reason in ticked if main), None),
        also=[reason for main, reason in ticked if not main],
        has_words=response.has_words,
        words=response.masked_words,
        may_contact=response.may_contact,
        further=_further(response, version),
        root=cause.reason,
        whys=cause.whys,
    )


class Cause(NamedTuple):
    reason: Reason | None = None
    #: only as masked
    whys: Sequence[str] = ()


def _cause(response_id: int) -> Cause:
    query = select(Reason, RootCause.masked_whys).select_from(RootCause)
    row = db.session.execute(
        query.outerjoin(Reason, Reason.id == RootCause.reason_id).where(RootCause.response_id == response_id)
    ).one_or_none()
    return Cause() if row is None else Cause(row[0], row[1] or ())


def _further(response: Response, version: Version) -> list[tuple[str, str]]:
    """The further questions that were answered, in the order of the questionnaire; words only as masked."""
    rows = db.session.scalars(
        select(ResponseAnswer).where(ResponseAnswer.response_id == response.id).order_by(ResponseAnswer.id)
    ).all()
    found = []
    for question in version.questions:
        labels = {choice.code: choice.label(response.language) for choice in question.choices}
        given = [_given(row, labels) for row in rows if row.question == question.key]
        if any(given):
            found.append((question.text(response.language), ", ".join(filter(None, given))))
    return found


def _given(row: ResponseAnswer, labels: dict[str, str]) -> str:
    if row.choice:
        return labels.get(row.choice, row.choice)
    return str(row.number) if row.number is not None else row.masked_words or ""


def _notes(line: Line) -> list[Happened]:
    who = func.coalesce(func.nullif(User.name, ""), User.email)
    query = select(CaseNote.at, who, CaseNote.text).outerjoin(User, User.id == CaseNote.user_id)
    return [Happened(*row) for row in db.session.execute(query.where(CaseNote.case_id == line.case.id))]


def _calls(line: Line) -> list[Happened]:
    who = func.coalesce(func.nullif(User.name, ""), User.email)
    query = (
        select(Call.at, who, Call.note, Call.outcome)
        .join(Invitation, Invitation.id == Call.invitation_id)
        .outerjoin(User, User.id == Call.user_id)
        .where(Invitation.customer_id == line.case.customer_id)
    )
    return [Happened(*row) for row in db.session.execute(query)]
