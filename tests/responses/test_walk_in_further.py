"""What was answered at branches to the further questions: counted by questionnaire, apart from everything else."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.accounts.models import User, UserBranch
from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.questionnaires import publishing
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.reports.questionnaires.results import results
from survey.responses.models import WalkInAnswer
from survey.responses.results import Result
from survey.responses.walk_in import links
from survey.responses.walk_in.counting import EVER
from survey.responses.walk_in.further import FEWEST, further_since
from survey.taxonomy.models import Reason
from tests import stories
from tests.responses.sheets import OF_EVERY_KIND, publish

SignIn = Callable[..., FlaskClient]
_numbers = count(1)


def answer(version: QuestionnaireVersion, given: dict[str, Any], main: str = "price", branch: str = "Utrecht") -> None:
    """An answer at a branch to these further questions: a number, or codes."""
    link = links.make(stories.branch(branch).id, version.questionnaire_id)
    reason = db.session.scalars(select(Reason.id).where(Reason.code == main)).one()
    db.session.add(
        WalkInAnswer(
            branch_link_id=link.id,
            questionnaire_version_id=version.id,
            reason_id=reason,
            language="en",
            answers={"also": [], "questions": given},
            nonce=f"{next(_numbers):032x}",
            created_at=now() - timedelta(hours=1),
        )
    )
    db.session.flush()


def told(*branches: str) -> dict[str, Result]:
    """What somebody tied to these branches, or to none, sees of the first questionnaire."""
    person = User(tied_to=[UserBranch(branch_id=stories.branch(each).id) for each in branches])
    return {result.question["key"]: result for each in further_since(EVER, person)[:1] for result in each.results}


def chosen(result: Result) -> dict[str, int]:
    return {one.words["en"] if one.words else str(one.number): one.count for one in result.chosen}


def test_each_question_is_counted_among_those_who_were_asked_it(context: None) -> None:
    version = publish(OF_EVERY_KIND)
    answer(version, {"against": ["rival"], "missed": ["speed", "advice"], "likely": 8, "visits": 3})
    answer(version, {"missed": ["advice"], "likely": 8})
    answer(version, {"likely": 2}, main="errors")
    found = told()
    assert list(found) == ["against", "missed", "likely", "visits"], "questions that want words are not asked there"
    assert [(found[key].asked, found[key].answered) for key in found] == [(2, 1), (3, 2), (3, 3), (3, 1)]
    assert chosen(found["missed"]) == {"Speed": 1, "Kindness": 0, "Advice": 2}
    assert chosen(found["likely"]) == {"2": 1, "8": 2}
    share = found["missed"].chosen[2].share
    assert (share.estimate, round(share.low, 2), share.high) == (1.0, 0.34, 1.0)  # Wilson, 2 of 2
    middle = found["likely"].middle
    assert middle is not None
    assert middle.median == 8


def test_versions_are_counted_together_and_questionnaires_apart(context: None) -> None:
    first = publish(OF_EVERY_KIND[2:4])
    second = publish(OF_EVERY_KIND[2:4])
    other = Questionnaire(name="Aaa another")
    db.session.add(other)
    db.session.flush()
    copy = publishing.add_version(other, dict(second.content))
    for version in (first, second, second):
        answer(version, {"likely": 5})
    answer(copy, {"likely": 9}, branch="Zwolle")
    one, two = further_since(EVER, User(tied_to=[]))
    assert one.name == "Aaa another"
    likely = [next(r for r in each.results if r.question["key"] == "likely") for each in (one, two)]
    assert [chosen(result) for result in likely] == [{"9": 1}, {"5": 3}]


def test_who_is_tied_to_a_branch_sees_that_one(context: None) -> None:
    version = publish(OF_EVERY_KIND[3:4])
    answer(version, {"likely": 1}, branch="Utrecht")
    answer(version, {"likely": 9}, branch="Zwolle")
    assert chosen(told("Zwolle")["likely"]) == {"9": 1}
    assert told("Amersfoort") == {}


def test_they_are_not_among_the_answers_of_who_was_asked_by_name(context: None) -> None:
    version = publish(OF_EVERY_KIND[3:4])
    answer(version, {"likely": 1})
    (likely,) = results([version], User(tied_to=[]))
    assert (likely.asked, likely.answered) == (0, 0)


@pytest.mark.parametrize("number", [FEWEST - 1, FEWEST])
def test_too_few_are_called_too_few(app: Flask, sign_in: SignIn, number: int) -> None:
    with app.app_context(), writing():
        version = publish(OF_EVERY_KIND[2:4])
        for _ in range(number):
            answer(version, {"missed": ["speed"], "likely": 7})
        db.session.commit()
    page = unescape(" ".join(sign_in("analyst").get("/walk-in").text.split()))
    section = page[page.index("What did you miss?") : page.index("How likely are you to come back?")]
    assert f"{number} of {number} answered it." in section
    assert ("too few for shares" in section) == (number < FEWEST)
    assert ("72% to 100%" in section) == (number >= FEWEST)  # Wilson, 10 of 10
    assert ("Half of them gave" in page) == (number >= FEWEST)


def test_nothing_is_shown_where_nothing_was_asked(sign_in: SignIn) -> None:
    assert "Further questions" not in sign_in("analyst").get("/walk-in").text
