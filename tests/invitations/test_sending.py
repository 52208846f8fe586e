"""Many connections at once: nothing twice, nobody held up by one that hangs, and stopped when the job is lost."""

from collections import Counter
from typing import Any

import pytest
from flask import Flask

from survey.extensions import db
from survey.invitations.claiming import counts_by_state
from survey.invitations.sending import send_all
from tests.invitations.people import invite_many
from tests.mail.sink import Sink, sink_at_work


@pytest.fixture
def sink(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    with sink_at_work() as (sink, url):
        monkeypatch.setattr(app.settings, "mail_url", url)  # type: ignore[attr-defined]
        yield sink


def test_four_connections_send_each_mail_once(sink: Sink, context: None) -> None:
    invite_many(f"person-{n}@example.org" for n in range(230))
    db.session.commit()
    told: list[int] = []

    assert send_all(told.append) == {"sent": 230}

    assert set(sink.ids.values()) == {1}
    assert Counter(sink.recipients).most_common(1)[0][1] == 1
    assert sink.sessions == 4
    assert told[-1] == 230
    assert send_all() == {}


def test_a_mail_that_hangs_holds_up_only_its_connection(sink: Sink, context: None) -> None:
    sink.silence = 1.0
    invite_many(["hang@example.org", *(f"person-{n}@example.org" for n in range(120))])
    assert send_all() == {"sent": 121}
    # the 49 that were claimed with it go last; all others are through before it
    place = sink.recipients.index("hang@example.org")
    assert place < 30
    assert counts_by_state() == {"sent": 121}


def test_a_connection_that_is_cut_now_and_then_is_opened_again(sink: Sink, context: None) -> None:
    invite_many(["busy@example.org", *(f"person-{n}@example.org" for n in range(60))])
    assert send_all() == {"deferred": 1, "sent": 60}


def test_who_lost_the_job_stops(sink: Sink, context: None) -> None:
    invite_many(f"person-{n}@example.org" for n in range(10))

    def lost(done: int) -> None:
        raise RuntimeError("taken over")

    with pytest.raises(RuntimeError, match="taken over"):
        send_all(lost)
    assert counts_by_state().keys() <= {"sent", "queued"}
