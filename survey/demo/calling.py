"""The interviewer of the demo business calls who came for more than a year: some answer, others still wait."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import numpy as np
from sqlalchemy import Row, select

from survey.accounts.models import User
from survey.clock import now, today
from survey.customers.models import Customer
from survey.database import committed
from survey.demo.answers import Answer as Given
from survey.demo.generating import DemoBusiness
from survey.extensions import db
from survey.invitations.asked import asked
from survey.invitations.models import Invitation
from survey.questionnaires import targeting_rules
from survey.questionnaires.targeting_rules import Draft
from survey.responses.answering import How
from survey.responses.forms import Answer
from survey.winback import calls, calls_outcomes
from survey.winback.calls_outcomes import Heard, Outcome

SEED = 13
RULE = "Vaste klanten bellen"
#: what is heard when one asks on, by language
WHYS = {
    "nl": ("Het was de tweede keer dat het zo ging.", "Niemand had er iets mee gedaan."),
    "en": ("It was the second time that it went like this.", "Nobody had done anything about it."),
}
#: of those who do not answer, so many still wait; the next are not reached, and one asks to be called again
WAITING = 4


def ask_by_phone() -> None:
    """From now on, who came for more than a year is asked by phone. Flushes."""
    questionnaire, _name = targeting_rules.questionnaires_in_use()[0]
    targeting_rules.add(Draft(RULE, {"tenure_days": [365, None]}, "phone", questionnaire, 0), None)


def asked_by(channel: str) -> Sequence[Row[int, str, str]]:
    """Who is asked this way and has not answered: number of the invitation and of the customer, and the language."""
    query = (
        select(Invitation.id, Customer.external_id, Invitation.language)
        .join(Customer, Customer.id == Invitation.customer_id)
        .where(Invitation.channel == channel, Invitation.state == "open")
        .order_by(Invitation.id)
    )
    return db.session.execute(query).all()


def call_people(business: DemoBusiness) -> dict[int, int]:
    """Call everybody who would answer, and some who would not; gives the days until each answered, by invitation."""
    caller = db.session.scalars(select(User.id).where(User.email.startswith("interviewer@"))).one()
    people = asked_by("phone")
    answers = {row.id: business.answer(row.external_id, row.language) for row in people}
    db.session.rollback()
    told = {key: given for key, given in answers.items() if given}
    for key, given in told.items():
        _answered(key, given, caller)
    for key in [key for key, given in answers.items() if not given][WAITING:]:
        _not_reached(key, caller)
    return {key: given.delay_days for key, given in told.items()}


def _answered(key: int, given: Given, caller: int) -> None:
    seconds = int(np.random.default_rng([SEED, key]).integers(120, 420))

    def call() -> None:
        person = asked(key)
        if person is None or not calls.claim(key, caller):
            raise LookupError(f"invitation {key} is not to be called")
        answer = Answer(given.main, given.others, given.words or "", given.may_contact, person.language)
        roots = [code for code in given.mentions if code != "other"]
        heard = Heard(WHYS[person.language], roots[0]) if roots else Heard()
        calls_outcomes.answer(person, answer, heard, How("phone", caller, seconds))

    committed(db.session, call)


def _not_reached(key: int, caller: int) -> None:
    """Every other one asks to be called again tomorrow at noon."""
    noon = datetime.combine(today() + timedelta(days=1), time(12), tzinfo=UTC)
    outcome = Outcome("call_back", appointment_at=noon) if key % 2 and noon > now() else Outcome("no_answer")

    def call() -> None:
        if calls.claim(key, caller):
            calls_outcomes.record(key, caller, outcome)

    committed(db.session, call)
