"""Erasing: nothing of the person is left anywhere in the database or the instance folder; the reason stays counted."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from survey.accounts.models import AuditEntry
from survey.extensions import db
from survey.invitations.models import Mailing
from survey.invitations.suppression import suppressed_among
from survey.jobs.tasks import classify, reclassify
from survey.reasons import versions
from survey.reasons.models import Classification, ClassifiedReason
from survey.responses.models import ResponseAnswer, ResponseDraft, ResponseReason
from survey.taxonomy.models import Reason
from survey.web import settings
from tests import stories
from tests.reasons.other_models import other_model
from tests.rights.canary import WORDS, canary, traces

pytestmark = pytest.mark.usefixtures("context")


def test_no_trace_is_left_and_the_reason_stays(app: Flask) -> None:
    canary()
    db.session.commit()
    classify.run()
    assert traces() == list(WORDS)
    done = app.test_cli_runner().invoke(args=["customers", "erase", "K-4711"])
    assert done.exit_code == 0, done.output
    db.session.expire_all()
    assert traces() == []
    stated = db.session.scalars(select(Reason.code).join(ResponseReason)).all()
    assert stated == ["rude_staff"]
    assert db.session.scalar(select(func.count(ClassifiedReason.id))) == 1
    assert db.session.scalars(select(ResponseDraft.fields)).all() == [{}]


def test_words_of_further_questions_are_masked_like_others() -> None:
    canary()
    db.session.commit()
    classify.run()
    masked = db.session.scalars(select(ResponseAnswer.masked_words)).one()
    assert masked
    assert "snauwde" in masked
    assert "Quaeckernaeck" not in masked


@pytest.mark.sqlite
def test_no_trace_is_left_in_any_file(app: Flask) -> None:
    """The database file, the mail folder, models, uploads and logs; also where SQLite has freed the space."""
    canary()
    db.session.commit()
    classify.run()
    app.test_cli_runner().invoke(args=["invitations", "send"])
    app.test_cli_runner().invoke(args=["customers", "erase", "K-4711"])
    db.session.remove()
    db.engine.dispose()
    folder: Path = settings().instance
    found = [
        (path.name, word)
        for path in folder.rglob("*")
        if path.is_file()
        for word in WORDS
        if word.encode() in path.read_bytes()
    ]
    assert found == []


def test_erased_address_is_never_written_to_again_and_nothing_waits() -> None:
    who = canary()
    asked = stories.invitation(stories.defection(who, episode=2))
    stories.mailing(asked)
    db.session.commit()
    erase("K-4711")
    assert suppressed_among({"Xanthippe@quaeckernaeck.example"})
    assert db.session.scalar(select(func.count()).where(Mailing.state == "queued")) == 0
    assert asked.state == "withdrawn"


def erase(external_id: str) -> None:
    from survey.jobs.tasks import erase as task

    task.run(external_id)


def read_with_newest() -> None:
    newest = versions.newest()
    assert newest is not None
    reclassify.read_everything(newest)
    assert reclassify.turn(newest, "promoted", None)


def test_newer_model_keeps_what_the_old_one_read_of_the_erased() -> None:
    canary()
    stories.response("Veel te duur.")
    db.session.commit()
    classify.run()
    erase("K-4711")
    versions.register(other_model(), versions.Made("trained"))
    db.session.commit()
    read_with_newest()
    serving = versions.serving()
    assert serving is not None
    counted = select(func.count()).select_from(Classification).where(Classification.model_version_id == serving.id)
    assert db.session.scalar(counted) == 2


def test_erased_before_anything_was_read_does_not_hold_up_a_newer_model() -> None:
    classify.run()
    canary()
    db.session.commit()
    erase("K-4711")
    new = versions.register(other_model(), versions.Made("trained"))
    db.session.commit()
    read_with_newest()
    serving = versions.serving()
    assert serving is not None
    assert serving.id == new.id


def test_unknown_and_twice_are_told_in_words(app: Flask) -> None:
    canary()
    db.session.commit()
    run = app.test_cli_runner().invoke
    assert "No customer has the id K-1." in run(args=["customers", "erase", "K-1"]).output
    assert run(args=["customers", "erase", "K-4711"]).exit_code == 0
    assert run(args=["customers", "erase", "K-4711"]).exit_code == 1


def test_erasing_is_in_the_audit_log_without_the_person() -> None:
    who = canary()
    db.session.commit()
    erase("K-4711")
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.object_id) == ("customer erased", str(who.id))
