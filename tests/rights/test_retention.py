"""What the nightly job forgets by kind and period, what it leaves, and that it can be killed anywhere."""

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, null, select

from survey.accounts import audit
from survey.accounts.models import AuditEntry, Tries
from survey.clock import now, today
from survey.customers import keeping
from survey.customers.models import Customer, Import, ImportProblem, Retention, RightsRequest, StagedCustomer
from survey.customers.publishing import publish_customers
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Bounce, Invitation
from survey.jobs.models import Job
from survey.jobs.tasks import forget
from survey.mail import FolderMailer
from survey.mail.written import Written
from survey.reasons.models import Classification, ClassifiedReason, Reading
from survey.responses.models import (
    BranchLink,
    Response,
    ResponseAnswer,
    ResponseDraft,
    ResponseReason,
    RootCause,
    WalkInAnswer,
)
from survey.rights import retention
from survey.rights.retention_words import KINDS
from survey.taxonomy.models import Reason
from survey.winback.models import Call, Case, CaseNote, Promise
from tests import stories

pytestmark = pytest.mark.usefixtures("context")


def ago(days: float) -> Any:
    return now() - timedelta(days=days)


def asked() -> Invitation:
    """An invitation to somebody who left not long ago."""
    return stories.invitation(stories.defection(on=today() - timedelta(days=200)), expires_at=now() + timedelta(days=9))


def answer(days: float, masked: str | None = "call me on (number)") -> int:
    response = Response(
        invitation_id=asked().id,
        language="en",
        shown_order=["price"],
        words="call me on 06 12345678",
        masked_words=masked,
        has_words=True,
        reason_count=1,
        created_at=ago(days),
    )
    db.session.add(response)
    db.session.commit()
    return response.id


def job(key: str = "f", state: str = "running", days_ago: float = 0) -> Job:
    moment = ago(days_ago)
    ended = moment if state in ("done", "failed") else None
    return Job(key=key, kind="x", arguments={}, state=state, created_at=moment, due_at=moment, ended_at=ended)


def run() -> dict[str, Any]:
    """The outcome of the job, without what it had nothing of."""
    outcome = forget.run(job())
    db.session.expire_all()
    return {name: number for name, number in outcome.items() if number}


def words() -> dict[int, str | None]:
    db.session.expire_all()
    return {response.id: response.words for response in db.session.scalars(select(Response))}


def test_raw_words_go_after_their_days_and_only_where_masked_ones_are() -> None:
    old, unmasked, young = answer(91), answer(91, None), answer(89)

    assert run() == {"words": 1}
    assert run() == {}

    assert words()[old] is None
    assert words()[unmasked] is not None
    assert words()[young] is not None
    kept = db.session.get_one(Response, old)
    assert (kept.masked_words, kept.has_words) == ("call me on (number)", True)


def test_words_of_further_questions_causes_and_visitors_go_like_others() -> None:
    for days, masked in ((91, "m"), (91, None), (89, "m")):
        key = answer(days, None)
        db.session.add(ResponseAnswer(response_id=key, question="why", words="raw", masked_words=masked))
        causes = [masked] if masked else null()
        db.session.add(RootCause(response_id=key, whys=["raw"], masked_whys=causes))
        visitor(days, masked)
    db.session.commit()

    assert run() == {"words": 3}

    for column, key in ((ResponseAnswer.words, ResponseAnswer.id), (WalkInAnswer.words, WalkInAnswer.id)):
        assert db.session.scalars(select(column).order_by(key)).all() == [None, "raw", "raw"]
    assert db.session.scalars(select(RootCause.whys).order_by(RootCause.response_id)).all() == [None, ["raw"], ["raw"]]


def visitor(days: float, masked: str | None) -> None:
    """Somebody who answered at a branch."""
    link = db.session.scalar(select(BranchLink))
    if link is None:
        given = {"branch_id": stories.branch("Utrecht").id, "questionnaire_id": 1, "code": "abcdefgh"}
        link = BranchLink(**given, created_at=now())
        db.session.add(link)
        db.session.flush()
    number = db.session.scalar(select(func.count(WalkInAnswer.id))) or 0
    db.session.add(
        WalkInAnswer(
            branch_link_id=link.id, questionnaire_version_id=1, language="nl", nonce=str(number), answers={},
            reason_id=db.session.scalars(select(Reason.id).limit(1)).one(), words="raw", masked_words=masked,
            created_at=ago(days),
        )
    )  # fmt: skip


