"""The check of the register: the planted truth is found, and a verdict once given stands."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from survey.extensions import db
from survey.investments import checking, register
from survey.investments.models import Verdict
from survey.investments.monthly import Monthly, month_of
from survey.investments.reading import read_monthly
from survey.investments.saying import Told
from tests.investments.shop import FIRST, MONTHS, START, TODAY, WAIT, entry, fill, invest

pytestmark = pytest.mark.usefixtures("context")


def check(today: object = TODAY) -> int:
    found = checking.work_out(today)  # type: ignore[arg-type]
    assert found is not None
    return checking.keep(found)


def verdicts() -> dict[str, Verdict]:
    return {row.inputs["investment"]["name"]: row for row in db.session.scalars(select(Verdict).order_by(Verdict.id))}


def test_the_planted_truth_is_found() -> None:
    fill()
    invest()
    assert check() == 2
    found = verdicts()
    assert found["Training"].verdict == "worked"
    assert 0.05 < found["Training"].result["facts"]["effect_rate_ratio"] < 0.35
    assert found["Renovation"].verdict == "cannot_pay_back"
    assert found["Renovation"].result["holds"][:2] == ["cannot_pay_back", "aimed_at_non_cause"]


def test_months_end_where_not_everybody_who_turned_away_is_known() -> None:
    """Who came last in April is known to have left in July: the series ends with March, and shows no fall there."""
    fill()
    read = read_monthly(TODAY)
    assert read is not None
    assert (read.whole.first, read.whole.last) == (FIRST, FIRST + MONTHS - 1)
    assert read.whole.days_until_known == WAIT.days
    assert read.whole.departures.sum(axis=1).tolist() == [14.0] * 12 + [8.0] * 12


def test_the_day_of_turning_away_counts_not_the_day_of_having_left() -> None:
    """By the day on which the rule held, rudeness would go on for three months after the training."""
    fill()
    read = read_monthly(TODAY)
    assert read is not None
    rude = read.whole.counts[..., read.whole.given(["rude_staff"])].sum(axis=(1, 2))
    assert rude[month_of(START) - FIRST :].tolist() == [1.0] * 12


def test_a_series_comes_back_from_storage_as_it_was() -> None:
    fill()
    read = read_monthly(TODAY)
    assert read is not None
    again = Monthly.from_payload(read.whole.payload())
    assert (again.counts == read.whole.counts.round(4)).all()
    assert (again.branches, again.reasons, again.known_until) == (
        read.whole.branches, read.whole.reasons, read.whole.known_until,
    )  # fmt: skip


def test_nothing_new_makes_no_new_verdict_and_an_old_one_stands() -> None:
    fill()
    training, _ = invest()
    check()
    before = {row.id: (row.verdict, row.as_of) for row in db.session.scalars(select(Verdict))}
    assert check() == check(TODAY + timedelta(days=1)) == 0
    register.change(training, entry(cost="6000"), None)
    assert check(TODAY + timedelta(days=2)) == 1
    rows = db.session.scalars(select(Verdict).where(Verdict.investment_id == training.id).order_by(Verdict.as_of)).all()
    assert [row.inputs["investment"]["amount"] for row in rows] == ["5000.00", "6000.00"]
    assert (rows[0].verdict, rows[0].as_of) == before[rows[0].id]


def test_a_verdict_reads_the_same_after_the_names_have_changed(app: Flask) -> None:
    fill()
    training, _ = invest()
    check()
    with app.test_request_context("/?lang=en"):
        told = Told(verdicts()["Training"])
        before = (told.sentence, told.reasons, told.where)
        register.change(training, entry("Another name", "price", "1"), None)
        db.session.expire_all()
        after = Told(db.session.get_one(Verdict, told.row.id))
        assert (after.sentence, after.reasons, after.where) == before


def test_nobody_who_answered_means_nothing_to_check() -> None:
    register.add(entry(), None)
    assert checking.work_out(TODAY) is None


def test_the_second_investment_in_the_way_makes_it_impossible_to_tell() -> None:
    fill()
    invest()
    register.add(entry("Second training", starts_on=START + timedelta(days=60)), None)
    check()
    assert verdicts()["Training"].verdict == "cannot_tell"
    assert verdicts()["Training"].result["overlap"] == ["Second training"]


def test_money_stands_beside_loss_for_all_and_for_a_branch() -> None:
    branch_id = fill()
    invest()
    check()
    whole = checking.stored(checking.OVERVIEW)
    assert whole is not None
    rows = {row["code"]: row for row in whole.payload["rows"]}
    assert rows["premises"]["spend_share"] == pytest.approx(900 / 905)
    assert rows["price"]["share"] == pytest.approx(7 / 8, abs=0.01)  # weighted to all who left
    here = checking.stored(checking.OVERVIEW, f"branch:{branch_id}")
    assert here is not None
    assert here.payload["rows"] == []  # both are made everywhere, not in this branch alone
