"""Contracts come in by a file of their own and with the customers, once, on both engines."""

from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select, update

from survey.customers.columns import kind_of
from survey.customers.models import Contract, Customer, Employee, Import, StagedContract
from survey.database import committed
from survey.extensions import db
from tests.customers.files import write

CONTRACTS = "klantnummer;contract van;contract tot;opgezegd op;jaarwaarde\n"
PEOPLE = "klantnummer;naam;contract van;contract tot;jaarwaarde\n"
TWO = CONTRACTS + "1;01-01-2024;31-12-2024;;600,00\n1;01-01-2025;31-12-2025;01-11-2025;620,00\n2;01-03-2025;;;\n"


@pytest.fixture
def people(tmp_path, bring_in):
    return bring_in(write(tmp_path, "klantnummer;naam\n1;Zoë\n2;Jan\n", "people.csv"))


@pytest.fixture
def terms(app: Flask):
    """All terms: customer, first day of the contract, first and last day of the term, cancelled, yearly value."""

    def read():
        query = (
            select(
                Customer.external_id, Contract.contract_from, Contract.starts_on, Contract.ends_on,
                Contract.cancelled_on, Contract.yearly_value,
            )
            .join(Customer, Customer.id == Contract.customer_id)
            .order_by(Customer.external_id, Contract.contract_from, Contract.starts_on)
        )  # fmt: skip
        with app.app_context():
            return [tuple(row) for row in db.session.execute(query)]

    return read


def counts(row: Import) -> tuple[object, ...]:
    return row.kind, row.state, row.good_rows, row.bad_rows, row.new_rows, row.changed_rows


def test_many_contracts_a_customer(tmp_path, people, bring_in, terms):
    assert counts(bring_in(write(tmp_path, TWO))) == ("contracts", "done", 3, 0, 3, 0)
    first, second, open_ended = date(2024, 1, 1), date(2025, 1, 1), date(2025, 3, 1)
    assert terms() == [
        ("1", first, first, date(2024, 12, 31), None, Decimal("600.00")),
        ("1", second, second, date(2025, 12, 31), date(2025, 11, 1), Decimal("620.00")),
        ("2", open_ended, open_ended, None, None, None),
    ]


def test_twice_changes_nothing(tmp_path, people, bring_in, terms, app):
    bring_in(write(tmp_path, TWO))
    before = terms()
    assert counts(bring_in(write(tmp_path, TWO, "again.csv")))[2:] == (3, 0, 0, 0)
    assert terms() == before
    with app.app_context():
        assert db.session.scalars(select(StagedContract)).all() == []


def test_a_last_day_that_moves_on_is_a_renewal_and_history_is_kept(tmp_path, bring_in, terms):
    bring_in(write(tmp_path, PEOPLE + "1;Zoë;01-01-2025;31-12-2025;600,00\n", "old.csv"))
    bring_in(write(tmp_path, PEOPLE + "1;Zoë;01-01-2025;31-12-2026;650,00\n", "new.csv"))
    first = date(2025, 1, 1)
    renewed = [
        ("1", first, first, date(2025, 12, 31), None, Decimal("600.00")),
        ("1", first, date(2026, 1, 1), date(2026, 12, 31), None, Decimal("650.00")),
    ]
    assert terms() == renewed
    assert bring_in(write(tmp_path, PEOPLE + "1;Zoë;;;\n", "silent.csv")).state == "done"
    assert terms() == renewed


def test_both_files_tell_of_one_contract(tmp_path, people, bring_in, terms):
    bring_in(write(tmp_path, TWO))
    before = terms()
    bring_in(write(tmp_path, PEOPLE + "1;Zoë;01-01-2025;31-12-2025;620,00\n", "people2.csv"))
    assert terms() == before


def test_bad_rows_are_named_and_stop_all(tmp_path, people, bring_in, problems_of, terms):
    rows = "1;01-01-2025;31-12-2025;;\n1;01-01-2025;30-06-2026;;\n9;01-01-2025;;;\n2;01-01-2025;01-01-2024;;\n2;;;;\n"
    row = bring_in(write(tmp_path, CONTRACTS + rows))
    assert counts(row) == ("contracts", "refused", 1, 4, 0, 0)
    assert problems_of(row) == [
        (3, "klantnummer", "1", "duplicate_contract"),
        (4, "klantnummer", "9", "customer_unknown"),
        (5, "contract tot", "01-01-2024", "contract_order"),
        (6, "contract van", "", "required"),
    ]
    assert terms() == []


def test_the_contract_of_an_erased_customer_is_not_filled_again(tmp_path, people, bring_in, terms, app):
    def erase():
        db.session.execute(
            update(Customer)
            .where(Customer.external_id == "1")
            .values(erased_at=people.created_at, name=None, email=None, phone=None, card_id=None)
        )

    with app.app_context():
        committed(db.session, erase)
    bring_in(write(tmp_path, TWO))
    assert [row[0] for row in terms()] == ["2"]


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (["klantnummer", "contract van", "contract tot"], "contracts"),
        (["klantnummer", "naam", "contract van", "contract tot"], "customers"),
        (["klantnummer", "contract tot"], "customers"),
        (["klantnummer", "datum", "bedrag"], "transactions"),
    ],
)
def test_the_header_tells_the_kind(header, kind):
    assert kind_of(header) == kind


def test_the_command(tmp_path, people, app, terms):
    path = write(tmp_path, TWO)
    done = app.test_cli_runner().invoke(args=["contracts", "import", str(path), "--dates", "dmy"])
    assert done.exit_code == 0, done.output
    assert "3 rows of contracts" in done.output
    assert "3 new, 0 changed, 0 as they were, 0 left out." in done.output
    assert len(terms()) == 3


def test_employees_are_in_the_team_that_a_file_named_last(tmp_path, people, bring_in, app):
    header = "klantnummer;datum;medewerker;team\n"
    bring_in(write(tmp_path, header + "1;13-02-2026;Piet;Oost\n1;14-02-2026;Piet;West\n2;14-02-2026;Jo;\n"))
    with app.app_context():
        assert dict(db.session.execute(select(Employee.name, Employee.team)).all()) == {"Piet": "West", "Jo": ""}
    bring_in(write(tmp_path, "klantnummer;datum;medewerker\n1;15-02-2026;Piet\n", "later.csv"))
    with app.app_context():
        assert db.session.scalar(select(Employee.team).where(Employee.name == "Piet")) == "West"
