"""Whoever was erased does not come back by an old file, on both engines."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from survey import create_app
from survey.customers.erased import erased_among, remember_erased
from survey.customers.models import (
    Contract,
    Customer,
    ErasedNumber,
    Import,
    ImportProblem,
    StagedContract,
    StagedCustomer,
    StagedTransaction,
    Transaction,
)
from survey.database import writing
from survey.extensions import db
from tests.customers.files import write
from tests.engines import settings_for

PEOPLE = "klantnummer;naam;e-mail\nK-4711;Xanthippe;x@x.nl\n2;Jan;jan@x.nl\n3;Piet;\n"
PURCHASES = "klantnummer;datum;bedrag\nK-4711;2026-02-01;10,00\n2;2026-02-01;20,00\n2;2026-03-01;5,00\n"
CONTRACTS = "klantnummer;contract van;contract tot\nK-4711;2024-01-01;2024-12-31\n2;2024-01-01;2024-12-31\n"

BringIn = Callable[..., Import]


@pytest.fixture
def erased(app: Flask, tmp_path: Path, bring_in: BringIn) -> None:
    """The people and purchases of the file are in, and one of the people was erased."""
    for content in (PEOPLE, PURCHASES, CONTRACTS):
        assert bring_in(write(tmp_path, content)).state == "done"
    assert app.test_cli_runner().invoke(args=["customers", "erase", "K-4711"]).exit_code == 0


def counts(row: Import) -> tuple[object, ...]:
    return row.state, row.rows, row.good_rows, row.bad_rows, row.erased_rows, row.new_rows, row.changed_rows


def stored(app: Flask) -> list[int | None]:
    tables = (Customer, Transaction, Contract, StagedCustomer, StagedTransaction, StagedContract)
    with app.app_context():
        return [db.session.scalar(select(func.count()).select_from(table)) for table in tables]


@pytest.mark.parametrize(("content", "good"), [(PEOPLE, 2), (PURCHASES, 2), (CONTRACTS, 1)])
def test_the_old_file_brings_the_others_and_nothing_of_the_erased(
    app: Flask, tmp_path: Path, erased: None, bring_in: BringIn, content: str, good: int
) -> None:
    before = stored(app)
    for _ in range(2):
        again = bring_in(write(tmp_path, content))
        assert counts(again) == ("done", good + 1, good, 0, 1, 0, 0)
    assert stored(app) == before
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(Customer.external_id == "K-4711")) == 0


def test_who_is_new_comes_in_beside_them(tmp_path: Path, erased: None, bring_in: BringIn) -> None:
    more = bring_in(write(tmp_path, PEOPLE + "4;Kees;\n"))
    assert counts(more) == ("done", 4, 3, 0, 1, 1, 0)


def test_a_file_of_the_erased_alone_is_done_without_a_row(tmp_path: Path, erased: None, bring_in: BringIn) -> None:
    assert counts(bring_in(write(tmp_path, "klantnummer;naam\nK-4711;Xanthippe\n"))) == ("done", 1, 0, 0, 1, 0, 0)


@pytest.mark.parametrize("row", ["K-4711;Xanthippe;no address\n", "K-4711;Xanthippe;x@x.nl;one cell more\n"])
def test_a_bad_row_about_the_erased_is_not_shown_as_a_problem(
    app: Flask, tmp_path: Path, erased: None, bring_in: BringIn, row: str
) -> None:
    found = bring_in(write(tmp_path, "klantnummer;naam;e-mail\n2;Jan;jan@x.nl\n" + row))
    assert counts(found) == ("done", 2, 1, 0, 1, 0, 0)
    with app.app_context():
        assert db.session.scalar(select(func.count(ImportProblem.id))) == 0


def test_the_page_and_the_command_say_so(app: Flask, tmp_path: Path, erased: None, bring_in: BringIn, sign_in) -> None:  # type: ignore[no-untyped-def]
    path = write(tmp_path, PEOPLE + "4;Kees;no address\n", "people.csv")
    row = bring_in(path, mode="good")
    page = sign_in("analyst").get(f"/customers/imports/{row.id}").text
    assert "2 of 4 rows were good" in page
    assert "One row was left out." in page
    assert "One row is about somebody who was erased: nothing of it is kept." in page
    told = app.test_cli_runner().invoke(args=["customers", "import", str(path), "--mode", "good"])
    assert "0 new, 0 changed, 2 as they were, 1 left out." in told.output
    assert "1 more left out: they are about people who were erased." in told.output


def test_numbers_are_kept_as_digests_and_twice_is_once(context: None) -> None:
    remember_erased("K-4711")
    remember_erased("K-4711")
    (kept,) = db.session.scalars(select(ErasedNumber.digest)).all()
    assert "4711" not in kept
    assert erased_among({"K-4711", "k-4711", "K-4712", ""}) == {"K-4711"}


def test_more_numbers_than_a_statement_takes(context: None) -> None:
    remember_erased("39999")
    assert erased_among([str(number) for number in range(40_000)]) == {"39999"}


def test_a_new_key_knows_them_while_the_old_one_is_kept(app: Flask, database_url: str, tmp_path: Path) -> None:
    first, second = "the first secret of this test; a long one", "another secret of this test; as long"

    def known(**keys: str) -> set[str]:
        with create_app(settings_for(tmp_path, database_url, **keys)).app_context(), writing():
            found = erased_among(["K-4711"])
            remember_erased("K-4711")
            db.session.commit()
            db.session.remove()
            db.engine.dispose()
            return found

    assert known(secret_key=first) == set()
    assert known(secret_key=second, old_secret_keys=first) == {"K-4711"}
    assert known(secret_key=second) == set()
