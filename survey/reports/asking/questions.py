"""What became of each question: to how many it was shown, how many answered it and how many left it open."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select

from survey.analyst import Share, share_intervals
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.questionnaires.models import QuestionnaireVersion
from survey.questionnaires.versions import Version
from survey.reports.asking.stages import Choice
from survey.responses.entries import FIELD
from survey.responses.models import Response, ResponseAnswer, ResponseDraft, ResponseReason
from survey.taxonomy.models import Reason

#: the questions of every questionnaire, by the name of their text
MAIN, ALSO, WORDS, CONTACT = "main", "also", "words", "contact"


@dataclass(frozen=True)
class Asked:
    """One question: shown with forms that were sent or saved, answered in them."""

    key: str
    label: str
    #: a question of every questionnaire; else one of its further questions
    common: bool
    #: code of the reason that it follows; empty: asked of everybody
    after: str
    shown: int
    answered: int
    share: Share

    @property
    def left_open(self) -> int:
        return self.shown - self.answered


def asked_questions(choice: Choice, language: str) -> list[Asked]:
    """The questions in the order of the newest version that has them; drafts count as forms that were not finished."""
    versions = _versions(choice)
    forms = _forms(choice)
    drafts = _drafts(choice)
    answered = Counter(_answered(choice)) + _answered_in_drafts(drafts, versions)
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    labels: dict[tuple[str, str], str] = {}
    for key, version in versions.items():
        total = sum(forms[key].values()) + len(drafts.get(key, ()))
        began = Counter(forms[key]) + Counter(first(fields, "reason") for fields in drafts.get(key, ()))
        for name, after in _questions(version):
            place = (name, after)
            counts[place][0] += began[after] if after else total
            counts[place][1] += answered[key, name]
            labels[place] = _label(version, name, language)
    shares = share_intervals([n for _, n in counts.values()], [shown for shown, _ in counts.values()])
    return [
        Asked(name, labels[name, after], name in (MAIN, ALSO, WORDS, CONTACT), after, shown, done, share)
        for ((name, after), (shown, done)), share in zip(counts.items(), shares, strict=True)
    ]


def first(fields: Mapping[str, Sequence[str]], name: str) -> str:
    """The first value of a field of a draft."""
    return next(iter(fields.get(name, ())), "")


def _questions(version: Version) -> list[tuple[str, str]]:
    """Every question with the reason that it follows, as they stand on the page."""
    follow = [(q.key, q.after) for q in version.questions if q.after]
    others = [(q.key, "") for q in version.questions if not q.after]
    return [(MAIN, ""), *follow, (ALSO, ""), *others, (WORDS, ""), (CONTACT, "")]


def _label(version: Version, name: str, language: str) -> str:
    further = {q.key: q.text(language) for q in version.questions}
    return further[name] if name in further else version.text(language, name)


def _versions(choice: Choice) -> dict[int, Version]:
    """The versions that people in view were asked, newest first."""
    used = choice.invitations(Invitation.questionnaire_version_id).distinct()
    rows = db.session.execute(
        select(QuestionnaireVersion.id, QuestionnaireVersion.content)
        .where(QuestionnaireVersion.id.in_(used))
        .order_by(QuestionnaireVersion.id.desc())
    )
    return {row.id: Version.of(row.content) for row in rows}


def _forms(choice: Choice) -> dict[int, dict[str, int]]:
    """Answers by version and code of the main reason, empty where none was named."""
    code = func.coalesce(Reason.code, "")
    query = (
        choice.answers(Invitation.questionnaire_version_id, code, func.count())
        .outerjoin(ResponseReason, (ResponseReason.response_id == Response.id) & ResponseReason.main)
        .outerjoin(Reason, Reason.id == ResponseReason.reason_id)
        .group_by(Invitation.questionnaire_version_id, code)
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for version, reason, number in db.session.execute(query):
        found[version][reason] = number
    return found


def _answered(choice: Choice) -> dict[tuple[int, str], int]:
    """By version and question, how many of the answers that were sent have something there."""
    version = Invitation.questionnaire_version_id
    also = Response.reason_count - _has_main()
    sums = {MAIN: _has_main(), ALSO: case((also > 0, 1), else_=0)}
    ticked = ((WORDS, Response.has_words), (CONTACT, Response.may_contact))
    sums |= {name: case((flag, 1), else_=0) for name, flag in ticked}
    common = choice.answers(version, *(func.sum(value) for value in sums.values())).group_by(version)
    further = (
        choice.answers(version, ResponseAnswer.question, func.count(func.distinct(Response.id)))
        .join(ResponseAnswer, ResponseAnswer.response_id == Response.id)
        .group_by(version, ResponseAnswer.question)
    )
    found = {(key, question): int(number) for key, question, number in db.session.execute(further)}
    for key, *numbers in db.session.execute(common):
        found |= {(key, name): int(number) for name, number in zip(sums, numbers, strict=True)}
    return found


def _has_main() -> Any:
    main = select(ResponseReason.id).where(ResponseReason.response_id == Response.id, ResponseReason.main)
    return case((main.exists(), 1), else_=0)


def _drafts(choice: Choice) -> dict[int, list[dict[str, list[str]]]]:
    """The fields of the drafts that were not sent, by version; few, since they go when the link is over."""
    query = (
        choice.invitations(Invitation.questionnaire_version_id, ResponseDraft.fields)
        .join(ResponseDraft, ResponseDraft.invitation_id == Invitation.id)
        .outerjoin(Response, Response.invitation_id == Invitation.id)
        .where(Response.id.is_(None))
    )
    found: dict[int, list[dict[str, list[str]]]] = defaultdict(list)
    for version, fields in db.session.execute(query):
        if fields:
            found[version].append(fields)
    return found


def _answered_in_drafts(
    drafts: Mapping[int, Sequence[Mapping[str, Sequence[str]]]], versions: Mapping[int, Version]
) -> Counter[tuple[int, str]]:
    """By version and question, how many drafts have something there; what was not asked of somebody does not count."""
    found: Counter[tuple[int, str]] = Counter()
    for key, forms in drafts.items():
        follows = {FIELD + q.key: q.after for q in versions[key].questions}
        for fields in forms:
            reason = first(fields, "reason")
            filled = [name for name, values in fields.items() if any(value.strip() for value in values)]
            asked = [name for name in filled if follows.get(name, "") in ("", reason)]
            found.update((key, MAIN if name == "reason" else name.removeprefix(FIELD)) for name in asked)
    return found
