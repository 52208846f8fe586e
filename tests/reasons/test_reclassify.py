"""Reading every answer again: in pieces, from what was stored, and shown only when all of it is read."""

from array import array
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.queue import enqueue
from survey.jobs.running import run_next
from survey.jobs.tasks import classify, reclassify
from survey.reasons import answers, explaining, shards, versions
from survey.reasons.changes import changes
from survey.reasons.models import (
    Classification,
    ClassifiedReason,
    HumanLabel,
    ModelVersion,
    Promotion,
    Reading,
)
from survey.taxonomy.models import Reason
from tests import stories
from tests.reasons.other_models import other_model

pytestmark = pytest.mark.usefixtures("context")

WORDS = ("De monteur was onbeschoft en snauwde mij af.", "Veel te duur geworden.", "De ruimte was vies en rook muf.")


def some_answers(number: int = 9) -> None:
    for i in range(number):
        stories.response(WORDS[i % 3])
    db.session.commit()
    classify.run()


def new_version(*codes: str) -> ModelVersion:
    version = versions.register(other_model(*codes), versions.Made("trained"))
    db.session.commit()
    return version


def ask(version: ModelVersion, publish: bool = True) -> None:
    enqueue("reclassify", f"reclassify:{version.id}:test", {"version": version.id, "publish": publish})
    db.session.commit()


def work_until_empty() -> list[str]:
    """Run what is due, as a worker does; gives the kinds of the jobs."""
    keys = []
    db.session.commit()  # a worker begins with no transaction open
    while ended := run_next("worker"):
        assert ended.state == "done", ended.error
        keys.append(ended.key)
    return [db.session.scalars(select(Job.kind).where(Job.key == key)).one() for key in keys]


def read_by(version: ModelVersion) -> list[tuple[Any, ...]]:
    """Everything that a version said, in a form that can be compared."""
    rows = db.session.execute(
        select(
            Classification.response_id, Classification.state, Classification.scores, Reason.code, ClassifiedReason.spoke
        )
        .outerjoin(ClassifiedReason, ClassifiedReason.classification_id == Classification.id)
        .outerjoin(Reason, Reason.id == ClassifiedReason.reason_id)
        .where(Classification.model_version_id == version.id)
        .order_by(Classification.response_id, Reason.code)
    )
    return [tuple(row) for row in rows]


def test_shards_share_the_work_and_the_last_one_turns_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    some_answers()
    monkeypatch.setattr(shards, "SHARD", 4)
    version = new_version()
    ask(version)
    kinds = work_until_empty()
    assert kinds.count("reclassify_shard") >= 3
    assert "publish" in kinds
    assert versions.serving().id == version.id
    assert db.session.scalar(select(func.count()).select_from(Promotion)) == 2


def test_no_shard_reads_a_text_again(monkeypatch: pytest.MonkeyPatch) -> None:
    some_answers()
    stored = {key: bytes(content) for key, content in db.session.execute(select(Reading.response_id, Reading.content))}
    version = new_version()
    monkeypatch.setattr("analysis.reasons.reading.read", lambda *_: pytest.fail("an answer was read again"))
    ask(version)
    work_until_empty()
    assert {k: bytes(c) for k, c in db.session.execute(select(Reading.response_id, Reading.content))} == stored


@pytest.mark.parametrize("border", range(1, 6))
def test_killed_at_any_border_shows_the_old_version_and_ends_the_same(
    monkeypatch: pytest.MonkeyPatch, border: int
) -> None:
    """F15. A worker that dies loses what it had not committed, as here; a real kill -9 is in tests/jobs."""
    some_answers()
    old, version = versions.serving(), new_version()
    monkeypatch.setattr(reclassify, "BATCH", 2)
    store = reclassify.store_batch
    calls: list[int] = []

    def dies(*arguments: Any) -> None:
        calls.append(1)
        store(*arguments)
        if len(calls) == border:
            raise KeyboardInterrupt

    monkeypatch.setattr(reclassify, "store_batch", dies)
    with pytest.raises(KeyboardInterrupt):
        reclassify.read_everything(version)
    db.session.rollback()
    assert versions.serving() == old
    assert not reclassify.turn(version, "promoted", None)
    assert versions.serving() == old
    assert reclassify.read_everything(version) == 9 - 2 * (border - 1)
    assert reclassify.turn(version, "promoted", None)
    broken = read_by(version)
    assert len({row[0] for row in broken}) == 9
    assert broken == unbroken(version)


def unbroken(version: ModelVersion) -> list[tuple[Any, ...]]:
    """What the same version says when nothing stops it."""
    forget(version)
    reclassify.read_everything(version)
    return read_by(version)


def forget(version: ModelVersion) -> None:
    """Delete all that a version read."""
    keys = select(Classification.id).where(Classification.model_version_id == version.id)
    db.session.execute(ClassifiedReason.__table__.delete().where(ClassifiedReason.classification_id.in_(keys)))
    db.session.execute(Classification.__table__.delete().where(Classification.model_version_id == version.id))
    db.session.commit()


def test_columns_say_what_text_by_text_would() -> None:
    """Thousands at once or one by one: the same rows, down to the last bit of every explanation."""
    some_answers()
    stories.response("")
    stories.response("De monteur was onbeschoft. Het was veel te duur. Nooit meer!")
    db.session.commit()
    classify.run()
    version = new_version()
    reclassify.read_everything(version)
    together = read_by(version)
    forget(version)
    assert classify.read_all(version, batch=2) == 11
    assert read_by(version) == together
    assert {row[1] for row in together} == {"given", "unsure", "no_words"}


