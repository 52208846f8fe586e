"""The demo as a whole: brought in by the commands themselves, safe to run twice, and somebody is left to answer."""

import csv
import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from survey.accounts.models import User
from survey.clock import now, today
from survey.customers.models import Customer
from survey.database import Base, committed
from survey.defections.models import Defection
from survey.demo.loading import load
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reports.estimates import estimates_of
from survey.reports.lens import Lens
from survey.reports.period import Period
from survey.reports.value import cards
from survey.responses.models import Response
from tests import stories


def counts(app: Flask) -> dict[str, int]:
    with app.app_context():
        return {
            t.name: db.session.scalar(select(func.count()).select_from(t)) or 0 for t in Base.metadata.sorted_tables
        }


@pytest.mark.sqlite
def test_demo_lives_and_can_be_made_twice(app: Flask) -> None:
    welcome = load(app, customers=800, looks=8)
    made = counts(app)
    assert {person.role for person in welcome.people} == {"administrator", "manager", "analyst", "interviewer"}
    assert made["customer"] == 800
    assert made["response"] >= 3
    assert made["classification"] == made["response"]
    assert app.test_client().get(welcome.link.removeprefix("http://127.0.0.1:8000")).status_code == 200
    _assert_told_over_time(app)
    _assert_planted_reasons_lie_within_their_intervals(app)
    _assert_renewals_are_those_of_the_file(app)

    again = load(app, customers=800, looks=8)
    assert counts(app) | {"audit_entry": 0} == made | {"audit_entry": 0}
    assert again.link == welcome.link


@pytest.mark.sqlite
def test_a_real_business_gets_no_demo_people(app: Flask) -> None:
    with app.app_context():
        committed(db.session, lambda: stories.customer())
    before = counts(app)
    done = app.test_cli_runner().invoke(args=["demo"])
    assert done.exit_code == 1
    assert "has customers of its own" in done.output
    assert counts(app) == before


def _assert_told_over_time(app: Flask) -> None:
    """Answers come after the asking, on days that are past, over the months that were looked at."""
    with app.app_context():
        told = db.session.execute(
            select(Invitation.created_at, Response.created_at).join(Response, Response.invitation_id == Invitation.id)
        ).all()
    assert all(answered <= now() for _, answered in told)
    assert max(asked for asked, _ in told) - min(asked for asked, _ in told) >= timedelta(days=30)


def _assert_planted_reasons_lie_within_their_intervals(app: Flask) -> None:
    """Of all who left, answered or not: nearly every share and lost value, though who answers is no fair sample."""
    told = json.loads((app.settings.instance / "demo" / "truth.json").read_text())  # type: ignore[attr-defined]
    reasons = {customer["customer_id"]: customer["reasons"] for customer in told["customers"]}
    with app.app_context():
        found = estimates_of(Lens(User(email="", tied_to=[]), Period(date(2000, 1, 1), today())))
        gone = db.session.execute(select(Customer.external_id, Defection.lost_value).join(Defection)).all()
    assert found.lost is not None
    assert found.shares.departures == len(gone)
    share = [sum(code in reasons[who] for who, _ in gone) / len(gone) for code in found.lost.codes]
    lost = [sum(float(value) for who, value in gone if code in reasons[who]) for code in found.lost.codes]
    within = [each.low <= true <= each.high for true, each in zip(share, found.shares.best, strict=True)]
    worth = [each.low <= true <= each.high for true, each in zip(lost, found.lost.each, strict=True)]
    assert min(sum(within), sum(worth)) >= len(share) - 1


def _assert_renewals_are_those_of_the_file(app: Flask) -> None:
    """How many contracts came to their last day, and how many of them were renewed, by an own count of the files."""
    folder = app.settings.instance / "demo"  # type: ignore[attr-defined]  # an app of create_app
    segment = {row["customer_id"]: row["segment"] for row in lines_of(folder / "customers.csv")}
    lasts: dict[str, list[date]] = defaultdict(list)
    for row in lines_of(folder / "contracts.csv"):
        lasts[row["customer_id"]].append(datetime.strptime(row["contract_until"], "%d-%m-%Y").date())
    with app.app_context():
        day, figure = today(), cards.stored()
        found = {kept["segment"]: kept["all"] for kept in figure.payload["contracts"]} if figure else {}
    first = min(last for each in lasts.values() for last in each[:-1])
    planted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for customer, each in lasts.items():
        decided = [last for last in each if first <= last <= day - timedelta(days=32)]
        planted[segment[customer]][0] += len(decided)
        planted[segment[customer]][1] += sum(last != each[-1] for last in decided)
    assert {name: [each["faced"], each["renewed"]] for name, each in found.items()} == dict(planted)
    assert min(faced for faced, _ in planted.values()) > 20


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))
