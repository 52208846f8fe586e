"""B35-B37, F16, N06 on both engines: what is in the file is in the tables, once, whatever happens on the way."""

import csv
import datetime as dt
import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from survey.customers import importing, publishing, purchases
from survey.customers.importing import ImportTaken, run_import
from survey.customers.models import (
    Branch,
    Customer,
    Employee,
    Import,
    ImportProblem,
    StagedCustomer,
    StagedTransaction,
    Transaction,
)  # fmt: skip
from survey.customers.noting import again_with_good_rows, earlier_import, progress_of
from survey.customers.problems import SENTENCES
from survey.database import committed
from survey.extensions import db
from tests.customers.files import workbook, write
from tests.engines import SECRET

CUSTOMERS = "customer_id;naam;e-mail;taal;vestiging;klant sinds;jaarwaarde;opt_out\n"
THREE = (
    CUSTOMERS + "00123;Zoë;zoe@x.nl;nl;Utrecht;13-02-2024;1.200,00;nee\n1E5;Jan;;en;Zeist;01-03-2024;;ja\n7;;;;;;;\n"
)
PURCHASES = "klantnummer;datum;bedrag;vestiging;medewerker;dienst\n"


@pytest.fixture
def three(tmp_path, bring_in):
    row = bring_in(write(tmp_path, THREE, "three.csv"))
    assert row.state == "done"
    return row


@pytest.fixture
def rows_of(app):
    """All rows of a query, in order."""

    def read(query):
        with app.app_context():
            return [tuple(row) for row in db.session.execute(query)]

    return read


def counts(row):
    return row.state, row.rows, row.good_rows, row.bad_rows, row.new_rows, row.changed_rows


def test_customers_come_in_as_they_stand(three, rows_of):
    assert counts(three) == ("done", 3, 3, 0, 3, 0)
    query = select(
        Customer.external_id, Customer.name, Customer.email, Customer.language, Branch.name, Customer.joined_on,
        Customer.yearly_value, Customer.do_not_contact, Customer.segment,
    ).outerjoin(Branch).order_by(Customer.id)  # fmt: skip
    assert rows_of(query) == [
        ("00123", "Zoë", "zoe@x.nl", "nl", "Utrecht", dt.date(2024, 2, 13), Decimal("1200.00"), False, ""),
        ("1E5", "Jan", None, "en", "Zeist", dt.date(2024, 3, 1), None, True, ""),
        ("7", None, None, "nl", None, None, None, False, ""),
    ]


def test_the_same_file_twice_changes_nothing(tmp_path, three, bring_in, rows_of, app):
    before = rows_of(select(Customer.id, Customer.name, Customer.branch_id))
    again = bring_in(write(tmp_path, THREE, "again.csv"))
    assert counts(again) == ("done", 3, 3, 0, 0, 0)
    assert rows_of(select(Customer.id, Customer.name, Customer.branch_id)) == before
    with app.app_context():
        assert earlier_import(again).id == three.id


def test_only_what_the_file_says_changes(tmp_path, three, bring_in, rows_of):
    row = bring_in(write(tmp_path, "customer_id;name;branch\n00123;Zoë B;\n1E5;Jan;Nieuwegein\n8;New;\n", "change.csv"))
    assert counts(row) == ("done", 3, 3, 0, 1, 2)
    query = select(Customer.external_id, Customer.name, Customer.email, Branch.name).outerjoin(Branch)
    assert sorted(rows_of(query)) == [
        ("00123", "Zoë B", "zoe@x.nl", "Utrecht"), ("1E5", "Jan", None, "Nieuwegein"), ("7", None, None, None),
        ("8", "New", None, None),
    ]  # fmt: skip


def test_an_erased_customer_is_not_filled_again(tmp_path, three, bring_in, rows_of, app):
    def erase():
        db.session.execute(update(Customer).where(Customer.external_id == "00123").values(
            erased_at=three.created_at, name=None, email=None, phone=None, card_id=None))  # fmt: skip

    with app.app_context():
        committed(db.session, erase)
    assert bring_in(write(tmp_path, THREE, "again.csv")).state == "done"
    assert rows_of(select(Customer.name).where(Customer.external_id == "00123")) == [(None,)]


