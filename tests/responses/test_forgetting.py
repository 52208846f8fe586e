"""What the nightly job forgets, and what it leaves."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from survey.accounts.models import Tries
from survey.clock import now
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.tasks import forget
from survey.responses import forgetting
from survey.responses.models import Response, ResponseAnswer
from tests.invitations.people import invite


def answer(days_ago: float, masked: str | None) -> int:
    response = Response(
        invitation_id=invite().id,
        language="en",
        shown_order=["price"],
        words="call me on 06 12345678",
        masked_words=masked,
        has_words=True,
        reason_count=1,
        created_at=now() - timedelta(days=days_ago),
    )
    db.session.add(response)
    db.session.commit()
    return response.id


def job(key: str, state: str, days_ago: float) -> Job:
    moment = now() - timedelta(days=days_ago)
    ended = moment if state in ("done", "failed") else None
    return Job(key=key, kind="x", arguments={}, state=state, created_at=moment, due_at=moment, ended_at=ended)


def words() -> dict[int, str | None]:
    db.session.expire_all()
    return {response.id: response.words for response in db.session.scalars(select(Response))}


def test_words_of_further_questions_go_like_others(context: None) -> None:
    for days, masked in ((91, "m"), (91, None), (89, "m")):
        row = ResponseAnswer(response_id=answer(days, "m"), question="why", words="raw", masked_words=masked)
        db.session.add(row)
    db.session.commit()

    forget.run(job("forget:1", "running", 0))

    db.session.expire_all()
    kept = db.session.scalars(select(ResponseAnswer.words).order_by(ResponseAnswer.id)).all()
    assert kept == [None, "raw", "raw"]


def test_raw_words_go_after_their_days_and_only_where_masked_ones_are(context: None) -> None:
    old, unmasked, young = answer(91, "call me on (number)"), answer(91, None), answer(89, "call me on (number)")

    assert forget.run(job("f", "running", 0))["words"] == 1

    assert words()[old] is None
    assert words()[unmasked] is not None
    assert words()[young] is not None
    kept = db.session.get_one(Response, old)
    assert (kept.masked_words, kept.has_words) == ("call me on (number)", True)


def test_more_than_a_batch_goes(context: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [answer(91, "x") for _ in range(5)]
    monkeypatch.setattr(forgetting, "BATCH", 2)
    assert forget.run(job("f", "running", 0))["words"] == 5
    assert {words()[key] for key in ids} == {None}


def test_old_tries_and_ended_jobs_go(context: None) -> None:
    minutes = (now() - timedelta(days=2), now())
    db.session.add_all(Tries(action="link", source="x", minute=minute, count=1) for minute in minutes)
    db.session.add_all([job("a", "done", 91), job("b", "failed", 91), job("c", "done", 89), job("d", "queued", 91)])
    db.session.commit()

    outcome = forget.run(job("f", "running", 0))

    assert (outcome["tries"], outcome["jobs"]) == (1, 2)
    assert set(db.session.scalars(select(Job.key))) == {"c", "d"}
    assert db.session.scalars(select(Tries.minute)).all() == [minutes[1]]


def test_uploads_nobody_needs_go(app: Flask, context: None, tmp_path: Path) -> None:
    (tmp_path / "uploads").mkdir()
    forgotten = tmp_path / "uploads" / "0123"
    forgotten.write_text("left behind")
    long_ago = (now() - timedelta(days=31)).timestamp()
    os.utime(forgotten, (long_ago, long_ago))

    assert forget.run(job("f", "running", 0))["files"] == 1
    assert not forgotten.exists()
