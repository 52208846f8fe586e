"""What was answered at branches to the further questions, by questionnaire: apart from the answers of those who were
asked by name, and from every other figure."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, cast, func, select, true

from survey.accounts.models import User
from survey.extensions import db
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.responses.models import WalkInAnswer
from survey.responses.results import Result, Tally, results_of
from survey.responses.walk_in.answers import IN_WORDS
from survey.responses.walk_in.counting import of_answers
from survey.taxonomy.models import Reason

#: below so many answers to a question a share would say more of chance than of the branch
FEWEST = 10
#: key of the version, key of the question, what was answered as JSON, and how often
Given = tuple[int, str, str, int]


@dataclass(frozen=True)
class Asked:
    """The further questions of one questionnaire that somebody was asked at a branch."""

    name: str
    results: Sequence[Result]


def further_since(since: datetime, user: User) -> list[Asked]:
    """What was answered since then at all branches that this user may see, by name of the questionnaire."""
    asked, given = _asked(since, user), _given(since, user)
    rows = (
        select(Questionnaire.name, QuestionnaireVersion)
        .join(Questionnaire, Questionnaire.id == QuestionnaireVersion.questionnaire_id)
        .where(QuestionnaireVersion.id.in_({version for version, _main in asked}))
        .order_by(Questionnaire.name, Questionnaire.id, QuestionnaireVersion.version)
    )
    by_questionnaire: dict[tuple[str, int], list[QuestionnaireVersion]] = defaultdict(list)
    for name, version in db.session.execute(rows):
        by_questionnaire[name, version.questionnaire_id].append(version)
    found = [Asked(key[0], _results(versions, asked, given)) for key, versions in by_questionnaire.items()]
    return [each for each in found if each.results]


def _results(
    versions: Sequence[QuestionnaireVersion], asked: Mapping[tuple[int, str], int], given: Sequence[Given]
) -> list[Result]:
    """Those of the questions that were asked: the ones that want words are left out at branches."""
    keys = {version.id for version in versions}
    counts: dict[str, Counter[tuple[str, int | None]]] = defaultdict(Counter)
    answered: Counter[str] = Counter()
    for version, question, value, number in given:
        if version in keys:
            answered[question] += number
            for pair in _pairs(json.loads(value)):
                counts[question][pair] += number
    found = results_of(versions, Tally(asked, counts, answered))
    return [one for one in found if one.asked and one.question["kind"] not in IN_WORDS]


def _pairs(value: Any) -> list[tuple[str, int | None]]:
    """A number, or the codes that were chosen, as `survey.responses.results` counts them."""
    return [(code, None) for code in value] if isinstance(value, list) else [("", int(value))]


def _asked(since: datetime, user: User) -> dict[tuple[int, str], int]:
    """Answers by key of the version and code of the main reason."""
    version = WalkInAnswer.questionnaire_version_id
    query = of_answers(since, user, version, Reason.code, func.count())
    query = query.join(Reason, Reason.id == WalkInAnswer.reason_id).group_by(version, Reason.code)
    return {(key, code): count for key, code, count in db.session.execute(query)}


def _given(since: datetime, user: User) -> list[Given]:
    """How often each question of each version was answered in each way."""
    version, (rows, question, value) = WalkInAnswer.questionnaire_version_id, _questions()
    query = of_answers(since, user, version, question, value, func.count()).join(rows, true())
    return [(*row,) for row in db.session.execute(query.group_by(version, question, value))]


def _questions() -> tuple[FromClause, ColumnElement[str], ColumnElement[str]]:
    """The questions that an answer holds, one a row: the rows, their key, and what was answered as JSON text."""
    if db.session.get_bind().dialect.name == "postgresql":
        rows = func.json_each(WalkInAnswer.answers["questions"]).table_valued("key", "value")
    else:
        rows = func.json_each(WalkInAnswer.answers, "$.questions").table_valued("key", "value")
    return rows, rows.c.key, cast(rows.c.value, Text)
