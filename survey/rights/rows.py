"""The rows that say something of one customer, a function a table or two: column names to values, the oldest first.

Who works here is in none of them: neither as the name of whoever sold, called or wrote a note, nor inside a note.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from survey.accounts.models import AuditEntry, User
from survey.analyst.naming import without_names
from survey.customers.models import Branch, Contract, Customer, Employee, RightsRequest, Transaction
from survey.defections.models import CustomerState, CustomerValue, Defection, Definition, WalletAnswer
from survey.extensions import db
from survey.invitations.models import Bounce, Invitation, Mailing
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.responses.models import Response, ResponseDraft, RootCause
from survey.taxonomy.models import Reason
from survey.web import language
from survey.winback.models import Call, Case, CaseNote, Promise, Remedy, RemedyTried

Rows = list[dict[str, Any]]


def rows_of(query: Select[*tuple[Any, ...]]) -> Rows:
    """What a query finds, by the names of its columns."""
    return [dict(row._mapping) for row in db.session.execute(query)]


def invitations_of(customer_id: int) -> Any:
    """The keys of this customer's invitations, to be asked for within another query."""
    return select(Invitation.id).where(Invitation.customer_id == customer_id)


def reason_label() -> Any:
    """The label of a reason in the language of the moment."""
    return (Reason.label_nl if language() == "nl" else Reason.label_en).label("reason")


def customer(customer_id: int) -> Rows:
    columns = (
        Customer.external_id.label("customer_number"), Customer.card_id.label("card_number"), Customer.name,
        Customer.email, Customer.phone, Customer.language, Branch.name.label("branch"), Customer.segment,
        Customer.joined_on, Customer.acquired_via, Customer.contract_from, Customer.contract_until,
        Customer.cancelled_on, Customer.yearly_value, Customer.do_not_contact, Customer.call_consent,
        Customer.opted_out_at,
    )  # fmt: skip
    query = select(*columns).outerjoin(Branch, Branch.id == Customer.branch_id)
    return rows_of(query.where(Customer.id == customer_id))


def purchases(customer_id: int) -> Rows:
    columns = (Transaction.occurred_on, Transaction.amount, Branch.name.label("branch"), Transaction.service)
    query = select(*columns).outerjoin(Branch, Branch.id == Transaction.branch_id)
    by_day = query.where(Transaction.customer_id == customer_id).order_by(Transaction.occurred_on, Transaction.id)
    return rows_of(by_day)


def contracts(customer_id: int) -> Rows:
    columns = (
        Contract.contract_from, Contract.starts_on, Contract.ends_on, Contract.cancelled_on, Contract.yearly_value,
        Contract.known_on,
    )  # fmt: skip
    query = select(*columns).where(Contract.customer_id == customer_id)
    return rows_of(query.order_by(Contract.contract_from, Contract.starts_on))


def states(customer_id: int) -> Rows:
    query = select(CustomerState.state, CustomerState.since_on)
    return rows_of(query.where(CustomerState.customer_id == customer_id))


def values(customer_id: int) -> Rows:
    worth = CustomerValue
    columns = (
        worth.as_of, worth.yearly_margin, worth.remaining_years, worth.value, worth.low, worth.high, worth.method,
        worth.thin, worth.expected_visits, worth.risk,
    )  # fmt: skip
    return rows_of(select(*columns).where(worth.customer_id == customer_id))


def departures(customer_id: int) -> Rows:
    columns = (
        Defection.defected_on, Defection.last_visit_on, Defection.noticed_on, Defection.returned_on,
        Definition.name.label("definition"), Defection.yearly_spend, Defection.remaining_years, Defection.lost_value,
        Defection.value_low, Defection.value_high, Defection.value_method,
    )  # fmt: skip
    query = select(*columns).join(Definition, Definition.id == Defection.definition_id)
    return rows_of(query.where(Defection.customer_id == customer_id).order_by(Defection.episode))


def wallet(customer_id: int) -> Rows:
    query = select(WalletAnswer.answered_on, WalletAnswer.with_us, WalletAnswer.out_of)
    return rows_of(query.where(WalletAnswer.customer_id == customer_id).order_by(WalletAnswer.answered_on))


def invitations(customer_id: int) -> Rows:
    columns = (
        Invitation.created_at, Questionnaire.name.label("questionnaire"), Invitation.channel, Invitation.language,
        Invitation.state.label("invitation_state"), Invitation.skipped_because, Invitation.expires_at,
        Invitation.started_at,
    )  # fmt: skip
    version = QuestionnaireVersion.id == Invitation.questionnaire_version_id
    query = select(*columns).join(QuestionnaireVersion, version).join(Questionnaire)
    return rows_of(query.where(Invitation.customer_id == customer_id).order_by(Invitation.id))


def mails(customer_id: int) -> Rows:
    columns = (
        Mailing.round, Mailing.state.label("mail_state"), Mailing.due_at, Mailing.sent_at, Mailing.attempts,
        Mailing.answer.label("server_answer"), Mailing.cancelled_because, Mailing.bounced_at, Mailing.message_id,
    )  # fmt: skip
    theirs = Mailing.invitation_id.in_(invitations_of(customer_id))
    return rows_of(select(*columns).where(theirs).order_by(Mailing.id))


