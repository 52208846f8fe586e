"""How well the serving model reads, by what people found in the audit sample, and how far that sample has come."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement, select

from survey import analyst, formats
from survey.accounts.access import visible
from survey.accounts.models import User
from survey.analyst import Judged, Quality
from survey.clock import local
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reasons.labels import Label, settled
from survey.reasons.models import Classification, ClassifiedReason, ModelVersion, Review
from survey.responses.models import Response
from survey.taxonomy import queries as taxonomy
from survey.taxonomy.models import OTHER, Reason
from survey.web import LANGUAGES, language

#: a main reason is in at least this share of the audited answers; which they are is known after so many of them
MAIN_SHARE, FIRST = 0.03, 50

Meaning = dict[str, tuple[str, ...] | None]


@dataclass(frozen=True)
class Audited:
    """An answer of the audit sample: what people found in it and what the model did, in today's reasons."""

    response_id: int
    on: date
    language: str
    probability: float
    truth: frozenset[str]
    found: frozenset[str]


@dataclass(frozen=True)
class ReasonQuality:
    """How well a reason is found, and how many answers are still to be reviewed before that says much."""

    reason: Reason
    quality: Quality
    #: 0: enough
    more: int

    @property
    def is_enough(self) -> bool:
        return self.more == 0


@dataclass(frozen=True)
class Checked:
    """The quality of a model on some answers: over all reasons, and for each."""

    answers: int
    overall: Quality
    reasons: list[ReasonQuality]


@dataclass(frozen=True)
class ModelQuality:
    """Of the serving model: on all audited answers, and, where they are in two languages, on those in each."""

    all: Checked
    languages: dict[str, Checked]
    #: active reasons that the model has not learnt
    unknown: list[Reason]


@dataclass(frozen=True)
class Short:
    """A main reason without an honest interval."""

    reason: Reason
    positives: int
    more: int


@dataclass(frozen=True)
class Progress:
    """How many more audit answers to review until every main reason has an honest interval."""

    reviewed: int
    more: int
    short: tuple[Short, ...]

    @property
    def sentence(self) -> str:
        if not self.more:
            return str(_("Every main reason has an honest interval."))
        if self.reviewed < FIRST:
            return str(
                ngettext(
                    "%(num)d more audit answer until it is known which the main reasons are.",
                    "%(num)d more audit answers until it is known which the main reasons are.",
                    self.more,
                )
            )
        reasons = ", ".join(f"{each.reason.label(language())} ({formats.count(each.more)})" for each in self.short)
        return str(
            ngettext(
                "%(num)d more audit answer until every main reason has an honest interval; still short: %(reasons)s.",
                "%(num)d more audit answers until every main reason has an honest interval; still short: %(reasons)s.",
                self.more,
                reasons=reasons,
            )
        )


def progress(user: User) -> Progress:
    """As far as this user's branches go. A main reason is in 3 of 100 audited answers; the first 50 say which are."""
    return progress_of(audit_labels(user))


def progress_of(labels: Sequence[Label]) -> Progress:
    """The same from what people settled on in the audit sample."""
    truths = [label.codes for label in labels]
    reviewed = len(truths)
    if reviewed < FIRST:
        return Progress(reviewed, FIRST - reviewed, ())
    short = []
    for reason in taxonomy.active_reasons():
        positives = sum(reason.code in codes for codes in truths)
        more = analyst.answers_needed(positives, reviewed).at_least
        if more and positives >= MAIN_SHARE * reviewed:
            short.append(Short(reason, positives, more))
    return Progress(reviewed, max((each.more for each in short), default=0), tuple(short))


def audit_labels(user: User | None = None) -> list[Label]:
    """What people settled on in the audit sample, of the answers this user may see; without a user, of all."""
    wanted = select(Response.id).where(Response.id.in_(select(Review.response_id).where(Review.stream == "audit")))
    return settled(Review.response_id.in_(only_seen_by(user, wanted) if user else wanted))


def only_seen_by(user: User, query: Any) -> Any:
    """The query of answers, kept to those of customers of this user's branches."""
    if not user.branch_ids:
        return query
    of_customer = select(Invitation.id).join(Customer).where(visible(user, Customer.branch_id))
    return query.where(Response.invitation_id.in_(of_customer))


def _is_reviewed() -> ColumnElement[bool]:
    return Response.id.in_(select(Review.response_id))


def model_quality(version: ModelVersion, labels: Sequence[Label]) -> ModelQuality:
    """How well a version reads, on those of these audited answers that it has read."""
    answers = audited(version, labels)
    known = known_codes(version)
    reasons = [reason for reason in taxonomy.active_reasons() if reason.code in known]
    by_language = {name: [each for each in answers if each.language == name] for name in LANGUAGES}
    return ModelQuality(
        _checked(answers, reasons),
        {name: _checked(some, reasons) for name, some in by_language.items() if 0 < len(some) < len(answers)},
        [reason for reason in taxonomy.active_reasons() if reason.code not in known | {OTHER}],
    )


def audited(version: ModelVersion, labels: Sequence[Label]) -> list[Audited]:
    """Those that a version has read. A reason of it that was split since, and must be read again, counts as none."""
    by_answer = {label.response_id: label for label in labels}
    found, meaning = _found(version), taxonomy.meaning()
    rows = db.session.execute(
        select(Response.id, Response.created_at, Response.language)
        .join(Classification, Classification.response_id == Response.id)
        .where(Classification.model_version_id == version.id, Classification.state != "failed", _is_reviewed())
        .order_by(Response.id)
    )
    return [
        Audited(
            key,
            local(at).date(),
            language,
            by_answer[key].probability,
            by_answer[key].codes,
            today(found[key], meaning),
        )
        for key, at, language in rows
        if key in by_answer
    ]


def _found(version: ModelVersion) -> dict[int, list[str]]:
    """The codes that a version gave to the answers that people reviewed."""
    rows = db.session.execute(
        select(Classification.response_id, Reason.code)
        .join(ClassifiedReason, ClassifiedReason.classification_id == Classification.id)
        .join(Reason, Reason.id == ClassifiedReason.reason_id)
        .where(
            Classification.model_version_id == version.id, Classification.response_id.in_(select(Review.response_id))
        )
    )
    found = defaultdict(list)
    for key, code in rows:
        found[key].append(code)
    return found


def today(codes: Iterable[str], meaning: Meaning) -> frozenset[str]:
    """What these codes count as now."""
    return frozenset(now for code in codes for now in meaning.get(code, (code,)) or ())


def known_codes(version: ModelVersion) -> frozenset[str]:
    """The reasons that a version can give, as they count now."""
    return today(version.reason_codes, taxonomy.meaning())


def judged(answers: Sequence[Audited], codes: Sequence[str]) -> Judged:
    """The answers as columns of these reasons."""
    return Judged(
        [[code in each.found for code in codes] for each in answers],
        [[code in each.truth for code in codes] for each in answers],
        [each.probability for each in answers],
    )


def _checked(answers: Sequence[Audited], reasons: Sequence[Reason]) -> Checked:
    if not answers or not reasons:
        nothing = analyst.overall_quality(Judged([[False]], [[False]], [1.0]))
        return Checked(len(answers), nothing, [])
    columns = judged(answers, [reason.code for reason in reasons])
    each = zip(reasons, analyst.reason_quality(columns), strict=True)
    return Checked(
        len(answers),
        analyst.overall_quality(columns),
        [
            ReasonQuality(reason, found, analyst.answers_needed(found.positives, len(answers)).at_least)
            for reason, found in each
        ],
    )
