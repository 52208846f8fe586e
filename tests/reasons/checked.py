"""A model that people have checked: answers, what it reads in them, and what people found, made in one line."""

from survey.accounts.models import User
from survey.clock import now
from survey.customers.models import Branch
from survey.extensions import db
from survey.reasons.models import ModelVersion
from survey.responses.models import Response
from tests import stories

WORDS = "De prijs was te hoog."


def person(name: str) -> int:
    """Somebody who reads answers."""
    row = User(email=f"{name}@example.org", name=name, language="en", fs_uniquifier=name, created_at=now())
    db.session.add(row)
    db.session.flush()
    return row.id


def answer(language: str = "nl", branch: Branch | None = None, **given: object) -> Response:
    """An answer of a customer of this branch, as it stands once its words are masked."""
    who = stories.customer(language=language, branch_id=branch.id if branch else None)
    row = stories.response(WORDS, asked=stories.invitation(stories.defection(who)))
    row.masked_words = WORDS
    for name, value in given.items():
        setattr(row, name, value)
    db.session.flush()
    return row


def audited(version: ModelVersion, reader: int, found: str, read: str, **given: object) -> Response:
    """An answer of the audit sample in which a person found `found` and the model reads `read` (codes, or "")."""
    row = answer(**given)
    stories.classified(row, version, **({read: 0.9} if read else {}))
    stories.review(row, reader, *([found] if found else []), stream="audit", probability=0.1)
    return row
