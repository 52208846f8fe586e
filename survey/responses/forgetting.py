"""Raw words are not kept longer than we told the people who wrote them."""

from datetime import timedelta

from sqlalchemy import select, update

from survey.clock import now
from survey.extensions import db
from survey.responses.models import Response, ResponseAnswer
from survey.web import settings

BATCH = 1000


def forget_words() -> int:
    """Empty the raw words of the next BATCH answers whose days are over; gives how many. Flushes.

    Words of which there is no masked version yet are left: without one, the answer itself would be lost.
    """
    over = (
        select(Response.id)
        .where(
            Response.words.is_not(None),
            Response.masked_words.is_not(None),
            Response.created_at < now() - timedelta(days=settings().keep_words_days),
        )
        .order_by(Response.id)
        .limit(BATCH)
    )
    keys = list(db.session.scalars(over))
    db.session.execute(update(Response).where(Response.id.in_(keys)).values(words=None))
    return len(keys)


def forget_further_words() -> int:
    """The same for words written at further questions."""
    over = (
        select(ResponseAnswer.id)
        .join(Response, Response.id == ResponseAnswer.response_id)
        .where(
            ResponseAnswer.words.is_not(None),
            ResponseAnswer.masked_words.is_not(None),
            Response.created_at < now() - timedelta(days=settings().keep_words_days),
        )
        .order_by(ResponseAnswer.id)
        .limit(BATCH)
    )
    keys = list(db.session.scalars(over))
    db.session.execute(update(ResponseAnswer).where(ResponseAnswer.id.in_(keys)).values(words=None))
    return len(keys)
