"""Histories: always what the purchases say, whatever brought these in and whatever was killed on the way."""

import datetime as dt
import hashlib
import random
import struct
import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import delete, event, func, insert, select

from survey.customers import histories, importing, purchases
from survey.customers.importing import run_import
from survey.customers.models import CustomerHistory, ServiceHistory, StaleHistory, Transaction, WatchedService
from survey.customers.newest import newest_purchase
from survey.database import committed
from survey.extensions import db
from tests import stories
from tests.customers.files import write

HEADER = "klantnummer;datum;bedrag;dienst;transactienummer\n"
EPOCH = dt.date(1970, 1, 1)


def refreshed():
    """Refresh to the end; how many customers each transaction took."""
    return list(iter(lambda: committed(db.session, histories.refresh_some), 0))


def bought(rows):
    """Purchases as (customer key, day, amount, service), straight into the table, and marked."""
    made = [
        {
            "customer_id": who, "occurred_on": on, "amount": amount, "service": service, "ordinal": 0,
            "identity": hashlib.blake2b(f"{n}{who}{on}{amount}{service}".encode(), digest_size=16).digest(),
        }
        for n, (who, on, amount, service) in enumerate(rows)
    ]  # fmt: skip

    def put():
        db.session.execute(insert(Transaction), made)
        histories.mark(row["customer_id"] for row in made)

    committed(db.session, put)


def unpacked(row):
    return row.customer_id, [struct.unpack_from(">iq", row.packed, at) for at in range(0, len(row.packed), 12)]


def stored(table=CustomerHistory):
    """Every history as {key: [(day, cents), ...]}; the plain columns must agree with it."""
    found = {}
    for row in db.session.scalars(select(table)):
        customer, visits = unpacked(row)
        days = [EPOCH + dt.timedelta(day) for day, _ in visits]
        assert (row.first_on, row.last_on, row.visits) == (days[0], days[-1], len(days))
        assert row.total_cents == sum(cents for _, cents in visits)
        found[(customer, row.service) if table is ServiceHistory else customer] = visits
    assert newest_purchase() == db.session.scalar(select(func.max(CustomerHistory.last_on)))
    return found


def told(only=None):
    """The same from the purchases, one by one."""
    days = defaultdict(lambda: defaultdict(Decimal))
    query = select(Transaction.customer_id, Transaction.occurred_on, Transaction.amount, Transaction.service)
    for customer, on, amount, service in db.session.execute(query):
        if only is None or service in only:
            days[customer if only is None else (customer, service)][(on - EPOCH).days] += amount or 0
    return {key: [(day, int(sums[day] * 100)) for day in sorted(sums)] for key, sums in days.items()}


def people(count):
    made = [stories.customer(external_id=str(number)).id for number in range(count)]
    db.session.commit()
    return made


