"""Answers of people we do not know, by the short address of a branch: stored apart, and once."""

import re
import threading
from collections import Counter
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.tasks import classify, forget
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.reasons.models import Classification
from survey.responses.models import BranchLink, Response, WalkInAnswer
from survey.responses.walk_in import links
from survey.responses.walk_in.views import form as view
from survey.taxonomy.models import Reason
from tests import stories
from tests.responses.sheets import OF_EVERY_KIND, publish

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def card(app: Flask) -> str:
    """The path of the short address of a branch."""
    return card_of(app, "Utrecht")


def card_of(app: Flask, branch: str) -> str:
    with app.app_context(), writing():
        link = links.make(stories.branch(branch).id, db.session.scalars(select(Questionnaire.id)).first() or 0)
        db.session.commit()
        return f"/b/{link.code}"


def page_of(client: FlaskClient, card: str, language: str = "en") -> str:
    return client.get(f"{card}?lang={language}").text


def stamp_in(page: str) -> str:
    found = re.search(r'name="at" value="([^"]+)"', page)
    assert found
    return unescape(found[1])


def filled(page: str, **more: object) -> dict[str, object]:
    return {"lang": "en", "at": stamp_in(page), "reason": "price"} | more


def stored(app: Flask) -> list[WalkInAnswer]:
    with app.app_context():
        return list(db.session.scalars(select(WalkInAnswer).order_by(WalkInAnswer.id)))


def reasons_in(page: str) -> list[str]:
    return re.findall(r'type="radio" name="reason" id="[^"]*" value="([a-z_]+)"', page)


def test_the_form_asks_what_the_questionnaire_asks_and_wants_to_know_nobody(
    app: Flask, client: FlaskClient, card: str
) -> None:
    with app.app_context(), writing():
        publish(OF_EVERY_KIND)
        db.session.commit()
    answer = client.get(card, headers={"Accept-Language": "en"})

    assert answer.status_code == 200
    assert "our branch Utrecht" in answer.text
    assert len(reasons_in(answer.text)) == 12
    assert "Too expensive compared with what?" in answer.text
    assert 'name="q-visits"' in answer.text
    # own words have one box, and there is nobody to be contacted, reminded or left alone
    for name in ("q-moment", "q-else", "contact", "save"):
        assert f'name="{name}"' not in answer.text
    assert "Never ask me again" not in answer.text


@pytest.mark.sqlite
def test_it_is_small_has_no_script_and_sets_no_cookie(client: FlaskClient, card: str) -> None:
    for language in ("nl", "en"):
        answer = client.get(f"{card}?lang={language}")
        assert len(answer.data) < 15_000
        assert b"<script" not in answer.data
        assert b"http" not in answer.data
        assert "Set-Cookie" not in answer.headers
        sent = client.post(card, data=filled(answer.text))
        assert "Set-Cookie" not in sent.headers
        assert "Set-Cookie" not in client.get(sent.location).headers


def test_an_answer_is_stored_apart_from_all_others(app: Flask, client: FlaskClient, card: str) -> None:
    with app.app_context(), writing():
        version = publish(OF_EVERY_KIND).id
        db.session.commit()
    page = page_of(client, card)
    given = {"also": ["rude_staff", "price"], "words": " Too dear.\r\nSorry. ", "q-against": "rival", "q-visits": "3"}
    given |= {"q-missed": ["speed", "advice"], "contact": "y", "q-else": "not asked here"}

    sent = client.post(card, data=filled(page, **given))

    assert sent.status_code == 303
    assert "Your answer has arrived" in client.get(sent.location).text
    (row,) = stored(app)
    assert row.words == "Too dear.\nSorry."
    assert row.language == "en"
    assert row.questionnaire_version_id == version
    questions = {"against": ["rival"], "visits": 3, "missed": ["speed", "advice"]}
    assert row.answers == {"also": ["rude_staff"], "questions": questions}
    with app.app_context():
        assert db.session.get_one(Reason, row.reason_id).code == "price"
        assert db.session.scalar(select(func.count()).select_from(Response)) == 0


