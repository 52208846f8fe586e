"""An answer, taken once: the response, its reasons, and the end of the invitation, in one transaction."""

from survey.clock import now
from survey.extensions import db
from survey.invitations.asked import Asked
from survey.invitations.closing import close_answered
from survey.responses.forms import Answer
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.queries import reason_ids


def take(person: Asked, answer: Answer) -> bool:
    """Store the answer to this invitation; False where it was answered or closed meanwhile. Flushes."""
    if not close_answered(person.invitation_id):
        return False
    shown = [option.code for option in person.version.ordered(person.order_seed)]
    codes = (answer.reason, *answer.also)
    keys = reason_ids(codes)
    db.session.add(
        Response(
            invitation_id=person.invitation_id,
            language=answer.language,
            shown_order=shown,
            words=answer.words or None,
            has_words=bool(answer.words),
            may_contact=answer.may_contact,
            reason_count=len(codes),
            created_at=now(),
            reasons=[
                ResponseReason(reason_id=keys[code], main=code == answer.reason, position=shown.index(code) + 1)
                for code in codes
            ],
        )
    )
    db.session.flush()
    return True
