"""Where customers stand, stored: the same for the same data, however it came in, and only what changed is written."""

import csv
import random
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import event, select, update

from analysis import states as told_by_analysis
from analysis.defection.histories import Histories
from analysis.defection.rules import rule_from
from analysis.defection.states import STATE_NAMES
from survey.analyst import EPOCH
from survey.clock import now
from survey.customers.models import Customer
from survey.database import committed, writing
from survey.defections import definitions, detection, states
from survey.defections.definitions import Draft
from survey.defections.histories import Range, visits_of
from survey.defections.models import CustomerState, Defection
from survey.extensions import db
from survey.jobs.tasks import detect as task
from tests.defections import shop
from tests.defections.shop import day

LAPSE = ("lapse", {"days": 60})
USUAL = ("lapse", {"times_usual": 3, "days": 21})
VISITS = ("decline", {"measure": "frequency", "window_days": 45, "share": 0.6})

inside = pytest.mark.usefixtures("context")


def define(kind, parameters, segment="", **more):
    made = definitions.revise(Draft(segment or "Standard", kind, parameters, segment, **more), None)
    db.session.commit()
    return made


def stored():
    query = select(Customer.external_id, CustomerState.state, CustomerState.since_on)
    rows = db.session.execute(query.join(Customer, Customer.id == CustomerState.customer_id))
    return {name: (state, since) for name, state, since in rows}


def told(as_of, rule):
    """What the statistics say of everybody at once."""
    visits = visits_of(Range(1, 10_000), as_of)
    histories = Histories(visits.customer, visits.day, visits.cents / 100)
    made = told_by_analysis(histories, rule_from(*rule), (as_of - EPOCH).days)
    names = dict(db.session.execute(select(Customer.id, Customer.external_id)).all())
    rows = zip(made.customer.tolist(), made.state.tolist(), made.since_day.tolist(), strict=True)
    return {names[key]: (STATE_NAMES[state], EPOCH + timedelta(days=since)) for key, state, since in rows}


@inside
@pytest.mark.parametrize(
    ("on", "state", "since"),
    [
        (29, "active", 0),
        (30, "drifting", 30),
        (44, "drifting", 30),
        (45, "about_to_defect", 45),
        (60, "defected", 60),
        (70, "returned", 70),
        (99, "returned", 70),
        (100, "drifting", 100),
    ],
)
def test_the_way_from_active_to_gone_and_back(on, state, since):
    shop.open_shop({"anna": [(0, 5), (70, 5)]})
    define(*LAPSE)
    shop.detect(day(on))
    assert stored() == {"anna": (state, day(since))}
    shop.detect(day(on))
    assert stored() == {"anna": (state, day(since))}


@inside
@pytest.mark.parametrize(("rule", "days"), [(LAPSE, (200, 390, 300, 450)), (VISITS, (390, 450)), (USUAL, (450,))])
def test_batches_and_days_looked_at_before_change_nothing(monkeypatch, rule, days):
    """But for a rule that leans on the usual interval of all: the day on which somebody left stays as it was stored."""
    shop.open_shop(shop.random_purchases(seed=4, customers=60, days=500))
    define(*rule)
    monkeypatch.setattr(detection, "BATCH", 17)
    for on in days:
        shop.detect(day(on))
        assert stored() == told(day(on), rule)
    assert len({state for state, _ in stored().values()}) >= 4


def test_order_of_files_and_split_files_change_nothing(app, tmp_path):
    """Three times the same customers: one file; two files, the newer visits first; the whole again, all in disorder."""
    with app.app_context(), writing():
        shop.add_customers([f"{kind}{n}" for kind in "abc" for n in range(12)])
        define(*USUAL)
    bought = [(n, on, amount) for n in range(12) for on, amount in visits_of_one(n)]
    late = [row for row in bought if row[1] > 200]
    early = [row for row in bought if row[1] <= 220]
    mixed = random.Random(1).sample(bought, len(bought))
    for kind, files in {"a": [bought], "b": [late, early], "c": [mixed, early]}.items():
        for number, rows in enumerate(files):
            bring_in(app, tmp_path / f"{kind}{number}.csv", kind, rows)
    with app.app_context(), writing():
        shop.detect(day(420))
        found = stored()
    by_kind = [{name[1:]: told for name, told in found.items() if name[0] == kind} for kind in "abc"]
    assert by_kind[0] == by_kind[1] == by_kind[2]
    assert len({state for state, _ in by_kind[0].values()}) >= 3


def visits_of_one(number):
    rng, on = random.Random(number), 0
    while on < 420 - 15 * number:
        yield on, rng.randrange(5, 50)
        on += rng.randrange(3, 30)