def test_it_is_bound_to_the_version_that_was_shown(app: Flask, client: FlaskClient, card: str) -> None:
    page = page_of(client, card)
    with app.app_context(), writing():
        first = db.session.scalars(select(QuestionnaireVersion.id)).one()
        publish(OF_EVERY_KIND)
        db.session.commit()
    assert client.post(card, data=filled(page)).status_code == 303
    assert [row.questionnaire_version_id for row in stored(app)] == [first]


# -- twice -------------------------------------------------------------------------------------------------------


def test_a_form_sent_twice_is_one_answer_and_two_forms_are_two(app: Flask, client: FlaskClient, card: str) -> None:
    page = page_of(client, card)
    codes = [client.post(card, data=filled(page, words=words)).status_code for words in ("first", "second")]
    assert codes == [303, 303]
    assert [row.words for row in stored(app)] == ["first"]
    client.post(card, data=filled(page_of(client, card)))
    assert len(stored(app)) == 2


def test_padding_the_stamp_gives_no_second_answer(app: Flask, client: FlaskClient, card: str) -> None:
    stamp = stamp_in(page_of(client, card))
    for more in ("", "=", "=="):
        client.post(card, data={"lang": "en", "at": stamp + more, "reason": "price"})
    assert len(stored(app)) == 1


