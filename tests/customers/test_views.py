"""B38 and the pages for files: works, not yours, wrong, twice."""

import io
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from survey.accounts.models import AuditEntry
from survey.clock import now
from survey.customers import views
from survey.customers.models import Branch, Customer, Import, ImportProblem
from survey.customers.noting import ask_for_run
from survey.database import committed
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.running import run_next
from tests.customers.files import workbook

GOOD = "klantnummer;naam;klant sinds\n1;Zoë;13-02-2024\n2;Jan;01-03-2024\n"
BAD = "klantnummer;e-mail\n1;a@x.nl\n2;=cmd()\n"
ATTACK = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{7*7}}.csv'
AS_SHOWN = {"mode": "all", "kind": "customers", "dates": "", "decimal": "", "encoding": "", "delimiter": ""}


@pytest.fixture
def analyst(sign_in):
    return sign_in("analyst")


def token(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True))[1]


def send(client, content, name="klanten.csv"):
    body = content if isinstance(content, bytes) else content.encode()
    data = {"csrf_token": token(client.get("/customers/imports")), "file": (io.BytesIO(body), name)}
    return client.post("/customers/imports", data=data, content_type="multipart/form-data")


def choose(client, address, action="start", **choices):
    page = client.get(address)
    form = {"csrf_token": token(page), "action": action, **AS_SHOWN, **choices}
    return client.post(address, data=form)


def post(client, address, page):
    return client.post(address, data={"csrf_token": token(client.get(page))})


def run_jobs(app):
    """What the `work` command does; says how the jobs ended."""
    with app.app_context():
        ended = list(iter(lambda: run_next("test"), None))
    assert [job.state for job in ended] == ["done"] * len(ended)


def uploads(app):
    return list((Path(app.instance_path) / "uploads").glob("*"))


def one_import(app):
    with app.app_context():
        return db.session.scalars(select(Import).order_by(Import.id.desc())).first()


def test_the_first_visit_teaches(analyst):
    page = analyst.get("/customers/imports")
    assert page.status_code == 200
    assert "No file was imported yet" in page.text
    assert "Begin with a file of customers" in page.text


def test_a_file_goes_all_the_way(app, analyst):
    sent = send(analyst, GOOD, "../../etc/klanten.csv")
    assert sent.status_code == 303
    page = analyst.get(sent.location)
    assert "2 rows." in page.text
    assert "13 February 2024" in page.text
    assert "Read as day-month-year, as 13-02-2026. 1 of 2 dates can only be day first." in page.text
    with app.app_context():
        assert db.session.scalar(select(func.count(Customer.id))) == 0
    assert choose(analyst, sent.location).status_code == 303
    assert "Waiting for its turn" in analyst.get(sent.location).text
    run_jobs(app)
    done = analyst.get(sent.location)
    assert "2 of 2 rows were good: 2 are new, 0 changed something, 0 were known already." in done.text
    assert uploads(app) == []
    assert "klanten.csv" in analyst.get("/customers/imports").text
    with app.app_context():
        assert db.session.scalars(select(Customer.name).order_by(Customer.id)).all() == ["Zoë", "Jan"]
        entries = db.session.execute(select(AuditEntry.action, AuditEntry.details)).all()
        assert [(action, details["rows"]) for action, details in entries] == [("import started", 2)]


def test_what_is_open_must_be_chosen(app, analyst):
    sent = send(analyst, "klantnummer;klant sinds\n1;01-02-2024\n")
    assert "This does not decide it: please choose." in analyst.get(sent.location).text
    assert choose(analyst, sent.location).status_code == 422
    looked = choose(analyst, sent.location, "look", dates="mdy")
    assert looked.status_code == 200
    assert "2 January 2024" in looked.text
    assert one_import(app).state == "uploaded"
    assert choose(analyst, sent.location, dates="dmy").status_code == 303
    assert one_import(app).options["dates"] == "dmy"


def test_columns_can_be_mapped_on_the_page(app, analyst):
    sent = send(analyst, "nr;wie\n1;Jan\n")
    page = analyst.get(sent.location)
    assert "This column is required and was not found." in page.text
    assert choose(analyst, sent.location).status_code == 422
    mapped = {"column:nr": "customer_id", "column:wie": "name"}
    assert choose(analyst, sent.location, **mapped).status_code == 303
    run_jobs(app)
    with app.app_context():
        assert db.session.execute(select(Customer.external_id, Customer.name)).all() == [("1", "Jan")]


def test_a_choice_of_columns_of_another_delimiter_is_dropped(analyst):
    sent = send(analyst, "klantnummer;naam\n1;Jan\n")
    looked = choose(analyst, sent.location, "look", **{"column:klantnummer;naam": "customer_id"})
    assert "1; Jan" not in looked.text
    assert 'value="start"' in looked.text


