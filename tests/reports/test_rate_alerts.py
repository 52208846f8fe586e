"""A rate that leaves its band: of which units it is told, from what to what, and when it is over."""

from datetime import date, timedelta

import numpy as np
import pytest
import time_machine
from sqlalchemy import func, insert, select

from survey.analyst import standing_out
from survey.customers import newest
from survey.customers.models import Branch, Customer, CustomerHistory, Transaction
from survey.defections.models import Defection, Definition
from survey.extensions import db
from survey.jobs.tasks import alert
from survey.notices import Notice
from survey.reports.rate import alerts
from tests import stories

BEGIN = date(2024, 6, 1)
RULE = 10

pytestmark = pytest.mark.usefixtures("context")


def month(number):
    """The first day of a month, counted from that of BEGIN."""
    return date(BEGIN.year + (BEGIN.month - 1 + number) // 12, (BEGIN.month - 1 + number) % 12 + 1, 1)


def shop(branch, leaving, staying, segment=""):
    """Customers of a branch, there from the beginning; leaving: how many leave in each month. Gives their keys."""
    end = month(len(leaving)) + timedelta(days=3)
    lasts = [end] * staying + [month(n) + timedelta(days=4) for n, left in enumerate(leaving) for _ in range(left)]
    key = stories.branch(branch).id if branch else None
    first = (db.session.scalar(select(func.max(Customer.id))) or 0) + 1
    who = range(first, first + len(lasts))
    rule = db.session.scalar(select(Definition.id).limit(1))
    facts = {"language": "nl", "acquired_via": "", "do_not_contact": False, "branch_id": key, "segment": segment}
    db.session.execute(insert(Customer), [{"id": n, "external_id": f"C{n}"} | facts for n in who])
    summed = {"first_on": BEGIN, "visits": 2, "total_cents": 100, "packed": b""}
    rows = [{"customer_id": n, "last_on": last} | summed for n, last in zip(who, lasts, strict=True)]
    db.session.execute(insert(CustomerHistory), rows)
    newest.look_again()
    worth = {"yearly_spend": 1, "remaining_years": 1, "lost_value": 1, "value_method": "own_spend"}
    gone = [
        {"customer_id": n, "definition_id": rule, "episode": 1, "last_visit_on": last, "created_at": stories.MOMENT}
        | {"defected_on": last + timedelta(days=RULE), "noticed_on": last + timedelta(days=RULE)} | worth
        for n, last in zip(who, lasts, strict=True) if last != end
    ]  # fmt: skip
    db.session.execute(insert(Defection), gone)
    db.session.commit()
    return list(who)


def on(number, act):
    """What an act gives on the fourth day of a month."""
    with time_machine.travel(f"{month(number) + timedelta(days=3)} 06:00:00+00:00", tick=False):
        return act()


def outside(number):
    found = on(number, lambda: alerts.outside(month(number) + timedelta(days=3)))
    return {(each.unit.kind, each.unit.name) for each in found}


QUIET = [0] + [14, 16, 15, 15, 14, 16, 15] * 2
SOARING = [*QUIET[:-1], 60]


def test_only_the_unit_that_left_its_band_is_told_of():
    shop("Delft", QUIET, 300, "gold")
    shop("Gouda", SOARING, 300, "silver")
    assert outside(len(QUIET)) >= {("branch", "Gouda"), ("segment", "silver")}
    assert not outside(len(QUIET)) & {("branch", "Delft"), ("segment", "gold")}


def test_it_says_from_what_to_what_to_the_branch_and_is_over_the_month_after():
    shop("Delft", [*QUIET, 15], 300, "gold")
    shop("Gouda", [*SOARING, 15], 300, "silver")
    assert on(len(QUIET), alert.run)["outside"] == len(outside(len(QUIET)))
    told = {notice.key: notice for notice in db.session.scalars(select(Notice))}
    gouda = db.session.scalar(select(Branch.id).where(Branch.name == "Gouda"))
    notice = told[f"rate:2025-08:branch:{gouda}"]
    assert notice.branch_id == gouda
    assert notice.link == f"/rate?branch={gouda}"
    assert notice.level == "warning"
    assert notice.sentence.startswith("More customers of branch Gouda left: 1")
    assert notice.sentence.endswith("% in 2025-08, usually 3.1 % a month.")
    assert told["rate:2025-08:segment:silver"].link == "/defections?segment=silver"
    on(len(QUIET) + 1, alert.run)
    db.session.expire_all()
    assert {notice.settled_at is None for key, notice in told.items()} == {False}


def test_fewer_than_usual_is_told_too():
    shop("", [0] + [30, 28, 32, 30] * 3 + [31, 3], 600)
    assert outside(15) == {("all", "")}
    on(15, alert.run)
    (notice,) = db.session.scalars(select(Notice)).all()
    assert (notice.level, notice.branch_id) == ("info", None)
    assert notice.sentence.startswith("Fewer customers left than usual: 0.5 % in 2025-08, where ")


def test_a_service_is_watched_by_those_who_had_bought_it_before():
    cut, dyed = shop("", QUIET, 300), shop("", SOARING, 300)
    bought = {"occurred_on": BEGIN, "amount": 1, "ordinal": 0}
    rows = [
        {"customer_id": n, "service": service, "identity": n.to_bytes(16, "big")} | bought
        for service, who in (("haircut", cut), ("dyeing", dyed))
        for n in who
    ]
    late = {"service": "haircut", "occurred_on": month(len(QUIET) - 1) + timedelta(days=1)}
    rows += [row | late | {"ordinal": 1} for row in rows[-70:]]
    db.session.execute(insert(Transaction), rows)
    db.session.commit()
    assert ("service", "dyeing") in outside(len(QUIET))
    assert ("service", "haircut") not in outside(len(QUIET))


def test_before_thirteen_months_are_known_nothing_is_told():
    shop("", [0, *[15] * 10, 60], 200)
    assert outside(12) == set()


def test_without_purchases_nothing_is_told():
    assert on(12, alert.run) == {"drifting": 0, "outside": 0}


def test_chance_alone_is_seldom_told():
    """Twenty units with nothing but chance, looked at two hundred times: false alarms in about 5 % of the looks, so in
    fewer than 22 (99.9 % of a binomial)."""
    source = np.random.default_rng(11)
    told = 0
    for _ in range(200):
        left = source.binomial(400, 0.04, size=(20, 19)).tolist()
        judged = [standing_out.month_against_past(row, [400] * 19) for row in left]
        told += any(standing_out.real_ones([each.p for each in judged]))
    assert told < 22
