"""The pages of the questionnaires over HTTP: each edit, who may not, what is wrong, somebody else meanwhile."""

import html
import io
import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from survey.database import writing
from survey.extensions import db
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.questionnaires.publishing import standing
from tests import stories

SignIn = Callable[..., FlaskClient]

pytestmark = pytest.mark.usefixtures("posts_need_no_token")


@pytest.fixture
def analyst(sign_in: SignIn) -> FlaskClient:
    return sign_in("analyst")


def row(app: Flask, key: int = 1) -> Questionnaire:
    with app.app_context():
        found = db.session.get_one(Questionnaire, key)
        found.content_now = standing(found)  # type: ignore[attr-defined]  # read after the session is gone
        db.session.expunge_all()
        return found


def asked(app: Flask, key: int = 1) -> list[dict[str, object]]:
    return row(app, key).content_now["questions"]  # type: ignore[attr-defined,no-any-return]


def fields(page: TestResponse) -> dict[str, str]:
    """What a browser would send of the last form of the page: its texts, boxes, lists and ticks."""
    form = page.text[page.text.index('<form class="wide"') :]
    found: dict[str, str] = {}
    for given in re.findall(r"<input([^>]*)>", form):
        parts = dict(re.findall(r'(\w+)="([^"]*)"', given))
        if "name" in parts and (parts.get("type") != "checkbox" or re.search(r"\bchecked\b", given)):
            found[parts["name"]] = html.unescape(parts.get("value", ""))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\r?\n?([^<]*)</textarea>', form):
        found[name] = html.unescape(text)
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        found[name] = (re.findall(r'<option selected value="([^"]*)"', options) or [""])[0]
    found.pop("csrf_token", None)
    return found


def send(client: FlaskClient, address: str, **changed: str) -> TestResponse:
    return client.post(address.partition("?")[0], data=fields(client.get(address)) | changed)


def add_choice(client: FlaskClient) -> TestResponse:
    new = {
        "nl": "Vergeleken met wie?", "en": "Compared with whom?", "choices-0-nl": "Garage", "choices-0-en": "A garage",
        "choices-1-nl": "Anders", "choices-1-en": "Other", "choices-1-pinned_last": "y",
    }  # fmt: skip
    return send(client, "/questionnaires/1/questions?kind=one&after=price", **new)


def publish(client: FlaskClient, app: Flask, key: int = 1) -> TestResponse:
    given = {"seen": str(row(app, key).draft_edits)}
    return client.post(f"/questionnaires/{key}/publish", data=given, follow_redirects=True)


def test_a_question_is_added_previewed_and_published(app: Flask, analyst: FlaskClient) -> None:
    assert add_choice(analyst).status_code == 303
    (question,) = asked(app)
    assert (question["key"], question["after"], question["shuffled"]) == ("compared_with_whom", "price", True)
    page = analyst.get("/questionnaires/1")
    assert "New question after “The price”: “Compared with whom?” (One choice)." in page.text
    for language, words in (("nl", "Vergeleken met wie?"), ("en", "Compared with whom?")):
        preview = analyst.get(f"/questionnaires/1/preview?in={language}&seed=3")
        assert words in preview.text
        assert f'<html lang="{language}"' in preview.text
    assert "Published as version 2" in publish(analyst, app).text
    assert "Version 2" in analyst.get("/questionnaires/1/versions").text
    assert "Nothing changes" in publish(analyst, app).text


def test_the_preview_shows_an_order_and_nothing_can_be_sent(app: Flask, analyst: FlaskClient) -> None:
    first, again, other = (analyst.get(f"/questionnaires/1/preview?seed={seed}&in=en").text for seed in (4, 4, 5))
    order = [re.findall(r'name="reason" id="reason-(\w+)"', page) for page in (first, again, other)]
    assert order[0] == order[1] != order[2]
    assert [codes[-2:] for codes in order] == [["circumstances", "other"]] * 3
    headers = analyst.get("/questionnaires/1/preview").headers["Content-Security-Policy"]
    assert "form-action 'none'" in headers
    assert "frame-ancestors 'self'" in headers
    assert "frame-src 'self'" in analyst.get("/questionnaires/1/look").headers["Content-Security-Policy"]
    assert analyst.get("/questionnaires/1/preview?version=1").status_code == 200
    assert analyst.get("/questionnaires/1/preview?version=7").status_code == 404
    assert "version=1" in analyst.get("/questionnaires/1/look?version=1").text
    assert analyst.get("/questionnaires/1/preview?in=fr").status_code == 404
    assert analyst.post("/questionnaires/1/preview").status_code == 405


