"""A test mail: the mail that would be sent, about nobody, to whoever asks for it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import select

from survey.clock import now, today
from survey.customers.keeping import days_of
from survey.extensions import db
from survey.invitations.asked import Asked
from survey.invitations.messages import Letter, invitation_mail
from survey.mail.written import Written
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.questionnaires.relation import Spell
from survey.questionnaires.versions import Version

#: no invitation has this number, so the links in a test mail lead to the page for links that are not ours
NOBODY = 0


@dataclass(frozen=True)
class Reader:
    """Who gets it."""

    address: str
    name: str
    language: str


def trial_mail(reader: Reader) -> Written | None:
    """The first mail of an invitation as this person would get it; None where no questionnaire is published."""
    content = db.session.scalar(
        select(QuestionnaireVersion.content)
        .join(Questionnaire)
        .where(Questionnaire.active)
        .order_by(Questionnaire.id, QuestionnaireVersion.version.desc())
        .limit(1)
    )
    if content is None:
        return None
    person = _person(reader, Version.of(content))
    return invitation_mail(Letter(person, 0, f"<{uuid4()}@whyleft.test>", now(), is_test=True))


def _person(reader: Reader, version: Version) -> Asked:
    last = today() - timedelta(days=60)
    return Asked(
        invitation_id=NOBODY,
        customer_id=NOBODY,
        state="open",
        language=reader.language,
        order_seed=1,
        expires_at=now() + timedelta(days=1),
        version=version,
        spell=Spell(last.replace(year=last.year - 3, day=1), last),
        name=reader.name or None,
        email=reader.address,
        opted_out=False,
        erased=False,
        started=False,
        keep_words_days=days_of("words"),
    )
