"""The queue of a person, and what is kept of what that person found."""

from typing import Any

import pytest
from sqlalchemy import func, select

from survey.accounts.models import User
from survey.clock import now
from survey.extensions import db
from survey.reasons import reviewing, sampling
from survey.reasons.answers import chance
from survey.reasons.models import HumanLabel, Review, ReviewItem
from survey.reasons.reviewed import Filters, reviewed
from survey.reasons.reviewing import Found
from survey.responses.models import Response
from survey.rights.erasing import customer_called, erase_person
from tests import stories
from tests.reasons.crowd import crowd


@pytest.fixture
def people(user: Any) -> tuple[int, int]:
    """Two who read answers."""
    return user("analyst"), user("administrator")


pytestmark = pytest.mark.usefixtures("people", "context")


def person(key: int) -> User:
    return db.session.get_one(User, key)


def item(key: int, stream: str = "audit", **given: Any) -> ReviewItem:
    place = {"audit": chance(key), "useful": 0.5}[stream]
    row = ReviewItem(
        **{"response_id": key, "stream": stream, "probability": 0.5, "place": place, "drawn_at": now()} | given
    )
    db.session.add(row)
    db.session.flush()
    return row


def save(
    reader: int, key: int, *codes: str, stream: str = "audit", state: str = "reviewed", shown: bool = False
) -> str:
    asked = reviewing.asked(person(reader), key, stream)
    assert asked is not None
    return reviewing.save(reader, Found(asked, state, frozenset(codes), shown))


def found_by(reader: int, key: int) -> set[str]:
    review = reviewing.review_of(reader, key)
    assert review is not None
    return {label.reason.code for label in review.labels}


def test_what_was_found_is_kept_with_where_it_came_from(people: tuple[int, int]) -> None:
    (key,) = crowd(1)
    item(key, probability=0.25)
    assert save(people[0], key, "price", "errors") == "new"
    review = reviewing.review_of(people[0], key)
    assert review is not None
    assert (review.stream, review.probability, review.model_shown, review.state) == ("audit", 0.25, False, "reviewed")
    assert review.taxonomy_version == 0
    assert found_by(people[0], key) == {"price", "errors"}


def test_sent_twice_is_kept_once(people: tuple[int, int]) -> None:
    (key,) = crowd(1)
    item(key)
    assert [save(people[0], key, "price"), save(people[0], key, "price")] == ["new", ""]
    assert db.session.scalar(select(func.count(Review.id))) == 1
    assert db.session.scalar(select(func.count(HumanLabel.id))) == 1


def test_a_changed_mind_replaces_the_labels_and_has_seen_the_model(people: tuple[int, int]) -> None:
    (key,) = crowd(1)
    item(key)
    save(people[0], key, "price", "errors")
    assert save(people[0], key, "errors", "competitor") == "changed"
    assert found_by(people[0], key) == {"errors", "competitor"}
    review = reviewing.review_of(people[0], key)
    assert review is not None
    assert review.model_shown
    assert save(people[0], key, "price", state="skipped") == "changed"
    assert found_by(people[0], key) == set()


def test_the_queue_follows_the_permanent_numbers_and_leaves_out_what_i_have_read(people: tuple[int, int]) -> None:
    keys = sorted(crowd(30), key=chance)
    for key in keys:
        item(key)
    me = person(people[0])
    assert reviewing.queue_of(me).audit == keys
    save(people[0], keys[3], "price")
    save(people[0], keys[5], state="skipped")
    assert reviewing.queue_of(me).audit == [key for i, key in enumerate(keys) if i not in (3, 5)]
    # read by one, nobody else need; skipped by one, somebody else may
    assert reviewing.queue_of(person(people[1])).audit == [key for i, key in enumerate(keys) if i != 3]


def test_an_answer_that_wants_two_readers_waits_for_the_second_only(people: tuple[int, int]) -> None:
    (key,) = crowd(1)
    item(key, wanted=2)
    save(people[0], key, "price")
    assert reviewing.queue_of(person(people[0])).audit == []
    assert reviewing.queue_of(person(people[1])).audit == [key]
    save(people[1], key, "errors")
    assert reviewing.queue_of(person(people[1])).audit == []


def test_streams_take_turns_and_the_audit_begins(people: tuple[int, int]) -> None:
    keys = crowd(6)
    for key in keys[:3]:
        item(key)
    for key in keys[3:]:
        item(key, "useful")
    me, seen = person(people[0]), []
    while (asked := reviewing.next_of(reviewing.queue_of(me), me)) is not None:
        seen.append(asked.stream)
        save(people[0], asked.response_id, "price", stream=asked.stream)
    assert seen == ["audit", "useful"] * 3