def test_bad_rows_are_told_and_the_good_ones_can_come_in(app, analyst):
    sent = send(analyst, BAD)
    assert "=cmd()" in analyst.get(sent.location).text
    choose(analyst, sent.location)
    run_jobs(app)
    page = analyst.get(sent.location)
    assert "Nothing was imported, because 1 of 2 rows are not good." in page.text
    assert "This is not one e-mail address" in page.text
    export = analyst.get(f"{sent.location}/problems.csv")
    assert export.mimetype == "text/csv"
    assert '"3";"e-mail";"\'=cmd()"' in export.text
    assert post(analyst, f"{sent.location}/good", sent.location).status_code == 303
    run_jobs(app)
    page = analyst.get(sent.location).text
    assert "1 of 2 rows were good" in page
    assert "One row was left out." in page
    assert "Next comes a file with their purchases or visits." in page
    assert post(analyst, f"{sent.location}/good", "/customers/imports").status_code == 409


def test_starting_twice_starts_once(app, analyst):
    sent = send(analyst, GOOD)
    form = {"csrf_token": token(analyst.get(sent.location)), "action": "start", **AS_SHOWN}
    assert [analyst.post(sent.location, data=form).status_code for _ in range(2)] == [303, 303]
    with app.app_context():
        assert db.session.scalars(select(Job.key).where(Job.kind == "import_file")).all() == [
            f"import:{one_import(app).id}"
        ]


def test_the_same_file_again_is_told(app, analyst):
    for _ in range(2):
        sent = send(analyst, GOOD)
        page = analyst.get(sent.location)
        choose(analyst, sent.location)
        run_jobs(app)
    assert "Exactly this file was imported before" in page.text
    assert "0 are new, 0 changed something, 2 were known already" in analyst.get(sent.location).text


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "empty.csv", "The file is empty."),
        (b"<html><body>", "page.xlsx", "This is a web page"),
        (b"PK\x03\x04broken", "broken.xlsx", "damaged or not complete"),
        (b'customer_id;name\n1;"open\n', "open.csv", "Line 2"),
        (b"customer_id\n", "header.csv", "There is a header but no rows."),
    ],
)
def test_a_file_that_cannot_be_read_is_not_kept(app, analyst, content, name, words):
    page = send(analyst, content, name)
    assert page.status_code == 422
    assert words in page.text
    assert uploads(app) == []
    assert one_import(app) is None


def test_no_file_at_all(analyst):
    data = {"csrf_token": token(analyst.get("/customers/imports"))}
    page = analyst.post("/customers/imports", data=data, content_type="multipart/form-data")
    assert page.status_code == 422
    assert "Choose a file." in page.text


@pytest.mark.parametrize(
    "name", [ATTACK, "a.csv.exe", "x" * 300 + ".csv", "gnp\u202evsc.csv", "..\\..\\etc\\x.csv", "a\tb.csv"]
)
def test_the_name_of_a_file_is_only_shown(app, analyst, name):
    sent = send(analyst, GOOD.replace("naam", "<b>naam</b>"), name)
    page = analyst.get(sent.location)
    assert "<script>alert" not in page.text
    assert "<b>naam" not in page.text
    assert "&lt;b&gt;naam" in page.text
    assert all(re.fullmatch("[0-9a-f]{32}", path.name) for path in uploads(app))
    assert one_import(app).file_name.isprintable()


def test_a_file_that_is_too_large_is_refused(app, analyst, monkeypatch):
    monkeypatch.setattr(views, "FORM_BYTES", 1_000)
    monkeypatch.setattr(app.settings, "upload_bytes", 500)
    assert send(analyst, "customer_id\n" + "1\n" * 300).status_code == 413
    assert send(analyst, "customer_id\n" + "1\n" * 3_000).status_code == 413
    assert uploads(app) == []


def test_more_than_the_usual_form_is_let_in(app, analyst):
    large = "customer_id;name\n" + "".join(f"{number};{'x' * 90}\n" for number in range(4_000))
    assert len(large) > app.config["MAX_CONTENT_LENGTH"]
    assert send(analyst, large).status_code == 303


def test_a_workbook_can_be_uploaded(tmp_path, analyst):
    path = workbook(tmp_path, [["klantnummer", "naam"], [7, "Zoë"]])
    page = analyst.get(send(analyst, path.read_bytes(), "klanten.xlsx").location)
    assert "the sheet Klanten is read" in page.text