def test_a_draft_with_holes_can_be_seen_and_not_published(app: Flask, analyst: FlaskClient) -> None:
    assert send(analyst, "/questionnaires/1/texts", title_en="", thanks_nl="").status_code == 303
    assert send(analyst, "/questionnaires/1/questions?kind=short", nl="Waarom?").status_code == 303
    preview = analyst.get("/questionnaires/1/preview?in=en").text
    assert "Waarom kwam u niet meer?" in preview
    page = analyst.get("/questionnaires/1").text
    assert "3 texts are not translated" in page
    assert 'id="publish"' not in page
    refused = publish(analyst, app)
    assert "Not published: 3 texts are missing in a language." in refused.text
    assert analyst.get("/questionnaires/1/versions/2").status_code == 404


@pytest.mark.parametrize(
    "text", ["{naam}", "{since", "{{ ''.__class__ }}", "{since.__class__}", "{% raw %}", "${7*7}", "{0}"]
)
def test_no_code_gets_into_a_text(app: Flask, analyst: FlaskClient, text: str) -> None:
    page = send(analyst, "/questionnaires/1/texts", intro_en=text, title_nl="Nieuwe titel")
    assert page.status_code == 422
    assert html.escape(text, quote=True).replace("&#x27;", "&#39;") in page.text
    assert "Nieuwe titel" in page.text
    assert "Write {since}, {until}" in page.text
    assert row(app).draft is None


def test_what_is_typed_is_shown_as_text(app: Flask, analyst: FlaskClient) -> None:
    bad = "<script>alert(1)</script>"
    send(analyst, "/questionnaires/1/texts", title_en=bad, title_nl=bad)
    publish(analyst, app)
    for address in ("", "/texts", "/preview?in=en", "/versions", "/versions/2", "/versions/1"):
        assert bad not in analyst.get(f"/questionnaires/1{address}").text


def test_nothing_typed_is_lost_to_somebody_elses_edit(app: Flask, analyst: FlaskClient, sign_in: SignIn) -> None:
    other = sign_in("administrator")
    mine = fields(analyst.get("/questionnaires/1/texts")) | {"title_en": "Mine?", "title_nl": "Mijn?"}
    assert send(other, "/questionnaires/1/texts", title_en="Theirs?", title_nl="Hun?").status_code == 303
    page = analyst.post("/questionnaires/1/texts", data=mine)
    assert page.status_code == 409
    assert 'value="Mine?"' in page.text
    assert "Stands there now: “Theirs?”" in page.text
    assert row(app).content_now["texts"]["en"]["title"] == "Theirs?"  # type: ignore[attr-defined]
    again = analyst.post("/questionnaires/1/texts", data=fields(page))
    assert again.status_code == 303
    assert row(app).content_now["texts"]["en"]["title"] == "Mine?"  # type: ignore[attr-defined]


def test_a_button_pressed_too_late_does_nothing(app: Flask, analyst: FlaskClient) -> None:
    seen = {"seen": str(row(app).draft_edits)}
    add_choice(analyst)
    for address in ("questions/compared_with_whom/remove", "publish", "discard", "retire"):
        page = analyst.post(f"/questionnaires/1/{address}", data=seen, follow_redirects=True)
        assert "Somebody changed this questionnaire meanwhile" in page.text
    assert len(asked(app)) == 1


def test_the_same_question_sent_twice_is_one(app: Flask, analyst: FlaskClient) -> None:
    form = fields(analyst.get("/questionnaires/1/questions?kind=short")) | {"nl": "Wat?", "en": "What?"}
    assert analyst.post("/questionnaires/1/questions", data=form).status_code == 303
    twice = analyst.post("/questionnaires/1/questions", data=form)
    assert twice.status_code == 409
    assert "What?" in twice.text
    assert analyst.post("/questionnaires/1/questions", data=fields(twice)).status_code == 422
    assert len(asked(app)) == 1


@pytest.mark.parametrize("kind", ["one", "many", "scale", "number", "short", "long"])
def test_every_kind_can_be_made_and_changed(app: Flask, analyst: FlaskClient, kind: str) -> None:
    choices = {"choices-0-en": "A", "choices-0-nl": "A", "choices-1-en": "B", "choices-1-nl": "B"}
    more = choices if kind in ("one", "many") else {"most": "12", "measures": "y"} if kind == "number" else {}
    made = send(analyst, f"/questionnaires/1/questions?kind={kind}", nl="Wat?", en="What?", required="y", **more)
    assert made.status_code == 303
    (before,) = asked(app)
    assert (before["kind"], before["required"]) == (kind, True)
    if kind == "number":
        assert (before["most"], before["measures"]) == (12, "wallet")
    assert send(analyst, f"/questionnaires/1/questions/{before['key']}").status_code == 303
    assert asked(app) == [before]
    assert send(analyst, f"/questionnaires/1/questions/{before['key']}", en="What then?").status_code == 303
    assert asked(app) == [before | {"en": "What then?"}]
    assert "Published as version 2" in publish(analyst, app).text


