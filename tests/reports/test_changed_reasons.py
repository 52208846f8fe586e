"""Reasons that were merged, split or retired: every figure counts them by the one rule, and adds up as before."""

import csv
import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey.database import writing
from survey.extensions import db
from survey.reports.breakdown import Breakdown, break_down
from survey.reports.words import Search, count_answers, reason_of, words_of
from survey.taxonomy import changing
from survey.taxonomy.changing import NewReason
from survey.taxonomy.models import Reason
from tests.reports.garage import Answer, Left, Person, add, lens, reason_id

QUARTER = "from=2026-07-01&to=2026-09-30"


def answered(main: str, lost: str = "100.00", **more: Any) -> Person:
    return Person(left=(Left(date(2026, 8, 10), Decimal(lost), answer=Answer(main, **more)),))


def reason(code: str) -> Reason:
    return db.session.scalars(select(Reason).where(Reason.code == code)).one()


def garage() -> None:
    add(
        answered("price", "10.00", words="Te duur.", read=("price", "errors")),
        answered("price", "20.00", also=("errors",), words="Duur en slordig.", read=("price",)),
        answered("errors", "40.00", also=("price", "premises"), words="Fout op fout.", read=("errors",)),
        answered("premises", "80.00", words="Kaal.", read="unsure"),
        Person(left=(Left(date(2026, 8, 11), Decimal("1.00")),)),
    )


def figures(found: Breakdown) -> dict[str, tuple[int, Decimal, int]]:
    return {row.reason.code: (row.count, row.lost_value, row.read) for row in found.reasons if row.count or row.read}


def sums(found: Breakdown) -> tuple[int, Decimal]:
    rows = [*found.reasons, *found.others]
    return sum(row.count for row in rows), sum((row.lost_value for row in rows), Decimal(0))


@pytest.mark.usefixtures("context")
def test_a_merged_reason_counts_under_what_it_means_now() -> None:
    garage()
    before = break_down(lens())
    changing.merge(reason("price"), reason("errors"), None)
    found = break_down(lens())
    # read: the answer in which both are read has the one reason once
    assert figures(found) == {"errors": (3, Decimal("70.00"), 3), "premises": (1, Decimal("80.00"), 0)}
    assert sums(found) == sums(before) == (5, Decimal("151.00"))
    assert "price" not in [row.reason.code for row in found.reasons]
    errors = next(row for row in found.reasons if row.reason.code == "errors")
    assert errors.share.estimate == 0.75
    assert found.text.given == before.text.given == 3


@pytest.mark.usefixtures("context")
def test_a_chain_of_mergers_counts_under_its_end_and_comes_back_whole() -> None:
    garage()
    before = figures(break_down(lens()))
    changing.merge(reason("price"), reason("errors"), None)
    changing.merge(reason("errors"), reason("premises"), None)
    assert figures(break_down(lens())) == {"premises": (4, Decimal("150.00"), 3)}
    changing.retire(reason("premises"), None)
    assert figures(break_down(lens())) == {"premises": (4, Decimal("150.00"), 3)}
    for code in ("premises", "errors", "price"):
        changing.restore(reason(code), None)
    assert figures(break_down(lens())) == before


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("kind", ["retire", "split"])
def test_what_was_ticked_stays_history_under_its_own_name(kind: str) -> None:
    garage()
    before = figures(break_down(lens()))
    if kind == "retire":
        changing.retire(reason("price"), None)
    else:
        changing.split(reason("price"), [NewReason("a", "a"), NewReason("b", "b")], None)
    found = break_down(lens())
    assert figures(found) == before
    assert next(row.reason for row in found.reasons if row.reason.code == "price").active is False
    assert sums(found) == (5, Decimal("151.00"))


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(("given_by", "given"), [("ticked", 3), ("read", 3)])
def test_words_are_found_under_what_the_reason_means_now(given_by: str, given: int) -> None:
    garage()
    changing.merge(reason("price"), reason("errors"), None)
    search = Search(lens(), reason("errors"), given_by)
    assert count_answers(search) == (given, given)
    found = {words.text: words for words in words_of(search)}
    assert set(found) == {"Te duur.", "Duur en slordig.", "Fout op fout."}
    told = {
        text: (words.main.code if words.main else "", [r.code for r in words.also], [r.code for r in words.read])
        for text, words in found.items()
    }
    # each reason once, however it was called when it was ticked
    assert told == {
        "Te duur.": ("errors", [], ["errors"]),
        "Duur en slordig.": ("errors", [], ["errors"]),
        "Fout op fout.": ("errors", ["premises"], ["errors"]),
    }
    assert reason_of("price").id == reason_id("errors")
    assert reason_of("premises").id == reason_id("premises")
    assert reason_of("nonsense") is None


def test_page_and_file_agree_and_say_what_is_no_longer_offered(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    with app.app_context(), writing():
        garage()
        changing.merge(reason("price"), reason("errors"), None)
        changing.retire(reason("premises"), None)
        db.session.commit()
    client = sign_in("manager")
    page = " ".join(client.get(f"/breakdown?{QUARTER}").get_data(as_text=True).split())
    row = next(row for row in page.split("<tr") if "Premises and atmosphere</a>" in row)
    assert "(no longer offered)" in row
    assert ">Price<" not in page
    rows = csv.DictReader(io.StringIO(client.get(f"/breakdown.csv?{QUARTER}").get_data().decode("utf-8-sig")))
    shown = {row["code"]: (row["departures"], row["lost value"]) for row in rows}
    assert shown["errors"] == ("3", "70.00")
    assert shown["premises"] == ("1", "80.00")
    assert "price" not in shown
    # an address that somebody kept leads to what the reason means now
    kept = client.get(f"/breakdown/price/words?{QUARTER}").get_data(as_text=True)
    assert "“Errors and billing”: the main reason of 3, of whom 3 wrote something" in kept
