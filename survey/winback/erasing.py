"""What an erased person leaves behind here: that there was a case and how it ended, and no words."""

from sqlalchemy import select, update

from survey.clock import now
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.winback.models import Call, Case, CaseNote, Promise


def erase_from_cases(customer_id: int) -> None:
    """Empty what was written about this customer in calls, cases and promises, and close what is open: there is nobody
    left to take care of. Flushes."""
    cases = select(Case.id).where(Case.customer_id == customer_id)
    invitations = select(Invitation.id).where(Invitation.customer_id == customer_id)
    closed = {"state": "closed", "outcome": "nothing_to_do", "closed_at": now()}
    for statement in (
        update(CaseNote).where(CaseNote.case_id.in_(cases)).values(text=None),
        update(Promise).where(Promise.customer_id == customer_id).values(text=None),
        update(Call).where(Call.invitation_id.in_(invitations)).values(note=""),
        update(Case).where(Case.customer_id == customer_id, Case.state != "closed").values(closed),
    ):
        db.session.execute(statement.execution_options(synchronize_session=False))
