"""A questionnaire with a further question of every kind, and somebody who is asked it."""

from typing import Any

from sqlalchemy import select

from survey.extensions import db
from survey.invitations.links import ANSWER, token_for
from survey.invitations.models import Invitation
from survey.questionnaires.models import QuestionnaireVersion
from tests.invitations.people import Left, invite


def both(text: str) -> dict[str, str]:
    return {"nl": f"{text} (nl)", "en": text}


def choices(*codes: str) -> list[dict[str, Any]]:
    return [{"code": code, **both(code.capitalize()), "pinned_last": code == "none"} for code in codes]


OF_EVERY_KIND: list[dict[str, Any]] = [
    {"key": "against", "kind": "one", "after": "price", "shuffled": True,
     "choices": choices("rival", "before", "worth", "none"), **both("Too expensive compared with what?")},
    {"key": "moment", "kind": "short", "after": "rude_staff", **both("At which moment?")},
    {"key": "missed", "kind": "many", "choices": choices("speed", "kindness", "advice"), **both("What did you miss?")},
    {"key": "likely", "kind": "scale", **both("How likely are you to come back?")},
    {"key": "visits", "kind": "number", "most": 10, "measures": "wallet", **both("Of your last ten times?")},
    {"key": "else", "kind": "long", **both("Anything else?")},
]  # fmt: skip


def publish(questions: list[dict[str, Any]]) -> QuestionnaireVersion:
    """The next version of the questionnaire that is there, with these further questions. Flushes."""
    newest = db.session.scalars(select(QuestionnaireVersion).order_by(QuestionnaireVersion.id.desc())).first()
    assert newest is not None
    version = QuestionnaireVersion(
        questionnaire_id=newest.questionnaire_id,
        version=newest.version + 1,
        content=newest.content | {"questions": questions},
        published_at=newest.published_at,
    )
    db.session.add(version)
    db.session.flush()
    return version


def invite_to(version: QuestionnaireVersion, **more: Any) -> Invitation:
    """Somebody who is asked this version. Commits."""
    return invite(Left(invitation={"questionnaire_version_id": version.id, "order_seed": 3} | more))


def link_of(invitation: Invitation) -> str:
    return f"/a/{token_for(ANSWER, invitation.id)}"