def test_choices_get_room_and_change_places_without_being_saved(app: Flask, analyst: FlaskClient) -> None:
    typed = {"nl": "Wat?", "choices-0-en": "A", "choices-1-en": "B", "choices-1-pinned_last": "y"}
    page = send(analyst, "/questionnaires/1/questions?kind=one", do="more", **typed)
    assert page.status_code == 200
    got = fields(page)
    assert (got["choices-0-en"], got["choices-1-en"], "choices-5-en" in got) == ("A", "B", True)
    moved = fields(analyst.post("/questionnaires/1/questions", data=got | {"do": "down-0"}))
    assert (moved["choices-0-en"], moved["choices-1-en"]) == ("B", "A")
    assert "choices-0-pinned_last" in moved
    assert "choices-1-pinned_last" not in moved
    for strange in ("down-99", "up-0"):
        assert fields(analyst.post("/questionnaires/1/questions", data=got | {"do": strange})) == got
    assert asked(app) == []


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("one", {"en": "What?"}, "at least two choices"),
        ("one", {"en": "What?", "choices-0-en": "A", "choices-1-en": " "}, "at least two choices"),
        ("short", {"nl": " ", "en": "  "}, "in one language at least"),
        ("short", {"en": "x" * 301}, "Keep it to 300 characters."),
        ("short", {"en": "{since}"}, "Nothing is filled in here"),
        ("short", {"en": "a\u202eb"}, "signs in it that cannot be shown"),
        ("short", {"en": "What?", "after": "no_such"}, "Not a valid choice"),
        ("number", {"en": "What?", "most": "1001"}, "Give a number from 1 to 1000."),
        ("number", {"en": "What?", "most": "1e3"}, "Not a valid integer value"),
    ],
)
def test_what_is_wrong_is_told_and_kept(
    app: Flask, analyst: FlaskClient, kind: str, given: dict[str, str], said: str
) -> None:
    page = send(analyst, f"/questionnaires/1/questions?kind={kind}", **({"nl": "Getypt"} | given))
    assert page.status_code == 422
    assert said in page.text
    assert asked(app) == []


def test_a_new_one_of_a_kind_of_business_and_a_copy(app: Flask, analyst: FlaskClient) -> None:
    made = analyst.post("/questionnaires/new", data={"name": "Voor garages", "source": "garage"})
    assert made.status_code == 303
    assert len(asked(app, 2)) == 7
    assert "Published as version 1" in publish(analyst, app, 2).text
    copy = analyst.post("/questionnaires/new", data={"name": "Kopie", "source": "copy-2"})
    assert copy.status_code == 303
    assert asked(app, 3) == asked(app, 2)
    taken = analyst.post("/questionnaires/new", data={"name": "KOPIE", "source": "any"})
    assert taken.status_code == 422
    assert "There is another questionnaire called" in taken.text
    assert analyst.post("/questionnaires/new", data={"name": "x", "source": "copy-9"}).status_code == 422
    page = analyst.get("/questionnaires").text
    assert "2 questionnaires ask" in page
    assert "asked by: Everybody else" in page
    assert "no rule asks by it" in page
    assert "It is used by: Everybody else." in analyst.get("/questionnaires/1").text
    assert "No rule asks anybody by it." in analyst.get("/questionnaires/2").text
    assert "not published yet" in page


def test_another_name(app: Flask, analyst: FlaskClient) -> None:
    given = {"name": "Vertrek", "seen": "0"}
    assert analyst.post("/questionnaires/1/name", data=given).status_code == 303
    assert row(app).name == "Vertrek"
    assert analyst.post("/questionnaires/1/name", data={"name": " ", "seen": "0"}).status_code == 422


def test_out_of_use_and_back(app: Flask, analyst: FlaskClient) -> None:
    last = analyst.post("/questionnaires/1/retire", data={"seen": "0"}, follow_redirects=True)
    assert "the only questionnaire in use" in last.text
    analyst.post("/questionnaires/new", data={"name": "Voor garages", "source": "garage"})
    publish(analyst, app, 2)
    assert (
        "Nobody is asked by it any more"
        in analyst.post("/questionnaires/1/retire", data={"seen": "0"}, follow_redirects=True).text
    )
    assert not row(app).active
    analyst.post("/questionnaires/1/restore", data={"seen": "0"})
    assert row(app).active


