"""What would change if another version served."""

import pytest
from sqlalchemy import select

from survey.accounts.models import User, UserBranch
from survey.extensions import db
from survey.reasons.changed_answers import Search, count, page_of
from survey.reasons.changes import answers_changed, changes, compare
from survey.reasons.models import ModelVersion
from survey.responses.models import Response
from survey.taxonomy.models import Reason
from tests import stories
from tests.reasons.checked import answer, person

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def old() -> ModelVersion:
    return stories.model()


@pytest.fixture
def new() -> ModelVersion:
    return stories.model(serving=False, origin="trained")


def read(old: ModelVersion, new: ModelVersion, before: str, after: str, **given: object) -> Response:
    """An answer with these reasons (words apart by a space) by the one and by the other."""
    row = answer(**given)
    stories.classified(row, old, **dict.fromkeys(before.split(), 0.9))
    stories.classified(row, new, **dict.fromkeys(after.split(), 0.9))
    return row


def reason(code: str) -> Reason:
    return db.session.scalars(select(Reason).where(Reason.code == code)).one()


def test_counts_by_reason_and_answers(old: ModelVersion, new: ModelVersion) -> None:
    read(old, new, "price", "price")
    read(old, new, "price", "price errors")
    read(old, new, "price", "rude_staff")
    read(old, new, "", "price")
    read(old, new, "", "")
    stories.classified(answer(), old, price=0.9)
    found = compare(old, new)
    assert (found.answers, found.changed) == (5, 3)
    assert {c.reason.code: (c.before, c.after, c.won, c.lost) for c in found.reasons} == {
        "price": (3, 3, 1, 1),
        "errors": (0, 1, 1, 0),
        "rude_staff": (0, 1, 1, 0),
    }
    assert [c.reason.position for c in found.reasons] == sorted(c.reason.position for c in found.reasons)
    assert changes(new, old)[0].won == changes(old, new)[0].lost


def test_which_answers(old: ModelVersion, new: ModelVersion) -> None:
    kept, won, lost = (
        read(old, new, *pair) for pair in (("price", "price"), ("errors", "price errors"), ("price", ""))
    )
    assert kept.id
    assert db.session.scalars(answers_changed(old, new, reason("price"), won=True)).all() == [won.id]
    assert db.session.scalars(answers_changed(old, new, reason("price"), won=False)).all() == [lost.id]
    assert db.session.scalars(answers_changed(old, new, reason("errors"), won=True)).all() == []


def test_nothing_read_by_both_is_nothing(old: ModelVersion, new: ModelVersion) -> None:
    stories.classified(answer(), old, price=0.9)
    found = compare(old, new)
    assert (found.answers, found.changed, found.reasons) == (0, 0, [])


def test_who_is_tied_to_a_branch_sees_its_answers_only(old: ModelVersion, new: ModelVersion) -> None:
    delft, gouda = stories.branch("Delft"), stories.branch("Gouda")
    mine = read(old, new, "", "price", branch=delft)
    read(old, new, "", "price", branch=gouda)
    read(old, new, "", "price")
    tied = db.session.get_one(User, person("bert"))
    tied.tied_to = [UserBranch(branch_id=delft.id)]
    db.session.flush()
    assert compare(old, new, tied).reasons[0].won == 1
    search = Search(old, new, reason("price"), True, tied)
    assert count(search) == 1
    assert [each.response_id for each in page_of(search, 1)] == [mine.id]


def test_an_answer_comes_with_all_that_was_said_of_it(old: ModelVersion, new: ModelVersion) -> None:
    row = read(old, new, "errors", "price rude_staff")
    reader = person("anna")
    stories.review(row, reader, "rude_staff")
    search = Search(old, new, reason("price"), True, db.session.get_one(User, reader))
    [shown] = page_of(search, 1)
    assert [r.code for r in shown.ticked] == ["price"]
    assert [r.code for r in shown.before] == ["errors"]
    assert sorted(r.code for r in shown.after) == ["price", "rude_staff"]
    assert [r.code for r in shown.found or ()] == ["rude_staff"]
    assert shown.text == row.masked_words
    assert page_of(search, 2) == []
