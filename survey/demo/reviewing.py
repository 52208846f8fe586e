"""The people of the demo business read what customers wrote, as analysts would: nearly always right."""

from functools import partial

import numpy as np
from sqlalchemy import select

from survey.accounts.models import User
from survey.customers.models import Customer
from survey.database import committed
from survey.demo.generating import DemoBusiness
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reasons import reviewing
from survey.reasons.reviewing import Asked, Found
from survey.responses.models import Response

#: who reads how many answers, and how often a reason is overlooked
READERS = (("analyst", 80, 0.03), ("administrator", 25, 0.12))
SEED = 11


def review_answers(business: DemoBusiness) -> int:
    """Answer by answer from the queue; gives how many were read. In an application context."""
    return sum(_read(business, role, number, slip) for role, number, slip in READERS)


def _read(business: DemoBusiness, role: str, number: int, slip: float) -> int:
    draw = np.random.default_rng([SEED, number])
    person = db.session.scalars(select(User).where(User.email.startswith(f"{role}@"))).one()
    for done in range(number):
        asked = reviewing.next_of(reviewing.queue_of(person), person)
        if asked is None:
            return done
        said = [code for code in _said(business, asked) if draw.random() >= slip]
        found = Found(asked, "reviewed", frozenset(said), model_shown=asked.stream == "useful")
        committed(db.session, partial(reviewing.save, person.id, found))
    return number


def _said(business: DemoBusiness, asked: Asked) -> tuple[str, ...]:
    """What the words really speak of: the truth that was planted."""
    who = db.session.scalars(
        select(Customer.external_id).join(Invitation).join(Response).where(Response.id == asked.response_id)
    ).one()
    answer = business.answer(who, asked.language)
    return answer.mentions if answer else ()