def test_a_damaged_reading_is_read_from_its_text_and_costs_the_others_nothing() -> None:
    some_answers()
    version, other = new_version(), db.session.scalars(select(Reading).order_by(Reading.response_id)).first()
    other.content = other.content[:-3]
    db.session.commit()
    reclassify.read_everything(version)
    assert {row[1] for row in read_by(version)} == {"failed", "given", "unsure"}
    assert len({row[0] for row in read_by(version)}) == 9


def test_what_another_encoder_read_is_read_from_its_text() -> None:
    some_answers()
    version = new_version()
    reclassify.read_everything(version)
    before = read_by(version)
    forget(version)
    db.session.execute(Reading.__table__.update().values(preprocessing="of old"))
    db.session.commit()
    assert reclassify.read_everything(version) == 9
    assert [row[:2] for row in read_by(version)] == [row[:2] for row in before]


def test_a_dry_run_says_what_would_change_and_changes_no_page() -> None:
    some_answers()
    old, version = versions.serving(), new_version()
    ask(version, publish=False)
    assert "publish" not in work_until_empty()
    assert versions.serving() == old
    found = {change.reason.code: (change.before, change.after) for change in changes(old, version)}
    assert found["premises"] == (3, 0)
    assert found["price"][1] >= 3


def test_labels_of_people_stay_as_they_are(user: Any) -> None:
    some_answers()
    someone = user("analyst")
    answer = db.session.scalars(select(Classification.response_id)).first()
    stories.review(db.session.get_one(stories.Response, answer), someone, "competitor")
    db.session.commit()
    before = [(row.review_id, row.reason_id) for row in db.session.scalars(select(HumanLabel))]
    ask(new_version())
    work_until_empty()
    assert [(row.review_id, row.reason_id) for row in db.session.scalars(select(HumanLabel))] == before


def test_every_reading_says_why_and_the_parts_add_up() -> None:
    some_answers(3)
    version = new_version()
    ask(version)
    work_until_empty()
    rows = db.session.execute(
        select(Classification.scores, ClassifiedReason.spoke, ClassifiedReason.probability, Reason.code, Reading.terms)
        .join(ClassifiedReason, ClassifiedReason.classification_id == Classification.id)
        .join(Reason, Reason.id == ClassifiedReason.reason_id)
        .join(Reading, Reading.response_id == Classification.response_id)
        .where(Classification.model_version_id == version.id)
    ).all()
    assert rows
    model = other_model().model
    for scores, spoke, probability, code, terms in rows:
        k = version.reason_codes.index(code)
        spoken = explaining.unpack(spoke, terms)
        assert array("f", scores)[k] == pytest.approx(probability, abs=1e-6)
        # one clause each: no correction for length
        slope, offset, _ = model.weights.calibration[:, k]
        assert probability == pytest.approx(1 / (1 + 2.718281828459045 ** -(slope * spoken.logit + offset)), abs=1e-6)


def test_twice_changes_nothing() -> None:
    some_answers()
    version = new_version()
    ask(version)
    work_until_empty()
    before = read_by(version)
    assert reclassify.read_everything(version) == 0
    assert reclassify.turn(version, "promoted", None)
    assert read_by(version) == before
    assert db.session.scalar(select(func.count()).select_from(Promotion)) == 2


def test_answers_that_came_in_meanwhile_are_read_before_the_pages_turn() -> None:
    some_answers()
    version = new_version()
    ask(version)
    run_next("worker")  # the shards are cut
    stories.response(WORDS[0])
    db.session.commit()
    work_until_empty()
    assert versions.serving().id == version.id
    assert answers.count_waiting(version) == 0


def test_the_command_reads_and_shows(app: Flask) -> None:
    some_answers()
    version = new_version()
    run = app.test_cli_runner().invoke
    dry = run(args=["answers", "reclassify", "--dry-run", "--version", str(version.id)]).output
    assert "Nothing is shown yet" in dry
    assert "premises: 3 -> 0 (+0 -3)" in dry
    assert run(args=["answers", "reclassify", "--version", str(version.id)]).exit_code == 0
    db.session.expire_all()
    assert versions.serving().id == version.id
    assert "no model 99" in run(args=["answers", "reclassify", "--version", "99"]).output


def test_a_refused_version_does_not_serve(app: Flask) -> None:
    some_answers()
    version = versions.register(other_model(), versions.Made("trained", passed_gate=False))
    db.session.commit()
    output = app.test_cli_runner().invoke(args=["answers", "reclassify", "--version", str(version.id)]).output
    assert "did not pass its gate" in output


def test_readings_of_versions_long_gone_are_forgotten() -> None:
    some_answers(3)
    first = versions.serving()
    chain = [new_version("price"), new_version("rude_staff"), new_version("price", "errors")]
    for version in chain:
        reclassify.read_everything(version)
        assert reclassify.turn(version, "promoted", None)
    assert versions.forget_old_readings(2) == 2
    db.session.commit()
    while versions.forget_old_readings(100):
        db.session.commit()
    assert read_by(first) == read_by(chain[0]) == []
    assert len({row[0] for row in read_by(chain[1])}) == len({row[0] for row in read_by(chain[2])}) == 3
    assert db.session.scalar(select(func.count()).select_from(Promotion)) == 4
