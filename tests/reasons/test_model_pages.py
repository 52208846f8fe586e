"""The pages of the model: who may come, what they say, what their buttons do, once and twice."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.accounts.models import AuditEntry
from survey.database import writing
from survey.extensions import db
from survey.jobs.models import Job
from survey.reasons import versions
from survey.reasons.models import ModelVersion, Promotion, ServingModel, Watch
from tests import stories
from tests.reasons.checked import answer, audited, person, with_file

SignIn = Callable[..., FlaskClient]
REPORT: dict[str, Any] = {
    "verdict": "refused",
    "why": [
        {
            "reason": "rude_staff",
            "language": "nl",
            "candidate": 0.55,
            "other": 0.71,
            "against": "serving",
            "cases": 34,
        }
    ],
    "answers": 812,
    "languages": {"nl": 700, "en": 112},
    "overall": {
        "candidate": {"micro": 0.7, "macro": 0.6},
        "serving": {"micro": 0.75, "macro": 0.65},
        "baseline": {"micro": 0.6, "macro": 0.4},
    },
    "reasons": [
        {
            "code": "rude_staff",
            "language": language,
            "cases": 34,
            "candidate": {"precision": 0.6, "recall": 0.5, "f1": 0.55},
            "serving": {"precision": 0.7, "recall": 0.72, "f1": 0.71},
            "baseline": {"precision": 0.5, "recall": 0.4, "f1": 0.44},
        }
        for language in ("", "nl")
    ],
    "seed": 1,
}


@dataclass(frozen=True)
class Models:
    """Numbers: the serving version, a candidate that passed and has read everything, and one that was refused."""

    serving: int
    candidate: int
    refused: int
    delft: int


@pytest.fixture
def models(app: Flask, posts_need_no_token: None) -> Models:
    """Thirty audited answers; the candidate gives rude staff in the place of price to the one of Delft."""
    with app.app_context(), writing():
        delft = stories.branch("Delft")
        serving = stories.model()
        candidate = stories.model(serving=False, origin="trained", report={"verdict": "passed", "answers": 812})
        refused = stories.model(serving=False, origin="trained", passed_gate=False, report=REPORT)
        for version in (serving, candidate, refused):
            with_file(version)
        reader = person("anna")
        for place in range(30):
            row = audited(
                serving, reader, "price", "price", language=("nl", "en")[place % 2], branch=None if place else delft
            )
            stories.classified(row, candidate, **({"price": 0.9} if place else {"rude_staff": 0.9}))
        db.session.commit()
        return Models(serving.id, candidate.id, refused.id, delft.id)


def text_of(answer: Any, code: int = 200) -> str:
    assert answer.status_code == code
    return " ".join(answer.get_data(as_text=True).split())


def state(app: Flask) -> tuple[int, list[str], list[str]]:
    """Who serves, what the audit log says of models, and the jobs that are open."""
    with app.app_context():
        serving = db.session.scalars(select(ServingModel.model_version_id)).one()
        said = db.session.scalars(
            select(AuditEntry.action).where(AuditEntry.action.startswith("model")).order_by(AuditEntry.id)
        ).all()
        jobs = db.session.scalars(select(Job.kind).where(Job.state == "queued").order_by(Job.id)).all()
        return serving, list(said), list(jobs)


def test_first_line_says_how_well_the_model_reads(models: Models, sign_in: SignIn) -> None:
    page = text_of(sign_in("analyst").get("/models"))
    assert f"Model {models.serving} has read the answers since" in page
    assert "on 30 audited answers it finds 100 of 100 reasons and is right in 100 of 100." in page
    assert "20 more audit answers until it is known which the main reasons are." in page
    assert "Of the reasons with enough audited answers, “" in page
    assert "Not found in any audited answer yet: Rude staff, " in page
    assert "review at least 200 more" in page
    assert "<svg" in page
    assert "Dutch answers only" in page
    assert "No answer has been read by two people" in page
    assert "Refused: it reads worse for" in page
    assert "Passed: it reads no reason worse." in page
    assert "Teach a new model from 30 new reviews" in page


def test_nothing_read_yet_is_explained(sign_in: SignIn) -> None:
    assert "No model reads the answers yet" in text_of(sign_in("analyst").get("/models"))


def test_the_watch_is_told_with_its_bands(app: Flask, models: Models, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        from survey.clock import today

        row = {"day": today(), "model_version_id": models.serving, "answers": 80}
        db.session.add(Watch(measure="unsure", value=0.4, low=0.1, high=0.3, **row))
        db.session.add(Watch(measure="score_shift", subject="price", value=0.05, low=0, high=0.1, **row))
        db.session.commit()
    page = text_of(sign_in("analyst").get("/models"))
    assert "1 of 2 measures has left its band" in page
    assert "40.0%, above its band" in page
    assert "Shift of its scores: " in page


@pytest.mark.sqlite
@pytest.mark.parametrize("role", ["manager", "interviewer"])
def test_others_may_not_come(models: Models, app: Flask, sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    for path in (
        "",
        "/work",
        f"/{models.candidate}",
        f"/{models.candidate}/changes",
        f"/{models.candidate}/changes/price",
    ):
        assert client.get(f"/models{path}").status_code == 403
    for path in ("teach", f"{models.candidate}/read", f"{models.candidate}/promote", "rollback"):
        assert client.post(f"/models/{path}").status_code == 403
    assert state(app) == (models.serving, [], [])


def test_who_is_tied_to_a_branch_sees_its_answers_and_changes_nothing(
    models: Models, app: Flask, sign_in: SignIn
) -> None:
    client = sign_in("analyst", branches=(models.delft,))
    page = text_of(client.get("/models"))
    assert "on 1 audited answers" in page
    assert "Let it serve" not in page
    assert "Teach a new model" not in page
    assert "Of 1 answers that both have read, 1 have" in text_of(client.get(f"/models/{models.candidate}"))
    for path in ("teach", f"{models.candidate}/read", f"{models.candidate}/promote", "rollback"):
        assert client.post(f"/models/{path}").status_code == 403
    assert state(app) == (models.serving, [], [])


def test_a_version_says_what_the_check_found_and_what_would_change(models: Models, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    page = text_of(client.get(f"/models/{models.candidate}"))
    assert "Passed: it reads no reason worse." in page
    assert f"Of 30 answers that both have read, 1 have other reasons by model {models.candidate}" in page
    assert f"/models/{models.candidate}/changes/rude_staff?way=won" in page
    refused = text_of(client.get(f"/models/{models.refused}"))
    assert "in Dutch answers: 55 of 100, where the serving model reaches 71, on 34 answers that give it." in refused
    assert "Compared on 812 answers that people reviewed" in refused
    assert "It has not read any answers yet." in refused
    assert "Let it serve" not in refused
    assert "Of 30 answers that both have read, 1 have" in text_of(client.get(f"/models/{models.candidate}/changes"))


def test_changed_answers_can_be_read_and_that_is_written_down(models: Models, app: Flask, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    page = text_of(client.get(f"/models/{models.candidate}/changes/rude_staff?way=won"))
    assert "1 answer wins “" in page
    assert "De prijs was te hoog." in page
    assert "People found" in page
    assert "0 answers lose “" in text_of(client.get(f"/models/{models.candidate}/changes/rude_staff?way=lost"))
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "model changes viewed")).first()
        assert entry is not None
        assert entry.object_id == str(models.candidate)
        assert entry.details == {"reason": "rude_staff", "way": "won", "page": 1, "shown": 1}


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/models/999", 404),
        ("/models/999/changes", 404),
        ("/models/{}/changes/none", 404),
        ("/models/{}/changes/price?way=up", 400),
        ("/models/{}/changes/price?page=x", 400),
        ("/models/{}/changes/price?page=2", 404),
        ("/models?page=9", 404),
    ],
)
def test_an_address_without_sense_is_refused(models: Models, sign_in: SignIn, path: str, code: int) -> None:
    assert sign_in("analyst").get(path.format(models.candidate)).status_code == code


def test_promoting_what_has_read_everything_turns_the_pages_at_once(
    models: Models, app: Flask, sign_in: SignIn
) -> None:
    client = sign_in("analyst")
    done = client.post(f"/models/{models.candidate}/promote", follow_redirects=True)
    assert f"The pages now show what model {models.candidate} reads." in text_of(done)
    assert state(app) == (models.candidate, ["model promoted"], [])
    again = client.post(f"/models/{models.candidate}/promote")
    assert again.status_code == 303
    assert state(app) == (models.candidate, ["model promoted"], [])
    assert "What changed when it began to serve" in text_of(client.get(f"/models/{models.candidate}"))


def test_promoting_what_has_not_read_everything_reads_first(models: Models, app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        stories.classified(answer(), db.session.get_one(ModelVersion, models.serving), price=0.9)
        db.session.commit()
    client = sign_in("administrator")
    done = client.post(f"/models/{models.candidate}/promote", follow_redirects=True)
    assert "first reads the answers that it has not read; then it serves." in text_of(done)
    assert "30 of 31 answers read" in text_of(client.get("/models/work"))
    client.post(f"/models/{models.candidate}/promote")
    assert state(app) == (models.serving, ["model promoted"], ["reclassify"])
    with app.app_context():
        given = db.session.scalars(select(Job.arguments)).one()
        assert (given["version"], given["publish"], given["why"]) == (models.candidate, True, "promoted")


def test_a_refused_version_cannot_serve(models: Models, app: Flask, sign_in: SignIn) -> None:
    page = text_of(sign_in("administrator").post(f"/models/{models.refused}/promote"), 409)
    assert f"Model {models.refused} did not pass its check, so it cannot serve." in page
    assert f"The pages go on showing what model {models.serving} reads." in page
    assert state(app) == (models.serving, [], [])


@pytest.mark.parametrize(("damage", "words"), [(None, "is not there"), (b"cut", "is cut short"), (b"", "is cut short")])
def test_a_version_with_a_bad_file_cannot_serve(
    models: Models, app: Flask, sign_in: SignIn, damage: bytes | None, words: str
) -> None:
    with app.app_context():
        path = versions.file_of(db.session.get_one(ModelVersion, models.candidate))
    path.unlink() if damage is None else path.write_bytes(damage)
    client = sign_in("analyst")
    assert words in text_of(client.post(f"/models/{models.candidate}/promote"), 409)
    assert words in text_of(client.post(f"/models/{models.candidate}/read"), 409)
    assert state(app) == (models.serving, [], [])


def test_rolling_back_goes_to_the_version_before_and_twice_is_once(models: Models, app: Flask, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    assert client.post("/models/rollback", data={"from": models.serving}).status_code == 404
    client.post(f"/models/{models.candidate}/promote")
    assert f"Go back to model {models.serving}" in text_of(client.get("/models"))
    seen = {"from": models.candidate}
    assert client.post("/models/rollback", data=seen).status_code == 303
    assert client.post("/models/rollback", data=seen).status_code == 303
    assert client.post("/models/rollback", data={"from": "<b>"}).status_code == 303
    assert state(app) == (models.serving, ["model promoted", "model rolled back"], [])


def test_two_people_at_once_turn_the_pages_once(models: Models, app: Flask, sign_in: SignIn) -> None:
    people = [sign_in("analyst"), sign_in("administrator")]
    start = threading.Barrier(2)
    codes: list[int] = []

    def press(client: FlaskClient) -> None:
        start.wait()
        codes.append(client.post(f"/models/{models.candidate}/promote").status_code)

    threads = [threading.Thread(target=press, args=(client,)) for client in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [303, 303]
    assert state(app) == (models.candidate, ["model promoted"], [])
    with app.app_context():
        assert len(db.session.scalars(select(Promotion.id)).all()) == 2


def test_teaching_and_trying_are_asked_for_once(models: Models, app: Flask, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    for _ in range(2):
        client.post("/models/teach")
        client.post(f"/models/{models.refused}/read")
    serving, said, jobs = state(app)
    assert serving == models.serving
    assert sorted(said) == ["model reading asked", "model training asked"]
    assert sorted(jobs) == ["reclassify", "train"]
    with app.app_context():
        given = {job.kind: job.arguments for job in db.session.scalars(select(Job))}
        assert given["train"]["publish"] is False
        assert given["reclassify"] == {
            "version": models.refused,
            "publish": False,
            "user_id": given["train"]["user_id"],
        }
    assert "A new model is being taught from what people found." in text_of(client.get("/models"))


def test_the_page_is_loaded_again_when_the_work_is_done(models: Models, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    assert client.get("/models/work", headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert "HX-Refresh" not in client.get("/models/work").headers
    client.post("/models/teach")
    answer = client.get("/models/work", headers={"HX-Request": "true"})
    assert "HX-Refresh" not in answer.headers
    assert 'hx-trigger="every 3s"' in answer.get_data(as_text=True)


def test_a_post_needs_its_token(models: Models, app: Flask, sign_in: SignIn) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert sign_in("analyst").post(f"/models/{models.candidate}/promote").status_code == 400
    assert state(app) == (models.serving, [], [])


@pytest.mark.sqlite
def test_dutch_pages_are_dutch(models: Models, sign_in: SignIn) -> None:
    client = sign_in("analyst", language="nl")
    assert "in 30 antwoorden uit de steekproef vindt het 100 van de 100 redenen" in text_of(client.get("/models"))
    assert "Afgekeurd: het leest slechter voor" in text_of(client.get(f"/models/{models.refused}"))
