"""Reading answers: once each, masked first, resumable, and shown only when all of them are read."""

import secrets
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from survey.customers.models import Employee
from survey.database import committed
from survey.extensions import db
from survey.jobs.tasks import classify
from survey.reasons import answers, classifying, explaining, versions
from survey.reasons.models import Classification, ClassifiedReason, Reading
from survey.responses.models import Response
from survey.taxonomy.models import Reason
from survey.web import settings
from tests import stories

pytestmark = pytest.mark.usefixtures("context")

WORDS = "De monteur was onbeschoft en snauwde mij af."


def given_reasons(answer: Response) -> set[str]:
    version = versions.serving()
    assert version is not None
    return set(
        db.session.scalars(
            select(Reason.code)
            .join(ClassifiedReason)
            .join(Classification)
            .where(Classification.response_id == answer.id, Classification.model_version_id == version.id)
        )
    )


def states() -> dict[str, int]:
    rows = db.session.execute(select(Classification.state, func.count()).group_by(Classification.state))
    return {state: number for state, number in rows}


def test_reason_in_the_words_is_found_and_explained() -> None:
    answer = stories.response(WORDS)
    db.session.commit()
    assert classify.run() == {"read": 1}
    assert "rude_staff" in given_reasons(answer)
    spoke = db.session.scalars(select(ClassifiedReason.spoke).join(Reason).where(Reason.code == "rude_staff")).one()
    spoken = explaining.unpack(spoke, db.session.scalars(select(Reading.terms)).one())
    assert spoken is not None
    assert "onbeschoft" in " ".join(words for words, value in spoken.words[:6] if value > 0)


def test_answer_without_words_and_without_sense_are_states_not_reasons() -> None:
    stories.response(None)
    stories.response("asdf qwer")
    db.session.commit()
    classify.run()
    assert states() == {"no_words": 1, "unsure": 1}


def test_twice_reads_nothing_twice() -> None:
    stories.response(WORDS)
    db.session.commit()
    classify.run()
    assert classify.run() == {"read": 0}
    assert db.session.scalar(select(func.count(Reading.response_id))) == 1


def test_many_answers_are_read_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "BATCH", 3)
    for _ in range(8):
        stories.response(WORDS)
    db.session.commit()
    assert classify.run() == {"read": 8}


def test_answer_that_came_in_after_the_masking_waits_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    masked = classify.mask_all

    def masked_and_then_one_more() -> None:
        masked()
        monkeypatch.undo()
        stories.response(WORDS)
        db.session.commit()

    monkeypatch.setattr(classify, "mask_all", masked_and_then_one_more)
    assert classify.run() == {"read": 0}
    assert classify.run() == {"read": 1}
    assert states() == {"given": 1}


def test_training_holds_nobody_up(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first model is made, somebody else can write."""
    made = classifying.starter()

    def slow() -> classifying.Classifier:
        def other() -> None:
            with app.app_context():
                committed(db.session, lambda: db.session.add(Employee(name=secrets.token_hex(4))))

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        return made

    monkeypatch.setattr(classifying, "starter", slow)
    stories.response(WORDS)
    db.session.commit()
    assert classify.run() == {"read": 1}
    assert db.session.scalar(select(func.count(Employee.id))) == 1


def test_answer_that_breaks_the_model_is_marked_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    stories.response(WORDS)
    stories.response("breek")
    db.session.commit()
    whole = classifying.Classifier._classified

    def breaks(self: Any, found: list[classifying.Answer]) -> list[classifying.Read]:
        if any(answer.words == "breek" for answer in found):
            raise RuntimeError("no")
        return whole(self, found)

    monkeypatch.setattr(classifying.Classifier, "_classified", breaks)
    classify.run()
    assert states() == {"given": 1, "failed": 1}


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x80\x04pickle"])
def test_damaged_model_file_is_refused_in_words_and_answers_stay(damage: bytes) -> None:
    stories.response(WORDS)
    db.session.commit()
    classify.run()
    version = versions.serving()
    assert version is not None
    path = versions.file_of(version)
    path.write_bytes(damage)
    versions._loaded.cache_clear()
    stories.response(WORDS)
    db.session.commit()
    with pytest.raises(versions.ModelFileError, match="backup"):
        classify.run()
    assert db.session.scalar(select(func.count(Response.id))) == 2


def slow(answers: list[classifying.Answer]) -> list[classifying.Read]:
    while True:  # a limit of processor time: sleeping would not count
        sum(range(1000))


@pytest.mark.parametrize("fault", [ValueError("broken"), slow])
def test_answer_that_fails_or_takes_too_long_is_tried_three_times(
    monkeypatch: pytest.MonkeyPatch, fault: Exception | Callable[..., Any]
) -> None:
    """F32: the answer is stored and marked, the others are read, and it is tried again; not for ever."""
    stories.response(WORDS)
    stories.response("dit breekt het model")
    db.session.commit()
    monkeypatch.setattr(classifying, "SECONDS", 0.2)
    classified = classifying.Classifier._classified

    def breaks(self: classifying.Classifier, answers: list[classifying.Answer]) -> list[classifying.Read]:
        if any("breekt" in answer.words for answer in answers):
            if isinstance(fault, Exception):
                raise fault
            return fault(answers)
        return classified(self, answers)

    monkeypatch.setattr(classifying.Classifier, "_classified", breaks)
    assert [classify.run()["read"] for _ in range(4)] == [2, 1, 1, 0]
    assert states() == {"given": 1, "failed": 1}


def test_answer_that_failed_is_read_once_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    # processor time is counted in steps of some milliseconds: a short answer may be read within one
    stories.response(f"{WORDS} " + " ".join(f"Op dag {n} kwam zaak {n * 7} weer niet af." for n in range(150)))
    db.session.commit()
    monkeypatch.setattr(classifying, "SECONDS", 1e-6)
    classify.run()
    assert states() == {"failed": 1}
    monkeypatch.undo()
    classify.run()
    assert states() == {"given": 1}


def test_commands_say_what_they_did(app: Flask) -> None:
    stories.response(WORDS)
    db.session.commit()
    run = app.test_cli_runner().invoke
    assert run(args=["answers", "classify"]).output == "Answers read: 1.\n"
    assert run(args=["answers", "reclassify", "--dry-run"]).output.startswith("Answers read: 0.")
    path = settings().instance / "models"
    assert len(list(path.iterdir())) == 1
