"""What was answered to further questions: versions together, by who was asked, and only what one may see."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.accounts.models import User, UserBranch
from survey.database import writing
from survey.extensions import db
from survey.questionnaires import editing
from survey.questionnaires.editing import Asking
from survey.questionnaires.models import Questionnaire
from survey.questionnaires.publishing import versions_of
from survey.reports.questionnaires.results import results
from survey.responses.models import ResponseAnswer
from survey.responses.results import Result, median
from tests import stories

CHOICES = [
    {"code": "", "nl": "Garage", "en": "A garage", "pinned_last": False},
    {"code": "", "nl": "Anders", "en": "Other", "pinned_last": True},
]


def add(asking: Asking) -> str:
    row = db.session.scalars(select(Questionnaire)).one()
    key = editing.add_question(editing.claim(row.id, row.draft_edits), asking)
    editing.publish_draft(editing.claim(row.id, row.draft_edits))
    return key


def answer(version: int, main: str = "price", branch: str = "Utrecht", **given: object) -> None:
    """Somebody's answers to a version: a code or codes, a number, or masked words (in brackets) by key."""
    asked = stories.invitation(
        stories.defection(stories.customer(branch_id=stories.branch(branch).id)),
        questionnaire_version_id=versions_of(1)[version - 1].id,
    )
    response = stories.response(main=main, asked=asked)
    for key, value in given.items():
        if isinstance(value, int):
            rows = [ResponseAnswer(question=key, number=value)]
        elif isinstance(value, tuple):
            rows = [ResponseAnswer(question=key, choice=code, position=1) for code in value]
        else:
            rows = [ResponseAnswer(question=key, words="Raw Jansen", masked_words=value)]
        for one in rows:
            one.response_id = response.id
            db.session.add(one)
    db.session.flush()


def told(*branches: str) -> dict[str, Result]:
    """What somebody tied to these branches, or to none, sees."""
    person = User(tied_to=[UserBranch(branch_id=stories.branch(name).id) for name in branches])
    return {result.question["key"]: result for result in results(versions_of(1), person)}


@pytest.mark.usefixtures("context")
def test_versions_are_counted_together() -> None:
    key = add(Asking("one", {"nl": "Met wie?", "en": "With whom?"}, CHOICES, after="price"))
    many = add(Asking("many", {"nl": "Wat?", "en": "What?"}, CHOICES))
    assert (key, many) == ("with_whom", "what")
    answer(1)
    answer(2, with_whom=("a_garage",))
    answer(2, main="errors")
    answer(3, with_whom=("other",), what=("a_garage", "other"))
    answer(3, what=("other",), branch="Zwolle")
    found = told()
    followed = found["with_whom"]
    assert (followed.versions, followed.asked, followed.answered) == ([2, 3], 3, 2)
    assert [(one.words["en"], one.count) for one in followed.chosen] == [("A garage", 1), ("Other", 1)]
    assert followed.chosen[0].share.low == pytest.approx(0.0945, abs=1e-3)  # Wilson, 1 of 2
    several = found["what"]
    assert (several.asked, several.answered) == (2, 2)
    assert [(one.count, one.share.estimate) for one in several.chosen] == [(1, 0.5), (2, 1.0)]


@pytest.mark.usefixtures("context")
def test_a_choice_that_was_taken_away_stays_counted() -> None:
    key = add(Asking("one", {"nl": "Met wie?", "en": "With whom?"}, CHOICES))
    answer(2, with_whom=("a_garage",))
    row = db.session.get_one(Questionnaire, 1)
    changed = [
        {"code": "other", "nl": "Anders dan dat", "en": "Something else", "pinned_last": True},
        {"code": "", "nl": "Nieuw", "en": "New", "pinned_last": False},
    ]
    wanted = Asking("one", {"nl": "Met wie?", "en": "With whom?"}, changed)
    editing.save_question(editing.claim(row.id, row.draft_edits), key, wanted)
    editing.publish_draft(editing.claim(row.id, row.draft_edits))
    answer(3, with_whom=("other",))
    editing.remove_question(editing.claim(row.id, row.draft_edits), key)
    editing.publish_draft(editing.claim(row.id, row.draft_edits))
    (result,) = told().values()
    said = [(one.words["en"], one.count) for one in result.chosen]
    assert said == [("Something else", 1), ("New", 0), ("A garage", 1)]
    assert result.versions == [2, 3]


@pytest.mark.usefixtures("context")
def test_numbers_and_words() -> None:
    add(Asking("scale", {"nl": "Terug?", "en": "Back?"}))
    add(Asking("short", {"nl": "Beloofd?", "en": "Promised?"}))
    for number in (0, 0, 3, 10):
        answer(3, back=number)
    answer(3, promised="[name] promised it", branch="Zwolle")
    found = told()
    assert found["back"].middle.median == 1.5
    assert [(one.number, one.count) for one in found["back"].chosen] == [(0, 2), (3, 1), (10, 1)]
    assert [one.words for one in found["promised"].said] == ["[name] promised it"]
    assert told("Utrecht")["promised"].said == []
    assert told("Zwolle")["back"].answered == 0


def test_the_median_and_its_interval() -> None:
    assert median({}) is None
    one = median({7: 1})
    assert (one.median, one.low, one.high) == (7, 7, 7)
    # ranks 40.2 and 59.8 of 1..100, widened to whole ones
    hundred = median({number: 1 for number in range(1, 101)})
    assert (hundred.median, hundred.low, hundred.high) == (50.5, 41, 61)
    assert (hundred.lower_quartile, hundred.upper_quartile) == (25, 76)


def test_the_page(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    with app.app_context(), writing():
        add(Asking("many", {"nl": "Wat?", "en": "What?"}, CHOICES))
        add(Asking("scale", {"nl": "Terug?", "en": "Back?"}))
        add(Asking("short", {"nl": "Beloofd?", "en": "Promised?"}, after="price"))
        answer(4, what=("a_garage", "other"), back=3, promised="[name] & <b>")
        answer(4, what=("other",), branch="Zwolle")
        utrecht = stories.branch("Utrecht").id
        db.session.commit()
    page = sign_in("manager").get("/questionnaires/1/answers").text
    assert "2 of 2 answered it: 100.0% (34.2 – 100.0%)" in page  # noqa: RUF001
    assert "[name] &amp; &lt;b&gt;" in page
    assert "Raw Jansen" not in page
    assert "Half of them gave 3 or less (95% interval 3 to 3)" in page
    for row in re.findall(r'<tr>\s*<th scope="row">.*?</tr>', page, re.DOTALL):
        assert len(re.findall(r"\d+\.\d – \d+\.\d%", row)) == 1  # noqa: RUF001
    here = sign_in("manager", branches=(utrecht,)).get("/questionnaires/1/answers").text
    assert "1 of 1 answered it" in here
    assert "2 of 2" not in here


def test_nothing_asked_yet(sign_in: Callable[..., FlaskClient]) -> None:
    assert "No further questions yet" in sign_in("manager").get("/questionnaires/1/answers").text
