"""What was answered to the further questions of a questionnaire, its versions together where the key is the same."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, and_, func, select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.questionnaires.models import QuestionnaireVersion
from survey.responses.models import Response, ResponseAnswer, ResponseReason
from survey.responses.results import Result, Said, Tally, results_of
from survey.taxonomy.models import Reason

#: newest words shown of each question
MOST_WORDS = 20
Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])


def results(versions: Sequence[QuestionnaireVersion], user: User) -> list[Result]:
    """Every question that ever stood in these versions (oldest first), those of the newest first, for this user."""
    questions = [question for version in versions for question in version.content.get("questions", ())]
    if not questions:
        return []
    keys = [version.id for version in versions]
    in_words = {question["key"] for question in questions if question["kind"] in ("short", "long")}
    said = _said(keys, sorted(in_words), user)
    return results_of(versions, Tally(_asked(keys, user), _counts(keys, user), _answered(keys, user), said))


def _of_answers(query: Query, keys: Sequence[int], user: User) -> Query:
    """The query over answers to these versions, of the branches that this user may see."""
    return (
        query.join(Invitation, Invitation.id == Response.invitation_id)
        .join(Customer, Customer.id == Invitation.customer_id)
        .where(Invitation.questionnaire_version_id.in_(keys), visible(user, Customer.branch_id))
    )


def _asked(keys: Sequence[int], user: User) -> dict[tuple[int, str], int]:
    """Answers by version and main reason; '' where none was given."""
    query = (
        select(Invitation.questionnaire_version_id, func.coalesce(Reason.code, ""), func.count())
        .select_from(Response)
        .outerjoin(ResponseReason, and_(ResponseReason.response_id == Response.id, ResponseReason.main))
        .outerjoin(Reason, Reason.id == ResponseReason.reason_id)
    )
    rows = _of_answers(query, keys, user).group_by(Invitation.questionnaire_version_id, Reason.code)
    return {(version, code): count for version, code, count in db.session.execute(rows)}


def _counts(keys: Sequence[int], user: User) -> dict[str, dict[tuple[str, int | None], int]]:
    """By question: (choice, number) -> how many gave it."""
    query = (
        select(ResponseAnswer.question, ResponseAnswer.choice, ResponseAnswer.number, func.count())
        .select_from(ResponseAnswer)
        .join(Response, Response.id == ResponseAnswer.response_id)
    )
    columns = (ResponseAnswer.question, ResponseAnswer.choice, ResponseAnswer.number)
    found: dict[str, dict[tuple[str, int | None], int]] = {}
    for question, choice, number, count in db.session.execute(_of_answers(query, keys, user).group_by(*columns)):
        found.setdefault(question, {})[choice, number] = count
    return found


def _answered(keys: Sequence[int], user: User) -> dict[str, int]:
    """How many answered each question: who ticked three choices is one."""
    query = (
        select(ResponseAnswer.question, func.count(ResponseAnswer.response_id.distinct()))
        .select_from(ResponseAnswer)
        .join(Response, Response.id == ResponseAnswer.response_id)
    )
    rows = db.session.execute(_of_answers(query, keys, user).group_by(ResponseAnswer.question))
    return {question: count for question, count in rows}


def _said(keys: Sequence[int], questions: Sequence[str], user: User) -> dict[str, list[Said]]:
    """The newest masked words of each question."""
    if not questions:
        return {}
    newest = func.row_number().over(partition_by=ResponseAnswer.question, order_by=Response.id.desc())
    query = (
        select(ResponseAnswer.question, ResponseAnswer.masked_words, Response.created_at, newest.label("place"))
        .select_from(ResponseAnswer)
        .join(Response, Response.id == ResponseAnswer.response_id)
        .where(ResponseAnswer.question.in_(questions), ResponseAnswer.masked_words.is_not(None))
    )
    rows = _of_answers(query, keys, user).subquery()
    found: dict[str, list[Said]] = {}
    for row in db.session.execute(select(rows).where(rows.c.place <= MOST_WORDS).order_by(rows.c.place)):
        found.setdefault(row.question, []).append(Said(row.masked_words, row.created_at))
    return found
