"""The frame around every page: files, menu, language, forms, figures in words, and errors that say what to do."""

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from flask import Flask, abort, render_template_string
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import TooManyRequests
from wtforms import BooleanField, PasswordField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired

from survey import formats
from survey.accounts import access
from survey.accounts.models import User
from survey.assets import STATIC, VENDORED
from survey.database import writing
from survey.extensions import db
from survey.forms import PageForm, SelectChoice
from survey.write_gate import GateTimeout

pytestmark = pytest.mark.sqlite

NBSP = "\u00a0"


# -- files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VENDORED)
def test_vendored_file_is_the_one_that_was_looked_at(name: str) -> None:
    found = base64.b64encode(hashlib.sha384((STATIC / name).read_bytes()).digest()).decode()
    assert VENDORED[name] == f"sha384-{found}"


def test_every_vendored_file_is_in_the_list() -> None:
    assert {f"vendor/{file.name}" for file in (STATIC / "vendor").iterdir()} == set(VENDORED)


def test_page_loads_files_that_exist_with_their_hash(client: FlaskClient) -> None:
    page = client.get("/login").text
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        assert client.get(address, buffered=True).status_code == 200, address
    assert page.count('integrity="sha384-') == len(VENDORED)


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def schemes() -> list[dict[str, str]]:
    sheet = (STATIC / "whyleft.css").read_text()
    light = tokens(sheet.split('[data-theme="light"] {', 1)[1].split("}", 1)[0])
    dark = tokens(sheet.split("prefers-color-scheme: dark", 1)[1].split("}", 1)[0])
    return [light, dark]


@pytest.mark.parametrize("scheme", [0, 1])
def test_every_text_colour_can_be_read(scheme: int) -> None:
    colours = schemes()[scheme]
    pairs = [*product(("ink", "quiet", "accent", "accent-strong", "loss", "gain"), ("ground", "raised"))]
    pairs += [("loss", "loss-ground"), ("gain", "gain-ground"), ("ink", "loss-ground"), ("ink", "gain-ground")]
    pairs += [("on-accent", "accent"), ("on-accent", "accent-strong")]
    weak = [(pair, round(contrast(colours[pair[0]], colours[pair[1]]), 2)) for pair in pairs]
    assert [entry for entry in weak if entry[1] < 4.5] == []
    assert contrast(colours["edge"], colours["ground"]) >= 3


# -- figures in words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "written", "expected"),
    [
        ("nl", lambda: formats.money(Decimal("7000")), f"€{NBSP}7.000"),
        ("en", lambda: formats.money(Decimal("7000")), "€7,000"),
        ("nl", lambda: formats.money(Decimal("-1234.5"), cents=True), f"-€{NBSP}1.234,50"),
        ("en", lambda: formats.money(Decimal("-1234.5"), cents=True), "-€1,234.50"),
        ("nl", lambda: formats.percent(0.08), "8,0%"),
        ("en", lambda: formats.percent(Decimal("0.0695")), "7.0%"),
        ("en", lambda: formats.percent(0.5, 0), "50%"),
        ("nl", lambda: formats.count(5180), "5.180"),
        ("en", lambda: formats.count(5180), "5,180"),
        ("nl", lambda: formats.decimal(1234.56), "1.234,6"),
        ("nl", lambda: formats.day(date(2026, 3, 1)), "1 maart 2026"),
        ("en", lambda: formats.day(date(2026, 3, 1)), "1 March 2026"),
        ("en", lambda: formats.day(datetime(2026, 3, 1, 23, 30, tzinfo=UTC)), "2 March 2026"),
        ("nl", lambda: formats.moment(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)), "2 juli 2026, 00:30"),
        ("en", lambda: formats.short_day(date(2026, 9, 1)), "1 Sep 2026"),
        ("nl", lambda: formats.short_day(date(2026, 10, 1)), "1 okt 2026"),
        ("nl", lambda: formats.short_moment(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)), "2 jul 2026, 00:30"),
        ("en", lambda: formats.breakable("a<b@example.org"), "a&lt;b@<wbr>example.org"),
        ("en", lambda: formats.duration(42), "42 seconds"),
        ("en", lambda: formats.duration(3 * 86400), "3 days"),
    ],
)
def test_figures_are_written_the_way_of_the_language(
    app: Flask, language: str, written: Callable[[], str], expected: str
) -> None:
    with app.app_context(), force_locale(language):
        assert written() == expected


