"""Whom to call today, in which order, and who is calling whom: nobody is called by two at once.

Who may be called: is asked by phone and has not answered, the wait of the rule is over, has a number, and is still
gone; never who opted out, is not to be contacted, or was erased. Of those, due are who agreed to a time that has come,
and who was tried less than `MOST_ATTEMPTS` times, the last time `BETWEEN` ago. Agreed times come first; the others by
what was lost with them, which counts the less the longer ago they left (`score`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, and_, case, cast, func, literal, or_, select, update

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.clock import now, today
from survey.customers.models import Branch, Customer
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.invitations.suppression import suppressed_among
from survey.reports.asking.stages import days_between
from survey.winback.models import Call

#: nobody is tried more often, but at a time that was agreed
MOST_ATTEMPTS = 5
#: nor again within so long
BETWEEN = timedelta(hours=20)
#: who left so many days ago counts half
HALF_DAYS = 30
#: how long one interviewer has a person
CLAIM = timedelta(minutes=30)
LISTED = 50


@dataclass(frozen=True)
class Person:
    """Somebody who is asked by phone, as the list and the call show them."""

    invitation_id: int
    customer_id: int
    name: str | None
    external_id: str
    phone: str | None
    email: str | None
    language: str
    call_consent: bool | None
    branch: str | None
    defected_on: date
    last_visit_on: date
    lost_value: Decimal
    attempts: int
    last_at: datetime | None
    #: when to call again, as agreed in the last call
    appointment_at: datetime | None
    claimed_by_id: int | None
    claimed_until: datetime | None
    claimed_by: str | None

    @property
    def who(self) -> str:
        return self.name or self.external_id

    def is_held_by(self, user_id: int, moment: datetime) -> bool:
        """Whether this user has this person now."""
        return self.claimed_by_id == user_id and self.claimed_until is not None and self.claimed_until > moment

    def is_taken(self, user_id: int, moment: datetime) -> bool:
        """Whether somebody else is calling this person."""
        if self.claimed_by_id in (None, user_id) or self.claimed_until is None:
            return False
        return self.claimed_until > moment


@dataclass(frozen=True)
class Counts:
    """How many may be called today, how many of those at an agreed time; and why others are not called now."""

    due: int
    agreed: int
    #: agreed to a later time
    later: int
    #: tried less than BETWEEN ago
    resting: int
    #: tried MOST_ATTEMPTS times
    tried_enough: int


def counts(user: User) -> Counts:
    """Of the people whom this user may see."""
    moment = now()
    flags = _flags(moment)
    each = select(*(flag.label(name) for name, flag in flags.items()))
    each = _joined(each).where(_may_be_called(user, moment))
    found = each.subquery("each").c
    row = db.session.execute(select(*(func.sum(case((found[name], 1), else_=0)) for name in flags))).one()
    return Counts(*(number or 0 for number in row))


def due_list(user: User) -> list[Person]:
    """The first LISTED people to be called now, the one to be called first at the top."""
    moment = now()
    flags = _flags(moment)
    agreed = _last(Call.appointment_at)
    query = (
        _people()
        .where(_may_be_called(user, moment), flags["due"])
        .order_by(case((agreed <= moment, 0), else_=1), agreed, score(today()).desc(), Invitation.id)
        .limit(LISTED)
    )
    return _left_alone([Person(*row) for row in db.session.execute(query)])


def later_list(user: User) -> list[Person]:
    """The first LISTED people who agreed to a later time, the earliest first."""
    moment = now()
    query = _people().where(_may_be_called(user, moment), _flags(moment)["later"])
    rows = db.session.execute(query.order_by(_last(Call.appointment_at), Invitation.id).limit(LISTED))
    return [Person(*row) for row in rows]


def begun_by(user: User) -> list[Person]:
    """The people whom this user is calling."""
    mine = (Invitation.claimed_by_id == user.id, Invitation.claimed_until > now(), Invitation.state == "open")
    query = _people().where(*mine, visible(user, Customer.branch_id)).order_by(Invitation.claimed_until)
    return [Person(*row) for row in db.session.execute(query)]


def person_of(invitation_id: int, user: User) -> Person | None:
    """Somebody who is asked by phone, whatever has come of it, where this user may see them."""
    wanted = (Invitation.id == invitation_id, Invitation.channel == "phone", Invitation.state != "skipped")
    row = db.session.execute(_people().where(*wanted, visible(user, Customer.branch_id))).one_or_none()
    return None if row is None else Person(*row)


def is_due(invitation_id: int, user: User) -> bool:
    """Whether this person may be called now."""
    moment = now()
    query = _people().where(Invitation.id == invitation_id, _may_be_called(user, moment), _flags(moment)["due"])
    return bool(_left_alone([Person(*row) for row in db.session.execute(query)]))


def claim(invitation_id: int, user_id: int) -> bool:
    """Have this person for CLAIM, or as long again; False where somebody else has, or there is nothing to ask any more.

    One conditional UPDATE decides, so of several who want it at once exactly one gets it.
    """
    moment = now()
    free = or_(
        Invitation.claimed_by_id.is_(None), Invitation.claimed_by_id == user_id, Invitation.claimed_until <= moment
    )
    taken = (
        update(Invitation)
        .where(Invitation.id == invitation_id, Invitation.channel == "phone", Invitation.state == "open", free)
        .values(claimed_by_id=user_id, claimed_until=moment + CLAIM)
        .returning(Invitation.id)
        .execution_options(synchronize_session=False)
    )
    return db.session.scalar(taken) is not None


def let_go(invitation_id: int, user_id: int) -> bool:
    """Others may call this person; False where it was not this user's any more. Also true once the time was over, as
    long as nobody else took over."""
    freed = (
        update(Invitation)
        .where(Invitation.id == invitation_id, Invitation.claimed_by_id == user_id)
        .values(claimed_by_id=None, claimed_until=None)
        .returning(Invitation.id)
        .execution_options(synchronize_session=False)
    )
    return db.session.scalar(freed) is not None


def score(day: date) -> ColumnElement[Any]:
    """What was lost, worth half as much HALF_DAYS after the departure, a third after twice that, and so on.

    Most recent first would leave the valuable waiting; by value alone, those who still remember why.
    """
    since = days_between(literal(day), Defection.defected_on)
    return cast(Defection.lost_value, Float) * HALF_DAYS / (HALF_DAYS + case((since > 0, since), else_=0.0))


def _may_be_called(user: User, moment: datetime) -> ColumnElement[bool]:
    return and_(
        visible(user, Customer.branch_id),
        Invitation.channel == "phone",
        Invitation.state == "open",
        Invitation.expires_at > moment,
        or_(Invitation.call_from.is_(None), Invitation.call_from <= moment),
        Customer.phone.is_not(None),
        Customer.phone != "",
        Customer.do_not_contact.is_(False),
        Customer.opted_out_at.is_(None),
        Customer.erased_at.is_(None),
        Defection.returned_on.is_(None),
    )


def _flags(moment: datetime) -> dict[str, ColumnElement[bool]]:
    """What each of `Counts` means, of who may be called."""
    agreed, last = _last(Call.appointment_at), _last(Call.at)
    free, few = agreed.is_(None), _attempts() < MOST_ATTEMPTS
    rested = or_(last.is_(None), last <= moment - BETWEEN)
    return {
        "due": or_(agreed <= moment, and_(free, few, rested)),
        "agreed": and_(agreed.is_not(None), agreed <= moment),
        "later": and_(agreed.is_not(None), agreed > moment),
        "resting": and_(free, few, ~rested),
        "tried_enough": and_(free, ~few),
    }


def _people() -> Select[*tuple[Any, ...]]:
    caller = func.coalesce(func.nullif(User.name, ""), User.email)
    query = select(
        Invitation.id,
        Customer.id,
        Customer.name,
        Customer.external_id,
        Customer.phone,
        Customer.email,
        Invitation.language,
        Customer.call_consent,
        Branch.name,
        Defection.defected_on,
        Defection.last_visit_on,
        Defection.lost_value,
        _attempts(),
        _last(Call.at),
        _last(Call.appointment_at),
        Invitation.claimed_by_id,
        Invitation.claimed_until,
        caller,
    )
    joined = _joined(query).outerjoin(Branch, Branch.id == Customer.branch_id)
    return joined.outerjoin(User, User.id == Invitation.claimed_by_id)


def _joined(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    joined = query.select_from(Invitation).join(Customer, Customer.id == Invitation.customer_id)
    return joined.join(Defection, Defection.id == Invitation.defection_id)


def _attempts() -> ColumnElement[int]:
    found = select(func.count(Call.id)).where(Call.invitation_id == Invitation.id)
    return found.correlate(Invitation).scalar_subquery()


def _last(column: Any) -> ColumnElement[Any]:
    """This column of the last call."""
    found = select(column).where(Call.invitation_id == Invitation.id).order_by(Call.at.desc(), Call.id.desc())
    return found.limit(1).correlate(Invitation).scalar_subquery()


def _left_alone(people: Sequence[Person]) -> list[Person]:
    """Those people whose address did not opt out under another customer number."""
    addresses = {person.email for person in people if person.email}
    silent = suppressed_among(addresses, "opted_out") if addresses else set()
    return [person for person in people if person.email not in silent]
