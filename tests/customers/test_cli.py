"""The commands: they say what they understood, ask where the file does not tell, and can be run twice."""

import pytest
from sqlalchemy import func, select

from survey.customers.models import Customer, Transaction
from survey.extensions import db
from tests.customers.files import write


@pytest.fixture
def command(app):
    """Run a command; gives its exit code and everything it printed."""

    def run(*arguments):
        done = app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
        return done.exit_code, done.output

    return run


@pytest.fixture
def people(tmp_path, command):
    path = write(tmp_path, "klantnummer;naam\n1;Zoë\n2;Jan\n", "people.csv", encoding="cp1252")
    code, output = command("customers", "import", path)
    assert code == 0, output
    return output


def test_it_says_what_it_understood_and_what_came_of_it(people):
    assert "people.csv: 2 rows of customers." in people
    assert "The file is not UTF-8, so letters are read as Windows-1252." in people
    assert "Letters to check: Zoë" in people
    assert "Cells are separated by ;: it gives 2 column names that are known." in people
    assert "klantnummer is customer_id, naam is name" in people
    assert "2 new, 0 changed, 0 as they were, 0 left out." in people


def test_twice_changes_nothing(tmp_path, people, command, app):
    code, output = command("customers", "import", tmp_path / "people.csv")
    assert code == 0
    assert "0 new, 0 changed, 2 as they were, 0 left out." in output
    with app.app_context():
        assert db.session.scalar(select(func.count(Customer.id))) == 2
    assert (tmp_path / "people.csv").exists()


def test_it_asks_where_the_file_does_not_tell(tmp_path, people, command, app):
    path = write(tmp_path, "klantnummer;datum;bedrag\n1;01-02-2026;1.234\n")
    code, output = command("transactions", "import", path)
    assert code == 1
    assert "Use --dates. 1 of 1 dates can be both." in output
    code, output = command("transactions", "import", path, "--dates", "dmy")
    assert code == 1
    assert "Use --decimal." in output
    code, output = command("transactions", "import", path, "--dates", "dmy", "--decimal", "comma")
    assert code == 0
    with app.app_context():
        assert str(db.session.scalar(select(Transaction.amount))) == "1234.00"


def test_bad_rows_are_printed_and_nothing_comes_in(tmp_path, people, command, app):
    path = write(tmp_path, "klantnummer;datum\n1;13-02-2026\n9;13-02-2026\n")
    code, output = command("transactions", "import", path)
    assert code == 1
    assert "line 3, klantnummer (9): This customer number is not known." in output
    assert "Nothing was imported: 1 of 2 rows are not good. Correct them, or use --mode good." in output
    code, output = command("transactions", "import", path, "--mode", "good")
    assert code == 0
    assert "1 new, 0 changed, 0 as they were, 1 left out." in output


def test_columns_and_delimiter_can_be_said(tmp_path, command, app):
    path = write(tmp_path, "nr|wie|kleur\n1|Jan|rood\n")
    arguments = ("--delimiter", "|", "--map", "nr=customer_id", "--map", "wie=name", "--map", "kleur=")
    code, output = command("customers", "import", path, *arguments)
    assert code == 0
    assert "nr is customer_id, wie is name, kleur is not read" in output
    assert command("customers", "import", path, "--map", "nr")[0] == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "The file is empty."),
        ("naam\nJan\n", "line 1, customer_id (naam): This column is required and was not found."),
        ('customer_id;name\n1;"x\n', "line 2: A quote opened in this row is never closed."),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path, command, content, words):
    code, output = command("customers", "import", write(tmp_path, content))
    assert code == 1
    assert words in output
    assert "Traceback" not in output


def test_a_file_that_is_not_there(command):
    assert command("customers", "import", "absent.csv")[0] == 2