def bring_in(app, path, kind, rows):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "date", "amount", "transaction_id"])
        writer.writerows([f"{kind}{n}", day(on).isoformat(), amount, f"{kind}{n}-{on}"] for n, on, amount in rows)
    done = app.test_cli_runner().invoke(args=["transactions", "import", str(path)])
    assert done.exit_code == 0, done.output


@inside
@pytest.mark.parametrize("moment", ["2024-03-29 23:30+00:00", "2024-03-30 22:30+00:00", "2024-03-29 13:30-10:00"])
def test_the_day_is_that_of_the_organisation(moment):
    """All three moments lie on the 30th of March in Amsterdam, day 89."""
    shop.open_shop({"anna": [(29, 5)], "bert": [(44, 5)], "carl": [(80, 5)]})
    define(*LAPSE)
    with time_machine.travel(datetime.fromisoformat(moment), tick=False):
        assert task.run()["as_of"] == "2024-03-30"
    assert stored() == {
        "anna": ("defected", day(89)),
        "bert": ("about_to_defect", day(89)),
        "carl": ("active", day(80)),
    }


@inside
def test_only_what_changed_is_written_and_one_query_more_reads_it():
    shop.open_shop(shop.random_purchases(seed=2, customers=200, days=400))
    define(*LAPSE)
    shop.detect(day(390))
    (customers,) = detection.batches()
    assert len(detection.look(customers, day(390), detection.rules_in_force(day(390))).moved) == 0
    before = stored()
    applied = detection.rules_in_force(day(395))
    moved = detection.look(customers, day(395), applied).moved
    asked = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    committed(db.session, lambda: states.keep(moved))
    after = stored()
    assert 0 < len(moved) < 40
    assert len(moved.now) == sum(before.get(name) != told for name, told in after.items())
    assert len(asked) < 4


@inside
def test_who_has_no_visits_any_more_or_was_erased_stands_nowhere():
    keys = shop.open_shop({"anna": [(100, 5)], "bert": [(10, 5)], "carl": [(10, 5)]})
    define(*LAPSE)
    shop.detect(day(120))
    assert set(stored()) == {"anna", "bert", "carl"}
    gone = {"name": None, "email": None, "phone": None, "card_id": None, "erased_at": now()}
    db.session.execute(update(Customer).where(Customer.id == keys["carl"]).values(gone))
    db.session.commit()
    shop.detect(day(50))
    assert stored() == {"bert": ("drifting", day(40))}


@inside
def test_whom_a_rule_labelled_stays_gone_under_a_newer_one():
    shop.open_shop({"anna": [(0, 5)], "bert": [(50, 5)]})
    define(*LAPSE)
    shop.detect(day(100))
    define("lapse", {"days": 120}, effective_on=day(105))
    shop.detect(day(110))
    assert stored() == {"anna": ("defected", day(60)), "bert": ("drifting", day(110))}
    shop.detect(day(180))
    assert stored()["bert"] == ("defected", day(170))


@inside
def test_whoever_was_gone_when_a_rule_began_left_on_that_day():
    shop.open_shop({"anna": [(0, 5)]})
    define("lapse", {"days": 500})
    define(*LAPSE, effective_on=day(105))
    shop.detect(day(110))
    assert stored() == {"anna": ("defected", day(105))}


@inside
def test_segments_are_judged_by_their_own_rule():
    shop.open_shop({"anna": [(0, 5)], "bert": [(0, 5)]}, anna={"segment": "gold"})
    define(*LAPSE)
    define("lapse", {"days": 20}, segment="gold")
    shop.detect(day(31))
    assert stored() == {"anna": ("defected", day(20)), "bert": ("drifting", day(30))}


@inside
def test_how_far_departures_can_be_known():
    assert states.known_until(day(500)) is None
    shop.open_shop({f"c{n}": [(n, 5)] for n in range(30)})
    define("lapse", {"days": 450})
    shop.detect(day(500))
    assert states.known_until(day(500)) == day(50)
    assert states.known_until(day(460)) == day(10)
    assert states.known_until(day(400)) is None


@inside
def test_as_of_which_day_states_are_told():
    assert states.as_of() is None
    shop.open_shop({"anna": [(0, 5)]})
    define(*LAPSE)
    shop.detect(day(40))
    assert states.as_of() == day(30)


@inside
def test_a_batch_that_fails_leaves_its_states_as_they_were(monkeypatch):
    shop.open_shop({"anna": [(0, 5)]})
    define(*LAPSE)
    task.detect(task.Question(day(40), invite=False))
    monkeypatch.setattr(task, "_counts", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        task.detect(task.Question(day(70), invite=False))
    assert stored() == {"anna": ("drifting", day(30))}
    assert db.session.scalars(select(Defection.id)).all() == []
