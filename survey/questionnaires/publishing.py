"""New versions of the questionnaires in use, once the reasons have changed. Versions that people were shown stay."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from survey.clock import now
from survey.extensions import db
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import active_reasons


@dataclass(frozen=True)
class Wording:
    """How the form puts a reason, from the customer's side: "I felt pressed to buy"."""

    nl: str
    en: str


def publish(wordings: Mapping[str, Wording] | None = None) -> list[QuestionnaireVersion]:
    """A new version of every questionnaire in use, with the options that follow from the reasons. Flushes.

    `wordings`: how the form puts a reason from now on, by code. A reason without one keeps the text that this
    questionnaire gave it last; one that it never had takes its labels. A version that would say the same as the newest
    is not made. Call it in the transaction that changed the reasons, after `changing.lock`.
    """
    reasons, moment = active_reasons(), now()
    made = []
    for versions in _versions_in_use():
        newest = versions[-1]
        options = _options(reasons, _texts(versions) | dict(wordings or {}))
        if options == newest.content["options"]:
            continue
        made.append(
            QuestionnaireVersion(
                questionnaire_id=newest.questionnaire_id,
                version=newest.version + 1,
                content=newest.content | {"options": options},
                published_at=moment,
            )
        )
    db.session.add_all(made)
    db.session.flush()
    return made


def wording_of(reason: Reason) -> Wording | None:
    """How the questionnaire that people are sent now puts this reason, or put it last; None where it never did."""
    for versions in _versions_in_use()[:1]:
        return _texts(versions).get(reason.code)
    return None


def _versions_in_use() -> list[list[QuestionnaireVersion]]:
    """The versions of each questionnaire in use, oldest first; the one that people are sent now comes first."""
    rows = db.session.scalars(
        select(QuestionnaireVersion)
        .join(Questionnaire)
        .where(Questionnaire.active)
        .order_by(Questionnaire.id, QuestionnaireVersion.version)
    )
    found: dict[int, list[QuestionnaireVersion]] = defaultdict(list)
    for row in rows:
        found[row.questionnaire_id].append(row)
    return list(found.values())


def _texts(versions: Sequence[QuestionnaireVersion]) -> dict[str, Wording]:
    """How these versions put each reason, the last one first to be believed."""
    return {o["code"]: Wording(o["nl"], o["en"]) for version in versions for o in version.content["options"]}


def _options(reasons: Sequence[Reason], texts: Mapping[str, Wording]) -> list[dict[str, Any]]:
    def option(reason: Reason) -> dict[str, Any]:
        text = texts.get(reason.code, Wording(reason.label_nl, reason.label_en))
        return {"code": reason.code, "nl": text.nl, "en": text.en, "pinned_last": reason.pinned_last}

    return [option(reason) for reason in reasons]