def random_rows(keys, seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        on = dt.date(2026, 1, 1) - dt.timedelta(rng.choice([rng.randrange(40), rng.randrange(30_000)]))
        amount = rng.choice([None, Decimal(rng.randrange(-5_000, 2_000_000)) / 100, Decimal("0.29")])
        yield rng.choice(keys), on, amount, rng.choice(["", "wash", "tyres", "Überprüfung"])


@pytest.mark.usefixtures("context")
def test_histories_are_what_the_purchases_say(monkeypatch):
    monkeypatch.setattr(histories, "BATCH", 7)
    keys = people(40)
    committed(db.session, lambda: histories.watch(["wash", "Überprüfung"]))
    bought(random_rows(keys[:33], seed=5, count=900))
    assert refreshed() == [7, 7, 7, 7, 5]
    assert stored() == told()
    assert stored(ServiceHistory) == told(only=("wash", "Überprüfung"))
    assert len(stored()) == 33


@pytest.mark.usefixtures("context")
def test_step_by_step_gives_what_a_start_from_nothing_gives(monkeypatch):
    monkeypatch.setattr(histories, "BATCH", 5)
    keys = people(20)
    committed(db.session, lambda: histories.watch(["wash"]))
    for night in range(4):
        bought(random_rows(keys, seed=night, count=30))
        refreshed()
    by_night = stored(), stored(ServiceHistory)

    def empty():
        for table in (CustomerHistory, ServiceHistory):
            db.session.execute(delete(table))
        histories.mark(keys)

    committed(db.session, empty)
    refreshed()
    assert (stored(), stored(ServiceHistory)) == by_night == (told(), told(only=("wash",)))


@pytest.mark.usefixtures("context")
def test_only_who_was_marked_is_made_anew():
    keys = people(3)
    bought([(key, dt.date(2026, 1, 1), Decimal(1), "") for key in keys])
    refreshed()
    bought([(keys[1], dt.date(2026, 2, 1), Decimal(2), "")])
    taken = []

    def note(connection, cursor, statement, parameters, *rest):
        if statement.startswith("INSERT INTO customer_history"):
            taken.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    assert refreshed() == [1]
    assert refreshed() == []
    assert len(taken) == 1
    assert stored() == told()


@pytest.mark.usefixtures("context")
def test_who_has_no_purchases_left_has_no_history():
    (key,) = people(1)
    bought([(key, dt.date(2026, 1, 1), Decimal(1), "")])
    refreshed()

    def take_back():
        db.session.execute(delete(Transaction))
        histories.mark([key])

    committed(db.session, take_back)
    refreshed()
    assert stored() == {}


@pytest.mark.usefixtures("context")
def test_watching_a_service_reads_its_history_and_letting_go_removes_it():
    keys = people(3)
    bought([
        (keys[0], dt.date(2026, 1, 1), Decimal(3), "wash"), (keys[0], dt.date(2026, 1, 1), Decimal(4), "tyres"),
        (keys[1], dt.date(2026, 1, 2), None, "tyres"),
    ])  # fmt: skip
    refreshed()
    committed(db.session, lambda: histories.watch(["wash"]))
    assert db.session.scalars(select(StaleHistory.customer_id)).all() == [keys[0]]
    db.session.rollback()
    refreshed()
    assert stored(ServiceHistory) == told(only=("wash",))
    committed(db.session, lambda: histories.watch(["tyres"]))
    refreshed()
    assert stored(ServiceHistory) == told(only=("tyres",))
    assert db.session.scalars(select(WatchedService.service)).all() == ["tyres"]
    assert stored() == told()


@pytest.mark.usefixtures("context")
def test_the_number_of_statements_does_not_depend_on_the_number_of_customers():
    keys, counted = people(60), []
    event.listen(db.engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
    for some in (keys[:3], keys):
        bought(random_rows(some, seed=1, count=200))
        counted.clear()
        refreshed()
        assert len(counted) < 10


@pytest.fixture
def five(tmp_path, bring_in):
    bring_in(write(tmp_path, "customer_id\n" + "\n".join(map(str, range(5))), "people.csv"))


@pytest.mark.usefixtures("five")
def test_an_import_leaves_every_history_right(tmp_path, bring_in, app):
    first = "1;21-02-2026;10,00;wash;A\n1;21-02-2026;0,29;;B\n2;23-02-2026;;;C\n4;23-02-2026;-1,00;;D\n"
    bring_in(write(tmp_path, HEADER + first, "first.csv"))
    with app.app_context():
        assert stored() == told()
        assert (len(stored()), db.session.scalar(select(func.count()).select_from(StaleHistory))) == (3, 0)
    # a date, an amount and a customer corrected: a number of a purchase belongs to a customer, so 3 has one more
    later = "1;25-02-2026;10,00;wash;A\n2;23-02-2026;7,00;;C\n3;23-02-2026;-1,00;;D\n"
    bring_in(write(tmp_path, HEADER + later, "later.csv"))
    with app.app_context():
        assert stored() == told()
        days = {key: [day for day, _ in visits] for key, visits in stored().items()}
        assert sorted(map(len, days.values())) == [1, 1, 1, 2]


@pytest.mark.usefixtures("five")
def test_an_import_marks_only_whose_purchases_changed(tmp_path, bring_in, app, monkeypatch):
    lines = "1;21-02-2026;10,00;;A\n2;23-02-2026;5,00;;B\n"
    bring_in(write(tmp_path, HEADER + lines, "first.csv"))
    marked, mark = set(), histories.mark

    def noting(keys):
        keys = list(keys)
        marked.update(keys)
        mark(keys)

    monkeypatch.setattr(histories, "mark", noting)
    bring_in(write(tmp_path, HEADER + lines, "same.csv"))
    assert marked == set()
    bring_in(write(tmp_path, HEADER + lines.replace("5,00", "6,00"), "other.csv"))
    with app.app_context():
        assert marked == {db.session.scalar(select(Transaction.customer_id).where(Transaction.amount == 6))}
        assert stored() == told()


def wrong_ones():
    """Customers whose history is not what their purchases say, though they are not marked."""
    marked = set(db.session.scalars(select(StaleHistory.customer_id)))
    said, true = stored(), told()
    return {key for key in said.keys() | true.keys() if said.get(key) != true.get(key)} - marked


def night(rng, numbers):
    """A file of purchases: late ones, several a day, refunds, without an amount, known ones put right."""
    for number in numbers:
        amount = rng.choice(["", "0,29", f"{rng.randrange(-500, 9000)},{rng.randrange(100):02d}"])
        yield (
            f"{rng.randrange(5)};{rng.randrange(1, 29):02d}-0{rng.randrange(1, 5)}-2026;{amount};"
            f"{rng.choice(['', 'wash'])};{number}"
        )


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("lot", [1000, 9])
def test_after_every_commit_a_history_is_right_or_its_customer_is_marked(
    tmp_path, waiting, edge, app, monkeypatch, lot
):
    monkeypatch.setattr(importing, "BATCH", 4)
    monkeypatch.setattr(purchases, "LOT", lot)
    rng, checked = random.Random(lot), []

    def commit(work):
        result = committed(db.session, work)
        checked.append(wrong_ones())
        db.session.rollback()
        return result

    with app.app_context():
        committed(db.session, lambda: histories.watch(["wash"]))
    for numbers in (range(20), range(10, 40), [*range(40, 60), 40, 41]):
        lines = "\n".join({line.rsplit(";", 1)[1]: line for line in night(rng, numbers)}.values())
        import_id = waiting(write(tmp_path, HEADER + lines, f"{len(checked)}.csv"))
        with app.app_context():
            assert run_import(import_id, replace(edge, commit=commit)) == "done"
            assert stored() == told()
            assert stored(ServiceHistory) == told(only=("wash",))
    assert len(checked) > 40
    assert set().union(*checked) == set()


@pytest.mark.usefixtures("five")
def test_an_import_killed_after_publishing_leaves_nothing_wrong(tmp_path, waiting, edge, app, monkeypatch):
    import_id = waiting(write(tmp_path, HEADER + "1;21-02-2026;10,00;;A\n2;23-02-2026;5,00;;B\n"))
    refresh = histories.refresh_some

    def killed(_size):
        raise KeyboardInterrupt

    with app.app_context():
        monkeypatch.setattr(histories, "refresh_some", killed)
        with pytest.raises(KeyboardInterrupt):
            run_import(import_id, edge)
        db.session.rollback()
        assert len(told()) == 2
        assert wrong_ones() == set()
        db.session.rollback()
        monkeypatch.setattr(importing.histories, "refresh_some", refresh)
        assert run_import(import_id, edge) == "done"
        assert stored() == told()


def come_in(key, on, number):
    """A purchase, in this transaction, as an import brings it; it goes into the history or marks the customer."""
    made = insert(Transaction).values(
        customer_id=key, occurred_on=on, amount=1, identity=bytes([number] * 16), ordinal=0, service=""
    )
    new = db.session.execute(made.returning(*histories.bought_columns())).all()
    histories.add(new)


@contextmanager
def elsewhere(app, work):
    """Work in a transaction of another connection, which is to wait for this one."""
    done = []

    def run():
        with app.app_context():
            done.append(work())
            db.session.remove()

    other = threading.Thread(target=run)
    other.start()
    other.join(0.5)
    assert done == []
    yield
    other.join(20)
    assert len(done) == 1


@pytest.mark.postgresql
@pytest.mark.usefixtures("context")
def test_a_purchase_that_is_just_coming_in_is_waited_for(app):
    """The mark stands already, and the purchase behind it is not committed yet when the mark is to be taken away."""
    (key,) = people(1)
    committed(db.session, lambda: histories.mark([key]))
    come_in(key, dt.date(2026, 1, 1), 1)
    with elsewhere(app, refreshed):
        db.session.commit()
    assert stored() == told() != {}


@pytest.mark.postgresql
@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("day", [1, 2, 3], ids=["earlier", "the same day", "later"])
@pytest.mark.parametrize("marked", [False, True], ids=["added by both", "made anew by the other"])
def test_two_writers_of_one_history_lose_nothing(app, day, marked):
    (key,) = people(1)
    come_in(key, dt.date(2026, 1, 1), 1)
    db.session.commit()
    refreshed()
    if marked:
        committed(db.session, lambda: histories.mark([key]))

    def other():
        if not marked:
            committed(db.session, lambda: come_in(key, dt.date(2026, 2, day), 3))
        return refreshed()

    come_in(key, dt.date(2026, 2, 2), 2)
    with elsewhere(app, other):
        db.session.commit()
    assert wrong_ones() == set()
    refreshed()
    assert stored() == told()
    assert len(told()[key]) == (2 if marked or day == 2 else 3)


@pytest.mark.usefixtures("context")
def test_the_newest_purchase_goes_back_where_it_was_put_right():
    assert newest_purchase() is None
    who, other = stories.customer().id, stories.customer().id
    db.session.commit()
    bought(
        [(who, dt.date(2026, 1, 5), 10, ""), (who, dt.date(2036, 2, 1), 10, ""), (other, dt.date(2026, 3, 1), 5, "")]
    )
    refreshed()
    assert newest_purchase() == dt.date(2036, 2, 1)
    for typed, meant in ((dt.date(2036, 2, 1), dt.date(2026, 2, 1)), (dt.date(2026, 1, 5), dt.date(2026, 1, 6))):
        wrong = db.session.scalars(select(Transaction).where(Transaction.occurred_on == typed)).one()
        wrong.occurred_on = meant
        histories.mark([who])
        db.session.commit()
        refreshed()
        assert newest_purchase() == dt.date(2026, 3, 1)
    db.session.execute(delete(Transaction))
    histories.mark([who, other])
    db.session.commit()
    refreshed()
    assert newest_purchase() is None
