"""Cases are opened by themselves: for who may be contacted, and whose reason something may be done about."""

from datetime import date, timedelta

from sqlalchemy import Select, case, exists, insert, literal, select

from survey.clock import now
from survey.customers.models import Customer
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.responses.models import Response, ResponseReason
from survey.winback.models import Case, Remedy

#: working days until something must have been done, by why the case was opened
WORKING_DAYS = {"asked": 3, "remedy": 7}
#: an answer older than this is past mending: whoever is called now wonders what took so long
OLDEST = timedelta(days=60)
BATCH = 1000


def open_cases(today: date) -> int:
    """Open the next BATCH cases that are missing; gives how many, 0 when all are there. Twice is once. Flushes.

    There is one case for a departure. Who said never to be asked again, may not be contacted, was erased or came back
    by themselves gets none.
    """
    due = case((Response.may_contact, _due(today, "asked")), else_=_due(today, "remedy"))
    wanted = _wanted().with_only_columns(
        Defection.id,
        Defection.customer_id,
        case((Response.may_contact, "asked"), else_="remedy"),
        ResponseReason.reason_id,
        literal("open"),
        due,
        literal(""),
        literal(now(), Case.opened_at.type),
    )
    columns = ("defection_id", "customer_id", "opened_because", "reason_id", "state", "due_on", "outcome", "opened_at")
    added = insert(Case).from_select(columns, wanted.limit(BATCH)).returning(Case.id)
    return len(db.session.scalars(added).all())


def _wanted() -> Select[int]:
    """Departures that are to get a case and have none."""
    has_remedy = exists().where(Remedy.reason_id == ResponseReason.reason_id, Remedy.active)
    return (
        select(Defection.id)
        .join(Invitation, Invitation.defection_id == Defection.id)
        .join(Response, Response.invitation_id == Invitation.id)
        .join(ResponseReason, (ResponseReason.response_id == Response.id) & ResponseReason.main)
        .join(Customer, Customer.id == Defection.customer_id)
        .outerjoin(Case, Case.defection_id == Defection.id)
        .where(
            Case.id.is_(None),
            Response.created_at > now() - OLDEST,
            Response.may_contact | has_remedy,
            Defection.returned_on.is_(None),
            Customer.opted_out_at.is_(None),
            Customer.erased_at.is_(None),
            Customer.do_not_contact.is_(False),
        )
        .order_by(Defection.id)
    )


def _due(today: date, because: str) -> date:
    return working_days_after(today, WORKING_DAYS[because])


def working_days_after(day: date, number: int) -> date:
    """The day that lies so many days from Monday to Friday after this one."""
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day