@pytest.mark.parametrize(
    "name", ["money", "percent", "count", "decimal", "day", "moment", "short_day", "short_moment", "duration"]
)
def test_what_is_not_known_is_a_dash(app: Flask, name: str) -> None:
    with app.app_context():
        assert render_template_string("{{ none | " + name + " }}") == "–"


# -- forms ---------------------------------------------------------------------------------------------------


class EveryField(PageForm):
    name = StringField("Name", validators=[DataRequired("Say who you are.")])
    words = TextAreaField("Words", filters=[lambda text: text and text.upper()])
    secret = PasswordField("Secret")
    sure = BooleanField("Sure")
    one = RadioField("One", choices=[SelectChoice("a", "Alpha"), SelectChoice("b", "Beta")])
    some = SelectMultipleField("Some", choices=[SelectChoice("x", "Ex"), SelectChoice("y", "Why")])


class AnyName(PageForm):
    name = StringField("Name", validators=[DataRequired()])


@pytest.mark.parametrize(("language", "said"), [("nl", "Dit veld is vereist."), ("en", "This field is required.")])
def test_what_wtforms_says_of_its_own_is_in_the_language_of_the_page(app: Flask, language: str, said: str) -> None:
    with app.test_request_context(f"/?lang={language}"):
        form = AnyName(meta={"csrf": False})
        assert not form.validate()
        assert form.name.errors == [said]


FORM = """{% extends "base.html" %}{% from "macros/forms.html" import csrf, error_summary, field, buttons %}
{% block title %}Form{% endblock %}
{% block content %}<h1>Form</h1>{{ error_summary(form) }}<form method="post" action="/form">{{ csrf() }}
{% for one in form if one.name != "csrf_token" %}{{ field(one, hint="A hint for " ~ one.name) }}{% endfor %}
{{ buttons("Save", "/") }}</form>{% endblock %}"""


