"""The pages of the reasons: who may see and change them, what is foretold, and what one click does."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from survey.accounts.models import AuditEntry
from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.jobs.models import Job
from survey.questionnaires.models import QuestionnaireVersion
from survey.reasons import versions
from survey.reasons.models import HumanLabel, ReviewItem
from survey.taxonomy import queries
from survey.taxonomy.models import Reason, TaxonomyChange
from tests import stories
from tests.reading import text_of

SignIn = Callable[..., FlaskClient]
LIST = "/reasons"
KINDS = ("rename", "merge", "split", "retire", "restore")
NAMES = {"label_nl": "Spaaractie voorbij", "label_en": "Loyalty scheme ended", "p": "promotion", "influence": "yes"}
PARTS = {"nl_1": "Prijs te hoog", "en_1": "Too expensive", "nl_2": "Prijs verhoogd", "en_2": "Price went up"}


def key(app: Flask, code: str) -> int:
    with app.app_context():
        return db.session.scalars(select(Reason.id).where(Reason.code == code)).one()


def at(app: Flask, code: str, kind: str = "") -> str:
    return f"{LIST}/{key(app, code)}" + (f"/{kind}" if kind else "")


def hidden(page: str) -> dict[str, str]:
    """What the button of a page sends."""
    start = page.index('<form method="post"', page.index("<main"))
    form = page[start : page.index("</form>", start)]
    return {
        name: unescape(value) for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    }


def foreseen(client: FlaskClient, address: str, **given: Any) -> tuple[str, dict[str, str]]:
    """The page that says what a change will do, and what its button sends."""
    response = client.get(address, query_string=given | {"preview": 1})
    return text_of(response), hidden(response.get_data(as_text=True))


def do(client: FlaskClient, address: str, **given: Any) -> Any:
    """Look at what a change will do, then do it."""
    return client.post(address, data=foreseen(client, address, **given)[1])


def stored(app: Flask) -> dict[str, Any]:
    """All that a change leaves behind."""
    with app.app_context():
        changes = db.session.scalars(select(TaxonomyChange).order_by(TaxonomyChange.id))
        entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        jobs = db.session.scalars(select(Job).where(Job.kind == "train"))
        return {
            "changes": [(c.kind, c.code, c.into) for c in changes],
            "audit": [(e.action, e.object_kind, e.object_id) for e in entries],
            "jobs": [job.arguments for job in jobs],
            "versions": sorted(db.session.scalars(select(QuestionnaireVersion.version))),
            "active": [r.code for r in queries.active_reasons()],
        }


@pytest.fixture
def answers(app: Flask, user: Callable[..., int]) -> dict[str, int]:
    """Three answers that ticked price, one of Delft; two in which people found it, of which one has lost its words."""
    reader = user("manager", language="nl")
    with app.app_context(), writing():
        delft = stories.branch("Delft").id
        asked = stories.invitation(stories.defection(stories.customer(branch_id=delft)))
        first = stories.response("Te duur.", "price", ("errors",), asked)
        second = stories.response("Veel te duur.", "price")
        third = stories.response(None, "errors", ("price",))
        for answer in (first, second, third):
            answer.created_at = now() - timedelta(days=30)
        first.masked_words = first.words
        old = stories.response("Duur, ook toen.", "price")
        old.created_at = now() - timedelta(days=500)
        model = stories.model()
        stories.classified(first, model, price=0.9, errors=0.8)
        stories.classified(second, model)
        stories.review(first, reader, "price")
        stories.review(second, reader, "price", "errors")
        db.session.commit()
        return {"first": first.id, "second": second.id, "delft": delft}


def test_the_list_says_what_is_used(answers: dict[str, int], sign_in: SignIn) -> None:
    page = text_of(sign_in("analyst").get(LIST))
    assert "Customers choose from 12 reasons" in page
    assert row_of(page, "Price") == ["3", "1"]
    assert row_of(page, "Errors and billing") == ["2", "1"]
    assert row_of(page, "Other") == ["0", "0"]
    assert "Nothing was changed yet" in page
    assert page.index(">Price<") < page.index(">Moved or no longer needed<") < page.index(">Other<")


def row_of(page: str, label: str) -> list[str]:
    row = next(row for row in page.split("<tr>")[1:] if f">{label}</a>" in row)
    return re.findall(r'<td class="figure">([^<]*)</td>', row)


def test_who_is_tied_to_a_branch_sees_only_its_answers(answers: dict[str, int], sign_in: SignIn) -> None:
    page = text_of(sign_in("analyst", branches=(answers["delft"],)).get(LIST))
    assert row_of(page, "Price") == ["1", "1"]
    assert "Add a reason" not in page


def test_more_answers_ask_no_more_questions(app: Flask, answers: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("analyst")
    asked: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    client.get(LIST)
    few = len(asked)
    with app.app_context(), writing():
        for _ in range(10):
            stories.response("x", "price")
        db.session.commit()
    asked.clear()
    client.get(LIST)
    assert 3 < len(asked) == few <= 15


def test_who_may_come(app: Flask, client: FlaskClient, sign_in: SignIn) -> None:
    pages = [LIST, f"{LIST}/progress", at(app, "price")]
    changes = [f"{LIST}/add", *(at(app, "price", kind) for kind in KINDS)]
    assert [client.get(page).status_code for page in pages + changes] == [302] * 9
    interviewer = sign_in("interviewer")
    assert {interviewer.get(page).status_code for page in pages + changes} == {403}
    manager = sign_in("manager")
    assert [manager.get(page).status_code for page in pages] == [200] * 3
    assert {manager.get(page).status_code for page in changes} == {403}
    assert "Change it" not in text_of(manager.get(at(app, "price")))
    for role in ("analyst", "administrator"):
        changer = sign_in(role)
        assert [changer.get(page).status_code for page in pages + changes] == [200] * 9


def test_who_is_tied_to_a_branch_may_not_change(app: Flask, answers: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("administrator", branches=(answers["delft"],))
    for address in (f"{LIST}/add", *(at(app, "price", kind) for kind in KINDS)):
        assert client.get(address).status_code == 403
    app.config["WTF_CSRF_ENABLED"] = False
    assert client.post(at(app, "price", "retire"), data={"seen": "0"}).status_code == 403
    assert stored(app)["changes"] == []


def test_what_is_not_there(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    for address in (f"{LIST}/999", f"{LIST}/999/retire", at(app, "price", "add"), at(app, "price", "destroy")):
        assert client.get(address).status_code == 404


def test_adding(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    page, sent = foreseen(client, f"{LIST}/add", **NAMES, form_en="I lost my points")
    assert "“Loyalty scheme ended (Spaaractie voorbij)” joins the list." in page
    assert "New invitations offer it as “Spaaractie voorbij” and “I lost my points”." in page
    assert stored(app)["changes"] == []
    saved = client.post(f"{LIST}/add", data=sent)
    assert (saved.status_code, saved.location) == (303, LIST)
    left = stored(app)
    assert left["changes"] == [("add", "loyalty_scheme_ended", [])]
    assert left["audit"] == [("reason added", "reason", "loyalty_scheme_ended")]
    (job,) = left["jobs"]
    assert (job["publish"], job["because"]) == (True, "taxonomy")
    assert left["versions"] == [1, 2]
    with app.app_context():
        newest = db.session.scalars(select(QuestionnaireVersion).order_by(QuestionnaireVersion.id.desc())).first()
        option = next(o for o in newest.content["options"] if o["code"] == "loyalty_scheme_ended")
        assert (option["nl"], option["en"]) == ("Spaaractie voorbij", "I lost my points")
    page = text_of(client.get(LIST))
    assert "Customers choose from 13 reasons" in page
    assert "“Loyalty scheme ended” was added." in page
    assert "A model is learning the list as it is now." in page


def test_merging(app: Flask, answers: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("analyst")
    address = at(app, "price", "merge")
    page, sent = foreseen(client, address, into=key(app, "errors"))
    assert "4 answers ticked “Price”: they will be counted under “Errors and billing”." in page
    assert "So is the 1 answer in which the model reads it." in page
    assert "2 human labels move with them." in page
    assert client.post(address, data=sent).status_code == 303
    left = stored(app)
    assert left["changes"] == [("merge", "price", ["errors"])]
    assert left["audit"] == [("reason merged", "reason", "price")]
    assert len(left["jobs"]) == 1
    assert "price" not in left["active"]
    page = text_of(client.get(LIST))
    # the answer that ticked both, and in which both are read, counts once
    assert row_of(page, "Errors and billing") == ["3", "1"]
    assert "merged into “Errors and billing”" in page
    assert "Counted with it: Price." in text_of(client.get(at(app, "errors")))
    with app.app_context():
        assert len(db.session.scalars(select(HumanLabel.id)).all()) == 3
    back, _ = foreseen(client, at(app, "price", "restore"))
    assert "4 answers ticked “Price”: they count under that name, offered again." in back
    assert "They are no longer counted under “Errors and billing”." in back
    assert do(client, at(app, "price", "restore")).status_code == 303
    assert row_of(text_of(client.get(LIST)), "Price") == ["3", "1"]


def test_splitting_sends_what_people_found_back_to_the_queue(
    app: Flask, answers: dict[str, int], sign_in: SignIn
) -> None:
    with app.app_context(), writing():
        drawn = ReviewItem(
            response_id=answers["first"], stream="useful", probability=0.2, place=0.7, wanted=2, drawn_at=now()
        )
        db.session.add(drawn)
        db.session.commit()
    client = sign_in("analyst")
    page, sent = foreseen(client, at(app, "price", "split"), **PARTS)
    assert "“Too expensive (Prijs te hoog)”, “Price went up (Prijs verhoogd)”" in page
    assert "1 answer in which people found it goes back to the review queue and comes first there." in page
    assert "1 more cannot be read again, because the words are gone; its label is left out from now on." in page
    assert client.post(at(app, "price", "split"), data=sent).status_code == 303
    with app.app_context():
        items = db.session.scalars(select(ReviewItem)).all()
        assert [(i.response_id, i.stream, i.probability, i.place, i.wanted) for i in items] == [
            (answers["first"], "useful", 1.0, -1.0, 2)
        ]
        assert queries.meaning()["price"] is None
        parts = db.session.scalars(select(Reason).where(Reason.code.in_(("too_expensive", "price_went_up")))).all()
        assert [(part.p, part.influence) for part in parts] == [("price", "yes")] * 2
    assert stored(app)["changes"] == [("split", "price", ["too_expensive", "price_went_up"])]
    assert "Price" in text_of(client.get(LIST))
    back, _ = foreseen(client, at(app, "price", "restore"))
    assert "The reasons that it was split into stay: “Too expensive”, “Price went up”." in back
    assert do(client, at(app, "price", "restore")).status_code == 303
    with app.app_context():
        assert db.session.scalars(select(ReviewItem.id)).all() == []


def test_retiring_and_restoring(app: Flask, answers: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("administrator")
    page, _ = foreseen(client, at(app, "price", "retire"))
    assert "4 answers ticked “Price”: they stay counted under that name, marked as no longer offered." in page
    assert "2 human labels are left out when the model learns." in page
    assert do(client, at(app, "price", "retire")).status_code == 303
    assert "retired" in text_of(client.get(LIST))
    assert "This reason is no longer in use." in text_of(client.get(at(app, "price", "merge")))
    assert do(client, at(app, "price", "restore")).status_code == 303
    left = stored(app)
    assert [kind for kind, *_ in left["changes"]] == ["retire", "restore"]
    assert [action for action, *_ in left["audit"]] == ["reason retired", "reason restored"]
    assert left["versions"] == [1, 2, 3]
    assert len(left["jobs"]) == 2


def test_renaming(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    address = at(app, "price", "rename")
    form = text_of(client.get(address))
    assert 'value="Prijs"' in form
    assert 'value="De prijs"' in form
    given = {
        "label_nl": "Prijs", "label_en": "Value for money", "p": "price", "influence": "yes",
        "form_nl": "De prijs", "form_en": "The price", "after": key(app, "rude_staff"),
    }  # fmt: skip
    page, sent = foreseen(client, address, **given)
    assert "Name in English: “Price” becomes “Value for money”." in page
    assert "Name in Dutch: “" not in page
    assert "It moves to the place after “Rude staff”." in page
    assert client.post(address, data=sent).status_code == 303
    left = stored(app)
    assert left["changes"] == [("rename", "price", [])]
    assert left["active"][:2] == ["rude_staff", "price"]
    assert client.post(address, data=sent | {"seen": str(version(app))}).status_code == 303
    assert stored(app)["changes"] == [("rename", "price", [])]


def version(app: Flask) -> int:
    with app.app_context():
        return queries.version()


def test_a_text_that_was_the_name_follows_the_name(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    do(client, f"{LIST}/add", **NAMES)
    address = at(app, "loyalty_scheme_ended", "rename")
    do(client, address, **NAMES | {"label_en": "Points withdrawn", "after": key(app, "premises")})
    with app.app_context():
        newest = db.session.scalars(select(QuestionnaireVersion).order_by(QuestionnaireVersion.id.desc())).first()
        texts = {o["code"]: o["en"] for o in newest.content["options"]}
        assert texts["loyalty_scheme_ended"] == "Points withdrawn"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"label_nl": "  "}, "Give it a name in Dutch."),
        ({"label_en": "x" * 101}, "Keep it to 100 characters."),
        ({"label_en": "a\x00b"}, "cannot be shown"),
        ({"label_en": "PRICE"}, "There is another reason called “PRICE”."),
        ({"p": "people"}, "Not a valid choice"),
        ({"form_nl": "y" * 201}, "Keep it to 200 characters."),
    ],
)
def test_wrong_input_keeps_what_was_typed(app: Flask, sign_in: SignIn, wrong: dict[str, str], said: str) -> None:
    client = sign_in("analyst")
    given = NAMES | {"form_en": "My own words here"} | wrong
    token = foreseen(client, f"{LIST}/add", **NAMES)[1]["csrf_token"]
    for response, status in (
        (client.get(f"{LIST}/add", query_string=given | {"preview": 1}), 200),
        (client.post(f"{LIST}/add", data=given | {"csrf_token": token, "seen": "0"}), 422),
    ):
        page = text_of(response, status)
        assert said in page
        assert "My own words here" in page
        assert "Show what it will do" in page
    assert stored(app)["changes"] == []


def test_wrong_choices(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    for kind, given in (
        ("merge", {}), ("merge", {"into": key(app, "other")}), ("merge", {"into": key(app, "price")}),
        ("merge", {"into": 999}), ("merge", {"into": "x"}), ("rename", NAMES | {"after": key(app, "other")}),
        ("split", {"nl_1": "a", "en_1": "a"}), ("split", PARTS | {"nl_3": "maar in een taal"}),
        ("split", PARTS | {"nl_2": PARTS["nl_1"]}),
    ):  # fmt: skip
        page = text_of(client.get(at(app, "price", kind), query_string=given | {"preview": 1}))
        assert 'role="alert"' in page, (kind, given)
    assert "It cannot be merged, split or retired." in text_of(client.get(at(app, "other", "retire")))
    assert stored(app)["changes"] == []


@pytest.mark.parametrize(
    ("kind", "given"),
    [("add", NAMES), ("rename", NAMES | {"after": 0}), ("split", PARTS), ("retire", {}), ("merge", {})],
)
def test_a_second_click_changes_nothing_more(app: Flask, sign_in: SignIn, kind: str, given: dict[str, Any]) -> None:
    client = sign_in("analyst")
    address = f"{LIST}/add" if kind == "add" else at(app, "price", kind)
    given = given if kind != "merge" else {"into": key(app, "errors")}
    sent = foreseen(client, address, **given)[1]
    assert [client.post(address, data=sent).status_code for _ in range(2)] == [303, 303]
    left = stored(app)
    assert [len(left[name]) for name in ("changes", "audit", "jobs")] == [1, 1, 1]


def test_two_people_at_once(app: Flask, sign_in: SignIn) -> None:
    """Who comes second is shown what it would do now, and may save that."""
    anna, bert = sign_in("analyst"), sign_in("administrator")
    sent = foreseen(anna, at(app, "price", "merge"), into=key(app, "errors"))[1]
    assert do(bert, at(app, "premises", "retire")).status_code == 303
    late = anna.post(at(app, "price", "merge"), data=sent)
    page = text_of(late, 409)
    assert "The reasons were changed since you opened this page" in page
    assert [kind for kind, *_ in stored(app)["changes"]] == ["retire"]
    assert anna.post(at(app, "price", "merge"), data=hidden(late.get_data(as_text=True))).status_code == 303
    sent = foreseen(anna, at(app, "rude_staff", "retire"))[1]
    assert do(bert, at(app, "rude_staff", "merge"), into=key(app, "errors")).status_code == 303
    assert "This reason is no longer in use." in text_of(anna.post(at(app, "rude_staff", "retire"), data=sent), 409)


def test_without_a_token_nothing_changes(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    assert client.post(at(app, "price", "retire"), data={"seen": "0"}).status_code == 400
    assert stored(app)["changes"] == []


def test_the_page_says_how_far_a_change_is(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    assert "last change" not in text_of(client.get(LIST))
    do(client, at(app, "price", "retire"))
    assert "A model is learning the list as it is now." in text_of(client.get(LIST))
    jobs_are(app, "done")
    assert "the model does not know it yet." in text_of(client.get(LIST))
    jobs_are(app, "failed")
    assert "a job failed" in text_of(client.get(LIST))
    jobs_are(app, "done")
    with app.app_context(), writing():
        for number, state in enumerate(("done", "running", "queued")):
            moment = now()
            shard = Job(
                key=f"s{number}", kind="reclassify_shard", arguments={}, state=state, created_at=moment, due_at=moment,
                lease_until=moment, done=100 * (state == "done") + 20 * (state == "running"), total=100,
            )  # fmt: skip
            db.session.add(shard)
        db.session.commit()
    page = text_of(client.get(f"{LIST}/progress"))
    assert "All answers are being read again." in page
    assert "120 of 300 answers read" in page
    jobs_are(app, "done")
    with app.app_context(), writing():
        versions.serve(stories.model(serving=False, taxonomy_version=queries.version()), "promoted")
        db.session.commit()
    assert "The last change is in effect since" in text_of(client.get(LIST))


def jobs_are(app: Flask, state: str) -> None:
    with app.app_context(), writing():
        db.session.query(Job).update({"state": state})
        db.session.commit()


def test_in_dutch(app: Flask, answers: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("analyst", language="nl")
    page, _ = foreseen(client, at(app, "price", "merge"), into=key(app, "errors"))
    assert "4 antwoorden vinkten “Prijs” aan: ze tellen voortaan mee onder “Fouten en rekeningen”." in page


def test_two_people_in_the_same_moment(app: Flask, sign_in: SignIn) -> None:
    """Each wants to retire one of the last three reasons: one of them must be told that this would leave too few."""
    with app.app_context(), writing():
        db.session.query(Reason).filter(Reason.code.not_in(("price", "errors", "premises", "other"))).update(
            {"active": False}
        )
        db.session.commit()
    clients = {"price": sign_in("analyst"), "errors": sign_in("administrator")}
    ready = {code: foreseen(client, at(app, code, "retire"))[1] for code, client in clients.items()}
    addresses = {code: at(app, code, "retire") for code in clients}
    start = Barrier(2)

    def click(code: str) -> int:
        start.wait()
        return clients[code].post(addresses[code], data=ready[code]).status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(click, clients))
    assert sorted(statuses) == [303, 409]
    left = stored(app)
    assert [len(left[name]) for name in ("changes", "audit", "jobs")] == [1, 1, 1]
    assert len(left["active"]) == 3