def test_a_disk_that_is_full_is_told(analyst, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("survey.customers.uploads._write", full)
    page = send(analyst, GOOD)
    assert page.status_code == 507
    assert "There is no room left" in page.text


def test_a_file_can_be_removed(app, analyst):
    sent = send(analyst, GOOD)
    assert post(analyst, f"{sent.location}/remove", sent.location).status_code == 303
    assert one_import(app) is None
    assert uploads(app) == []
    assert analyst.get(sent.location).status_code == 404


def test_a_file_under_way_is_not_removed(app, analyst):
    sent = send(analyst, GOOD)
    choose(analyst, sent.location)
    assert post(analyst, f"{sent.location}/remove", "/customers/imports").status_code == 409
    assert len(uploads(app)) == 1


def test_progress_is_counted_and_reloads_at_the_end(app, analyst):
    sent = send(analyst, GOOD)
    choose(analyst, sent.location)
    page = analyst.get(sent.location)
    assert '<meta http-equiv="refresh"' in page.text
    waiting = analyst.get(f"{sent.location}/progress")
    assert "HX-Refresh" not in waiting.headers
    assert 'hx-trigger="every 1s"' in waiting.text

    def at(state, **values):
        row = db.session.get_one(Import, one_import(app).id)
        for name, value in {"state": state, **values}.items():
            setattr(row, name, value)

    with app.app_context():
        committed(db.session, lambda: at("checking", good_rows=1))
    assert "1 of 2 rows checked" in analyst.get(f"{sent.location}/progress").text
    with app.app_context():
        committed(db.session, lambda: at("publishing", staged_line=3, published_line=2))
    assert "1 of 2 rows stored" in analyst.get(f"{sent.location}/progress").text
    with app.app_context():
        committed(db.session, lambda: at("done"))
    assert analyst.get(f"{sent.location}/progress").headers["HX-Refresh"] == "true"


def test_a_job_that_gave_up_is_told(app, analyst):
    sent = send(analyst, GOOD)
    choose(analyst, sent.location)

    def fail():
        db.session.scalars(select(Job).where(Job.kind == "import_file")).one().state = "failed"

    with app.app_context():
        committed(db.session, fail)
    assert "The import stopped." in analyst.get(sent.location).text


def test_problems_are_paged(app, analyst):
    sent = send(analyst, "customer_id;email\n" + "".join(f"{number};x{number}\n" for number in range(120)))
    choose(analyst, sent.location)
    run_jobs(app)
    assert "x49<" in analyst.get(sent.location).text
    assert "x50<" not in analyst.get(sent.location).text
    assert "x50<" in analyst.get(f"{sent.location}?page=2").text
    assert [analyst.get(f"{sent.location}?page={page}").status_code for page in (-1, "x", 9)] == [400, 400, 404]
    assert len(analyst.get(f"{sent.location}/problems.csv").text.splitlines()) == 121


def test_the_file_of_problems_goes_down_the_file(app, analyst):
    sent = send(analyst, "customer_id;occurred_on\nnobody;2026-01-05\nnobody;32-01-2026\n")
    choose(analyst, sent.location, kind="transactions")
    run_jobs(app)
    lines = analyst.get(f"{sent.location}/problems.csv").text.splitlines()[1:]
    assert [line[:3] for line in lines] == ['"2"', '"3"']


def test_get_changes_nothing(app, analyst):
    sent = send(analyst, GOOD)

    def state():
        with app.app_context():
            return [
                db.session.scalar(select(func.count()).select_from(table))
                for table in (Import, ImportProblem, Customer, Job)
            ], [row.state for row in db.session.scalars(select(Import))]

    before = state()
    for address in ("/customers/imports", sent.location, f"{sent.location}/progress", f"{sent.location}/problems.csv"):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert analyst.open(address, method=method).status_code == 200
    for address in (f"{sent.location}/remove", f"{sent.location}/good"):
        assert analyst.get(address).status_code == 405
    assert state() == before


@pytest.mark.parametrize("role", ["manager", "interviewer"])
def test_others_may_not_import(app, sign_in, analyst, role):
    sent = send(analyst, GOOD)
    other = sign_in(role)
    for address in ("/customers/imports", sent.location, f"{sent.location}/progress", f"{sent.location}/problems.csv"):
        assert other.get(address).status_code == 403


def test_whoever_is_tied_to_a_branch_does_not_import(app, sign_in):
    def branch():
        row = Branch(name="Utrecht")
        db.session.add(row)
        db.session.flush()
        return row.id

    with app.app_context():
        branch_id = committed(db.session, branch)
    assert sign_in("analyst", branches=(branch_id,)).get("/customers/imports").status_code == 403


def test_a_stranger_is_sent_to_sign_in_and_may_send_little(app, client):
    assert client.get("/customers/imports").status_code == 302
    body = {"file": (io.BytesIO(b"x" * 400_000), "large.csv")}
    assert client.post("/customers/imports", data=body, content_type="multipart/form-data").status_code in (400, 413)
    assert uploads(app) == []


def test_without_a_token_nothing_is_kept(app, analyst):
    data = {"file": (io.BytesIO(GOOD.encode()), "klanten.csv")}
    assert analyst.post("/customers/imports", data=data, content_type="multipart/form-data").status_code == 400
    assert one_import(app) is None


def test_the_pages_speak_dutch_too(sign_in):
    page = sign_in("administrator", language="nl").get("/customers/imports")
    assert page.status_code == 200
    assert 'lang="nl"' in page.text


def test_a_command_and_a_job_are_told_apart(app, analyst):
    sent = send(analyst, GOOD)
    choose(analyst, sent.location)
    with app.app_context():
        row = one_import(app)
        assert committed(db.session, lambda: ask_for_run(db.session.get_one(Import, row.id)).key) == f"import:{row.id}"
        assert row.created_at <= now()
