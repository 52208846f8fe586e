"""What one customer answered, and what models and people read in it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from survey.extensions import db
from survey.invitations.models import Invitation
from survey.questionnaires.models import QuestionnaireVersion
from survey.questionnaires.versions import Version
from survey.reasons.explaining import named, unpack
from survey.reasons.models import Classification, ClassifiedReason, HumanLabel, Reading, Review
from survey.responses.models import Response, ResponseAnswer, ResponseReason
from survey.rights.rows import Rows, by_key, invitations_of, reason_label, rows_of
from survey.taxonomy.models import Reason


def answers(customer_id: int) -> Rows:
    """Each with the reasons as they were put, the own words and the further questions. Words are as typed while those
    are kept, then without names and numbers."""
    query = (
        select(Response, QuestionnaireVersion.content)
        .join(Invitation, Invitation.id == Response.invitation_id)
        .join(QuestionnaireVersion, QuestionnaireVersion.id == Invitation.questionnaire_version_id)
        .where(Invitation.customer_id == customer_id)
        .order_by(Response.id)
    )
    found = db.session.execute(query).all()
    keys = [response.id for response, _content in found]
    ticked = _ticked(keys)
    rows = select(ResponseAnswer.response_id, ResponseAnswer).where(ResponseAnswer.response_id.in_(keys))
    further = by_key(rows.order_by(ResponseAnswer.id))
    return [_answer(row, ticked.get(row[0].id, []), further.get(row[0].id, [])) for row in found]


def _ticked(keys: Sequence[int]) -> dict[int, list[tuple[bool, str]]]:
    query = (
        select(ResponseReason.response_id, ResponseReason.main, Reason.code)
        .join(Reason, Reason.id == ResponseReason.reason_id)
        .where(ResponseReason.response_id.in_(keys))
        .order_by(ResponseReason.position)
    )
    found: dict[int, list[tuple[bool, str]]] = {}
    for key, main, code in db.session.execute(query):
        found.setdefault(key, []).append((main, code))
    return found


def _answer(
    row: Row[*tuple[Any, ...]], ticked: list[tuple[bool, str]], further: list[ResponseAnswer]
) -> dict[str, Any]:
    response, version = row[0], Version.of(row[1])
    labels = {option.code: option.label(response.language) for option in version.options}
    return {
        "created_at": response.created_at,
        "channel": response.channel,
        "language": response.language,
        "main_reason": next((labels.get(code, code) for main, code in ticked if main), None),
        "other_reasons": [labels.get(code, code) for main, code in ticked if not main],
        "words": response.words or response.masked_words,
        "questions": _further(response.language, version, further),
        "may_contact": response.may_contact,
        "seconds_taken": response.seconds_taken,
        "shown_order": response.shown_order,
    }


def _further(language: str, version: Version, rows: Sequence[ResponseAnswer]) -> dict[str, list[str]]:
    """The text of each further question that was answered, with what was answered."""
    found: dict[str, list[str]] = {}
    for question in version.questions:
        labels = {choice.code: choice.label(language) for choice in question.choices}
        given = [_given(row, labels) for row in rows if row.question == question.key]
        if any(given):
            found[question.text(language)] = [text for text in given if text]
    return found


def _given(row: ResponseAnswer, labels: dict[str, str]) -> str:
    if row.choice:
        return labels.get(row.choice, row.choice)
    return str(row.number) if row.number is not None else row.words or row.masked_words or ""


def classifications(customer_id: int) -> Rows:
    """What each version of the model read in the answers, how sure it was, and the words that spoke for it."""
    theirs = Response.invitation_id.in_(invitations_of(customer_id))
    spoken = (
        select(Classification.id, reason_label(), ClassifiedReason.probability, ClassifiedReason.spoke, Reading.terms)
        .join(ClassifiedReason, ClassifiedReason.classification_id == Classification.id)
        .join(Response, Response.id == Classification.response_id)
        .join(Reason, Reason.id == ClassifiedReason.reason_id)
        .outerjoin(Reading, Reading.response_id == Response.id)
        .where(theirs)
        .order_by(ClassifiedReason.probability.desc())
    )
    given: dict[int, list[dict[str, Any]]] = {}
    for key, reason, probability, spoke, terms in db.session.execute(spoken):
        told = unpack(spoke, terms or "")
        words = [word for word, value in named(told) if value > 0] if told else []
        given.setdefault(key, []).append({"reason": reason, "probability": round(probability, 4), "because_of": words})
    query = (
        select(Classification.id, Classification.created_at, Classification.model_version_id, Classification.state)
        .join(Response, Response.id == Classification.response_id)
        .where(theirs)
        .order_by(Classification.id)
    )
    return [
        {"created_at": at, "model": version, "reading_state": state, "read": given.get(key, [])}
        for key, at, version, state in db.session.execute(query)
    ]


def reviews(customer_id: int) -> Rows:
    """The reasons that people found in the answers."""
    theirs = Response.invitation_id.in_(invitations_of(customer_id))
    query = select(Review.id, Review.created_at, Review.state.label("review_state")).join(Response)
    rows = rows_of(query.where(theirs).order_by(Review.id))
    labels = by_key(
        select(HumanLabel.review_id, reason_label())
        .join(Reason, Reason.id == HumanLabel.reason_id)
        .where(HumanLabel.review_id.in_([row["id"] for row in rows]))
        .order_by(HumanLabel.id)
    )
    return [
        {"created_at": row["created_at"], "review_state": row["review_state"], "reasons": labels.get(row["id"], [])}
        for row in rows
    ]
