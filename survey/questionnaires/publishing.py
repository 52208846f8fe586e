"""New versions of questionnaires: of a draft, or once the reasons have changed. Versions that were shown stay."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from survey.clock import now
from survey.extensions import db
from survey.questionnaires.content import Content, blank, whole
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
    is not made. The questions stay; drafts follow too, and whoever is editing one is told. Call it in the transaction
    that changed the reasons, after `changing.lock`.
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
    _carry_to_drafts(reasons, wordings or {})
    db.session.flush()
    return made


def wording_of(reason: Reason) -> Wording | None:
    """How the questionnaire that people are sent now puts this reason, or put it last; None where it never did."""
    for versions in _versions_in_use()[:1]:
        return _texts(versions).get(reason.code)
    return None


def standing(questionnaire: Questionnaire) -> Content:
    """The draft, or where there is none what was published last, with the reasons as they are now (see `whole`)."""
    newest = newest_of(questionnaire.id)
    return as_of_today(questionnaire, questionnaire.draft or (newest.content if newest else blank()))


def as_of_today(questionnaire: Questionnaire, content: Mapping[str, Any]) -> Content:
    """What this content would say if it were published now: its texts and questions, the reasons of today."""
    return whole(content, active_reasons(), _said(questionnaire.id))


def published(questionnaire: Questionnaire, version: QuestionnaireVersion | None = None) -> Content | None:
    """What was published last, or in that version, to be held against `standing`; None before the first."""
    found = version or newest_of(questionnaire.id)
    return with_all_texts(found.content) if found else None


def with_all_texts(content: Mapping[str, Any]) -> Content:
    """The content as stored, each text named; the reasons are those of its day."""
    named = whole({**content, "options": []}, [], {})
    return named | {"options": [dict(option) for option in content["options"]]}


def versions_of(questionnaire_id: int) -> list[QuestionnaireVersion]:
    """All versions of a questionnaire, oldest first."""
    rows = select(QuestionnaireVersion).where(QuestionnaireVersion.questionnaire_id == questionnaire_id)
    return list(db.session.scalars(rows.order_by(QuestionnaireVersion.version)))


def newest_of(questionnaire_id: int) -> QuestionnaireVersion | None:
    return db.session.scalar(
        select(QuestionnaireVersion)
        .where(QuestionnaireVersion.questionnaire_id == questionnaire_id)
        .order_by(QuestionnaireVersion.version.desc())
        .limit(1)
    )


def add_version(questionnaire: Questionnaire, content: Content) -> QuestionnaireVersion:
    """The next version, with this content. Flushes."""
    last = select(func.max(QuestionnaireVersion.version)).where(
        QuestionnaireVersion.questionnaire_id == questionnaire.id
    )
    number = (db.session.scalar(last) or 0) + 1
    made = QuestionnaireVersion(questionnaire_id=questionnaire.id, version=number, content=content, published_at=now())
    db.session.add(made)
    db.session.flush()
    return made


def _carry_to_drafts(reasons: Sequence[Reason], wordings: Mapping[str, Wording]) -> None:
    drafts = select(Questionnaire).where(Questionnaire.draft.is_not(None)).with_for_update()
    for row in db.session.scalars(drafts.execution_options(populate_existing=True)):
        said = {code: {"nl": words.nl, "en": words.en} for code, words in wordings.items()}
        draft = row.draft or {}
        kept = [option for option in draft["options"] if option["code"] not in wordings]
        options = whole({**draft, "options": kept}, reasons, _said(row.id) | said)["options"]
        if options != draft["options"]:
            row.draft = draft | {"options": options}
            row.draft_edits += 1


def _said(questionnaire_id: int) -> dict[str, dict[str, str]]:
    """How the versions of this questionnaire put each reason, the last one first to be believed."""
    texts = _texts(versions_of(questionnaire_id))
    return {code: {"nl": words.nl, "en": words.en} for code, words in texts.items()}


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
