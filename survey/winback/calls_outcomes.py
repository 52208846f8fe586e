"""What came of a call: written down once by who made it, taken back where it was a slip."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, select, update

from survey.accounts.models import User
from survey.clock import now
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.asked import Asked
from survey.invitations.closing import opt_out
from survey.invitations.models import Invitation
from survey.responses.answering import How, take
from survey.responses.drafts import empty_drafts
from survey.responses.forms import Answer
from survey.responses.models import Response, ResponseReason, RootCause
from survey.taxonomy.models import Reason
from survey.winback.calls import claim, let_go
from survey.winback.models import Call

#: nobody was spoken to who could answer
NOBODY = ("no_answer", "voicemail", "busy", "wrong_number", "other_language")
#: after these, nobody is called about this departure any more
ENDS = ("wrong_number", "refused")
#: a slip can be taken back for so long
UNDO_WITHIN = timedelta(hours=1)


@dataclass(frozen=True)
class Outcome:
    """How one call ended, other than with an answer. `never`: asked never to be asked again."""

    outcome: str
    note: str = ""
    appointment_at: datetime | None = None
    never: bool = False


@dataclass(frozen=True)
class Heard:
    """What was heard in a call besides the answer. root: code of the reason that it comes down to; empty: not said.
    consent: whether they agreed to be called with an offer; None: not spoken of."""

    whys: tuple[str, ...] = ()
    root: str = ""
    consent: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Undoable:
    """The last call of somebody, that may still be taken back."""

    call_id: int
    invitation_id: int
    outcome: str
    customer_id: int
    who: str


def record(invitation_id: int, user_id: int, ended: Outcome) -> bool:
    """Write the attempt down and let the person go; False where it was not this user's call any more. Flushes."""
    if not let_go(invitation_id, user_id):
        return False
    _add_call(invitation_id, user_id, ended)
    if ended.never:
        opt_out(invitation_id)
        empty_drafts([invitation_id])
    elif ended.outcome in ENDS:
        _change_state(invitation_id, "open", "withdrawn")
    return True


def answer(person: Asked, given: Answer, heard: Heard, how: How) -> bool:
    """Take the answer given on the phone, and with it the root cause, kept apart from the reason that was stated.

    False where it was answered or closed meanwhile. Flushes.
    """
    if how.interviewer_id is None:
        raise ValueError("An answer by phone is taken by somebody.")
    if not take(person, given, how):
        return False
    let_go(person.invitation_id, how.interviewer_id)
    _add_call(person.invitation_id, how.interviewer_id, Outcome("answered", heard.note))
    if heard.whys or heard.root:
        _add_root_cause(person.invitation_id, heard)
    if heard.consent is not None:
        agreed = update(Customer).where(Customer.id == person.customer_id).values(call_consent=heard.consent)
        db.session.execute(agreed.execution_options(synchronize_session=False))
    db.session.flush()
    return True


def main_reason_of(invitation_id: int) -> int | None:
    """The main reason that was stated; None: none was, or nothing was answered."""
    stated = select(ResponseReason.reason_id).join(Response, Response.id == ResponseReason.response_id)
    return db.session.scalar(stated.where(Response.invitation_id == invitation_id, ResponseReason.main))


def undoable(user: User) -> Undoable | None:
    """The last call of this user, where it ended lately, is still the last one of that person, and can be taken back.

    An answer stays, and so does the wish never to be asked again.
    """
    row = db.session.execute(
        select(
            Call.id,
            Call.invitation_id,
            Call.outcome,
            Customer.id,
            func.coalesce(func.nullif(Customer.name, ""), Customer.external_id),
        )
        .join(Invitation, Invitation.id == Call.invitation_id)
        .join(Customer, Customer.id == Invitation.customer_id)
        .where(
            Call.user_id == user.id,
            Call.at > now() - UNDO_WITHIN,
            Invitation.state.in_(("open", "withdrawn")),
            Customer.opted_out_at.is_(None),
            Customer.erased_at.is_(None),
        )
        .order_by(Call.at.desc(), Call.id.desc())
        .limit(1)
    ).one_or_none()
    last = None if row is None else Undoable(*row)
    return None if last is None or _was_called_since(last) else last


def undo(last: Undoable, user_id: int) -> bool:
    """Take the call back: this user has the person again, as before. False where it was done already. Flushes."""
    gone = delete(Call).where(Call.id == last.call_id).returning(Call.id)
    if db.session.scalar(gone.execution_options(synchronize_session=False)) is None:
        return False
    if last.outcome in ENDS:
        _change_state(last.invitation_id, "withdrawn", "open")
    claim(last.invitation_id, user_id)
    return True


def _add_call(invitation_id: int, user_id: int, ended: Outcome) -> None:
    db.session.add(
        Call(
            invitation_id=invitation_id,
            user_id=user_id,
            at=now(),
            outcome=ended.outcome,
            appointment_at=ended.appointment_at,
            note=ended.note,
        )
    )
    db.session.flush()


def _add_root_cause(invitation_id: int, heard: Heard) -> None:
    response_id = db.session.scalar(select(Response.id).where(Response.invitation_id == invitation_id))
    reason_id = db.session.scalar(select(Reason.id).where(Reason.code == heard.root)) if heard.root else None
    db.session.add(RootCause(response_id=response_id, reason_id=reason_id, whys=list(heard.whys)))


def _change_state(invitation_id: int, was: str, becomes: str) -> None:
    changed = update(Invitation).where(Invitation.id == invitation_id, Invitation.state == was).values(state=becomes)
    db.session.execute(changed.execution_options(synchronize_session=False))


def _was_called_since(last: Undoable) -> bool:
    later = exists().where(Call.invitation_id == last.invitation_id, Call.id > last.call_id)
    return bool(db.session.scalar(select(later)))
