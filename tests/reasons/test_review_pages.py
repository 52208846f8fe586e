"""The pages for reading answers: what they show and hide, who may come, and what a click does."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from survey.accounts.models import AuditEntry, User
from survey.database import writing
from survey.extensions import db
from survey.reasons import sampling
from survey.reasons.models import Review, ReviewItem
from survey.responses.models import Response
from survey.rights.erasing import customer_called, erase_person
from survey.taxonomy.models import Reason
from tests import stories

QUEUE, DONE = "/review", "/review/done"
WORDS = "Veel te duur & de monteur <b>snauwde</b>."


def read_answer(text: str = WORDS, asked: Any = None, **found: float) -> int:
    """An answer that was masked and read by the model that serves; gives its id."""
    answer = stories.response(text, main="errors", also=("price",), asked=asked)
    answer.masked_words = text
    stories.reading(answer)
    version = db.session.scalar(select(stories.ModelVersion)) or stories.model()
    stories.classified(answer, version, **found)
    return answer.id


@pytest.fixture
def drawn(app: Flask) -> int:
    """One answer, in the audit sample, in which the model reads the price."""
    with app.app_context(), writing():
        key = read_answer(price=0.8)
        sampling.draw_audit()
        db.session.commit()
    return key


@pytest.fixture
def useful(app: Flask, drawn: int) -> int:
    """The same answer, drawn as a useful one instead."""
    with app.app_context(), writing():
        item = db.session.scalars(select(ReviewItem)).one()
        item.stream, item.probability = "useful", 0.5
        db.session.commit()
    return drawn


def text_of(client: FlaskClient, address: str = QUEUE) -> str:
    response = client.get(address)
    assert response.status_code == 200
    page = response.get_data(as_text=True)
    return " ".join(page[page.index("<main") : page.index("</main>")].split())


def token_of(client: FlaskClient) -> str:
    return re.findall(r'name="csrf_token" value="([^"]+)"', client.get(DONE).get_data(as_text=True))[0]


def post(client: FlaskClient, address: str, **given: Any) -> Any:
    return client.post(address, data={"csrf_token": token_of(client), **given})


def save(client: FlaskClient, key: int, *codes: str, stream: str = "audit", **given: Any) -> Any:
    return post(client, f"{QUEUE}/{key}", reasons=list(codes), stream=stream, action="save", **given)


def reviews(app: Flask) -> list[tuple[str, str, float, bool, list[str]]]:
    with app.app_context():
        return [
            (row.state, row.stream, row.probability, row.model_shown, sorted(each.reason.code for each in row.labels))
            for row in db.session.scalars(select(Review).order_by(Review.id))
        ]


def actions(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_the_words_what_was_ticked_and_a_key_for_every_reason(drawn: int, sign_in: Callable[..., FlaskClient]) -> None:
    page = text_of(sign_in("analyst"))
    assert "Veel te duur &amp; de monteur &lt;b&gt;snauwde&lt;/b&gt;." in page
    assert '<blockquote id="words" lang="nl">' in page
    assert "Ticked by the customer: Errors and billing, Price." in page
    keys = re.findall(r'aria-keyshortcuts="(\w+)"', page)
    assert keys == [*"1234567890", "a", "b", "n", "Enter", "s"]
    assert "1 answer waits for you." in page
    assert f'hx-get="{QUEUE}/progress"' in page


def test_progress_is_one_sentence_that_comes_after_the_page(drawn: int, sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("analyst")
    said = client.get(f"{QUEUE}/progress").get_data(as_text=True)
    assert said == "50 more audit answers until it is known which the main reasons are."
    save(client, drawn, "price")
    assert client.get(f"{QUEUE}/progress").get_data(as_text=True).startswith("49 more")


def test_the_audit_sample_is_read_blind_and_the_model_speaks_afterwards(
    drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]
) -> None:
    client = sign_in("analyst")
    page = text_of(client)
    assert "<mark>" not in page
    assert "80%" not in page
    assert "guess" not in page
    response = save(client, drawn, "errors")
    assert (response.status_code, response.location) == (303, f"{QUEUE}?after={drawn}")
    assert reviews(app) == [("reviewed", "audit", 1.0, False, ["errors"])]
    after = text_of(client, response.location)
    assert "Saved: Errors and billing. The model read: Price." in after
    assert "See why the model read that" in after
    assert "Veel te <mark>duur</mark> &amp; de" in after
    assert "80% sure" in after
    assert actions(app)[-1] == "answer reviewed"


@pytest.mark.parametrize(
    ("codes", "said"), [(["price"], "The model reads the same."), (["price", "errors"], "The model read: Price.")]
)
def test_the_line_says_whether_the_model_agrees(
    codes: list[str], said: str, drawn: int, sign_in: Callable[..., FlaskClient]
) -> None:
    client = sign_in("analyst")
    assert said in text_of(client, save(client, drawn, *codes).location)


def test_the_useful_ones_are_read_with_the_guess_in_sight(
    useful: int, app: Flask, sign_in: Callable[..., FlaskClient]
) -> None:
    client = sign_in("analyst")
    page = text_of(client)
    assert "The model's guess" in page
    assert "Why Price" in page
    assert "Veel te <mark>duur</mark>" in page
    assert "All other words" not in page
    assert "+2.00" in page
    assert "+1.50" in page  # together: -1 + .5 + 2
    save(client, useful, "price", stream="useful")
    assert reviews(app) == [("reviewed", "useful", 0.5, True, ["price"])]


def test_a_stream_in_the_form_that_is_not_so_changes_nothing(
    drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]
) -> None:
    save(sign_in("analyst"), drawn, "price", stream="useful")
    assert reviews(app) == [("reviewed", "audit", 1.0, False, ["price"])]


def test_no_reason_is_an_answer_too(drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("analyst")
    response = save(client, drawn, none="y")
    assert "Saved: no reason in it." in text_of(client, response.location)
    assert reviews(app)[0][0::4] == ("reviewed", [])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Choose at least one reason"),
        ({"reasons": ["price"], "none": "y"}, "not both"),
        ({"reasons": ["price", "nonsense"]}, "no longer in use"),
    ],
)
def test_a_wrong_form_is_said_and_keeps_what_was_ticked(
    given: dict[str, Any], said: str, drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]
) -> None:
    response = post(sign_in("analyst"), f"{QUEUE}/{drawn}", stream="audit", action="save", **given)
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert said in page
    assert ('value="price" data-key="1" aria-keyshortcuts="1" checked' in page) == bool(given)
    assert "<mark>" not in page
    assert reviews(app) == []


def test_a_retired_reason_is_no_choice_any_more(drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("analyst")
    with app.app_context(), writing():
        db.session.scalars(select(Reason).where(Reason.code == "premises")).one().active = False
        db.session.commit()
    assert "Premises" not in text_of(client)
    assert save(client, drawn, "premises").status_code == 422


def test_skipping_keeps_no_reasons_and_comes_back_to_nobody_who_skipped(
    drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]
) -> None:
    client = sign_in("analyst")
    response = post(client, f"{QUEUE}/{drawn}", reasons=["price"], stream="audit", action="skip")
    page = text_of(client, response.location)
    assert "Skipped." in page
    assert "You have read everything that waits" in page
    assert reviews(app) == [("skipped", "audit", 1.0, False, [])]
    assert WORDS[:12] in text_of(sign_in("administrator"))


def test_undo_brings_the_answer_back_as_it_was_ticked(
    drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]
) -> None:
    client = sign_in("analyst")
    page = text_of(client, save(client, drawn, "errors").location)
    review = re.findall(r'name="review" value="(\d+)"', page)[0]
    response = post(client, f"{QUEUE}/undo", review=review)
    assert response.status_code == 303
    assert reviews(app) == []
    again = text_of(client, response.location)
    assert 'value="errors" data-key="7" aria-keyshortcuts="7" checked' in again
    assert "guess" not in again
    assert post(client, f"{QUEUE}/undo", review=review).location == QUEUE  # twice
    assert actions(app)[-1] == "review undone"
    save(client, drawn, "errors")
    assert reviews(app)[0][3] is True  # by then what the model thinks had been shown


def test_undo_takes_back_nobody_elses(drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    save(sign_in("analyst"), drawn, "errors")
    with app.app_context():
        review = db.session.scalars(select(Review.id)).one()
    other = sign_in("administrator")
    assert post(other, f"{QUEUE}/undo", review=review).status_code == 303
    assert len(reviews(app)) == 1
    assert post(other, f"{QUEUE}/undo", review="x").status_code == 400


def test_a_double_click_saves_one(drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    """Two requests at the same moment, as two clicks are."""
    client = sign_in("analyst")
    token, codes = token_of(client), []
    cookie = client.get_cookie("session")
    assert cookie is not None

    def click() -> None:
        other = app.test_client()
        other.set_cookie("session", cookie.value)
        data = {"csrf_token": token, "reasons": ["price", "errors"], "stream": "audit", "action": "save"}
        codes.append(other.post(f"{QUEUE}/{drawn}", data=data).status_code)

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [303] * 4
    assert reviews(app) == [("reviewed", "audit", 1.0, False, ["errors", "price"])]
    assert actions(app).count("answer reviewed") == 1


def test_words_erased_meanwhile_leave_the_queue(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    with app.app_context(), writing():
        who = stories.customer(external_id="gone")
        key = read_answer(asked=stories.invitation(stories.defection(who)), price=0.8)
        sampling.draw_audit()
        db.session.commit()
    client = sign_in("analyst")
    assert "Veel te duur" in text_of(client)
    with app.app_context(), writing():
        erase_person(customer_called("gone"), "operator")
        db.session.commit()
    response = save(client, key, "price")
    assert response.status_code == 303
    assert reviews(app) == []
    page = text_of(client, response.location)
    assert "The words of this answer are gone" in page
    assert "Veel te duur" not in page


def test_what_was_found_can_be_changed_by_who_found_it(
    drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]
) -> None:
    mine, other = sign_in("analyst"), sign_in("administrator")
    save(mine, drawn, "errors")
    assert f'href="{QUEUE}/{drawn}"' in text_of(mine, DONE)
    assert f'href="{QUEUE}/{drawn}"' not in text_of(other, DONE)
    page = text_of(mine, f"{QUEUE}/{drawn}")
    assert 'value="errors" data-key="7" aria-keyshortcuts="7" checked' in page
    assert "Change what you found" in page
    response = save(mine, drawn, "price", back="done")
    assert response.location == DONE
    assert reviews(app) == [("reviewed", "audit", 1.0, True, ["price"])]
    assert actions(app)[-1] == "review changed"


def test_the_list_says_who_found_what_and_where_they_differ(
    drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]
) -> None:
    one, two = sign_in("analyst"), sign_in("administrator")
    save(one, drawn, "errors")
    assert "Readers differ about 0 answers" in text_of(one, f"{DONE}?differ=1")
    with app.app_context(), writing():
        reader = db.session.scalars(select(User.id).where(User.name == "administrator")).one()
        stories.review(db.session.get_one(Response, drawn), reader, "price", stream="audit", model_shown=True)
        db.session.commit()
    page = text_of(two, f"{DONE}?differ=1")
    assert "Readers differ about 1 answer" in page
    assert "<strong>Errors and billing</strong>" in page
    assert "<strong>Price</strong>" in page
    assert "with the model's guess in sight" in page
    assert "Nothing fits these filters" in text_of(one, f"{DONE}?who=me&reason=price")
    assert "You have read 1 answer" in text_of(one, f"{DONE}?who=me")


def test_words_found_by_the_model_show_why_and_words_that_were_ticked_do_not(
    drawn: int, sign_in: Callable[..., FlaskClient]
) -> None:
    client, period = sign_in("manager"), "from=2026-01-01&to=2026-12-31"
    read = text_of(client, f"/breakdown/price/words?by=read&{period}")
    assert "Why Price" in read
    assert "Veel te <mark>duur</mark> &amp; de monteur &lt;b&gt;snauwde" in read
    assert "<mark>" not in text_of(client, f"/breakdown/errors/words?{period}")


@pytest.mark.parametrize("address", [f"{QUEUE}/999", f"{DONE}?page=2"])
def test_what_is_not_there_is_not_found(address: str, drawn: int, sign_in: Callable[..., FlaskClient]) -> None:
    assert sign_in("analyst").get(address).status_code == 404


def test_strange_addresses_are_no_fault(drawn: int, sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("analyst")
    for after in ("x", "999", "²", "99999999999"):
        assert "Saved" not in text_of(client, f"{QUEUE}?after={after}")
    assert client.get(f"{DONE}?page=0").status_code == 400


@pytest.mark.parametrize("role", ["manager", "interviewer"])
def test_others_may_not_come(role: str, drawn: int, sign_in: Callable[..., FlaskClient], client: FlaskClient) -> None:
    other = sign_in(role)
    for address in (QUEUE, DONE, f"{QUEUE}/{drawn}", f"{QUEUE}/progress"):
        assert other.get(address).status_code == 403
        assert client.get(address).status_code == 302
    assert other.post(f"{QUEUE}/{drawn}").status_code in (400, 403)


def test_without_a_token_nothing_is_saved(drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("analyst")
    assert client.post(f"{QUEUE}/{drawn}", data={"reasons": ["price"], "action": "save"}).status_code == 400
    assert client.post(f"{QUEUE}/undo", data={"review": "1"}).status_code == 400
    assert reviews(app) == []


def test_who_is_tied_to_a_branch_reads_only_its_answers(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    with app.app_context(), writing():
        delft, gouda = stories.branch("Delft"), stories.branch("Gouda")
        keys = {
            place.name: read_answer(
                f"Duur in {place.name}.", stories.invitation(stories.defection(stories.customer(branch_id=place.id)))
            )
            for place in (delft, gouda)
        }
        sampling.draw_audit()
        db.session.commit()
        branch = delft.id
    tied, free = sign_in("analyst", branches=(branch,)), sign_in("administrator")
    assert "Duur in Delft." in text_of(tied)
    assert "1 answer waits for you." in text_of(tied)
    assert tied.get(f"{QUEUE}/{keys['Gouda']}").status_code == 404
    save(free, keys["Gouda"], "price")
    assert "Duur in Gouda" not in text_of(tied, DONE)
    assert "Duur in Gouda" in text_of(free, DONE)
    assert save(tied, keys["Gouda"], "errors").status_code == 303
    assert len(reviews(app)) == 1


def test_empty_pages_teach(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("administrator")
    assert "No answer was read by the model yet" in text_of(client)
    assert "/jobs" in text_of(client)
    assert "Nobody has read an answer yet" in text_of(client, DONE)
    with app.app_context(), writing():
        stories.model()
        db.session.commit()
    assert "No customer wrote anything yet" in text_of(client)
    with app.app_context(), writing():
        read_answer()
        db.session.commit()
    assert "No answers were chosen yet" in text_of(client)


def test_in_dutch(drawn: int, sign_in: Callable[..., FlaskClient]) -> None:
    page = text_of(sign_in("analyst", language="nl"))
    assert "Waarom is deze klant weggegaan?" in page
    assert "Geen reden in te vinden" in page


def test_looking_changes_nothing(drawn: int, app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    client = sign_in("analyst")
    for address in (QUEUE, DONE, f"{QUEUE}/{drawn}", QUEUE):
        client.get(address)
    with app.app_context():
        assert db.session.scalar(select(func.count(Review.id))) == 0
        assert db.session.scalar(select(func.count(ReviewItem.id))) == 1
