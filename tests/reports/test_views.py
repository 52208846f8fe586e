"""The breakdown as people meet it: who may see what, what it says, and that page, file and tables agree."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from survey.accounts.models import AuditEntry
from survey.clock import now
from survey.database import writing
from survey.extensions import db
from survey.reasons.models import HumanLabel, Review
from survey.responses.models import Response
from tests.reports.garage import Answer, Left, Person, add, branch_id, reason_id

SignIn = Callable[..., FlaskClient]
QUARTER = "from=2026-07-01&to=2026-09-30"
AUGUST = date(2026, 8, 10)
PATHS = (
    "/breakdown",
    "/breakdown.csv",
    "/breakdown/reasons.csv",
    "/breakdown/months.csv",
    "/breakdown/price/words",
    "/breakdown/price/words.csv",
)


def left(lost: str = "100.00", branch: str = "Utrecht", **more: Any) -> Person:
    return Person(left=(replace(Left(AUGUST, Decimal(lost)), **more),), branch=branch)


def answered(main: str, lost: str = "100.00", branch: str = "Utrecht", **more: Any) -> Person:
    return left(lost, branch, answer=Answer(main, **more))


@pytest.fixture
def garage(app: Flask) -> None:
    """Two branches in which people left for different reasons."""
    with app.app_context(), writing():
        add(
            answered("price", "1200.40", words="Te duur voor wat je krijgt.", read=("price",)),
            answered("price", "333.33", words="=HYPERLINK(1)", also=("errors",), read="unsure"),
            answered("rude_staff", "2500.15", words="Afgesnauwd aan de balie.", masked=False),
            answered("circumstances", "80.00", "Breda", words="Verhuisd naar Assen.", read=("circumstances",)),
            left("410.90"),
            left("77.70", "Breda", mail=""),
            Person(),
            Person(branch="Breda", segment="lease"),
        )


def rows_of(response: Any, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.get_data().decode("utf-8-sig")), delimiter=delimiter))


@pytest.mark.usefixtures("garage")
@pytest.mark.parametrize("role", ["administrator", "manager", "analyst"])
def test_readers_may_see_every_page(sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    assert [client.get(path).status_code for path in PATHS] == [200] * len(PATHS)


def test_interviewers_and_strangers_may_not(sign_in: SignIn, client: FlaskClient) -> None:
    interviewer = sign_in("interviewer")
    assert {interviewer.get(path).status_code for path in PATHS} == {403}
    assert {client.get(path).status_code for path in PATHS} <= {302, 401}


@pytest.mark.usefixtures("garage")
def test_the_page_says_it_in_sentences(sign_in: SignIn) -> None:
    page = sign_in("manager").get(f"/breakdown?{QUARTER}&period=custom").get_data(as_text=True)
    assert "6 of 8 customers left in the third quarter of 2026" in page
    assert "That is 75.0% of them, between 40.9 and 92.9%. It was 0.0% in the period before: a real rise." in page
    assert "An estimated €4,600 of lifetime value left with them." in page
    assert "4 of the 5 we could ask have told us why: 80.0%, between 37.6 and 96.4%." in page
    assert "“Rude staff” costs most: about €" in page
    assert "4 of the 6 who left are heard here (67%)." in page
    assert page.count('<svg role="img"') == 3


@pytest.mark.usefixtures("garage")
def test_ranked_by_count_on_request(sign_in: SignIn) -> None:
    page = sign_in("manager").get(f"/breakdown?{QUARTER}&order=count").get_data(as_text=True)
    assert "“Price” is the most common reason: " in page


@pytest.mark.usefixtures("garage")
@pytest.mark.parametrize("filters", ["", "&branch=BREDA", "&segment=private", "&branch=BREDA&segment=private"])
def test_page_file_and_tables_agree(app: Flask, sign_in: SignIn, filters: str) -> None:
    """N09: one figure, three ways to it."""
    with app.app_context():
        filters = filters.replace("BREDA", str(branch_id("Breda")))
        count, lost = db.session.execute(text(DIRECT), _bound(filters)).one()
    client = sign_in("manager")
    rows = rows_of(client.get(f"/breakdown.csv?{QUARTER}{filters}"))
    page = client.get(f"/breakdown?{QUARTER}{filters}").get_data(as_text=True)
    lost = Decimal(str(lost)).quantize(Decimal("0.01"))
    assert sum(int(row["departures"]) for row in rows) == count
    assert sum(Decimal(row["lost value"]) for row in rows) == lost
    assert _shown_total(page) == (count, int(lost.quantize(Decimal(1))))
    assert _shown_sum(page) == _shown_total(page)


DIRECT = """
    SELECT count(*), sum(lost_value) FROM defection JOIN customer ON customer.id = defection.customer_id
    WHERE defected_on BETWEEN '2026-07-01' AND '2026-09-30'
      AND (:branch = 0 OR branch_id = :branch) AND (:segment = '' OR segment = :segment)
