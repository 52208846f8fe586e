"""What interviewers say: ours until somebody writes it otherwise, and ours again."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import select

from survey.accounts.models import AuditEntry
from survey.extensions import db
from survey.winback import script_lines
from survey.winback.calls_script import Talking, script_of
from survey.winback.models import ScriptLine
from tests import stories
from tests.reading import text_of
from tests.winback.callers import inside, to_call

SignIn = Callable[..., FlaskClient]
PATH = "/calls/script"
pytestmark = pytest.mark.usefixtures("posts_need_no_token")


def typed(app: Flask, **changed: str) -> dict[str, str]:
    """The form as it stands, with these fields changed."""
    with app.app_context():
        texts, theirs = script_lines.all_ours() | script_lines.theirs(), script_lines.theirs()
    return (
        {f"{name}_{lang}": text for (name, lang), text in texts.items()}
        | {"seen": script_lines.digest(theirs)}
        | changed
    )


def stored(app: Flask) -> dict[tuple[str, str], str]:
    with app.app_context():
        return script_lines.theirs()


def changes(app: Flask) -> list[str]:
    with app.app_context():
        query = select(AuditEntry.object_id).where(AuditEntry.action == "call script changed").order_by(AuditEntry.id)
        return list(db.session.scalars(query))


def in_a_call(app: Flask, caller: FlaskClient) -> str:
    with inside(app):
        person = to_call(name="Xandra Bel")
    caller.post(f"/calls/{person}/take")
    return text_of(caller.get(f"/calls/{person}"))


def test_where_nothing_was_written_ours_is_said(app: Flask, sign_in: SignIn) -> None:
    page = in_a_call(app, sign_in("interviewer"))
    assert "Hello, this is interviewer of" in page
    assert "Am I speaking with Xandra Bel?" in page
    assert "May I ask you a few questions?" in page
    assert "After 90 days only a version" in page


def test_what_is_written_is_said_and_the_rest_stays_ours(app: Flask, sign_in: SignIn) -> None:
    manager = sign_in("manager")
    assert "no line is in your own words yet" in text_of(manager.get(PATH))
    own = typed(
        app,
        hello_en="Good day, {interviewer} here, from {organisation}.",
        privacy_nl="Ik typ mee; na {days} is het weg.",
    )
    assert manager.post(PATH, data=own).location == PATH
    assert set(stored(app)) == {("hello", "en"), ("privacy", "nl")}
    assert changes(app) == ["hello", "privacy"]
    page = text_of(manager.get(PATH))
    assert "2 lines are in your own words" in page
    assert "Good day, manager here, from" in page, "the preview fills in what a call would"
    assert "na 90 dagen is het weg" in page
    page = in_a_call(app, sign_in("interviewer"))
    assert "Good day, interviewer here, from" in page
    assert "Am I speaking with Xandra Bel?" in page


def test_looking_first_saves_nothing(app: Flask, sign_in: SignIn) -> None:
    page = text_of(sign_in("analyst").post(PATH, data=typed(app, may_i_en="Have you got a minute?", look="y")))
    assert "Nothing is saved yet." in page
    assert page.count("Have you got a minute?") == 2  # in the preview and in the field
    assert stored(app) == {}
    assert changes(app) == []


def test_back_to_ours_line_by_line_and_all_at_once(app: Flask, sign_in: SignIn) -> None:
    manager = sign_in("manager")
    manager.post(PATH, data=typed(app, may_i_en="Got a minute?", may_i_nl="Heeft u even?", no_sale_en="No sale."))
    manager.post(PATH, data=typed(app, back="may_i", who_only_en="And you are?"))
    assert stored(app) == {("no_sale", "en"): "No sale.", ("who_only", "en"): "And you are?"}, (
        "what else was typed stays"
    )
    manager.post(PATH, data=typed(app, no_sale_en=""))
    assert list(stored(app)) == [("who_only", "en")], "an empty line is ours"
    manager.post(PATH, data=typed(app, back="all"))
    assert stored(app) == {}
    manager.post(PATH, data=typed(app, back="all"))
    assert changes(app) == ["no_sale", "may_i", "who_only", "may_i", "no_sale", "who_only"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello {name}", "{name} is not known here"),
        ("Hello {{ 7*7 }} {% x %}", "stands by itself"),
        ("x" * 501, "Keep it to 500 characters."),
        ("Hello\x00", "hello"),
    ],
)
def test_what_cannot_be_said_is_kept_and_not_saved(app: Flask, sign_in: SignIn, text: str, said: str) -> None:
    page = text_of(sign_in("manager").post(PATH, data=typed(app, hello_en=text, may_i_en="Kept")), 422)
    assert said in page
    assert "> Kept</textarea>" in page
    assert stored(app) == {}


def test_who_types_while_somebody_else_saves_is_told(app: Flask, sign_in: SignIn) -> None:
    manager = sign_in("manager")
    early = typed(app, may_i_en="Mine")
    manager.post(PATH, data=typed(app, may_i_en="Theirs"))
    page = text_of(manager.post(PATH, data=early), 409)
    assert "Somebody changed these lines while you were typing" in page
    assert "Stands there now: “Theirs”" in page
    assert stored(app) == {("may_i", "en"): "Theirs"}
    manager.post(PATH, data=typed(app, may_i_en="Mine"))
    assert stored(app) == {("may_i", "en"): "Mine"}


def test_who_may(app: Flask, sign_in: SignIn) -> None:
    caller = sign_in("interviewer")
    assert caller.get(PATH).status_code == 403
    assert caller.post(PATH, data={}).status_code == 403
    with inside(app):
        branch = stories.branch("Zwolle").id
        db.session.commit()
    tied = sign_in("manager", branches=(branch,))
    page = text_of(tied.get(PATH))
    assert "only who sees all of them may change it" in page
    assert "<textarea" not in page
    assert tied.post(PATH, data=typed(app, may_i_en="x")).status_code == 403


def test_names_are_filled_in_once_and_never_run(app: Flask, context: None) -> None:
    with force_locale("en"):
        lines = script_lines.ours("en")
        said = script_of(lines, Talking("{name}", "{days} {{ 7*7 }}", 90), "Why.")
        assert said.greeting.startswith("Hello, this is {name} of ")
        assert said.greeting.endswith("Am I speaking with {days} {{ 7*7 }}?")
        nameless = script_of(lines, Talking("", "", 90), "Why.")
    assert nameless.greeting.startswith("Hello, I am calling for ")
    assert nameless.greeting.endswith("Whom am I speaking with?")


def test_a_better_sentence_of_ours_reaches_who_never_touched_it(app: Flask, context: None) -> None:
    """A line that was saved as it stood leaves no row; one that is not known any more is not said."""
    script_lines.change(script_lines.all_ours())
    db.session.add(ScriptLine(line="gone", language="en", text="x"))
    db.session.flush()
    assert script_lines.theirs() == {}
    assert "gone" not in script_lines.said("en")
