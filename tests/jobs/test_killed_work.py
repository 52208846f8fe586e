"""The `work` process killed with -9 in the middle of reading answers: another goes on, and each is read once."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select, update

from survey.clock import now
from survey.database import committed
from survey.extensions import db
from survey.jobs.models import Job
from survey.reasons import classifying, versions
from survey.reasons.models import Classification
from tests import stories
from tests.jobs.test_work import ROOT, environment, job, nothing_scheduled, put

ANSWERS = 900


def read() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Classification.id))) or 0


def make_answers() -> None:
    """Answers that wait, and a model in service so that no time goes to training one."""
    for number in range(ANSWERS):
        stories.response(f"De monteur was onbeschoft en snauwde mij af, bezoek {number}.")
    versions.serve(versions.register(classifying.starter(), versions.Made("starter")))


def let_the_lease_run_out() -> None:
    """What a killed worker held is free after two minutes, which are not waited for here."""
    db.session.execute(update(Job).where(Job.state == "running").values(lease_until=now() - timedelta(seconds=1)))


def test_killed_in_the_middle_and_taken_over(app: Flask, tmp_path: Path, database_url: str) -> None:
    work = [sys.executable, "-m", "flask", "--app", "wsgi", "work"]
    given = {"cwd": ROOT, "env": environment(tmp_path, database_url), "stdout": subprocess.DEVNULL}
    with app.app_context():
        nothing_scheduled()
        committed(db.session, make_answers)
        number = put("classify")
        db.session.rollback()
        with subprocess.Popen(work, **given) as started:
            deadline = time.monotonic() + 60
            while not read():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            started.kill()
        stopped_at = read()
        assert job(number).state == "running"
        db.session.rollback()
        committed(db.session, let_the_lease_run_out)
        subprocess.run([*work, "--once"], check=True, timeout=60, **given)
        assert 0 < stopped_at < ANSWERS
        assert job(number).state == "done"
        assert job(number).attempts == 2
        assert read() == ANSWERS
