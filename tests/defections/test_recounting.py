"""All months counted again under one definition: of everybody, branches and segments."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from survey.accounts.models import User
from survey.clock import now
from survey.customers.models import Branch, Customer
from survey.defections import definitions, detection, recounting
from survey.defections.definitions import Draft
from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.tasks import recount
from survey.reports.lens import Lens
from survey.reports.models import StoredFigure
from survey.reports.period import Period
from survey.reports.spells import rates
from tests.defections import shop
from tests.defections.shop import day

pytestmark = pytest.mark.usefixtures("context")

USUAL = {"times_usual": 3}


def define(parameters, segment="", effective_on=None):
    made = definitions.revise(Draft(segment or "Standard", "lapse", parameters, segment, effective_on), None)
    db.session.commit()
    return made


def by_segment():
    """Customers who come every 5 to 80 days; every third of them is gold, every fourth of the others silver."""
    bought = shop.random_purchases(seed=8, customers=80, days=500)
    names = {n: "gold" if n % 3 == 0 else "silver" if n % 4 == 0 else "" for n in range(80)}
    shop.open_shop(bought, **{f"c{n:04}": {"segment": name} for n, name in names.items()})


def counted(definition, as_of, segment=""):
    ready = recounting.prepare(definition, as_of, {"gold", "silver"})
    total = ready.summed(ready.count(some) for some in detection.batches())
    return [(month.left, month.at_risk) for month in ready.told(total, None, segment)]


def told(as_of, segment=None):
    """What the pages say of each month up to a day."""
    firsts, first = [], day(0)
    while first <= as_of:
        firsts.append(first)
        first = (first + timedelta(31)).replace(day=1)
    periods = [Period(each, min((each + timedelta(31)).replace(day=1) - timedelta(1), as_of)) for each in firsts]
    lens = Lens(User(email="x", tied_to=[]), Period(day(0), as_of), segment=segment)
    return [(rate.left, rate.at_risk) for rate in rates(lens, periods)]


def test_it_equals_the_rate_of_the_pages_where_one_definition_held():
    by_segment()
    made = define({"days": 60})
    shop.detect(day(450))
    months = [(m.left, m.at_risk) for m in recounting.recount(made, day(450), list(detection.batches()))]
    assert sum(left for left, _ in months) > 20
    assert months == told(day(450))


def test_so_it_does_for_each_segment_under_the_definition_of_its_own():
    """Also where the rule asks how often customers usually come: that is how often those come whom it is for."""
    by_segment()
    held = {"": define(USUAL), "gold": define({"times_usual": 2}, "gold"), "silver": define({"days": 40}, "silver")}
    shop.detect(day(450))
    for segment in ("gold", "silver"):
        months = told(day(450), segment)
        assert counted(held[segment], day(450), segment) == months
        assert sum(left for left, _ in months) > 5
        assert counted(held[""], day(450), segment) != months


def test_segments_and_the_rest_add_up_to_everybody():
    by_segment()
    made = define({"days": 60})
    parts = [counted(made, day(450), segment) for segment in ("gold", "silver")]
    for customer in db.session.scalars(select(Customer).where(Customer.segment == "")):
        customer.segment = "bronze"
    db.session.commit()
    ready = recounting.prepare(made, day(450), {"bronze"})
    total = ready.summed(ready.count(some) for some in detection.batches())
    rest = [(month.left, month.at_risk) for month in ready.told(total, None, "bronze")]
    together = [tuple(map(sum, zip(*months, strict=True))) for months in zip(*parts, rest, strict=True)]
    assert together == counted(made, day(450))


def test_who_came_to_a_branch_meanwhile_counts_among_all():
    by_segment()
    made = define({"days": 60})
    before = counted(made, day(450))
    ready = recounting.prepare(made, day(450), {"gold"})
    delft = Branch(name="Delft")
    db.session.add(delft)
    db.session.flush()
    for customer in db.session.scalars(select(Customer)):
        customer.branch_id, customer.segment = delft.id, "new"
    db.session.commit()
    total = ready.summed(ready.count(some) for some in detection.batches())
    assert [(month.left, month.at_risk) for month in ready.told(total)] == before
    assert {month.at_risk for month in ready.told(total, delft.id)} == {0}


def test_a_business_without_customers_has_a_month_of_nobody():
    made = define({"days": 60})
    assert [(m.left, m.at_risk) for m in recounting.recount(made, day(450), [])] == [(0, 0)]


def test_the_job_keeps_it_for_all_for_branches_and_for_segments_with_figures(monkeypatch):
    delft = Branch(name="Delft")
    db.session.add(delft)
    db.session.commit()
    bought = shop.random_purchases(seed=8, customers=30, days=400)
    names = {n: "gold" if n % 2 else "tin" for n in range(30)}
    branches = dict.fromkeys(range(9), delft.id)
    shop.open_shop(bought, **{f"c{n:04}": {"branch_id": branches.get(n), "segment": name} for n, name in names.items()})
    gold = f"branch:{delft.id} segment:gold"
    for scope in ("", "segment:gold", gold):
        db.session.add(StoredFigure(name="rate", scope=scope, as_of=day(390), payload={}, created_at=now()))
    other = define({"days": 300})
    define({"days": 60})
    job = Job(key="recount:1", kind="recount", arguments={"definition_id": other.id, "as_of": day(390).isoformat()})
    job.created_at = job.due_at = now()
    db.session.add(job)
    db.session.commit()
    for size in (10_000, 7):
        monkeypatch.setattr(detection, "BATCH", size)
        recount.run(job)
        rows = {f.scope: f for f in db.session.scalars(select(StoredFigure).where(StoredFigure.name.like("rate_%")))}
        assert set(rows) == {"", f"branch:{delft.id}", "segment:gold", gold}
        assert rows[""].name == f"rate_under:{other.id}"
        months = {scope: row.payload["months"] for scope, row in rows.items()}
        assert (months[""][0]["first"], months[""][-1]["first"]) == ("2024-01-01", "2025-01-01")
        seen = {scope: [(m["left"], m["at_risk"]) for m in each] for scope, each in months.items()}
        assert seen[""] == counted(other, day(390))
        assert seen["segment:gold"] == counted(other, day(390), "gold")
        for smaller, larger in ((gold, f"branch:{delft.id}"), (gold, "segment:gold"), (f"branch:{delft.id}", "")):
            assert all(a[1] <= b[1] for a, b in zip(seen[smaller], seen[larger], strict=True))
            assert 0 < sum(at_risk for _, at_risk in seen[smaller]) < sum(at_risk for _, at_risk in seen[larger])
    db.session.query(StoredFigure).filter_by(name="rate").delete()
    db.session.commit()
    recount.run(job)
    assert set(db.session.scalars(select(StoredFigure.scope))) == {"", f"branch:{delft.id}"}
    with pytest.raises(recount.NoSuchDefinition):
        recount.run(Job(arguments={"definition_id": 999}))
