"""People whom nobody knows by name tell at two branches why they come less often, by the cards that stand there."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from itertools import islice
from typing import Any

import click
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import Client

from survey.clock import now
from survey.customers.models import Branch
from survey.database import committed
from survey.demo.answers import Answer
from survey.demo.generating import DemoBusiness
from survey.extensions import db
from survey.questionnaires.targeting import newest_versions
from survey.responses.models import WalkInAnswer
from survey.responses.walk_in import links

CARDS, VISITORS = 2, 45
#: they came over so many days
DAYS = 330
_STAMP = re.compile(r'name="at" value="([^"]+)"')


def visit(app: Flask, business: DemoBusiness) -> int:
    """Make the cards and let visitors fill in the form behind them; gives how many did."""
    with app.app_context():
        codes = committed(db.session, _make_cards)
    browser, base_url = Client(app), app.settings.base_url  # type: ignore[attr-defined]  # an app of create_app
    for number, answer in enumerate(_told(business)):
        path = f"/b/{codes[number % len(codes)]}"
        # each from a telephone of its own
        address = {"REMOTE_ADDR": f"10.1.{number // 250}.{number % 250 + 1}"}
        their: dict[str, Any] = {"base_url": base_url, "environ_overrides": address}
        stamp = _STAMP.search(browser.get(path, **their).text)
        fields: dict[str, Any] = {"lang": "nl", "at": unescape(stamp[1]) if stamp else "", "reason": answer.main}
        fields |= {"also": list(answer.others), "words": answer.words or ""}
        sent = browser.post(path, data=fields, **their)
        if sent.status_code != 303:
            raise click.ClickException(f"The form of a branch answered {sent.status} to a good answer.")
    with app.app_context():
        return committed(db.session, _date_back)


def _make_cards() -> list[str]:
    questionnaire = min(newest_versions())
    branches = db.session.scalars(select(Branch.id).order_by(Branch.id).limit(CARDS))
    return [links.make(branch, questionnaire).code for branch in branches.all()]


def _told(business: DemoBusiness) -> Iterator[Answer]:
    left = (one.customer_id for one in business.truth.customers if one.reasons)
    told = (business.answer(customer_id, "nl") for customer_id in left)
    return islice(filter(None, told), VISITORS)


def _date_back() -> int:
    """All of it happened just now: spread it over the days."""
    keys = db.session.scalars(select(WalkInAnswer.id).order_by(WalkInAnswer.id)).all()
    days = [timedelta(days=number * 37 % DAYS) for number in range(len(keys))]
    rows = [{"id": key, "created_at": now() - ago} for key, ago in zip(keys, days, strict=True)]
    if rows:
        db.session.execute(update(WalkInAnswer), rows)
    return len(keys)
