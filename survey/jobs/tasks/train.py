"""Train a model from what people found in the answers, and keep it as a version; whether it may serve the gate says."""

from typing import Any

import click

from survey.database import reading
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.queue import enqueue
from survey.notices import N_, notify, settle
from survey.reasons import training, versions
from survey.reasons.classifying import Classifier
from survey.reasons.models import ModelVersion
from survey.reasons.teaching import Taught, teach
from survey.taxonomy import queries

#: so many newly reviewed answers are worth a new model without anybody asking for one
WORTH_IT = 25

REFUSED = N_("Model %(number)s, trained on %(answers)s reviewed answers, did not pass its gate and will not serve.")
READY = N_("Model %(number)s, trained on %(answers)s reviewed answers, passed its gate. See what it would change.")


def run(job: Job | None = None) -> dict[str, Any]:
    """Train a candidate. Arguments: `user_id` of whoever asked; `publish`: reclassify with it and let it serve.

    Without anybody asking, only where enough was reviewed since the newest version, or the reasons changed.
    """
    given = dict(job.arguments) if job else {"user_id": None}
    with reading():
        newest = versions.newest()
        wanted = "user_id" in given or _is_worth_it(newest)
        taught, taxonomy = _teach() if wanted else (None, 0)
        db.session.rollback()
    if taught is None:
        return {"trained": 0}
    made = versions.Made("trained", taxonomy, given.get("user_id"), taught.passed, taught.report)
    version = versions.register(taught.classifier, made)
    _tell(version, taught)
    if given.get("publish") and taught.passed:
        asked = {"version": version.id, "publish": True, "why": "promoted", "user_id": given.get("user_id")}
        enqueue("reclassify", f"reclassify:{version.id}:{job.key if job else 'asked'}", asked)
    db.session.commit()
    return {"version": version.id, "reviewed": taught.report.get("answers", 0)}


def _is_worth_it(newest: ModelVersion | None) -> bool:
    if newest is None:
        return False
    changed = newest.taxonomy_version != queries.version()
    return changed or training.new_reviews(newest) >= WORTH_IT


def _teach() -> tuple[Taught, int]:
    serving = versions.serving()
    lessons = training.lessons(serving)
    return teach(lessons, training.syllabus(), _usable(serving)), queries.version()


def _usable(serving: ModelVersion | None) -> Classifier | None:
    """The serving model to be beaten; none where its file is damaged, which a new model may well put right."""
    if serving is None:
        return None
    try:
        return versions.classifier_of(serving)
    except versions.ModelFileError:
        return None


def _tell(version: ModelVersion, taught: Taught) -> None:
    values = {"number": version.id, "answers": taught.report.get("answers", 0)}
    if not taught.passed:
        notify("model-refused", "warning", REFUSED, values, link=f"/models/{version.id}")
    elif values["answers"]:
        settle("model-refused")
        notify("model-ready", "info", READY, values, link=f"/models/{version.id}")


@click.command("train")
def command() -> None:
    """Train a model from what people found in the answers. It serves once somebody promotes it."""
    outcome = run()
    version = db.session.get_one(ModelVersion, outcome["version"])
    verdict = "passed its gate" if version.passed_gate else "did not pass its gate"
    click.echo(f"Model {version.id} trained on {outcome['reviewed']} reviewed answers: it {verdict}.")