def test_masked_words_go_with_what_was_read_in_them_and_the_reasons_stay() -> None:
    version = stories.model()
    read = {}
    for days in (1827, 1825):
        told = stories.response("te duur", asked=asked())
        told.created_at, told.masked_words = ago(days), "te duur"
        db.session.add(ResponseAnswer(response_id=told.id, question="why", masked_words="echt te duur"))
        stories.reading(told)
        read[days] = stories.classified(told, version, price=0.9).response_id
    db.session.commit()

    assert run() == {"words": 2, "masked_words": 1}

    told = db.session.get_one(Response, read[1827])
    assert (told.words, told.masked_words, told.has_words) == (None, None, True)
    assert db.session.scalars(select(ResponseAnswer.masked_words).order_by(ResponseAnswer.id)).all() == [
        None,
        "echt te duur",
    ]
    assert db.session.scalars(select(Reading.response_id)).all() == [read[1825]]
    spoke = select(ClassifiedReason.spoke).join(Classification).order_by(Classification.response_id)
    assert [bool(spoken) for spoken in db.session.scalars(spoke)] == [False, True]
    assert db.session.scalar(select(func.count(ResponseReason.id))) == 2


def test_words_of_visitors_go_altogether() -> None:
    visitor(731, None)
    visitor(729, "m")
    db.session.commit()

    assert run() == {"words": 1, "walk_in_words": 1}

    rows = db.session.execute(select(WalkInAnswer.words, WalkInAnswer.masked_words).order_by(WalkInAnswer.id)).all()
    assert [tuple(row) for row in rows] == [(None, None), (None, "m")]


def test_drafts_go_when_they_are_old_or_the_link_is_over() -> None:
    for days, state in ((61, "open"), (59, "open"), (1, "withdrawn")):
        form = asked()
        form.state = state
        db.session.add(
            ResponseDraft(invitation_id=form.id, language="nl", fields={"words": [str(days)]}, saved_at=ago(days))
        )
    db.session.commit()

    assert run() == {"drafts": 2}
    assert list(db.session.scalars(select(ResponseDraft.fields).order_by(ResponseDraft.invitation_id))) == [
        {},
        {"words": ["59"]},
        {},
    ]