def test_going_back_to_an_old_version(app: Flask, analyst: FlaskClient) -> None:
    add_choice(analyst)
    publish(analyst, app)
    old = analyst.get("/questionnaires/1/versions/1").text
    assert "The question “Compared with whom?” is no longer asked." in old
    given = {"seen": str(row(app).draft_edits)}
    page = analyst.post("/questionnaires/1/versions/1/again", data=given, follow_redirects=True)
    assert "Published as version 3" in page.text
    assert asked(app) == []
    with app.app_context():
        kept = db.session.scalars(select(QuestionnaireVersion.content).where(QuestionnaireVersion.version == 2)).one()
        assert kept["questions"][0]["key"] == "compared_with_whom"


def test_a_draft_thrown_away(app: Flask, analyst: FlaskClient) -> None:
    add_choice(analyst)
    page = analyst.post("/questionnaires/1/discard", data={"seen": "1"}, follow_redirects=True)
    assert "The draft is gone." in page.text
    assert asked(app) == []
    analyst.post("/questionnaires/new", data={"name": "Voor garages", "source": "garage"})
    gone = analyst.post("/questionnaires/2/discard", data={"seen": "1"})
    assert gone.location.endswith("/questionnaires")
    assert analyst.get("/questionnaires/2").status_code == 404


def test_out_to_a_file_and_in_again(app: Flask, analyst: FlaskClient) -> None:
    add_choice(analyst)
    out = analyst.get("/questionnaires/1/export.json")
    assert "attachment" in out.headers["Content-Disposition"]

    def bring(raw: bytes, name: str) -> TestResponse:
        return analyst.post("/questionnaires/import", data={"name": name, "file": (io.BytesIO(raw), "../../x.exe")})

    assert bring(out.data, "Van ver").status_code == 303
    assert row(app, 2).content_now == row(app).content_now  # type: ignore[attr-defined]
    assert bring(out.data, "Van ver").status_code == 422
    broken = bring(b'{"whyleft": }', "Nog een")
    assert broken.status_code == 422
    assert "Line 1, place 13: this is not JSON" in broken.text
    assert 'value="Nog een"' in broken.text
    strange = json.loads(out.data)
    strange["questions"][0]["after"] = "no_reason_of_ours"
    page = analyst.post(
        "/questionnaires/import",
        data={"name": "Vreemd", "file": (io.BytesIO(json.dumps(strange).encode()), "x.json")},
        follow_redirects=True,
    )
    assert "One question was left out" in page.text
    assert analyst.post("/questionnaires/import", data={"name": "Zonder"}).status_code == 422


def test_the_list_says_how_many_were_asked_and_answered(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        for place in ("Utrecht", "Zwolle"):
            here = stories.branch(place)
            for answers in (True, False):
                asked = stories.invitation(stories.defection(stories.customer(branch_id=here.id)))
                if answers:
                    stories.response(asked=asked)
        stories.invitation(state="skipped", skipped_because="no_address")
        db.session.commit()
        utrecht = stories.branch("Utrecht").id
    assert re.search(r">4</td>\s*<td class=\"figure\">2</td>\s*<td class=\"figure\">50.0%", _list(sign_in("manager")))
    assert re.search(r">2</td>\s*<td class=\"figure\">1</td>", _list(sign_in("analyst", branches=(utrecht,))))


def _list(client: FlaskClient) -> str:
    return client.get("/questionnaires").text


def test_who_is_tied_to_branches_reads_and_changes_nothing(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        utrecht = stories.branch("Utrecht").id
        db.session.commit()
    tied = sign_in("analyst", branches=(utrecht,))
    page = tied.get("/questionnaires/1")
    assert page.status_code == 200
    assert "Add a question" not in page.text
    assert tied.post("/questionnaires/1/publish", data={"seen": "0"}).status_code == 403
    assert tied.post("/questionnaires/1/texts", data={"seen": "0"}).status_code == 403


def test_a_manager_sees_the_list_and_the_answers_only(sign_in: SignIn) -> None:
    manager = sign_in("manager")
    assert manager.get("/questionnaires").status_code == 200
    assert manager.get("/questionnaires/1/answers").status_code == 200
    for address in ("", "/texts", "/questions", "/look", "/preview", "/versions", "/export.json"):
        assert manager.get(f"/questionnaires/1{address}").status_code == 403


def test_what_is_not_there(analyst: FlaskClient) -> None:
    for address in ("/9", "/9/texts", "/9/preview", "/1/questions/none", "/1/versions/9", "/9/answers"):
        assert analyst.get(f"/questionnaires{address}").status_code == 404
    for address in ("/9/publish", "/9/retire", "/9/discard", "/9/questions/x/move"):
        assert analyst.post(f"/questionnaires{address}", data={"seen": "0"}).status_code == 404
