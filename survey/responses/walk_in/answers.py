"""The form as a visitor sees it, and the answer of a visitor, taken once.

A page carries a random number, signed together with the version that it shows. The number is the key of the answer: a
form that is sent twice is one answer, and it decides the order of the list, which so stays the same when the form comes
back. Nothing is stored when a page is made.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from itsdangerous import BadData, Signer
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from survey.clock import now
from survey.extensions import db
from survey.questionnaires.models import QuestionnaireVersion
from survey.questionnaires.publishing import newest_of
from survey.questionnaires.versions import Version
from survey.responses.entries import Given
from survey.responses.forms import Answer
from survey.responses.models import BranchLink, WalkInAnswer
from survey.taxonomy.models import Reason
from survey.web import settings

#: further questions of these kinds are not asked here: one box for own words is enough, and enough to take names out of
IN_WORDS = ("short", "long")


@dataclass(frozen=True)
class Sheet:
    """One page of the form, as one visitor was shown it."""

    link_id: int
    version_id: int
    version: Version
    #: random, in hexadecimal digits
    nonce: str

    @property
    def order_seed(self) -> int:
        return int(self.nonce[:8], 16)

    @property
    def stamp(self) -> str:
        """What the page carries to be known again."""
        return _signer(settings().secret_key).sign(f"{self.link_id}-{self.version_id}-{self.nonce}").decode()


def new_sheet(link: BranchLink) -> Sheet | None:
    """A page to be shown now, with the newest version; None where there is none."""
    return _sheet(link, newest_of(link.questionnaire_id), secrets.token_hex(16))


def sheet_of(link: BranchLink, stamp: str) -> Sheet | None:
    """The page that carries this stamp; None where we made no such page for this address."""
    try:
        link_id, version_id, nonce = _signer(settings().secret_key).unsign(stamp).decode().split("-")
    except (BadData, UnicodeError):
        return None
    if int(link_id) != link.id:
        return None
    return _sheet(link, db.session.get(QuestionnaireVersion, int(version_id)), nonce)


def is_taken(sheet: Sheet) -> bool:
    """Whether this page was sent in before."""
    return db.session.scalar(select(WalkInAnswer.id).where(WalkInAnswer.nonce == sheet.nonce)) is not None


def take(sheet: Sheet, answer: Answer) -> bool:
    """Store the answer given on this page; False where it was sent in before. Flushes."""
    row = {
        "branch_link_id": sheet.link_id,
        "questionnaire_version_id": sheet.version_id,
        "language": answer.language,
        "reason_id": db.session.scalars(select(Reason.id).where(Reason.code == answer.reason)).one(),
        "answers": {"also": list(answer.also), "questions": _kept(answer.further)},
        "words": answer.words or None,
        "nonce": sheet.nonce,
        "created_at": now(),
    }
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    added = dialect.insert(WalkInAnswer).values(**row).on_conflict_do_nothing(index_elements=["nonce"])
    return db.session.scalar(added.returning(WalkInAnswer.id)) is not None


def _kept(further: Sequence[Given]) -> dict[str, Any]:
    """Of each question that was answered the number, or the codes that were chosen."""
    kept: dict[str, Any] = {}
    for row in further:
        kept[row.question] = row.number if row.number is not None else [*kept.get(row.question, ()), row.choice]
    return kept


def _sheet(link: BranchLink, row: QuestionnaireVersion | None, nonce: str) -> Sheet | None:
    if row is None:
        return None
    version = Version.of(row.content)
    asked = tuple(question for question in version.questions if question.kind not in IN_WORDS)
    return Sheet(link.id, row.id, replace(version, questions=asked), nonce)


@lru_cache(maxsize=2)
def _signer(key: str) -> Signer:
    return Signer(key, salt="whyleft.walk-in")