def case(state: str) -> Case:
    gone = stories.defection(on=today() - timedelta(days=800))
    made = Case(
        defection_id=gone.id, customer_id=gone.customer_id, opened_because="asked", due_on=today(), opened_at=ago(800),
        state=state, outcome="content" if state == "closed" else "", closed_at=ago(799) if state == "closed" else None,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    return made


def test_notes_go_but_not_those_that_are_still_needed() -> None:
    closed, still = case("closed"), case("open")
    by_phone = asked()
    for days in (731, 729):
        db.session.add_all(CaseNote(case_id=one.id, at=ago(days), text="note") for one in (closed, still))
        db.session.add(Call(invitation_id=by_phone.id, at=ago(days), outcome="busy", note="note"))
    promised = {"customer_id": closed.customer_id, "source": "case", "entered_at": ago(731), "text": "promise"}
    tomorrow = today() + timedelta(days=1)
    db.session.add_all(
        [
            Promise(**promised),
            Promise(**promised, due_on=today() - timedelta(days=1)),
            Promise(**promised, due_on=tomorrow),
            Promise(**promised, due_on=tomorrow, kept_on=today()),
        ]
    )
    db.session.commit()

    assert run() == {"notes": 5}

    assert db.session.scalars(select(CaseNote.text).order_by(CaseNote.id)).all() == [None, "note", "note", "note"]
    assert db.session.scalars(select(Call.note).order_by(Call.id)).all() == ["", "note"]
    assert db.session.scalars(select(Promise.text).order_by(Promise.id)).all() == [None, None, "promise", None]


def test_what_servers_and_files_said_goes_and_its_rows_stay() -> None:
    by_mail = asked()
    for number, days in enumerate((181, 179)):
        mail = stories.mailing(by_mail, number, due_at=ago(days), answer="550 no")
        db.session.add(Bounce(mailing_id=mail.id, kind="hard", digest=str(number), text="no such user", at=ago(days)))
    for days in (91, 89):
        file = Import(
            kind="customers", file_name="x", path="x", digest=str(days), options={}, state="done", created_at=ago(200),
            ended_at=ago(days),
        )  # fmt: skip
        db.session.add(file)
        db.session.flush()
        db.session.add(ImportProblem(import_id=file.id, line=1, column="email", value="jan@", code="email_invalid"))
    db.session.commit()

    assert run() == {"bounces": 2, "import_values": 1}
    assert db.session.scalars(select(Bounce.text).order_by(Bounce.id)).all() == ["", "no such user"]
    assert db.session.scalars(select(ImportProblem.value).order_by(ImportProblem.id)).all() == ["", "jan@"]


def test_requests_go_once_they_are_long_done() -> None:
    who = stories.customer().id
    for done in (1827, 1825, None):
        ended = ago(done) if done else None
        request = {"kind": "export", "asked_by": "person", "asked_at": ago(2000)}
        db.session.add(RightsRequest(customer_id=who, **request, done_at=ended))
    db.session.commit()

    assert run() == {"requests": 1}
    assert db.session.scalar(select(func.count(RightsRequest.id))) == 2


def leaver(days: float, **given: Any) -> Customer:
    who = stories.customer(phone="0612345678", card_id="CARD", **given)
    stories.defection(who, on=today() - timedelta(days=int(days)))
    return who


def test_name_and_address_go_of_who_left_long_ago_and_come_back_with_the_person() -> None:
    gone, young, cared_for = leaver(1097), leaver(1094), leaver(1097)
    back = stories.customer()
    stories.defection(back, on=today() - timedelta(days=1500), returned_on=today() - timedelta(days=900))
    open_case = case("open")
    open_case.customer_id = cared_for.id
    stories.visit(gone, date(2020, 1, 1))
    db.session.commit()

    assert run() == {"addresses": 1}
    assert run() == {}

    assert (gone.name, gone.email, gone.phone, gone.card_id) == (None, None, None, None)
    assert gone.external_id.startswith("C")
    assert [one.name is not None for one in (young, cared_for, back)] == [True, True, True]

    told(gone, "Jan is back")
    assert (gone.name, gone.segment) == (None, "told")
    gone_again = db.session.scalars(select(Defection).where(Defection.customer_id == gone.id)).one()
    gone_again.returned_on = today()
    db.session.commit()
    assert run() == {}
    told(gone, "Jan is back")
    assert gone.name == "Jan is back"


def told(who: Customer, name: str) -> None:
    """A later file of customers says so."""
    file = Import(
        kind="customers", file_name="x", path="x", digest="x", options={}, state="publishing", created_at=now()
    )
    db.session.add(file)
    db.session.flush()
    db.session.add(StagedCustomer(import_id=file.id, line=2, external_id=who.external_id, name=name, segment="told"))
    db.session.flush()
    publish_customers(StagedCustomer.import_id == file.id)
    db.session.commit()
    db.session.expire_all()


def log(*days: float) -> None:
    for number in days:
        audit.record("export", 7, details={"rows": number})
        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        entry.at = ago(number)
        entry.hash = audit.entry_hash(entry)
        db.session.flush()
    db.session.commit()


def test_the_audit_log_is_shortened_and_still_shows_what_was_changed() -> None:
    log(1200, 1100, 1096, 1000, 1)

    assert run() == {"audit": 3}
    assert run() == {}

    left = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in left] == ["export", "export", "audit log shortened"]
    assert left[-1].details["rows"] == 3
    assert audit.broken_entry(db.session()) is None
    db.session.delete(left[0])
    db.session.commit()
    assert audit.broken_entry(db.session()) == left[1].id


