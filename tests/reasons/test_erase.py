"""Erasing: nothing of the person is left anywhere in the database or the instance folder; the reason stays counted."""

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from survey.accounts.models import AuditEntry
from survey.customers.models import Customer
from survey.extensions import db
from survey.invitations.models import Invitation, Mailing
from survey.invitations.suppression import suppressed_among
from survey.jobs.tasks import classify, reclassify
from survey.reasons import versions
from survey.reasons.models import Classification, ClassifiedReason
from survey.responses.models import ResponseAnswer, ResponseDraft, ResponseReason
from survey.taxonomy.models import Reason
from survey.web import settings
from survey.winback.models import Call, Case, CaseNote, Promise
from tests import stories
from tests.reasons.other_models import other_model

pytestmark = pytest.mark.usefixtures("context")

CANARIES = ("Xanthippe", "Quaeckernaeck", "K-4711", "snauwde", "0612345678", "CARD-99")


def canary() -> Customer:
    """Somebody whose every trace can be searched for."""
    who = stories.customer(
        external_id="K-4711",
        name="Xanthippe Quaeckernaeck",
        email="xanthippe@quaeckernaeck.example",
        phone="0612345678",
        card_id="CARD-99",
    )
    asked = stories.invitation(stories.defection(who))
    stories.mailing(asked)
    answer = stories.response(
        "De monteur was onbeschoft en snauwde mij, Xanthippe, af. Bel 0612345678.", "rude_staff", asked=asked
    )
    further = {"question": "moment", "words": "Toen hij snauwde: Quaeckernaeck, ga weg!"}
    db.session.add(ResponseAnswer(response_id=answer.id, **further))
    saved = stories.invitation(stories.defection(who, episode=99))
    fields = {"words": ["Xanthippe weet nog niet wat zij wil, bel 0612345678"]}
    db.session.add(ResponseDraft(invitation_id=saved.id, language="nl", fields=fields, saved_at=saved.created_at))
    written_in_a_case(saved.defection_id, who)
    return who


def written_in_a_case(defection_id: int, who: Customer) -> None:
    """What whoever took care of somebody wrote down: in the case, as a promise, after a call."""
    case = Case(
        defection_id=defection_id, customer_id=who.id, opened_because="asked", due_on=date(2026, 6, 4),
        opened_at=stories.MOMENT,
    )  # fmt: skip
    db.session.add(case)
    db.session.flush()
    db.session.add(CaseNote(case_id=case.id, at=stories.MOMENT, text="Xanthippe gesproken"))
    promised = {"text": "Brief aan Quaeckernaeck", "source": "case", "entered_at": stories.MOMENT}
    db.session.add(Promise(customer_id=who.id, case_id=case.id, **promised))
    asked = db.session.scalars(select(Invitation.id).where(Invitation.defection_id == defection_id)).one()
    db.session.add(Call(invitation_id=asked, at=stories.MOMENT, outcome="busy", note="0612345678 in gesprek"))


def everything_stored() -> str:
    """All text of all tables."""
    rows = [db.session.execute(select(table)).all() for table in db.metadata.sorted_tables]
    return repr(rows)


def traces() -> list[str]:
    return [word for word in CANARIES if word in everything_stored()]


def test_no_trace_is_left_and_the_reason_stays(app: Flask) -> None:
    canary()
    db.session.commit()
    classify.run()
    assert traces() == list(CANARIES)
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
        for word in CANARIES
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