def test_one_bad_row_stops_all(tmp_path, bring_in, problems_of, rows_of):
    path = write(tmp_path, "customer_id;email\n1;a@x.nl\n2;fout\n1;b@x.nl\n")
    row = bring_in(path)
    assert counts(row) == ("refused", 3, 1, 2, 0, 0)
    assert problems_of(row) == [(3, "email", "fout", "email_invalid"), (4, "customer_id", "1", "duplicate_customer")]
    assert rows_of(select(func.count(Customer.id))) == [(0,)]
    assert rows_of(select(func.count(StagedCustomer.id))) == [(0,)]


def test_the_good_rows_come_in_by_choice(tmp_path, bring_in, rows_of):
    row = bring_in(write(tmp_path, "customer_id;email\n1;a@x.nl\n2;fout\n1;b@x.nl\n"), mode="good")
    assert counts(row) == ("done", 3, 1, 2, 1, 0)
    assert rows_of(select(Customer.external_id, Customer.email)) == [("1", "a@x.nl")]


def test_a_refused_import_can_run_again_for_its_good_rows(tmp_path, bring_in, edge, app, rows_of):
    row = bring_in(write(tmp_path, "customer_id;email\n1;a@x.nl\n2;fout\n"))
    with app.app_context():
        committed(db.session, lambda: again_with_good_rows(db.session.get_one(Import, row.id)))
        assert run_import(row.id, edge) == "done"
        assert counts(db.session.get_one(Import, row.id)) == ("done", 2, 1, 1, 1, 0)
        with pytest.raises(ValueError, match="bad rows"):
            again_with_good_rows(db.session.get_one(Import, row.id))
    assert rows_of(select(func.count(ImportProblem.id))) == [(1,)]


def test_purchases_come_in_with_branches_and_employees(tmp_path, three, bring_in, rows_of):
    content = PURCHASES + "00123;13-02-2026;1.234,56;Utrecht;Piet;APK\n1E5;01-03-2026;-5,00;;;\n"
    assert counts(bring_in(write(tmp_path, content))) == ("done", 2, 2, 0, 2, 0)
    query = (
        select(Customer.external_id, Transaction.occurred_on, Transaction.amount, Branch.name, Employee.name,
               Transaction.service, Transaction.ordinal)
        .join(Customer, Customer.id == Transaction.customer_id).outerjoin(Branch, Branch.id == Transaction.branch_id)
        .outerjoin(Employee).order_by(Transaction.id)
    )  # fmt: skip
    assert rows_of(query) == [
        ("00123", dt.date(2026, 2, 13), Decimal("1234.56"), "Utrecht", "Piet", "APK", 1),
        ("1E5", dt.date(2026, 3, 1), Decimal("-5.00"), None, None, "", 1),
    ]


def test_unknown_customers_and_future_purchases_are_named(tmp_path, three, bring_in, problems_of):
    row = bring_in(write(tmp_path, PURCHASES + "9;13-02-2026;1,00;;;\n7;13-02-2027;1,00;;;\n"))
    assert counts(row) == ("refused", 2, 0, 2, 0, 0)
    assert problems_of(row) == [
        (2, "klantnummer", "9", "customer_unknown"), (3, "datum", "13-02-2027", "date_future"),
    ]  # fmt: skip