@pytest.fixture
def open_to_all(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Add a view that anybody may open."""

    def add(rule: str, endpoint: str, view: Callable[..., Any], **more: Any) -> None:
        app.add_url_rule(rule, endpoint, view, **more)
        monkeypatch.setattr(access, "PUBLIC", access.PUBLIC | {endpoint})

    return add


@pytest.fixture
def sent(app: Flask, open_to_all: Callable[..., None], client: FlaskClient) -> Callable[..., Any]:
    """Send a form with every kind of field; gives the page and what the form made of it."""
    forms: list[EveryField] = []

    def view() -> str:
        form = EveryField()
        form.validate_on_submit()
        forms.append(form)
        return render_template_string(FORM, form=form)

    def send(**fields: Any) -> tuple[str, EveryField]:
        app.config["WTF_CSRF_ENABLED"] = False
        open_to_all("/form", "form", view, methods=["GET", "POST"])
        page = client.post("/form?lang=en", data=fields).text
        return page, forms[-1]

    return send


def test_spaces_around_text_are_dropped_but_not_around_passwords(sent: Callable[..., Any]) -> None:
    _, form = sent(name="  Anna  ", words=" many\n ", secret="  keep me  ", one="a")
    assert (form.name.data, form.words.data, form.secret.data) == ("Anna", "MANY", "  keep me  ")


def test_only_spaces_is_nothing(sent: Callable[..., Any]) -> None:
    page, form = sent(name="   ", one="a")
    assert form.name.errors == ["Say who you are."]
    assert '<a href="#name">Name: Say who you are.</a>' in page


def test_failed_form_comes_back_with_everything_typed(sent: Callable[..., Any]) -> None:
    page, _ = sent(words="<b>long story</b>", sure="y", one="b", some=["y"], secret="hush")
    assert "&lt;B&gt;LONG STORY&lt;/B&gt;" in page
    assert re.search(r'<input[^>]*checked[^>]*id="sure"', page)
    assert '<input type="radio" name="one" value="b" checked>' in page
    assert '<input type="checkbox" name="some" value="y" checked>' in page
    assert '<input type="checkbox" name="some" value="x">' in page
    assert "hush" not in page


def test_field_names_its_hint_and_its_error(sent: Callable[..., Any]) -> None:
    page, _ = sent(one="a")
    assert re.search(r'<input aria-describedby="name-hint name-error" aria-invalid="true"[^>]*id="name"', page)
    assert '<p class="hint" id="name-hint">A hint for name</p>' in page
    assert '<p class="wrong" id="name-error">Say who you are.</p>' in page
    assert '<label for="words">Words <span class="quiet">(optional)</span></label>' in page


# -- the other macros ----------------------------------------------------------------------------------------

PARTS = """{% extends "base.html" %}
{% from "macros/tables.html" import table, pager %}{% from "macros/figures.html" import figure, progress %}
{% from "macros/states.html" import empty, said %}
{% block title %}Parts{% endblock %}
{% block content %}<h1>Parts</h1>
{% call table("Visits per month") %}<thead><tr><th scope="col">Month</th></tr></thead>{% endcall %}
{% call figure("rate", "The rate rose", "8 of 100 left.", svg, download="/rate.csv") %}<tbody></tbody>{% endcall %}
{{ progress(1200, 5000, "rows read") }}{{ progress(7, none, "mails sent") }}
{{ empty("Nobody has left yet", "Here will stand who left.", "/imports", "Bring in customers") }}
{{ said("Stored.", "well") }}{% endblock %}"""


def test_parts_of_a_page_say_what_they_are(client: FlaskClient, open_to_all: Callable[..., None]) -> None:
    from markupsafe import Markup

    drawing = Markup('<svg viewBox="0 0 1 1"></svg>')
    open_to_all("/parts", "parts", lambda: render_template_string(PARTS, svg=drawing))
    page = " ".join(client.get("/parts?lang=en").text.split())
    assert '<div class="scroll" role="region" aria-label="Visits per month" tabindex="0">' in page
    assert '<h2 id="rate-title">The rate rose</h2> <p>8 of 100 left.</p> <div class="drawing"><svg' in page
    assert '<a href="/rate.csv" download>' in page
    assert "1,200 of 5,000 rows read" in page
    assert '<progress value="1200" max="5000" aria-label="rows read">' in page
    assert "7 mails sent" in page
    assert '<a class="button" href="/imports">Bring in customers</a>' in page


# -- menu, language, first page ------------------------------------------------------------------------------


def menu_of(page: str) -> set[str]:
    return set(re.findall(r'<li><a href="([^"]+)"', page))


def test_menu_shows_only_what_may_be_opened(sign_in: Callable[..., FlaskClient]) -> None:
    for role in ("administrator", "manager", "analyst", "interviewer"):
        client = sign_in(role)
        links = menu_of(client.get("/change").text)
        assert ("/users" in links) is (role == "administrator")
        for link in links - {"/change"}:
            assert client.get(link, buffered=True).status_code == 200, f"{role}: {link}"


def test_account_without_a_name_is_called_by_the_part_before_the_at(
    app: Flask, sign_in: Callable[..., FlaskClient]
) -> None:
    client = sign_in("manager")
    assert '<span class="wide">manager</span>' in client.get("/change").text
    with app.app_context(), writing():
        db.session.execute(update(User).values(name=""))
        db.session.commit()
    page = client.get("/change").text
    assert '<span class="wide">manager-0</span>' in page
    assert "Signed in as manager-0@example.org" in page


def test_only_what_is_typed_is_called_optional(sign_in: Callable[..., FlaskClient]) -> None:
    page = sign_in("administrator").get("/investments/add").text
    assert 'Who answers for it <span class="quiet">(optional)' in page
    assert "Name</label>" in page


def test_strangers_see_no_menu(client: FlaskClient) -> None:
    page = client.get("/login").text
    assert menu_of(page) == set()
    assert "Sign out" not in page


def test_place_where_one_is_is_marked(sign_in: Callable[..., FlaskClient]) -> None:
    assert '<a href="/users" aria-current="page">' in sign_in("administrator").get("/users").text


def test_language_switch_stays_on_the_page_and_is_remembered(sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("administrator")
    page = client.get("/audit?action=export&page=1").text
    assert '<html lang="en">' in page
    assert 'href="/audit?action=export&amp;page=1&amp;lang=nl"' in page
    assert '<html lang="nl">' in client.get("/audit?action=export&page=1&lang=nl").text
    assert '<html lang="nl">' in client.get("/audit").text


def test_unknown_language_changes_nothing(client: FlaskClient) -> None:
    answer = client.get("/login?lang=xx", headers={"Accept-Language": "en"})
    assert '<html lang="en">' in answer.text
    assert "language=" not in answer.headers.get("Set-Cookie", "")


def test_demo_says_that_it_is_one(app: Flask, client: FlaskClient) -> None:
    assert "Demo business" not in client.get("/login?lang=en").text
    app.settings.demo = True
    assert "Demo business" in client.get("/login?lang=en").text


@pytest.mark.parametrize("role", ["administrator", "manager", "analyst", "interviewer", "nobody"])
def test_first_page_leads_to_a_page_that_opens(sign_in: Callable[..., FlaskClient], role: str) -> None:
    client = sign_in(*([role] if role != "nobody" else []))
    answer = client.get("/", follow_redirects=True)
    assert answer.status_code == 200
    if role in ("manager", "analyst"):
        assert answer.request.path == "/breakdown"
    if role == "interviewer":
        assert 'class="button" href="/calls"' in answer.text
    if role == "nobody":
        assert "Where to begin" in answer.text


# -- errors --------------------------------------------------------------------------------------------------

SECRET_PLACE = "secret detail of the failure"


@pytest.fixture
def failing(app: Flask, open_to_all: Callable[..., None]) -> None:
    """Pages that fail in every way, each with something that must not be shown."""

    def fail(code: int) -> None:
        abort(code, SECRET_PLACE)

    def pause() -> None:
        raise TooManyRequests(SECRET_PLACE, retry_after=600)

    def break_down() -> None:
        raise RuntimeError(SECRET_PLACE)

    def lose_database() -> None:
        raise OperationalError(SECRET_PLACE, None, Exception(SECRET_PLACE))

    def wait_in_vain() -> None:
        raise GateTimeout(SECRET_PLACE)

    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    open_to_all("/fail/<int:code>", "fail", fail)
    for view in (pause, break_down, lose_database, wait_in_vain):
        open_to_all(f"/{view.__name__}", view.__name__, view)


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("staff", [False, True])
@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("/fail/400", 400, "could not be read"),
        ("/fail/403", 403, "not open to you"),
        ("/fail/404", 404, "nothing at this address"),
        ("/fail/405", 405, "cannot be done from here"),
        ("/fail/409", 409, "Somebody else changed this"),
        ("/fail/410", 410, "no longer works"),
        ("/fail/413", 413, "too large"),
        ("/fail/415", 415, "not understood"),
        ("/fail/422", 422, "not possible here"),
        ("/fail/429", 429, "Too many tries"),
        ("/fail/418", 418, "could not be read"),
        ("/fail/501", 501, "went wrong on our side"),
        ("/pause", 429, "Too many tries"),
        ("/break_down", 500, "went wrong on our side"),
        ("/lose_database", 503, "The site is busy"),
        ("/wait_in_vain", 503, "The site is busy"),
    ],
)
def test_error_says_what_happened_and_what_to_do(
    client: FlaskClient, sign_in: Callable[..., FlaskClient], staff: bool, path: str, code: int, said: str
) -> None:
    visitor = sign_in("manager") if staff else client
    answer = visitor.get(f"{path}?lang=en")
    assert answer.status_code == code
    assert said in answer.text
    assert SECRET_PLACE not in answer.text
    assert "Traceback" not in answer.text
    assert re.search(r"<p>.*(changed|stored).*\. [A-Z].*</p>", answer.text), "not said what was kept and what to do"
    if code in (429, 503) and path[1] != "f":
        assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.usefixtures("failing")
def test_page_about_a_lost_database_does_not_ask_the_database(
    sign_in: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in("manager")

    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", None, Exception("disk I/O error"))

    monkeypatch.setattr(db.session, "execute", away)
    monkeypatch.setattr(db.session, "scalars", away)
    monkeypatch.setattr(db.session, "scalar", away)
    answer = client.get("/change")
    assert answer.status_code == 503
    assert "<h1>" in answer.text


def test_too_large_a_form_is_413(client: FlaskClient) -> None:
    assert client.post("/login", data={"email": "x" * 300_000}).status_code == 413


def test_wrong_method_names_the_right_one(client: FlaskClient) -> None:
    assert "POST" in client.get("/logout").headers["Allow"]