def test_300_posts_of_one_page_at_once_are_one_answer(app: Flask, client: FlaskClient, card: str) -> None:
    given = filled(page_of(client, card), words="x")
    codes: list[int] = []
    together = threading.Barrier(10)

    def post() -> None:
        mine = app.test_client()
        together.wait()
        for _ in range(30):
            codes.append(mine.post(card, data=given).status_code)

    threads = [threading.Thread(target=post) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(codes) == {303: 300}
    assert len(stored(app)) == 1


# -- wrong -------------------------------------------------------------------------------------------------------


def test_what_cannot_be_stored_comes_back_as_it_was_typed(app: Flask, client: FlaskClient, card: str) -> None:
    page = page_of(client, card)
    for wrong in ({"reason": ""}, {"reason": "no such"}, {"also": "no such"}, {"words": "x" * 10_001}):
        given = filled(page, words="Long\nstory <b>", also="errors") | wrong
        back = client.post(card, data=given)
        assert back.status_code == 422
        assert 'role="alert"' in back.text
        assert stamp_in(back.text) == given["at"]
        assert reasons_in(back.text) == reasons_in(page)
        if "words" not in wrong:
            assert "\nLong\nstory &lt;b&gt;</textarea>" in back.text
    assert stored(app) == []


def test_the_other_language_keeps_what_was_typed(app: Flask, client: FlaskClient, card: str) -> None:
    page = page_of(client, card)
    other = client.post(card, data=filled(page, words="halfway", switch="nl"))
    assert other.status_code == 200
    assert '<html lang="nl">' in other.text
    assert "halfway</textarea>" in other.text
    assert re.search(r'value="price" checked', other.text)
    assert reasons_in(other.text) == reasons_in(page)
    assert stored(app) == []


@pytest.mark.parametrize("how", ["no stamp", "made up", "another branch", "another site"])
def test_a_form_that_is_not_from_our_page_comes_back(app: Flask, client: FlaskClient, card: str, how: str) -> None:
    other = page_of(client, card_of(app, "Zwolle"))
    stamps = {"no stamp": "", "made up": "1-1-00ff.xx", "another branch": stamp_in(other)}
    given = filled(page_of(client, card), words="kept")
    given["at"] = stamps.get(how, given["at"])
    headers = {"Sec-Fetch-Site": "cross-site"} if how == "another site" else {}

    back = client.post(card, data=given, headers=headers)

    assert back.status_code == 422
    assert "This did not come from our own page." in back.text
    assert "kept</textarea>" in back.text
    assert stored(app) == []
    assert client.post(card, data=given | {"at": stamp_in(back.text)}).status_code == 303


@pytest.mark.parametrize("code", ["x", "a" * 10_000, "%00", "%ff%fe", "é", "."])
def test_an_address_that_is_not_ours_says_so(client: FlaskClient, code: str) -> None:
    for answer in (client.get(f"/b/{code}?lang=en"), client.post(f"/b/{code}", data={"reason": "price"})):
        assert answer.status_code == 404
    assert "We do not know this address" in client.get(f"/b/{code}?lang=en").text


@pytest.mark.sqlite
def test_it_may_be_typed_in_capitals(client: FlaskClient, card: str) -> None:
    assert client.get(f"/b/{card.removeprefix('/b/').upper()}").status_code == 200


def test_a_card_that_is_switched_off_takes_nothing(app: Flask, client: FlaskClient, card: str) -> None:
    page = page_of(client, card)
    with app.app_context(), writing():
        db.session.execute(update(BranchLink).values(active=False))
        db.session.commit()
    assert client.get(card).status_code == 410
    assert client.post(card, data=filled(page)).status_code == 410
    assert stored(app) == []


@pytest.mark.sqlite
def test_it_takes_forms_only_and_none_that_is_too_large(app: Flask, client: FlaskClient, card: str) -> None:
    stamp = stamp_in(page_of(client, card))
    assert client.post(card, json={"reason": "price"}).status_code == 415
    assert client.post(card, data="reason=price" + "&a=" * 40_000, content_type=FORM).status_code == 413
    assert client.post(card, data=f"words={'a' * 256 * 1024}", content_type=FORM).status_code == 413
    odd = f"at={stamp}&reason=price&words=%00a%e2%80%aeb%ff".encode()
    assert client.post(card, data=odd, content_type=FORM).status_code == 303
    assert [row.words for row in stored(app)] == ["ab\ufffd"]


# -- floods ------------------------------------------------------------------------------------------------------


def test_one_network_gives_so_many_answers_and_the_text_of_the_next_is_kept(
    app: Flask, client: FlaskClient, card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "MOST_ANSWERS", 3)

    def answer(address: str = "10.1.1.1", words: str = "") -> tuple[int, str]:
        given = filled(page_of(client, card), words=words)
        sent = client.post(card, data=given, environ_overrides={"REMOTE_ADDR": address})
        return sent.status_code, sent.text

    with time_machine.travel(now(), tick=False) as clock:
        assert [answer()[0] for _ in range(3)] == [303, 303, 303]
        status, page = answer(words="not lost")
        assert status == 429
        assert "not lost</textarea>" in page
        assert answer("10.1.1.2")[0] == 303
        clock.shift(timedelta(minutes=view.MINUTES + 1))
        assert answer()[0] == 303
    assert len(stored(app)) == 5


def test_guessing_codes_is_slowed_down(client: FlaskClient, card: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "WRONG_CODES", 5)
    with time_machine.travel(now(), tick=False):
        codes = [client.get(f"/b/guess{n}").status_code for n in range(8)]
        assert codes == [404] * 5 + [429] * 3
        assert client.get(card).status_code == 200


# -- what becomes of the words -----------------------------------------------------------------------------------


def give(app: Flask, client: FlaskClient, card: str, words: str) -> int:
    client.post(card, data=filled(page_of(client, card), words=words))
    return stored(app)[-1].id


def test_words_are_masked_by_the_job_that_masks_others_and_read_by_no_model(
    app: Flask, client: FlaskClient, card: str
) -> None:
    give(app, client, card, "Bel mij op 06-12345678, duur was het ook")
    with app.app_context(), writing():
        assert classify.run()["read"] == 0
        assert db.session.scalars(select(WalkInAnswer.masked_words)).all() == ["Bel mij op [PHONE], duur was het ook"]
        assert db.session.scalars(select(Classification.id)).all() == []


def test_words_as_typed_go_with_those_of_others_once_they_are_masked(
    app: Flask, client: FlaskClient, card: str
) -> None:
    old, unmasked, young = (give(app, client, card, "raw") for _ in range(3))
    with app.app_context(), writing():
        long_ago = now() - timedelta(days=91)
        db.session.execute(update(WalkInAnswer).values(masked_words="m", created_at=long_ago))
        db.session.execute(update(WalkInAnswer).where(WalkInAnswer.id == unmasked).values(masked_words=None))
        db.session.execute(update(WalkInAnswer).where(WalkInAnswer.id == young).values(created_at=now()))
        db.session.commit()
        forget.run(Job(key="f", kind="forget", arguments={}, state="running", created_at=now(), due_at=now()))
    assert {row.id: row.words for row in stored(app)} == {old: None, unmasked: "raw", young: "raw"}
