"""The pages of new reasons: what they show to whom, and what one click does, and two."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from survey.accounts.models import AuditEntry, User
from survey.database import writing
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.tasks import classify, find_themes
from survey.notices import notify, standing
from survey.questionnaires.models import QuestionnaireVersion
from survey.reasons.finding_themes import FOUND
from survey.reasons.judging_themes import notice_key
from survey.reasons.models import HumanLabel, Review, Theme
from survey.taxonomy.models import Reason, TaxonomyChange
from tests import stories
from tests.reading import text_of
from tests.reasons import themed

SignIn = Callable[..., FlaskClient]
NAMES = {"label_nl": "Kastje in de auto", "label_en": "Tracker in the car", "p": "product", "influence": "yes"}


@pytest.fixture
def theme(app: Flask) -> int:
    """A group of fourteen answers, half of a branch each, as the job leaves it."""
    with app.app_context(), writing():
        version = stories.model()
        answers = themed.about_trackers(stories.branch("Utrecht")) + [
            themed.answer("Een kastje in mijn auto, nee.", branch_id=stories.branch("Breda").id, days_ago=70)
        ]
        row = themed.theme(version, answers, "kastje", "tracker", "volgt", "car")
        notify(notice_key(row.id), "info", FOUND, {"answers": 15, "words": "kastje"}, link="/themes")
        db.session.commit()
        return row.id


@pytest.fixture
def analyst(posts_need_no_token: None, sign_in: SignIn) -> FlaskClient:
    return sign_in("analyst")


def examples_on(client: FlaskClient, theme: int) -> list[str]:
    page = client.get(f"/themes/{theme}/make").get_data(as_text=True)
    return re.findall(r'name="examples" value="(\d+)" checked', page)


def make(client: FlaskClient, theme: int, examples: list[str], **given: str) -> Any:
    return client.post(f"/themes/{theme}/make", data={**NAMES, "examples": examples, **given})


def stored(app: Flask) -> dict[str, Any]:
    with app.app_context():
        return {
            "states": list(db.session.scalars(select(Theme.state))),
            "codes": list(db.session.scalars(select(TaxonomyChange.code))),
            "labels": list(db.session.scalars(select(Reason.code).join(HumanLabel))),
            "versions": len(db.session.scalars(select(QuestionnaireVersion.id)).all()),
            "jobs": [(job.kind, job.arguments) for job in db.session.scalars(select(Job))],
            "audited": list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))),
            "standing": len(standing()),
        }


def test_the_list_says_it_in_a_sentence_and_shows_each_group(theme: int, sign_in: SignIn) -> None:
    page = text_of(sign_in("analyst").get("/themes"))
    assert "15 of the 15 answers that fit no reason are about the same thing" in page
    assert "“kastje, tracker, volgt, car”" in page
    assert "15 answers, 100.0% of those that fit no reason (95% interval: 79.6% to 100.0%)." in page
    assert "What they ticked: Other 15." in page
    assert f'<blockquote lang="nl">{themed.TRACKER["nl"][0]}</blockquote>' in page
    assert page.count("<blockquote") == 3
    assert page.count('<svg role="img"') == 1
    assert "Make this a reason" in page
    assert "Not a reason" in page


@pytest.mark.sqlite
def test_the_list_in_dutch(theme: int, sign_in: SignIn) -> None:
    page = text_of(sign_in("analyst", language="nl").get("/themes"))
    assert "Hier een reden van maken" in page
    assert "What they ticked" not in page


@pytest.mark.sqlite
def test_months_add_up_to_the_answers(theme: int, sign_in: SignIn) -> None:
    page = text_of(sign_in("analyst").get("/themes"))
    rows = re.findall(r'<tr><th scope="row">\w+ \d{4}</th><td class="figure">(\d+)</td></tr>', page)
    assert len(rows) == 12
    assert sum(map(int, rows)) == 15


@pytest.mark.parametrize("role", ["manager", "interviewer"])
@pytest.mark.sqlite
@pytest.mark.usefixtures("posts_need_no_token")
def test_others_may_not(theme: int, sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    assert client.get("/themes").status_code == 403
    assert client.get(f"/themes/{theme}/make").status_code == 403
    assert client.post(f"/themes/{theme}/dismiss").status_code == 403
    assert client.post(f"/themes/{theme}/reopen").status_code == 403


@pytest.mark.sqlite
def test_a_stranger_is_sent_to_sign_in(theme: int, client: FlaskClient) -> None:
    assert client.get("/themes").status_code == 302


@pytest.mark.sqlite
def test_nothing_is_changed_without_the_token_of_the_form(theme: int, app: Flask, sign_in: SignIn) -> None:
    assert sign_in("analyst").post(f"/themes/{theme}/dismiss").status_code == 400
    assert stored(app)["states"] == ["open"]


@pytest.mark.usefixtures("posts_need_no_token")
def test_who_is_tied_to_a_branch_sees_only_its_answers_and_may_not_judge(
    theme: int, app: Flask, sign_in: SignIn
) -> None:
    with app.app_context(), writing():
        breda = stories.branch("Breda").id
    client = sign_in("analyst", branches=(breda,))
    page = text_of(client.get("/themes"))
    assert "1 of the 1 answers that fit no reason" in page
    assert "Een kastje in mijn auto, nee." in page
    assert page.count("<blockquote") == 1
    assert "Make this a reason" not in page
    assert client.get(f"/themes/{theme}/make").status_code == 403
    assert make(client, theme, []).status_code == 403
    assert client.post(f"/themes/{theme}/dismiss").status_code == 403
    assert client.post(f"/themes/{theme}/reopen").status_code == 403
    assert stored(app)["states"] == ["open"]


@pytest.mark.sqlite
def test_a_branch_without_such_answers_sees_no_group(theme: int, app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        other = stories.branch("Assen").id
        db.session.commit()
    page = text_of(sign_in("analyst", branches=(other,)).get("/themes"))
    assert "kastje" not in page
    assert "0 answers fit no reason, and no group stands out" in page


@pytest.mark.sqlite
def test_the_empty_page_teaches(sign_in: SignIn) -> None:
    page = text_of(sign_in("analyst").get("/themes"))
    assert "No answers were read yet" in page
    assert "laid side by side every night" in page


def test_the_form_proposes_names_in_both_languages_and_ticks_every_example(theme: int, analyst: FlaskClient) -> None:
    page = text_of(analyst.get(f"/themes/{theme}/make"))
    assert 'value="Kastje, volgt"' in page
    assert 'value="Tracker, car"' in page
    assert len(examples_on(analyst, theme)) == 15
    assert f'<span lang="en">{themed.TRACKER["en"][0]}</span>' in page


def test_one_click_makes_it_a_reason(theme: int, app: Flask, analyst: FlaskClient) -> None:
    before = stored(app)
    examples = examples_on(analyst, theme)[:12]
    response = make(analyst, theme, examples)
    assert (response.status_code, response.location) == (303, "/models")
    after = stored(app)
    assert after["states"] == ["made"]
    assert after["codes"] == ["tracker_in_the_car"]
    assert after["labels"] == ["tracker_in_the_car"] * 12
    assert after["versions"] == before["versions"] + 1
    assert after["audited"][len(before["audited"]) :] == ["theme made a reason"]
    assert after["standing"] == 0
    ((kind, arguments),) = after["jobs"]
    assert (kind, arguments["publish"], arguments["because"]) == ("train", False, "theme")
    page = text_of(analyst.get("/themes"))
    assert "became the reason “Tracker in the car”" in page


def test_the_examples_are_reviews_that_were_not_drawn(theme: int, app: Flask, analyst: FlaskClient) -> None:
    make(analyst, theme, examples_on(analyst, theme))
    with app.app_context():
        change = db.session.scalars(select(TaxonomyChange.id)).one()
        reviews = db.session.scalars(select(Review)).all()
        assert {(r.state, r.stream, r.probability, r.model_shown, r.taxonomy_version) for r in reviews} == {
            ("reviewed", "", 1.0, True, change)
        }
        assert {r.user_id for r in reviews} == set(db.session.scalars(select(User.id)))


def test_what_this_person_found_before_stays_beside_it(theme: int, app: Flask, analyst: FlaskClient) -> None:
    examples = examples_on(analyst, theme)
    with app.app_context(), writing():
        reader = db.session.scalars(select(User.id)).one()
        found, skipped = (db.session.get_one(stories.Response, int(key)) for key in examples[:2])
        stories.review(found, reader, "price", stream="audit", probability=0.1)
        stories.review(skipped, reader, state="skipped", stream="audit", probability=0.1)
        db.session.commit()
    make(analyst, theme, examples)
    with app.app_context():
        reviews = {r.response_id: r for r in db.session.scalars(select(Review))}
        first, second = (reviews[int(key)] for key in examples[:2])
        assert {label.reason.code for label in first.labels} == {"price", "tracker_in_the_car"}
        assert (first.stream, first.probability) == ("audit", 0.1)
        assert {label.reason.code for label in second.labels} == {"tracker_in_the_car"}
        assert (second.state, second.stream, second.probability) == ("reviewed", "", 1.0)
        assert len(reviews) == len(examples)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"label_nl": ""}, "Give it a name in Dutch."),
        ({"label_en": "x" * 101}, "Keep it to 100 characters."),
        ({"label_en": "Price"}, "There is another reason called “Price”. Choose another name."),
        ({"p": "nonsense"}, "Not a valid choice."),
    ],
)
def test_a_mistake_is_said_and_what_was_filled_in_stays(
    theme: int, app: Flask, analyst: FlaskClient, given: dict[str, str], says: str
) -> None:
    before = stored(app)
    examples = examples_on(analyst, theme)[3:9]
    response = make(analyst, theme, examples, **given)
    page = text_of(response, 422)
    assert says in page
    assert 'value="Kastje in de auto"' in page or "label_nl" in given
    assert re.findall(r'value="(\d+)" checked', response.get_data(as_text=True)) == examples
    assert stored(app) == before


@pytest.mark.parametrize("examples", [[], ["first"], ["9999", "9998", "9997"], ["a", "b", "c"]])
def test_three_answers_of_the_group_must_be_ticked(
    theme: int, app: Flask, analyst: FlaskClient, examples: list[str]
) -> None:
    before = stored(app)
    ticked = [examples_on(analyst, theme)[0] if key == "first" else key for key in examples]
    assert make(analyst, theme, ticked).status_code == 422
    assert stored(app) == before


@pytest.mark.sqlite
@pytest.mark.parametrize("path", ["/themes/99/make", "/themes/99/dismiss", "/themes/99/reopen"])
def test_no_such_group(theme: int, analyst: FlaskClient, path: str) -> None:
    assert analyst.post(path, data=NAMES).status_code == 404


def test_twice_is_one_reason(theme: int, app: Flask, analyst: FlaskClient) -> None:
    examples = examples_on(analyst, theme)
    make(analyst, theme, examples)
    after = stored(app)
    second = make(analyst, theme, examples)
    assert (second.status_code, second.location) == (303, "/themes")
    assert stored(app) == after
    assert "That was decided already." in text_of(analyst.get("/themes"))


def test_two_people_at_once_make_one_reason(theme: int, app: Flask, analyst: FlaskClient, sign_in: SignIn) -> None:
    other = sign_in("administrator")
    examples, start = examples_on(analyst, theme), Barrier(2)

    def press(client: FlaskClient, name: str) -> int:
        start.wait()
        return int(make(client, theme, examples, label_en=name, label_nl=name).status_code)

    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(press, (analyst, other), ("One", "Two")))
    assert codes == [303, 303]
    after = stored(app)
    assert len(after["codes"]) == 1
    assert len(after["labels"]) == len(examples)
    assert len(after["jobs"]) == 1


def test_dismissed_and_taken_back(theme: int, app: Flask, analyst: FlaskClient) -> None:
    assert analyst.post(f"/themes/{theme}/dismiss").status_code == 303
    assert stored(app)["states"] == ["dismissed"]
    assert stored(app)["standing"] == 0
    page = text_of(analyst.get("/themes"))
    assert "not a reason" in page
    assert "Show it again" in page
    assert "Make this a reason" not in page
    assert analyst.post(f"/themes/{theme}/dismiss").status_code == 303
    assert analyst.post(f"/themes/{theme}/reopen").status_code == 303
    assert analyst.post(f"/themes/{theme}/reopen").status_code == 303
    assert stored(app)["states"] == ["open"]
    assert stored(app)["audited"] == ["theme dismissed", "theme shown again"]
    assert "Make this a reason" in text_of(analyst.get("/themes"))


def test_a_reason_that_was_made_cannot_be_taken_back_here(theme: int, app: Flask, analyst: FlaskClient) -> None:
    make(analyst, theme, examples_on(analyst, theme))
    assert analyst.post(f"/themes/{theme}/reopen").status_code == 303
    assert analyst.post(f"/themes/{theme}/dismiss").status_code == 303
    assert stored(app)["states"] == ["made"]


def test_words_that_were_erased_are_not_shown(theme: int, app: Flask, analyst: FlaskClient) -> None:
    with app.app_context(), writing():
        first = db.session.scalars(select(stories.Response).order_by(stories.Response.id)).first()
        assert first is not None
        first.words = first.masked_words = None
        db.session.commit()
    assert themed.TRACKER["nl"][0] not in text_of(analyst.get("/themes"))
    assert len(examples_on(analyst, theme)) == 14


def test_twenty_groups_take_as_many_queries_as_one(theme: int, app: Flask, analyst: FlaskClient) -> None:
    counted: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: counted.append(given[2]))
    analyst.get("/themes")
    counted.clear()
    analyst.get("/themes")
    one = len(counted)
    with app.app_context(), writing():
        version = stories.model(serving=False)
        for _ in range(19):
            themed.theme(version, [themed.answer("Kastje.") for _ in range(3)])
        db.session.commit()
    counted.clear()
    assert text_of(analyst.get("/themes")).count("<article") == 20
    assert len(counted) == one


def test_from_the_answers_to_a_reason_with_the_real_models(app: Flask, analyst: FlaskClient) -> None:
    with app.app_context(), writing():
        themed.two_languages()
        db.session.commit()
        classify.run()
        find_themes.run()
        key = db.session.scalars(select(Theme.id)).one()
        db.session.rollback()
    page = text_of(analyst.get("/themes"))
    assert "kastje" in page
    examples = examples_on(analyst, key)
    assert len(examples) >= 8
    assert make(analyst, key, examples).status_code == 303
    with app.app_context(), writing():
        assert "train" in db.session.scalars(select(Job.kind)).all()
        db.session.rollback()
        assert find_themes.run() == {"groups": 0, "new": 0}