def test_what_is_in_both_streams_is_read_blind(people: tuple[int, int]) -> None:
    (key,) = crowd(1)
    item(key)
    item(key, "useful")
    queue = reviewing.queue_of(person(people[0]))
    assert (queue.audit, queue.useful) == ([key], [])


def test_two_people_at_once_seldom_read_the_same(people: tuple[int, int]) -> None:
    for key in crowd(60):
        item(key)
    same = 0
    for _ in range(20):
        both = [reviewing.next_of(reviewing.queue_of(person(key)), person(key)) for key in people]
        assert both[0] is not None
        assert both[1] is not None
        same += both[0].response_id == both[1].response_id
        for reader, asked in zip(people, both, strict=True):
            save(reader, asked.response_id, "price")
    assert same <= 4


def test_a_split_reason_brings_back_what_i_had_read(people: tuple[int, int]) -> None:
    (key,) = crowd(1)
    item(key)
    save(people[0], key, "price")
    item(key, "useful", place=-1.0, probability=1.0, drawn_at=now())
    me = person(people[0])
    assert reviewing.queue_of(me).useful == [key]
    assert save(people[0], key, "errors", stream="useful") == "changed"
    assert reviewing.queue_of(me).count == 0
    review = reviewing.review_of(people[0], key)
    assert review is not None
    assert review.stream == "audit"  # of which sample it is does not change


def test_an_example_of_a_new_reason_is_still_read_for_all_its_reasons(people: tuple[int, int]) -> None:
    (key,) = crowd(1)
    item(key)
    stories.review(db.session.get_one(Response, key), people[0], "errors")
    assert reviewing.queue_of(person(people[0])).audit == [key]
    assert save(people[0], key, "errors", "price") == "changed"
    review = reviewing.review_of(people[0], key)
    assert review is not None
    assert (review.stream, review.probability, review.model_shown) == ("audit", 0.5, False)


def test_erased_words_leave_the_queue(people: tuple[int, int]) -> None:
    who = stories.customer(external_id="gone")
    gone = stories.response("Duur.", asked=stories.invitation(stories.defection(who)))
    gone.masked_words = "Duur."
    item(gone.id)
    me = person(people[0])
    assert reviewing.queue_of(me).audit == [gone.id]
    erase_person(customer_called("gone"), "operator")
    assert reviewing.queue_of(me).audit == []
    assert reviewing.asked(me, gone.id) is None


def test_only_what_was_drawn_or_read_before_can_be_asked_for(people: tuple[int, int]) -> None:
    (key,) = crowd(1)
    assert reviewing.asked(person(people[0]), key) is None
    assert reviewing.asked(person(people[0]), 999_999) is None


def test_undo_takes_back_only_ones_own_and_only_once(people: tuple[int, int]) -> None:
    (key,) = crowd(1)
    item(key)
    save(people[0], key, "price")
    review = reviewing.review_of(people[0], key)
    assert review is not None
    assert reviewing.undo(people[1], review.id) is None
    assert reviewing.undo(people[0], review.id) is not None
    assert reviewing.undo(people[0], review.id) is None
    assert db.session.scalar(select(func.count(HumanLabel.id))) == 0
    assert reviewing.queue_of(person(people[0])).audit == [key]


def test_why_nothing_waits(people: tuple[int, int]) -> None:
    me = person(people[0])
    assert reviewing.why_empty(me) == "no_model"
    stories.model()
    assert reviewing.why_empty(me) == "no_answers"
    (key,) = crowd(1)
    assert reviewing.why_empty(me) == "not_drawn"
    sampling.draw_audit()
    save(people[0], key)
    assert reviewing.why_empty(me) == "all_read"


def test_the_list_filters_by_reader_reason_and_difference(people: tuple[int, int]) -> None:
    same, differ, mine = crowd(3)
    for key in (same, differ, mine):
        item(key, wanted=2)
    for reader, key, codes in (
        (people[0], same, ("price",)),
        (people[1], same, ("price",)),
        (people[0], differ, ("price", "errors")),
        (people[1], differ, ("price",)),
        (people[0], mine, ()),
    ):
        save(reader, key, *codes)
    me, other = person(people[0]), person(people[1])

    def keys(reader: User, **filters: Any) -> set[int]:
        return {answer.response_id for answer in reviewed(reader, Filters(**filters), 1).items}

    assert keys(me) == {same, differ, mine}
    assert keys(other, mine=True) == {same, differ}
    assert keys(me, differ=True) == {differ}
    assert keys(me, reason="errors") == {differ}
    assert keys(me, reason="errors", differ=True, mine=True) == {differ}
    assert keys(me, reason="nonsense") == set()
    (shown,) = reviewed(me, Filters(differ=True), 1).items
    assert shown.differ
    assert [[reason.code for reason in opinion.reasons] for opinion in shown.opinions] == [
        ["price", "errors"],
        ["price"],
    ]
