"""The pages of answers at branches: who makes a card, what it says, and what was counted."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from survey.accounts.models import AuditEntry, User
from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.questionnaires import publishing
from survey.questionnaires.models import Questionnaire
from survey.responses.models import BranchLink, WalkInAnswer
from survey.responses.walk_in import links, qr
from survey.responses.walk_in.counting import EVER, told_since
from survey.taxonomy import changing
from survey.taxonomy.models import Reason
from tests import stories

SignIn = Callable[..., FlaskClient]
_numbers = count(1)

pytestmark = pytest.mark.usefixtures("posts_need_no_token")


@pytest.fixture
def utrecht(app: Flask) -> int:
    return branch(app, "Utrecht")


def branch(app: Flask, name: str) -> int:
    with app.app_context(), writing():
        key = stories.branch(name).id
        db.session.commit()
        return key


def another_questionnaire(app: Flask) -> int:
    """One more in use beside the first. Commits."""
    with app.app_context(), writing():
        first = publishing.newest_of(1)
        assert first is not None
        row = Questionnaire(name="Another")
        db.session.add(row)
        db.session.flush()
        publishing.add_version(row, dict(first.content))
        db.session.commit()
        return row.id


def link_of(app: Flask, branch_id: int, questionnaire_id: int = 1) -> int:
    with app.app_context(), writing():
        key = links.make(branch_id, questionnaire_id).id
        db.session.commit()
        return key


def answer(link_id: int, main: str, *also: str, **more: object) -> None:
    reason = db.session.scalars(select(Reason).where(Reason.code == main)).one()
    version = publishing.newest_of(1)
    assert version is not None
    given = {"created_at": now(), "language": "nl"} | more
    db.session.add(
        WalkInAnswer(
            branch_link_id=link_id,
            questionnaire_version_id=version.id,
            reason_id=reason.id,
            answers={"also": list(also), "questions": {}},
            nonce=f"{next(_numbers):032x}",
            **given,
        )
    )


def all_links(app: Flask) -> list[BranchLink]:
    with app.app_context():
        return list(db.session.scalars(select(BranchLink).order_by(BranchLink.id)))


# -- cards -------------------------------------------------------------------------------------------------------


def test_a_card_is_made_shown_and_switched_off(app: Flask, utrecht: int, sign_in: SignIn, client: FlaskClient) -> None:
    manager = sign_in("manager")
    assert "Nowhere yet." in manager.get("/branch-links").text

    made = manager.post("/branch-links", data={"branch": utrecht, "questionnaire": 1}, follow_redirects=True)

    (link,) = all_links(app)
    assert set(link.code) <= set(links.ALPHABET)
    assert len(link.code) == 8
    assert f'127.0.0.1:8000/b/<wbr><span class="whole">{link.code}</span>' in made.text
    assert "Tell us why: one minute, without your name." in made.text
    assert 'lang="nl"' in made.text
    with app.app_context():
        drawn = qr.drawn(links.address_of(link))
    assert drawn in made.text
    assert client.get(f"/b/{link.code}").status_code == 200

    for _twice in range(2):
        off = manager.post(f"/branch-links/{link.id}/switch", follow_redirects=True)
        assert "It is switched off" in off.text
    assert client.get(f"/b/{link.code}").status_code == 410
    manager.post(f"/branch-links/{link.id}/switch", data={"active": "y"})
    assert client.get(f"/b/{link.code}").status_code == 200
    with app.app_context():
        done = db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_kind == "branch link")).all()
    assert done == ["branch link made", *["branch link switched"] * 3]


def test_the_code_alone_is_a_file(app: Flask, utrecht: int, sign_in: SignIn) -> None:
    link_id = link_of(app, utrecht)
    file = sign_in("manager").get(f"/branch-links/{link_id}/qr.svg")
    assert file.mimetype == "image/svg+xml"
    assert file.data.startswith(b"<?xml")
    assert b"<svg" in file.data


def test_a_branch_has_one_card_however_often_it_is_made(app: Flask, utrecht: int, sign_in: SignIn) -> None:
    assert link_of(app, utrecht) == link_of(app, utrecht)
    again = sign_in("manager").post("/branch-links", data={"branch": utrecht, "questionnaire": 1})
    assert again.status_code == 422
    assert len(all_links(app)) == 1


@pytest.mark.parametrize("given", [{}, {"branch": "x", "questionnaire": "1"}, {"branch": "999", "questionnaire": "1"}])
def test_what_is_not_in_the_lists_makes_no_card(
    app: Flask, utrecht: int, sign_in: SignIn, given: dict[str, str]
) -> None:
    manager = sign_in("manager")
    assert manager.post("/branch-links", data=given).status_code == 422
    assert manager.post("/branch-links", data={"branch": utrecht, "questionnaire": "999"}).status_code == 422
    assert manager.get("/branch-links/999").status_code == 404
    assert manager.get("/walk-in?period=x").status_code == 400
    assert all_links(app) == []


def test_it_may_ask_by_another_questionnaire(app: Flask, utrecht: int, sign_in: SignIn) -> None:
    other, link_id = another_questionnaire(app), link_of(app, utrecht)
    code = all_links(app)[0].code
    manager = sign_in("manager")
    assert manager.post(f"/branch-links/{link_id}", data={"questionnaire": "999"}).status_code == 422
    assert manager.post(f"/branch-links/{link_id}", data={"questionnaire": other}).status_code == 303
    (link,) = all_links(app)
    assert (link.questionnaire_id, link.code) == (other, code)


@pytest.mark.parametrize("role", ["analyst", "interviewer"])
def test_cards_are_for_who_runs_the_branches(app: Flask, utrecht: int, sign_in: SignIn, role: str) -> None:
    link_id, other = link_of(app, utrecht), sign_in(role)
    for path in ("", f"/{link_id}", f"/{link_id}/qr.svg"):
        assert other.get(f"/branch-links{path}").status_code == 403
    assert other.post(f"/branch-links/{link_id}/switch").status_code == 403
    assert other.get("/walk-in").status_code == (200 if role == "analyst" else 403)


def test_who_is_tied_to_a_branch_sees_that_one_only(app: Flask, utrecht: int, sign_in: SignIn) -> None:
    zwolle = branch(app, "Zwolle")
    theirs, own = link_of(app, zwolle), link_of(app, utrecht)
    amersfoort = branch(app, "Amersfoort")
    with app.app_context(), writing():
        answer(theirs, "price", masked_words="Te duur in het noorden")
        answer(own, "rude_staff", masked_words="Bot aan de balie")
        db.session.commit()
    tied = sign_in("manager", branches=(utrecht,))

    listed, told = tied.get("/branch-links").text, tied.get("/walk-in").text

    assert "Utrecht" in listed
    assert "Bot aan de balie" in told
    for page in (listed, told):
        assert "Zwolle" not in page
        assert "Amersfoort" not in page
    assert "noorden" not in told
    assert tied.get(f"/branch-links/{own}").status_code == 200
    assert tied.post("/branch-links", data={"branch": amersfoort, "questionnaire": 1}).status_code == 422
    for path in ("", "/qr.svg"):
        assert tied.get(f"/branch-links/{theirs}{path}").status_code == 404
    for path in ("", "/switch"):
        assert tied.post(f"/branch-links/{theirs}{path}", data={"questionnaire": 1}).status_code == 404
    assert [link.active for link in all_links(app)] == [True, True]


# -- a questionnaire that is no longer in use ----------------------------------------------------------------------


def test_a_questionnaire_that_a_card_asks_by_cannot_be_retired(app: Flask, utrecht: int, sign_in: SignIn) -> None:
    other = another_questionnaire(app)
    link_id = link_of(app, utrecht, other)
    analyst = sign_in("administrator")

    refused = analyst.post(f"/questionnaires/{other}/retire", data={"seen": "0"}, follow_redirects=True)

    assert "Cards at branches still ask by it: Utrecht." in refused.text
    with app.app_context():
        assert db.session.get_one(Questionnaire, other).active
    analyst.post(f"/branch-links/{link_id}/switch")
    done = analyst.post(f"/questionnaires/{other}/retire", data={"seen": "0"}, follow_redirects=True)
    assert "Nobody is asked by it any more." in done.text

    # it cannot be switched on again before it asks by another one
    again = analyst.post(f"/branch-links/{link_id}/switch", data={"active": "y"}, follow_redirects=True)
    assert "Its questionnaire is no longer in use." in again.text
    assert [link.active for link in all_links(app)] == [False]
    analyst.post(f"/branch-links/{link_id}", data={"questionnaire": 1})
    analyst.post(f"/branch-links/{link_id}/switch", data={"active": "y"})
    assert [link.active for link in all_links(app)] == [True]


def test_no_card_asks_by_a_retired_questionnaire(app: Flask, utrecht: int, context: None) -> None:
    db.session.execute(update(Questionnaire).values(active=False))
    with pytest.raises(links.NotInUse):
        links.make(utrecht, 1)
    with pytest.raises(links.NotInUse):
        links.make(utrecht, 999)


# -- what was counted ----------------------------------------------------------------------------------------------


def told(user: Callable[..., int]) -> dict[str, dict[str, tuple[int, int]]]:
    """By branch and reason: as the main one, and besides it."""
    who = db.session.get_one(User, user("manager"))
    found = told_since(EVER, who)
    return {each.name: {line.reason.code: (line.main, line.also) for line in each.reasons} for each in found}


def test_reasons_are_counted_by_branch_and_all_together(
    app: Flask, utrecht: int, user: Callable[..., int], context: None
) -> None:
    zwolle = links.make(stories.branch("Zwolle").id, 1).id
    own = links.make(utrecht, 1).id
    for link_id, main, *also in [(own, "price"), (own, "price", "errors"), (own, "errors", "price"), (zwolle, "price")]:
        answer(link_id, main, *also)
    db.session.commit()
    counts = told(user)
    assert list(counts) == ["", "Utrecht", "Zwolle"]
    assert counts["Utrecht"] == {"price": (2, 1), "errors": (1, 1)}
    assert counts["Zwolle"] == {"price": (1, 0)}
    assert counts[""] == {"price": (3, 1), "errors": (1, 1)}


def test_a_reason_that_was_merged_counts_as_what_it_is_now(
    app: Flask, utrecht: int, user: Callable[..., int], context: None
) -> None:
    link_id = links.make(utrecht, 1).id
    answer(link_id, "price", "errors")
    answer(link_id, "errors", "price")
    reasons = {reason.code: reason for reason in db.session.scalars(select(Reason))}
    changing.merge(reasons["errors"], reasons["poor_quality"], None)
    db.session.commit()
    assert told(user) == {"Utrecht": {"price": (1, 1), "poor_quality": (1, 1)}}


def test_the_page_says_what_it_is_and_what_it_is_not(app: Flask, utrecht: int, sign_in: SignIn) -> None:
    analyst = sign_in("analyst")
    assert "Nothing was answered at a branch in this time" in analyst.get("/walk-in").text
    link_id = link_of(app, utrecht)
    with app.app_context(), writing():
        for _ in range(8):
            answer(link_id, "price")
        answer(link_id, "errors", words="Bel mij op 06-12345678", masked_words=None)
        answer(link_id, "errors", masked_words="<b>Fout</b> op de rekening")
        answer(link_id, "premises", created_at=now() - timedelta(days=400), masked_words="Lang geleden")
        db.session.commit()

    page = analyst.get("/walk-in").text

    assert "10 answers were given." in page
    assert "Most often: Price, 8 times." in page
    assert "Answers given at the branch by people we do not know; not part of the figures." in page
    assert "80%" in page
    # Wilson's interval of 8 out of 10
    assert "49% to 94%" in page
    assert "&lt;b&gt;Fout&lt;/b&gt; op de rekening" in page
    assert "06-12345678" not in page
    assert "Lang geleden" not in page
    assert "Lang geleden" in analyst.get("/walk-in?period=ever").text
