"""The rows of each kind of data that are done with, if whatever is older than a moment is: conditions for SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, or_, select

from survey.accounts.models import AuditEntry
from survey.clock import local, now, today
from survey.customers.models import Customer, Import, ImportProblem, RightsRequest
from survey.defections.models import Defection
from survey.invitations.asked import SKEW
from survey.invitations.models import Bounce, Invitation, Mailing
from survey.responses.models import Response, ResponseAnswer, ResponseDraft, RootCause, WalkInAnswer
from survey.winback.models import Call, Case, CaseNote, Promise

Condition = ColumnElement[bool]


def words(moment: datetime) -> Condition:
    """Words of which there is no masked version yet are left: without one, the answer itself would be lost."""
    written = and_(Response.words.is_not(None), Response.masked_words.is_not(None))
    return and_(written, Response.created_at < moment)


def further_words(moment: datetime) -> Condition:
    written = and_(ResponseAnswer.words.is_not(None), ResponseAnswer.masked_words.is_not(None))
    return and_(written, _is_of_before(ResponseAnswer.response_id, moment))


def whys(moment: datetime) -> Condition:
    written = and_(holds(RootCause.whys), holds(RootCause.masked_whys))
    return and_(written, _is_of_before(RootCause.response_id, moment))


def raw_walk_in_words(moment: datetime) -> Condition:
    written = and_(WalkInAnswer.words.is_not(None), WalkInAnswer.masked_words.is_not(None))
    return and_(written, WalkInAnswer.created_at < moment)


def all_words(moment: datetime) -> Condition:
    """Answers of which any words are left, masked or as typed."""
    theirs = ResponseAnswer.response_id == Response.id
    further = exists().where(theirs, or_(ResponseAnswer.words.is_not(None), ResponseAnswer.masked_words.is_not(None)))
    root = RootCause.response_id == Response.id
    causes = exists().where(root, or_(holds(RootCause.whys), holds(RootCause.masked_whys)))
    own = or_(Response.words.is_not(None), Response.masked_words.is_not(None))
    return and_(Response.created_at < moment, or_(own, further, causes))


def walk_in_words(moment: datetime) -> Condition:
    written = or_(WalkInAnswer.words.is_not(None), WalkInAnswer.masked_words.is_not(None))
    return and_(written, WalkInAnswer.created_at < moment)


def drafts(moment: datetime) -> Condition:
    """Drafts that nobody can send any more, and those saved before the moment."""
    gone = or_(Customer.opted_out_at.is_not(None), Customer.erased_at.is_not(None))
    closed = or_(Invitation.state != "open", Invitation.expires_at < now() - SKEW, gone)
    of_closed = select(Invitation.id).join(Customer, Customer.id == Invitation.customer_id).where(closed)
    ended = or_(ResponseDraft.saved_at < moment, ResponseDraft.invitation_id.in_(of_closed))
    return and_(cast(ResponseDraft.fields, String) != "{}", ended)


def case_notes(moment: datetime) -> Condition:
    """Not those of a case that is still open."""
    closed = select(Case.id).where(Case.state == "closed")
    return and_(CaseNote.text.is_not(None), CaseNote.at < moment, CaseNote.case_id.in_(closed))


def promises(moment: datetime) -> Condition:
    """Not those that are still to be kept."""
    to_be_kept = and_(Promise.due_on >= today(), Promise.kept_on.is_(None))
    return and_(Promise.text.is_not(None), Promise.entered_at < moment, func.coalesce(~to_be_kept, True))


def calls(moment: datetime) -> Condition:
    return and_(Call.note != "", Call.at < moment)


def bounces(moment: datetime) -> Condition:
    return and_(Bounce.text != "", Bounce.at < moment)


def mail_answers(moment: datetime) -> Condition:
    return and_(Mailing.answer.is_not(None), Mailing.due_at < moment)


def import_values(moment: datetime) -> Condition:
    ended = select(Import.id).where(func.coalesce(Import.ended_at, Import.created_at) < moment)
    return and_(ImportProblem.value != "", ImportProblem.import_id.in_(ended))


def addresses(moment: datetime) -> Condition:
    """Whom a business can still name, of those who left before the moment, did not come back, and have no open case."""
    known = or_(*(column.is_not(None) for column in (Customer.name, Customer.email, Customer.phone, Customer.card_id)))
    cared_for = select(Case.customer_id).where(Case.state != "closed")
    return and_(known, is_gone(moment), Customer.id.not_in(cared_for))


def is_gone(moment: datetime | None = None) -> Condition:
    """Customers who left and did not come back: before the moment, or at any time."""
    left: list[Condition] = [Defection.returned_on.is_(None)]
    if moment is not None:
        left.append(Defection.defected_on < local(moment).date())
    return Customer.id.in_(select(Defection.customer_id).where(*left))


def audit_entries(moment: datetime) -> Condition:
    """Those before the first that is young enough, so that what is left follows from each other; never the last."""
    young = select(func.min(AuditEntry.id)).where(AuditEntry.at >= moment).scalar_subquery()
    last = select(func.max(AuditEntry.id)).scalar_subquery()
    return AuditEntry.id < func.coalesce(young, last)


def requests(moment: datetime) -> Condition:
    """What was not done yet stays."""
    return RightsRequest.done_at < moment


def _is_of_before(response_id: Any, moment: datetime) -> Condition:
    """Whether the answer of this row is that old. Asked row by row of the few that still hold something: a list of all
    old answers would be a list of nearly all of them."""
    return exists().where(Response.id == response_id, Response.created_at < moment)


def holds(column: Any) -> Condition:
    """Whether a column of JSON holds anything: neither NULL nor the null of JSON."""
    return cast(column, String) != "null"