def test_true_repeats_stay_and_nothing_doubles(tmp_path, three, bring_in, rows_of, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    same, other = "7;13-02-2026;1,00;;;\n", "7;14-02-2026;1,00;;;\n"
    count = select(func.count(Transaction.id))
    assert bring_in(write(tmp_path, PURCHASES + same + other + same + same, "a.csv")).new_rows == 4
    assert bring_in(write(tmp_path, PURCHASES + same + same + same + other, "b.csv")).new_rows == 0
    assert bring_in(write(tmp_path, PURCHASES + same, "c.csv")).new_rows == 0
    assert rows_of(count) == [(4,)]
    assert bring_in(write(tmp_path, PURCHASES + other + same * 5, "d.csv")).new_rows == 2
    assert rows_of(select(Transaction.ordinal).order_by(Transaction.occurred_on, Transaction.ordinal)) == [
        (1,), (2,), (3,), (4,), (5,), (1,),
    ]  # fmt: skip


def test_an_id_makes_a_purchase_itself(tmp_path, three, bring_in, problems_of, rows_of):
    header = "klantnummer;datum;bedrag;bonnummer\n"
    first = header + "7;13-02-2026;1,00;A1\n7;13-02-2026;1,00;A2\n7;13-02-2026;1,00;A1\n00123;13-02-2026;2,00;A1\n"
    assert counts(bring_in(write(tmp_path, first, "a.csv"))) == ("done", 4, 4, 0, 3, 0)
    assert counts(bring_in(write(tmp_path, header + "7;15-02-2026;9,00;A1\n", "b.csv"))) == ("done", 1, 1, 0, 0, 1)
    query = select(Transaction.occurred_on, Transaction.amount, Transaction.ordinal).order_by(Transaction.amount.desc())
    assert rows_of(query)[0] == (dt.date(2026, 2, 15), Decimal("9.00"), 0)
    clash = bring_in(write(tmp_path, header + "7;15-02-2026;9,00;B\n7;16-02-2026;9,00;B\n", "c.csv"))
    assert problems_of(clash) == [(3, "bonnummer", "B", "duplicate_transaction")]


def test_a_workbook_comes_in_like_a_csv(tmp_path, bring_in, rows_of):
    path = workbook(tmp_path, [["klantnummer", "naam"], [123, "Zoë"], ["00124", "Jan"]])
    assert counts(bring_in(path)) == ("done", 2, 2, 0, 2, 0)
    assert rows_of(select(Customer.external_id).order_by(Customer.id)) == [("123",), ("00124",)]


def test_a_quote_that_never_closes_stops_all_at_its_line(tmp_path, waiting, edge, app, problems_of, rows_of):
    path = write(tmp_path, "customer_id;name\n" + "".join(f"{number};x\n" for number in range(100)))
    import_id = waiting(path, mode="good")
    path.write_text(path.read_text() + '100;"open\n101;y\n')
    with app.app_context():
        committed(db.session, lambda: db.session.execute(
            update(Import).values(digest=importing.fingerprint(path))))  # fmt: skip
        assert run_import(import_id, edge) == "refused"
        row = db.session.get_one(Import, import_id)
        assert row.error == "quote_unclosed"
    assert problems_of(row) == [(102, "", "", "quote_unclosed")]
    assert rows_of(select(func.count(Customer.id))) == [(0,)]


def test_a_file_that_changed_on_the_way_is_refused(tmp_path, waiting, edge, app):
    path = write(tmp_path, THREE)
    import_id = waiting(path)
    path.write_text(THREE + "9;;;;;;;\n")
    with app.app_context():
        assert run_import(import_id, edge) == "refused"
        assert db.session.get_one(Import, import_id).error == "file_changed"


class Killed(Exception):
    """Stands for kill -9: nothing after it runs."""


@pytest.mark.parametrize(("kind", "lot"), [("customers", 100), ("transactions", 100), ("transactions", 4)])
def test_broken_off_at_every_commit_it_ends_the_same(
    tmp_path, three, waiting, edge, app, rows_of, kind, lot, monkeypatch
):
    monkeypatch.setattr(importing, "BATCH", 3)
    monkeypatch.setattr(publishing, "REMOVED_AT_ONCE", 3)
    monkeypatch.setattr(purchases, "LOT", lot)
    lines = [f"0012{number % 4};Name {number % 3}\n" for number in range(4)] if kind == "customers" else []
    lines += [f"{'00123' if number % 3 else '7'};1{3 + number % 3}-02-2026;1,00;;;\n" for number in range(10)] * (
        not lines
    )
    header = "customer_id;name\n" if kind == "customers" else PURCHASES
    import_id = waiting(write(tmp_path, header + "".join(lines)))
    commits = 0
    with app.app_context():
        for allowed in range(60):
            left = iter(range(allowed % 6 + 1))

            def commit(work, left=left):
                nonlocal commits
                if next(left, None) is None:
                    raise Killed
                commits += 1
                return committed(db.session, work)

            try:
                state = run_import(import_id, replace(edge, commit=commit))
                break
            except Killed:
                db.session.rollback()
        row = db.session.get_one(Import, import_id)
        assert (state, row.good_rows, row.bad_rows, row.rows) == ("done", len(lines), 0, len(lines))
        assert commits > 8
    if kind == "transactions":
        expected = len(lines)
        assert rows_of(select(func.count(Transaction.id), func.sum(Transaction.amount))) == [(expected, expected)]
        assert row.new_rows == expected
    assert rows_of(select(func.count(StagedCustomer.id))) == rows_of(select(func.count(StagedTransaction.id))) == [(0,)]


def test_two_runners_do_not_do_a_batch_twice(tmp_path, waiting, edge, app, rows_of, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    import_id = waiting(write(tmp_path, THREE))
    with app.app_context():
        began = False

        def report(step, done, total):
            nonlocal began
            if not began:
                began = True
                assert run_import(import_id, edge) == "done"

        with pytest.raises(ImportTaken):
            run_import(import_id, replace(edge, report=report))
        assert counts(db.session.get_one(Import, import_id)) == ("done", 3, 3, 0, 3, 0)
        assert run_import(import_id, edge) == "done"
    assert rows_of(select(func.count(Customer.id))) == [(3,)]


def test_purchases_are_stored_in_the_order_of_their_customers(tmp_path, three, bring_in, rows_of):
    lines = ["7;13-02-2026;1,00", "00123;13-02-2026;2,00", "1E5;13-02-2026;3,00", "00123;12-02-2026;4,00"]
    bring_in(write(tmp_path, "klantnummer;datum;bedrag\n" + "\n".join(lines)))
    query = select(Customer.external_id, Transaction.amount).join(Customer).order_by(Transaction.id)
    assert [(who, int(amount)) for who, amount in rows_of(query)] == [("00123", 2), ("00123", 4), ("1E5", 3), ("7", 1)]


@pytest.mark.parametrize("published", [3, 4, 9])
def test_an_import_that_was_broken_off_by_an_older_version_ends_whole(
    tmp_path, three, waiting, edge, app, published, monkeypatch
):
    """It had published in the order of the file, so how far it came says nothing of the order of customers."""
    monkeypatch.setattr(purchases, "LOT", 4)
    lines = [f"{'00123' if number % 2 else '7'};{13 + number}-02-2026;1,00" for number in range(8)]
    import_id = waiting(write(tmp_path, "klantnummer;datum;bedrag\n" + "\n".join(lines)))

    def broken_off(work):
        result = committed(db.session, work)
        if db.session.get_one(Import, import_id).state == "publishing":
            raise Killed
        db.session.rollback()
        return result

    def publish_as_before():
        row = db.session.get_one(Import, import_id)
        staged = StagedTransaction
        keys = db.session.scalars(select(staged.id).where(staged.line <= published).order_by(staged.line)).all()
        row.published_line, row.new_rows = published, purchases.publish(import_id, keys, one_by_one=False)[0]

    with app.app_context():
        with pytest.raises(Killed):
            run_import(import_id, replace(edge, commit=broken_off))
        db.session.rollback()
        committed(db.session, publish_as_before)
        assert run_import(import_id, edge) == "done"
        assert counts(db.session.get_one(Import, import_id)) == ("done", 8, 8, 0, 8, 0)
        assert db.session.scalar(select(func.count(Transaction.id))) == 8


def test_sums_equal_an_independent_computation(tmp_path, bring_in, rows_of):
    generator = random.Random(3)
    people = [f"{number:04d}" for number in range(300)]
    lines = [
        (
            generator.choice(people),
            dt.date(2025, 1, 1) + dt.timedelta(generator.randrange(90)),
            Decimal(generator.randrange(-999, 99_999)) / 100,
        )
        for _ in range(5_000)
    ]
    lines += lines[:200]
    write(tmp_path, "customer_id\n" + "\n".join(people), "people.csv")
    with (tmp_path / "sales.csv").open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows(
            [
                ("klantnummer", "datum", "bedrag"),
                *((c, f"{d:%d-%m-%Y}", f"{a:.2f}".replace(".", ",")) for c, d, a in lines),
            ]
        )
    assert bring_in(tmp_path / "people.csv").new_rows == 300
    assert bring_in(tmp_path / "sales.csv").new_rows == 5_200
    expected = defaultdict(Decimal)
    for customer, _date, amount in lines:
        expected[customer] += amount
    found = defaultdict(Decimal)
    for customer, amount in rows_of(select(Customer.external_id, Transaction.amount).join(Customer)):
        found[customer] += amount
    assert found == expected


@pytest.mark.parametrize("share", [0.10, 0.70, 0.99])
def test_killed_for_real_and_run_again(tmp_path, app, database_url, bring_in, rows_of, share):
    """kill -9 of the command at a share of its commits; the same command again ends as if nothing had happened."""
    bring_in(write(tmp_path, "customer_id\n" + "\n".join(map(str, range(50))), "people.csv"))
    lines = [f"{number % 50};{1 + number % 28:02d}-02-2026;{number % 7},50" for number in range(800)]
    lines += ["1;13-02-2026;1,00"] * 5
    sales = write(tmp_path, "klantnummer;datum;bedrag\n" + "\n".join(lines), "sales.csv")
    commits = 21
    killed_command(database_url, sales, int(commits * share))
    again = app.test_cli_runner().invoke(args=["transactions", "import", str(sales)])
    assert again.exit_code == 0, again.output
    total = sum(Decimal(line.split(";")[2].replace(",", ".")) for line in lines)
    found = rows_of(select(Transaction.amount))
    assert (len(found), sum(amount for (amount,) in found)) == (len(lines), total)
    assert rows_of(select(func.count(StagedTransaction.id))) == [(0,)]
    assert rows_of(select(Import.state).where(Import.kind == "transactions")) == [("done",)]


KILLER = """
import os, signal, sys
from survey.customers import importing
from survey import create_app
import survey.customers.cli as cli, survey.database as database, survey.turns
importing.BATCH = 100
survey.turns.GROWS = 1
left = int(sys.argv[1])
real = cli.committed
def committed(session, work):
    global left
    result = real(session, work)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
cli.committed = committed
print(create_app().test_cli_runner().invoke(args=sys.argv[2:]).output)
"""


def killed_command(url: str, path: Path, after: int) -> None:
    """Run the command in a process of its own that is killed after so many commits."""
    environment = {
        **os.environ, "WHYLEFT_INSTANCE": str(path.parent), "WHYLEFT_DATABASE_URL": url, "WHYLEFT_SECRET_KEY": SECRET,
        "WHYLEFT_BASE_URL": "http://127.0.0.1:8000", "WHYLEFT_MAIL_URL": f"folder:{path.parent}",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(after), "transactions", "import", str(path)],
        env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


def test_progress_is_told_in_rows(tmp_path, waiting, edge, app, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    import_id, told = waiting(write(tmp_path, THREE)), []
    with app.app_context():
        run_import(import_id, replace(edge, report=lambda *step: told.append(step)))
        row = db.session.get_one(Import, import_id)
        assert progress_of(row) == (3, 3)
    assert [step[:2] for step in told[:2]] == [("checking", 2), ("checking", 3)]
    assert told[-1][0] == "publishing"


def test_every_problem_that_is_stored_has_its_sentence(tmp_path, three, bring_in, problems_of):
    row = bring_in(write(tmp_path, CUSTOMERS + "x;a\n;;fout;xx1;;32-01-2024;1.2.3;misschien\n"))
    found = problems_of(row)
    assert {code for *_rest, code in found} <= set(SENTENCES)
    assert len(found) == 7


def test_deleting_an_import_deletes_its_problems(tmp_path, bring_in, app, rows_of):
    row = bring_in(write(tmp_path, "customer_id;email\n2;fout\n"))
    with app.app_context():
        committed(db.session, lambda: db.session.execute(delete(Import).where(Import.id == row.id)))
    assert rows_of(select(func.count(ImportProblem.id))) == [(0,)]