"""


def _bound(filters: str) -> dict[str, object]:
    given = dict(part.split("=") for part in filters.split("&") if part)
    return {"branch": int(given.get("branch", 0)), "segment": given.get("segment", "")}


def _figures(row: str) -> tuple[int, int]:
    cells = re.findall(r'<td class="figure">([^<]*)</td>', row)
    count, lost = (int(re.sub(r"\D", "", cell)) for cell in cells[:2])
    return count, lost


def _shown_total(page: str) -> tuple[int, int]:
    return _figures(page[page.index("<tfoot>") : page.index("</tfoot>")])


def _shown_sum(page: str) -> tuple[int, int]:
    start = page.index('id="reason-table"')
    body = page[page.index("<tbody>", start) : page.index("</tbody>", start)]
    found = [_figures(row) for row in body.split("<tr")[1:]]
    return sum(count for count, _ in found), sum(lost for _, lost in found)


@pytest.mark.usefixtures("garage")
def test_a_manager_of_one_branch_sees_nothing_of_another(app: Flask, sign_in: SignIn) -> None:
    """B46: every figure, filter, word and file."""
    with app.app_context():
        utrecht, breda = branch_id("Utrecht"), branch_id("Breda")
    client = sign_in("manager", branches=(breda,))
    pages = [client.get(f"{path}?{QUARTER}").get_data(as_text=True) for path in PATHS]
    pages.append(client.get(f"/breakdown/circumstances/words?{QUARTER}").get_data(as_text=True))
    assert not any("Utrecht" in page or "Te duur" in page or "Afgesnauwd" in page for page in pages)
    assert "2 of 3 customers left" in pages[0]
    assert sum(int(row["departures"]) for row in rows_of(client.get(f"/breakdown.csv?{QUARTER}"))) == 2
    assert "Verhuisd naar Assen." in pages[-1]
    other = client.get(f"/breakdown?{QUARTER}&branch={utrecht}")
    nowhere = client.get(f"/breakdown?{QUARTER}&branch=999999")
    assert (other.status_code, nowhere.status_code) == (400, 400)
    assert re.sub(r"branch=\d+", "", other.get_data(as_text=True)) == re.sub(
        r"branch=\d+", "", nowhere.get_data(as_text=True)
    )


@pytest.mark.usefixtures("garage")
@pytest.mark.parametrize(
    "query",
    [
        "period=yesterday", "from=2026-13-01&to=2026-12-31", "from=2026-01-01", "from=2026-02-01&to=2026-01-01",
        "from=0001-01-01&to=9999-12-31", "period=custom", "branch=1%20OR%201=1", "branch=-1", "segment=nobody",
        "order=lost_value", "order=value&order=count", "branch=1&branch=2",
    ],
)  # fmt: skip
def test_an_address_that_makes_no_sense_is_answered_in_words(sign_in: SignIn, query: str) -> None:
    client = sign_in("manager")
    for path in ("/breakdown", "/breakdown.csv"):
        response = client.get(f"{path}?{query}")
        assert response.status_code == 400
        assert "This view cannot be shown" in response.get_data(as_text=True)


@pytest.mark.usefixtures("garage")
@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=2", "page=1000000000", "page=x", "by=magic"])
def test_pages_of_words_that_are_not_there(sign_in: SignIn, query: str) -> None:
    assert sign_in("manager").get(f"/breakdown/price/words?{QUARTER}&{query}").status_code == 400


@pytest.mark.usefixtures("garage")
def test_a_reason_that_is_not_there(sign_in: SignIn) -> None:
    assert sign_in("manager").get("/breakdown/nonsense/words").status_code == 404


@pytest.mark.usefixtures("garage")
def test_the_words_behind_a_reason(sign_in: SignIn) -> None:
    page = sign_in("manager").get(f"/breakdown/price/words?{QUARTER}").get_data(as_text=True)
    assert "“Price”: the main reason of 2, of whom 2 wrote something" in page
    assert "Te duur voor wat je krijgt." in page
    assert "Ticked: Price, Errors and billing." in page
    assert "Read by the model, not checked: Price." in page
    assert "The model was unsure." in page
    assert "Afgesnauwd" not in page
    assert "Anna van Dam" not in page


@pytest.mark.usefixtures("garage")
def test_words_are_shown_only_once_personal_data_is_masked(sign_in: SignIn) -> None:
    client = sign_in("manager")
    page = client.get(f"/breakdown/rude_staff/words?{QUARTER}").get_data(as_text=True)
    assert "Afgesnauwd" not in page
    assert "These words are being read" in page
    assert "Afgesnauwd" not in client.get(f"/breakdown/rude_staff/words.csv?{QUARTER}").get_data(as_text=True)


@pytest.mark.usefixtures("garage")
def test_words_by_what_the_model_read(sign_in: SignIn) -> None:
    page = sign_in("manager").get(f"/breakdown/price/words?{QUARTER}&by=read").get_data(as_text=True)
    assert "“Price”: read by the model in 1 answer" in page
    assert "HYPERLINK" not in page


@pytest.mark.usefixtures("garage")
def test_words_in_which_people_found_a_reason(app: Flask, sign_in: SignIn, user: Callable[..., int]) -> None:
    reader = user("analyst")
    with app.app_context(), writing():
        answer = db.session.query(Response).filter_by(words="=HYPERLINK(1)").one()
        review = Review(response_id=answer.id, user_id=reader, state="reviewed", created_at=now())
        review.labels = [HumanLabel(reason_id=reason_id("rude_staff"))]
        db.session.add(review)
        db.session.commit()
    client = sign_in("manager")
    page = client.get(f"/breakdown/rude_staff/words?{QUARTER}&by=found").get_data(as_text=True)
    assert "“Rude staff”: found by people in 1 answer" in page
    assert "HYPERLINK" in page
    assert "HYPERLINK" not in client.get(f"/breakdown/rude_staff/words?{QUARTER}").get_data(as_text=True)


@pytest.mark.usefixtures("garage")
def test_the_estimates_as_a_file_are_those_of_the_page(sign_in: SignIn) -> None:
    client = sign_in("manager")
    rows = rows_of(client.get(f"/breakdown/reasons.csv?{QUARTER}"))
    page = client.get(f"/breakdown?{QUARTER}").get_data(as_text=True)
    first = rows[0]
    assert (first["code"], first["source"], first["answers"]) == ("rude_staff", "ticked", "4")
    assert float(first["share from"]) < float(first["share of those who left"]) < float(first["share to"])
    assert int(first["lost from"]) < int(first["lost value"]) < int(first["lost to"])
    assert f"{100 * float(first['share of those who left']):.1f}%" in page
    assert [row["code"] for row in rows_of(client.get(f"/breakdown/reasons.csv?{QUARTER}&order=count"))][0] == "price"


@pytest.mark.usefixtures("garage")
def test_what_the_model_read_is_counted_nowhere_as_a_share(sign_in: SignIn) -> None:
    client = sign_in("manager")
    assert "Answers in which the model reads a reason" not in client.get(f"/breakdown?{QUARTER}").get_data(as_text=True)
    assert "read by the model" not in rows_of(client.get(f"/breakdown.csv?{QUARTER}"))[0]


def test_words_of_somebody_who_was_erased(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        person = answered("price", words="Ik ben Jan.", masked=False)
        add(replace(person, more={"erased_at": now()}))
    page = sign_in("manager").get(f"/breakdown/price/words?{QUARTER}").get_data(as_text=True)
    assert "erased at the customer's request" in page


def test_words_come_in_pages_that_keep_the_filters(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        add(*[answered("price", words=f"Antwoord nummer {n:02}.") for n in range(30)])
    client = sign_in("manager")
    first = client.get(f"/breakdown/price/words?{QUARTER}&segment=private").get_data(as_text=True)
    second = client.get(f"/breakdown/price/words?{QUARTER}&segment=private&page=2").get_data(as_text=True)
    shown = [set(re.findall(r"Antwoord nummer \d\d", page)) for page in (first, second)]
    assert [len(words) for words in shown] == [25, 5]
    assert len(shown[0] | shown[1]) == 30
    assert re.search(
        r'rel="next" href="[^"]*segment=private[^"]*page=2|rel="next" href="[^"]*page=2[^"]*segment=private', first
    )
    assert len(rows_of(client.get(f"/breakdown/price/words.csv?{QUARTER}"))) == 30


@pytest.mark.usefixtures("garage")
def test_exports_are_audited_and_looking_is_not(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("manager")
    client.get(f"/breakdown?{QUARTER}")
    client.get(f"/breakdown/price/words?{QUARTER}")
    for path in PATHS[1:4] + PATHS[5:]:
        client.get(f"{path}?{QUARTER}")
    with app.app_context():
        entries = db.session.query(AuditEntry).order_by(AuditEntry.id).all()
        assert [entry.action for entry in entries] == [
            "breakdown exported",
            "reasons exported",
            "months exported",
            "words exported",
        ]
        assert entries[0].details["from"] == "2026-07-01"


@pytest.mark.usefixtures("garage")
def test_a_dutch_file_opens_in_a_dutch_spreadsheet_without_formulas(sign_in: SignIn) -> None:
    client = sign_in("manager", language="nl")
    answer = client.get(f"/breakdown.csv?{QUARTER}&lang=nl")
    assert answer.get_data().startswith(b"\xef\xbb\xbf")
    cells = [row for row in csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";")]
    assert next(row for row in cells if row[2] == "rude_staff")[8] == "2500,15"
    words = client.get(f"/breakdown/price/words.csv?{QUARTER}&lang=nl").get_data().decode("utf-8-sig")
    assert [row[-1] for row in csv.reader(io.StringIO(words), delimiter=";")][1:] == [
        "'=HYPERLINK(1)",
        "Te duur voor wat je krijgt.",
    ]


def test_before_there_are_customers(sign_in: SignIn) -> None:
    page = sign_in("manager").get("/breakdown").get_data(as_text=True)
    assert "No customers yet" in page
    assert "<svg role" not in page


def test_before_anybody_left(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        add(Person())
    page = sign_in("manager").get(f"/breakdown?{QUARTER}").get_data(as_text=True)
    assert "0 of 1 customers left" in page
    assert "No departures found yet" in page


@pytest.mark.usefixtures("garage")
def test_a_period_without_departures_leads_to_one_with(sign_in: SignIn) -> None:
    client = sign_in("manager")
    page = client.get("/breakdown?from=2026-01-01&to=2026-03-31").get_data(as_text=True)
    assert "Nobody left in this period" in page
    link = re.search(r'class="button" href="([^"]+)"', page)
    assert link is not None
    there = client.get(link[1].replace("&amp;", "&")).get_data(as_text=True)
    assert "6 of 8 customers left" in there


def test_before_anybody_answered(app: Flask, sign_in: SignIn) -> None:
    with app.app_context(), writing():
        add(left())
    page = sign_in("manager").get(f"/breakdown?{QUARTER}").get_data(as_text=True)
    assert "No reasons yet" in page
    assert "Nobody has answered yet." in page
    assert page.count('<svg role="img"') == 1


@pytest.mark.usefixtures("garage")
def test_months_as_a_file(sign_in: SignIn) -> None:
    rows = rows_of(sign_in("manager").get(f"/breakdown/months.csv?{QUARTER}"))
    assert len(rows) == 24
    assert (rows[-2]["from"], rows[-2]["left"], rows[-2]["customers at risk"]) == ("2026-08-01", "6", "8")
    assert (rows[-1]["left"], rows[-1]["customers at risk"]) == ("0", "2")


@pytest.mark.usefixtures("garage")
def test_looking_changes_nothing(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("manager")
    with app.app_context():
        before = _contents()
    for path in ("/breakdown", "/breakdown/price/words"):
        client.get(f"{path}?{QUARTER}")
    with app.app_context():
        assert _contents() == before


@pytest.mark.parametrize("path", ["/breakdown", "/breakdown.csv", "/breakdown/price/words"])
def test_more_departures_ask_no_more_questions(app: Flask, sign_in: SignIn, path: str) -> None:
    client = sign_in("manager")
    asked: list[str] = []
    with app.app_context(), writing():
        add(answered("price", words="Te duur.", read=("price",)))
        event.listen(db.engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    client.get(f"{path}?{QUARTER}")
    few = len(asked)
    with app.app_context(), writing():
        add(*[answered("price", words="Te duur.", also=("errors",), read=("price",)) for _ in range(20)])
    asked.clear()
    client.get(f"{path}?{QUARTER}")
    assert 5 < len(asked) == few


def _contents() -> list[int]:
    return [db.session.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in db.metadata.tables]
