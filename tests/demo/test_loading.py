"""The demo as a whole: brought in by the commands themselves, safe to run twice, and somebody is left to answer."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from survey.clock import now
from survey.database import Base, committed
from survey.demo.loading import load
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.responses.models import Response
from tests import stories


def counts(app: Flask) -> dict[str, int]:
    with app.app_context():
        return {
            t.name: db.session.scalar(select(func.count()).select_from(t)) or 0 for t in Base.metadata.sorted_tables
        }


@pytest.mark.sqlite
def test_demo_lives_and_can_be_made_twice(app: Flask) -> None:
    welcome = load(app, customers=800, looks=8)
    made = counts(app)
    assert {person.role for person in welcome.people} == {"administrator", "manager", "analyst", "interviewer"}
    assert made["customer"] == 800
    assert made["response"] >= 3
    assert made["classification"] == made["response"]
    assert app.test_client().get(welcome.link.removeprefix("http://127.0.0.1:8000")).status_code == 200
    _assert_told_over_time(app)

    again = load(app, customers=800, looks=8)
    assert counts(app) | {"audit_entry": 0} == made | {"audit_entry": 0}
    assert again.link == welcome.link


@pytest.mark.sqlite
def test_a_real_business_gets_no_demo_people(app: Flask) -> None:
    with app.app_context():
        committed(db.session, lambda: stories.customer())
    before = counts(app)
    done = app.test_cli_runner().invoke(args=["demo"])
    assert done.exit_code == 1
    assert "has customers of its own" in done.output
    assert counts(app) == before


def _assert_told_over_time(app: Flask) -> None:
    """Answers come after the asking, on days that are past, over the months that were looked at."""
    with app.app_context():
        told = db.session.execute(
            select(Invitation.created_at, Response.created_at).join(Response, Response.invitation_id == Invitation.id)
        ).all()
    assert all(answered <= now() for _, answered in told)
    assert max(asked for asked, _ in told) - min(asked for asked, _ in told) >= timedelta(days=30)
