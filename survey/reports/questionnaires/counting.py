"""How many were asked by each version, and how many answered."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import defer

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.analyst import Share, share_intervals
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.questionnaires import targeting_rules, targeting_words
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.responses.models import Response


@dataclass(frozen=True)
class Asked:
    """People invited by a version, and those of them who answered."""

    asked: int = 0
    answered: int = 0
    share: Share = Share(None, 0.0, 1.0)


def asked_by_version(user: User) -> dict[int, Asked]:
    """By key of the version, of the branches that this user may see. Who was skipped was not asked;
    these are the stages “invited” and “complete” of `survey.reports.asking.stages`."""
    query = (
        select(
            Invitation.questionnaire_version_id,
            func.count(),
            func.count(Response.id),
        )
        .join(Customer, Customer.id == Invitation.customer_id)
        .outerjoin(Response, Response.invitation_id == Invitation.id)
        .where(Invitation.state != "skipped", visible(user, Customer.branch_id))
        .group_by(Invitation.questionnaire_version_id)
    )
    rows = [(key, int(asked), int(answered)) for key, asked, answered in db.session.execute(query)]
    shares = share_intervals([row[2] for row in rows], [row[1] for row in rows]) if rows else []
    return {key: Asked(asked, answered, share) for (key, asked, answered), share in zip(rows, shares, strict=True)}


def rules_by_questionnaire() -> dict[int, list[str]]:
    """The rules that ask people by each questionnaire, as the page of rules calls them, in their order."""
    found: dict[int, list[str]] = {}
    for rule in targeting_rules.standing():
        key = rule.draft.questionnaire_id
        if key is not None and rule.active and not rule.rests:
            found.setdefault(key, []).append(targeting_words.title(rule.draft.name))
    return found


def all_versions() -> dict[int, list[QuestionnaireVersion]]:
    """The versions of every questionnaire, by its key, the newest first; what they say is not read."""
    found: dict[int, list[QuestionnaireVersion]] = {}
    rows = select(QuestionnaireVersion).order_by(QuestionnaireVersion.version.desc())
    rows = rows.options(defer(QuestionnaireVersion.content, raiseload=True))
    for version in db.session.scalars(rows):
        found.setdefault(version.questionnaire_id, []).append(version)
    return found


def questionnaires() -> list[Questionnaire]:
    """All of them, those in use first, by name."""
    return list(db.session.scalars(select(Questionnaire).order_by(Questionnaire.active.desc(), Questionnaire.name)))
