"""Learning from people: labels in, a candidate with its gate out, and reasons of any organisation."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from survey.extensions import db
from survey.jobs.queue import enqueue
from survey.jobs.running import run_next
from survey.jobs.tasks import classify, train
from survey.notices import Notice
from survey.reasons import labels, training, versions
from survey.reasons.models import ModelVersion
from survey.taxonomy import changing
from survey.taxonomy.models import Reason
from tests import stories

pytestmark = pytest.mark.usefixtures("context")

PLACES = ("balie", "kassa", "werkplaats", "telefoon", "garage", "winkel", "receptie", "showroom", "chat", "baas")
SAID = (
    [(f"Onbeschofte man bij de {place}, hij snauwde mij af.", ("rude_staff",)) for place in PLACES]
    + [(f"De rekening van de {place} is veel te duur geworden.", ("price",)) for place in PLACES]
    + [(f"Bij de {place} ging alles prima.", ()) for place in PLACES]
)


def reviewed_answers(user: Any) -> None:
    """Thirty answers, read by the model and by a person."""
    someone = user("analyst")
    made = [(stories.response(words), codes) for words, codes in SAID]
    db.session.commit()
    classify.run()
    for answer, codes in made:
        stories.review(answer, someone, *codes, stream="audit")
    db.session.commit()


def work_until_empty() -> None:
    db.session.commit()  # a worker begins with no transaction open
    while ended := run_next("worker"):
        assert ended.state == "done", ended.error


def test_labels_train_a_candidate_that_does_not_serve_by_itself(user: Any) -> None:
    reviewed_answers(user)
    serving = versions.serving()
    outcome = train.run()
    version = db.session.get_one(ModelVersion, outcome["version"])
    assert outcome["reviewed"] == 30
    assert version.passed_gate
    assert version.report["verdict"] == "passed"
    assert version.report["answers"] == 30
    assert {row["code"] for row in version.report["reasons"]} == set(version.reason_codes)
    assert versions.serving() == serving
    assert db.session.scalars(select(Notice.key)).all() == ["model-ready"]


def test_the_same_labels_give_the_same_model(user: Any) -> None:
    reviewed_answers(user)
    first = train._teach()[0]
    assert train._teach()[0].classifier.fingerprint == first.classifier.fingerprint


def test_nobody_asked_and_little_is_new_trains_nothing(user: Any) -> None:
    reviewed_answers(user)
    train.run()
    newest = versions.newest()
    assert newest is not None
    job = enqueue("train", "train:2026-11-26")
    db.session.commit()
    assert train.run(job) == {"trained": 0}
    assert training.new_reviews(newest) == 0


def test_asked_with_publish_it_serves_in_the_end(user: Any) -> None:
    reviewed_answers(user)
    enqueue("train", "train:asked", {"user_id": None, "publish": True})
    db.session.commit()
    work_until_empty()
    serving = versions.serving()
    assert serving is not None
    assert serving.origin == "trained"


def test_labels_that_make_no_sense_are_refused_with_a_notice(user: Any) -> None:
    someone = user("analyst")
    made = [stories.response(words) for words, _ in SAID * 3]
    db.session.commit()
    classify.run()
    for i, answer in enumerate(made):  # what is said and what is labelled have nothing to do with each other
        stories.review(answer, someone, ("price", "rude_staff", "premises")[(i * 7) % 3])
    db.session.commit()
    outcome = train.run()
    version = db.session.get_one(ModelVersion, outcome["version"])
    assert version.passed_gate == (version.report["verdict"] == "passed")
    assert ("model-refused" in db.session.scalars(select(Notice.key)).all()) == (not version.passed_gate)


def test_a_merged_reason_is_learnt_under_its_new_name(user: Any) -> None:
    reviewed_answers(user)
    reason = {r.code: r for r in db.session.scalars(select(Reason))}
    changing.merge(reason["pushy_sales"], reason["rude_staff"], None)
    db.session.commit()
    syllabus = training.syllabus()
    assert "pushy_sales" not in syllabus.codes
    assert set(syllabus.sources["rude_staff"]) == {"rude_staff", "pushy_sales"}
    version = db.session.get_one(ModelVersion, train.run()["version"])
    assert "pushy_sales" not in version.reason_codes
    assert version.taxonomy_version > 0


def test_a_change_of_reasons_needs_no_labels() -> None:
    stories.response("Veel te duur geworden")
    db.session.commit()
    classify.run()
    reason = {r.code: r for r in db.session.scalars(select(Reason))}
    changing.retire(reason["premises"], None)
    db.session.commit()
    version = db.session.get_one(ModelVersion, train.run()["version"])
    assert "premises" not in version.reason_codes
    assert version.passed_gate


def test_labels_are_settled_by_most_readers(user: Any) -> None:
    people = [user("analyst", branches=()), user("administrator", branches=()), user("manager", branches=())]
    answer = stories.response("Veel te duur")
    stories.review(answer, people[0], "price", "errors", stream="audit", probability=0.25)
    stories.review(answer, people[1], "price")
    alone = labels.settled()
    assert [(label.codes, label.agreed, label.reviewers) for label in alone] == [(frozenset({"price"}), False, 2)]
    assert (alone[0].stream, alone[0].probability) == ("audit", 0.25)
    stories.review(answer, people[2], "errors")
    assert labels.settled()[0].codes == {"price", "errors"}


def test_skipped_reviews_and_split_reasons_are_left_out(user: Any) -> None:
    first, second = user("analyst"), user("administrator")
    answer, other = stories.response("Veel te duur"), stories.response("Onbeschoft")
    stories.review(answer, first, state="skipped")
    stories.review(other, second, "rude_staff")
    assert [label.response_id for label in labels.settled()] == [other.id]
    today = {"rude_staff": None}
    assert labels.as_of_today(["rude_staff"], today) is None
    assert labels.as_of_today(["price"], {"price": ("value",)}) == {"value"}
    assert labels.as_of_today(["price"], {"price": ()}) == frozenset()


def test_the_command_says_what_came_of_it(app: Flask, user: Any) -> None:
    reviewed_answers(user)
    output = app.test_cli_runner().invoke(args=["answers", "train"]).output
    assert "trained on 30 reviewed answers: it passed its gate" in output