def mail_reports(customer_id: int) -> Rows:
    query = select(Bounce.at, Bounce.kind.label("report_kind"), Bounce.status, Bounce.text)
    theirs = Mailing.invitation_id.in_(invitations_of(customer_id))
    return rows_of(query.join(Mailing, Mailing.id == Bounce.mailing_id).where(theirs).order_by(Bounce.id))


def drafts(customer_id: int) -> Rows:
    query = select(ResponseDraft.saved_at, ResponseDraft.language, ResponseDraft.fields.label("typed"))
    theirs = ResponseDraft.invitation_id.in_(invitations_of(customer_id))
    return rows_of(query.where(theirs).order_by(ResponseDraft.invitation_id))


def root_causes(customer_id: int) -> Rows:
    query = (
        select(Response.created_at, reason_label(), RootCause.whys, RootCause.masked_whys)
        .join(Response, Response.id == RootCause.response_id)
        .outerjoin(Reason, Reason.id == RootCause.reason_id)
        .where(Response.invitation_id.in_(invitations_of(customer_id)))
        .order_by(Response.id)
    )
    found = db.session.execute(query).all()
    clean = _cleaner(customer_id) if found else str
    return [
        {"created_at": at, "reason": reason, "whys": [clean(why) for why in whys or masked or ()]}
        for at, reason, whys, masked in found
    ]


def calls(customer_id: int) -> Rows:
    query = select(Call.at, Call.outcome.label("call_outcome"), Call.appointment_at, Call.note)
    theirs = Call.invitation_id.in_(invitations_of(customer_id))
    return _cleaned(customer_id, "note", query.where(theirs).order_by(Call.at, Call.id))


def cases(customer_id: int) -> Rows:
    columns = (
        Case.opened_at, Case.opened_because, reason_label(), Case.state.label("case_state"), Case.due_on, Case.outcome,
        Case.closed_at,
    )  # fmt: skip
    query = select(*columns).outerjoin(Reason, Reason.id == Case.reason_id)
    return rows_of(query.where(Case.customer_id == customer_id).order_by(Case.id))


def notes(customer_id: int) -> Rows:
    query = select(CaseNote.at, CaseNote.text.label("note")).join(Case, Case.id == CaseNote.case_id)
    return _cleaned(customer_id, "note", query.where(Case.customer_id == customer_id).order_by(CaseNote.id))


def tried(customer_id: int) -> Rows:
    text = (Remedy.nl if language() == "nl" else Remedy.en).label("remedy")
    query = select(RemedyTried.at, text).join(Remedy, Remedy.id == RemedyTried.remedy_id)
    theirs = query.join(Case, Case.id == RemedyTried.case_id).where(Case.customer_id == customer_id)
    return rows_of(theirs.order_by(RemedyTried.at))


def promises(customer_id: int) -> Rows:
    columns = (
        Promise.text.label("promise"), Promise.source, Promise.made_on, Promise.due_on, Promise.kept_on,
        Promise.broken, Promise.entered_at,
    )  # fmt: skip
    query = select(*columns).where(Promise.customer_id == customer_id).order_by(Promise.id)
    return _cleaned(customer_id, "promise", query)


def requests(customer_id: int) -> Rows:
    columns = (
        RightsRequest.kind.label("request"), RightsRequest.asked_by, RightsRequest.asked_at, RightsRequest.done_at,
    )  # fmt: skip
    query = select(*columns).where(RightsRequest.customer_id == customer_id)
    return rows_of(query.order_by(RightsRequest.id))


def looked_at(customer_id: int) -> Rows:
    """What was done with what is held, and when: of the audit log, without who did it."""
    answers = select(Response.id).where(Response.invitation_id.in_(invitations_of(customer_id)))
    keys = {
        "case": select(Case.id).where(Case.customer_id == customer_id),
        "departure": select(Defection.id).where(Defection.customer_id == customer_id),
        "promise": select(Promise.id).where(Promise.customer_id == customer_id),
        "answer": answers,
    }
    theirs = {kind: [str(key) for key in db.session.scalars(query)] for kind, query in keys.items()}
    theirs["customer"] = [str(customer_id)]
    about = [and_(AuditEntry.object_kind == kind, AuditEntry.object_id.in_(ids)) for kind, ids in theirs.items()]
    query = select(AuditEntry.at, AuditEntry.action, AuditEntry.object_kind.label("about"))
    return rows_of(query.where(or_(*about)).order_by(AuditEntry.id))


def by_key(query: Select[*tuple[Any, ...]]) -> dict[int, list[Any]]:
    """Pairs of a key and something, gathered by key in their order."""
    found: dict[int, list[Any]] = defaultdict(list)
    for key, something in db.session.execute(query):
        found[key].append(something)
    return found


def _cleaned(customer_id: int, name: str, query: Select[*tuple[Any, ...]]) -> Rows:
    """The rows, with names of staff taken out of one of their columns."""
    rows = rows_of(query)
    clean = _cleaner(customer_id) if any(row[name] for row in rows) else str
    return [row | {name: clean(row[name]) if row[name] else None} for row in rows]


def _cleaner(customer_id: int) -> Callable[[str], str]:
    own = db.session.scalar(select(Customer.name).where(Customer.id == customer_id)) or ""
    staff = _staff()
    return lambda text: without_names(text, own, staff)


def _staff() -> Sequence[str]:
    """Everybody who works there, by name."""
    users = select(User.name).where(func.length(User.name) > 0)
    return [*db.session.scalars(select(Employee.name).order_by(Employee.id)), *db.session.scalars(users)]