def test_of_a_log_of_old_entries_alone_stays_that_there_was_one() -> None:
    log(1300, 1200)

    assert run() == {"audit": 2}
    assert run() == {}

    assert set(db.session.scalars(select(AuditEntry.action))) == {"audit log shortened"}
    assert audit.broken_entry(db.session()) is None


def test_other_periods_hold_where_they_are_set() -> None:
    old, young = answer(31), answer(29)
    assert keeping.change({"words": 30, "drafts": keeping.DEFAULTS["drafts"]}) == {"words": (90, 30)}
    db.session.commit()

    assert run() == {"words": 1}

    assert (words()[old], words()[young] is None) == (None, False)
    assert db.session.scalars(select(Retention.kind)).all() == ["words"]
    assert keeping.days_of("words") == 30
    assert keeping.change({"words": 90}) == {"words": (30, 90)}
    assert db.session.scalars(select(Retention.kind)).all() == []
    for wrong in (0, -1, 1_000_000):
        with pytest.raises(ValueError, match="days lie between"):
            keeping.change({"words": wrong})


def test_what_is_announced_is_what_goes() -> None:
    for days in (10, 20, 40):
        answer(days)
    log(40, 20, 10)
    for kind, number in (("words", 2), ("masked_words", 2), ("audit", 2), ("drafts", 0)):
        assert retention.count_over(kind, 15) == number
        assert retention.forget_some(kind, 15) == number
        assert retention.count_over(kind, 15) == retention.forget_some(kind, 15) == 0


def test_every_kind_has_a_period_and_words() -> None:
    assert list(retention.PARTS) == list(keeping.DEFAULTS) == list(KINDS)


def test_more_than_a_batch_goes_and_a_job_killed_half_way_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [answer(91) for _ in range(7)]
    monkeypatch.setattr(forget, "BATCH", 2)
    monkeypatch.setitem(retention.PARTS, "words", (stops_after(2, retention.PARTS["words"][0]),))

    with pytest.raises(KeyboardInterrupt):
        forget.run(job())
    db.session.rollback()
    gone = [key for key in ids if words()[key] is None]
    assert 2 <= len(gone) < 7  # the batches before it stand, the one under way is taken back

    assert run() == {"words": 7 - len(gone)}
    assert {words()[key] for key in ids} == {None}


def stops_after(batches: int, part: retention.Part) -> retention.Part:
    """The same rows, and somebody who stops the worker once, in the middle of a batch."""
    left = iter([False] * batches + [True])

    def forget_rows(keys: Any) -> None:
        part.forget(keys)
        if next(left, False):
            raise KeyboardInterrupt

    return retention.Part(part.key, part.over, forget_rows)


def test_old_tries_and_ended_jobs_go() -> None:
    minutes = (ago(2), now())
    db.session.add_all(Tries(action="link", source="x", minute=minute, count=1) for minute in minutes)
    db.session.add_all([job("a", "done", 91), job("b", "failed", 91), job("c", "done", 89), job("d", "queued", 91)])
    db.session.commit()

    assert run() == {"tries": 1, "jobs": 2}

    assert set(db.session.scalars(select(Job.key))) == {"c", "d"}
    assert db.session.scalars(select(Tries.minute)).all() == [minutes[1]]


def test_copies_of_mails_go_after_their_days(app: Flask) -> None:
    mailer = FolderMailer(Path(app.settings.mail_url.removeprefix("folder:")))  # type: ignore[attr-defined]
    for days in (366, 364):
        with time_machine.travel(ago(days)):
            mailer.send(Written("<1@example.org>", "a@example.org", "b@example.org", b"Dear Jan"))
    assert retention.count_over("mail_copies", keeping.days_of("mail_copies")) == 1

    assert run() == {"mail_copies": 1}

    assert retention.count_over("mail_copies", 363) == 1
    assert run() == {}


def test_uploads_nobody_needs_go(tmp_path: Path) -> None:
    (tmp_path / "uploads").mkdir()
    forgotten = tmp_path / "uploads" / "0123"
    forgotten.write_text("left behind")
    long_ago = ago(31).timestamp()
    os.utime(forgotten, (long_ago, long_ago))

    assert run() == {"files": 1}
    assert not forgotten.exists()
