"""Drawing answers to read: uniform where it says so, with known chances everywhere, and never twice."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import event, func, select

from survey.clock import now
from survey.extensions import db
from survey.jobs.tasks import draw as job
from survey.reasons import sampling, versions
from survey.reasons.answers import chance
from survey.reasons.lots import number
from survey.reasons.models import ModelVersion, Review, ReviewItem
from survey.reasons.usefulness import FLOOR, Answers, Draw, columns, usefulness
from survey.responses.models import Response
from survey.rights.erasing import customer_called, erase_person
from tests import stories
from tests.reasons.crowd import classify, crowd

pytestmark = pytest.mark.usefixtures("context")


def answer(words: str = "Te duur.", **ticked: Any) -> Response:
    """An answer with words that was masked and read."""
    made = stories.response(words, **ticked)
    made.masked_words = words
    stories.reading(made)
    return made


def answers_of(keys: list[int]) -> list[Response]:
    return [db.session.get_one(Response, key) for key in keys]


def items(stream: str = "audit") -> list[ReviewItem]:
    query = select(ReviewItem).where(ReviewItem.stream == stream).order_by(ReviewItem.place)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def read_all(stream: str, user_id: int, *codes: str) -> None:
    for item in items(stream):
        if not db.session.scalar(select(Review.id).where(Review.response_id == item.response_id)):
            made = db.session.get_one(Response, item.response_id)
            stories.review(made, user_id, *codes, stream=stream, probability=item.probability, created_at=now())
    db.session.commit()


def test_an_answer_is_audited_where_its_number_is_under_the_rate() -> None:
    made = crowd(300)
    drawn = sampling.draw_audit()
    rate = sampling.audit_rate()
    assert rate == pytest.approx(50 / 300)
    assert {item.response_id for item in items()} == {key for key in made if chance(key) < rate}
    assert drawn == len(items())
    assert all(item.probability == rate and item.place == chance(item.response_id) for item in items())


def test_enough_waiting_draws_nothing_and_the_rate_stays() -> None:
    crowd(300)
    sampling.draw_audit()
    rate = sampling.audit_rate()
    assert sampling.draw_audit() == 0
    assert sampling.audit_rate() == rate


def test_new_answers_under_the_present_rate_are_drawn_too() -> None:
    crowd(300)
    sampling.draw_audit()
    rate = sampling.audit_rate()
    new = crowd(100)
    assert sampling.draw_audit() == sum(chance(key) < rate for key in new) > 0
    assert sampling.audit_rate() == rate


def test_where_few_wait_the_rate_rises_and_every_row_and_review_carries_it(user: Any) -> None:
    reader = user("analyst")
    crowd(300)
    sampling.draw_audit()
    before = items()
    read_all("audit", reader)
    sampling.draw_audit()
    rate = sampling.audit_rate()
    assert rate == pytest.approx(100 / 300)
    assert {item.id for item in before} < {item.id for item in items()}
    assert {item.probability for item in items()} == {rate}
    assert set(db.session.scalars(select(Review.probability).execution_options(populate_existing=True))) == {rate}


def test_few_answers_are_all_drawn() -> None:
    crowd(30)
    assert sampling.draw_audit() == 30
    assert sampling.audit_rate() == 1.0


def test_nothing_to_draw_from_is_no_fault() -> None:
    stories.response(None)
    db.session.commit()
    assert sampling.draw_audit() == 0
    assert job.run() == {"drawn_at_random": 0, "drawn_as_useful": 0}


def test_answers_without_words_and_of_erased_people_are_not_drawn() -> None:
    silent = stories.response(None)
    stories.reading(silent, terms="")
    who = stories.customer(external_id="gone")
    gone = stories.response("Duur.", asked=stories.invitation(stories.defection(who)))
    gone.masked_words = "Duur."
    stories.reading(gone)
    kept = answer()
    db.session.commit()
    erase_person(customer_called("gone"), "operator")
    sampling.draw_audit()
    assert [item.response_id for item in items()] == [kept.id]


def test_what_was_read_as_useful_counts_as_audited_once_the_audit_has_come_to_it(user: Any) -> None:
    """Sooner, doubtful answers would be in the sample and their neighbours not."""
    reader = user("analyst")
    made = answers_of(sorted(crowd(40), key=chance))
    for place in (1, 30):
        stories.review(made[place], reader, stream="useful", probability=0.2, model_shown=True)
    sampling.draw_audit()

    def streams() -> list[str]:
        return [review.stream for review in db.session.scalars(select(Review).order_by(Review.id)).all()]

    assert streams() == ["useful", "useful"]
    for each in made[:3]:
        if each is not made[1]:
            stories.review(each, reader, stream="audit", probability=1.0)
    sampling.draw_audit()
    db.session.expire_all()
    assert streams() == ["audit", "useful", "audit", "audit"]


def test_one_in_ten_wants_a_second_reader_once_two_people_read(user: Any) -> None:
    one, two = user("analyst"), user("administrator")
    made = answers_of(crowd(400))
    for each in made:
        db.session.add(
            ReviewItem(response_id=each.id, stream="audit", probability=1.0, place=chance(each.id), drawn_at=now())
        )
    stories.review(made[0], one, stream="audit", created_at=now())
    sampling.want_more_readers()
    assert {item.wanted for item in items()} == {1}
    stories.review(made[1], two, stream="audit", created_at=now() - timedelta(days=61))
    sampling.want_more_readers()
    assert {item.wanted for item in items()} == {1}
    stories.review(made[2], two, stream="audit", created_at=now())
    sampling.want_more_readers()
    twice = [item for item in items() if item.wanted == 2]
    assert 20 <= len(twice) <= 60
    assert 0.4 < np.mean([item.place for item in twice]) < 0.6  # chosen without regard to the place


def test_where_two_readers_differ_a_third_is_wanted(user: Any) -> None:
    one, two = user("analyst"), user("administrator")
    same, other, skipped = answers_of(crowd(3))
    sampling.draw_audit()
    for each, codes in ((same, ("price",)), (other, ()), (skipped, ())):
        stories.review(each, one, "price", stream="audit")
        stories.review(each, two, *codes, stream="audit", state="skipped" if each is skipped else "reviewed")
    sampling.want_more_readers()
    wanted = {item.response_id: item.wanted for item in items()}
    assert (wanted[other.id], wanted[skipped.id]) == (3, 1)
    assert wanted[same.id] < 3


THRESHOLDS = [0.5, 0.4]


def seen(*scores: list[float], ticked: int = -1, price: bool = False, disputed: bool = False) -> float:
    n = len(scores)
    answers = Answers(np.array(scores), np.full(n, ticked), np.full(n, price), np.full(n, disputed))
    return float(usefulness(answers, np.array(THRESHOLDS))[0])


def test_usefulness_is_what_it_says() -> None:
    sure = [0.95, 0.02]
    assert seen(sure, ticked=0) == pytest.approx(FLOOR)
    assert seen(sure, ticked=1) == pytest.approx(FLOOR + 0.9 * 0.7)  # ticked another reason than the model reads
    assert seen(sure, disputed=True) == 1.0
    assert seen([0.5, 0.02]) == 1.0  # at its threshold
    assert seen([0.95, 0.45]) == pytest.approx(FLOOR + 0.9 * 0.5)  # halfway to it
    assert seen([0.1, 0.1], ticked=1) == pytest.approx(FLOOR + 0.9 * 0.5)  # unsure
    assert seen([0.1, 0.1], ticked=0, price=True) == pytest.approx(FLOOR + 0.9 * 0.8)


def test_a_merged_reason_stands_for_the_column_of_what_it_was_merged_into() -> None:
    meaning = {"price": ("price",), "fees": ("price",), "split": None, "gone": (), "other": ("other",)}
    assert dict(columns(["errors", "price"], meaning)) == {"price": 1, "fees": 1, "split": -1, "gone": -1, "other": -1}


def version_and_answers(count: int) -> tuple[ModelVersion, list[int]]:
    """A third sure of what was ticked, a third unsure, a third sure of another reason."""
    version, made = stories.model(("price", "errors")), crowd(count, ticked="errors")
    classify(made, version, [0.02, 0.9], [0.02, 0.2], [0.9, 0.02])
    return version, made


def test_the_useful_are_drawn_by_their_usefulness_with_the_chance_stored() -> None:
    version, made = version_and_answers(300)
    lots = sampling.draw_useful(version, THRESHOLDS)
    sampling.store_useful(lots)
    weights = [FLOOR, FLOOR + 0.9 * 0.5, FLOOR + 0.9 * 0.7]
    scale = 50 / (100 * sum(weights))
    usefulness_of = {key: weights[i % 3] for i, key in enumerate(made)}
    expected = {key for key, u in usefulness_of.items() if number(key, "useful") < scale * u}
    assert {item.response_id for item in items("useful")} == expected
    for item in items("useful"):
        u = usefulness_of[item.response_id]
        assert item.probability == pytest.approx(scale * u)
        assert item.place == pytest.approx(number(item.response_id, "useful") / u)


def test_useful_twice_draws_nothing_while_enough_wait_and_more_once_they_were_read(user: Any) -> None:
    reader = user("analyst")
    version, _ = version_and_answers(300)
    first = sampling.store_useful(sampling.draw_useful(version, THRESHOLDS))
    assert sampling.draw_useful(version, THRESHOLDS) == []
    before = {item.response_id: item.probability for item in items("useful")}
    read_all("useful", reader)
    second = sampling.store_useful(sampling.draw_useful(version, THRESHOLDS))
    after = {item.response_id: item.probability for item in items("useful")}
    assert len(after) == first + second > first
    assert all(after[key] > probability for key, probability in before.items())
    stored = db.session.execute(select(Review.response_id, Review.probability)).all()
    assert {key: probability for key, probability in stored} == {key: after[key] for key in before}


def test_a_new_model_lowers_no_chance_and_leaves_what_must_be_read_again_at_the_head(user: Any) -> None:
    reader = user("analyst")
    version, made = version_and_answers(90)
    again = ReviewItem(response_id=made[0], stream="useful", probability=1.0, place=-1.0, drawn_at=now())
    db.session.add(again)
    sampling.store_useful(sampling.draw_useful(version, THRESHOLDS))
    read_all("useful", reader)
    before = {item.response_id: item.probability for item in items("useful")}
    newer = stories.model(("price", "errors"), serving=True)
    classify(made, newer, [0.02, 0.9])
    sampling.store_useful(sampling.draw_useful(newer, THRESHOLDS))
    after = {item.response_id: item for item in items("useful")}
    assert all(after[key].probability >= probability for key, probability in before.items())
    assert (after[made[0]].place, after[made[0]].probability) == (-1.0, 1.0)


def test_the_number_of_statements_does_not_grow_with_the_answers() -> None:
    version, _ = version_and_answers(60)
    with statements() as few:
        sampling.store_useful(sampling.draw_useful(version, THRESHOLDS))
        sampling.draw_audit()
    db.session.rollback()
    version, _ = version_and_answers(240)
    with statements() as more:
        sampling.store_useful(sampling.draw_useful(version, THRESHOLDS))
        sampling.draw_audit()
    assert len(more) <= len(few) + 2


class statements:  # noqa: N801  # reads as a word
    """The statements sent while inside."""

    def __enter__(self) -> list[str]:
        self.sent: list[str] = []
        event.listen(db.engine, "before_cursor_execute", self._note)
        return self.sent

    def _note(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        self.sent.append(statement)

    def __exit__(self, *_: object) -> None:
        event.remove(db.engine, "before_cursor_execute", self._note)


def test_the_job_draws_both_streams_with_the_model_that_serves(app: Flask) -> None:
    """End to end with a real model on disk; and with its file damaged the audit goes on."""
    from tests.reasons.other_models import other_model

    version = versions.register(other_model(), versions.Made("trained"))
    versions.serve(version)
    classify(crowd(40), version, [0.9, 0.02])
    outcome = job.run()
    assert outcome == {"drawn_at_random": 40, "drawn_as_useful": 40}
    assert job.run() == {"drawn_at_random": 0, "drawn_as_useful": 0}
    assert db.session.scalar(select(func.count(ReviewItem.id))) == 80
    versions.file_of(version).write_bytes(b"damaged")
    versions._loaded.cache_clear()
    db.session.query(ReviewItem).delete()
    db.session.commit()
    assert job.run() == {"drawn_at_random": 40, "drawn_as_useful": 0}


# -- simulations, on the arithmetic of the two draws ---------------------------------------------------------


@pytest.fixture(scope="module")
def population() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(20261125)
    n = 2_000
    useful = FLOOR + (1 - FLOOR) * rng.beta(0.5, 1.5, n)
    # the property is commoner among the useful ones, so that a careless estimate is far off
    planted = rng.random(n) < 0.1 + 0.5 * useful
    return {"useful": useful, "planted": planted}


@pytest.mark.sqlite
def test_share_among_the_audited_is_unbiased_also_when_only_part_was_read(population: dict[str, np.ndarray]) -> None:
    planted = population["planted"]
    truth, shares = planted.mean(), []
    for run in range(300):
        places = np.array([chance(run * 10_000 + i) for i in range(len(planted))])
        drawn = np.flatnonzero(places < 100 / len(planted))
        read = drawn[np.argsort(places[drawn])][:60]  # the reviewer stops before the end
        shares.append(planted[read].mean())
    error = np.std(shares) / np.sqrt(len(shares))
    assert abs(np.mean(shares) - truth) < 3 * error
    assert error < 0.005


@pytest.mark.sqlite
def test_totals_weighted_by_the_stored_chance_are_unbiased(population: dict[str, np.ndarray]) -> None:
    useful, planted = population["useful"], population["planted"]
    totals, careless = [], []
    for run in range(300):
        keys = [run * 10_000 + i for i in range(len(useful))]
        draw = Draw(expected=150, answers=len(keys))
        for start in range(0, len(keys), 500):
            draw.see(keys[start : start + 500], useful[start : start + 500])
        lots = draw.lots()
        is_planted = np.array([planted[lot.response_id - run * 10_000] for lot in lots])
        weights = 1 / np.array([lot.probability for lot in lots])
        totals.append(float((weights * is_planted).sum()))
        careless.append(float(is_planted.mean()))
    error = np.std(totals) / np.sqrt(len(totals))
    assert abs(np.mean(totals) - planted.sum()) < 3 * error
    assert error < 0.02 * planted.sum()
    assert abs(np.mean(careless) - planted.mean()) > 0.05  # the weights are what makes it right


@pytest.mark.sqlite
def test_rising_draws_hold_what_one_draw_of_that_size_holds(population: dict[str, np.ndarray]) -> None:
    keys, useful = list(range(2_000)), population["useful"]

    def lots(expected: float) -> dict[int, float]:
        draw = Draw(expected, len(keys))
        draw.see(keys, useful)
        return {lot.response_id: lot.probability for lot in draw.lots()}

    small, large = lots(50), lots(400)
    assert set(small) < set(large)
    assert list(small) == list(large)[: len(small)]  # what comes first stays first
    assert all(large[key] >= small[key] for key in small)
    assert 340 < len(large) < 460
