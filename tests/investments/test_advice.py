"""The first line of a verdict says what to do about it."""

from typing import Any

import pytest
from flask import Flask

from survey.investments.advice import advice
from survey.investments.models import Verdict
from survey.investments.saying import NAMES, Told

MEASURED = {"measured_profit_per_euro_low": 0.5, "measured_profit_per_euro_high": 3.0}
LOST = [
    {"en": "Moved away", "nl": "Verhuisd", "influenceable": False, "yearly": 900},
    {"en": "Price", "nl": "Prijs", "influenceable": True, "yearly": 500},
]


def told(verdict: str, why: str = "", facts: dict[str, Any] | None = None, yearly_cost: str = "0.00") -> Told:
    known = {"months_after": 12.0, "months_needed": None, **(facts or {})}
    about = {"yearly_cost": yearly_cost, "ends_on": None}
    inputs, result = {"investment": about, "lost": LOST}, {"why": why, "facts": known}
    return Told(Verdict(verdict=verdict, inputs=inputs, result=result))


@pytest.mark.parametrize(
    ("verdict", "given", "said"),
    [
        ("worked", {"facts": MEASURED}, "Keep it: it earns more than it costs."),
        ("worked", {"facts": {name: value - 1 for name, value in MEASURED.items()}}, "Keep it; whether it earns back"),
        ("worked", {"facts": {name: -1.0 for name in MEASURED}}, "make it cheaper, or stop it."),
        ("no_effect_shown", {}, "Do it differently, or not again."),
        ("no_effect_shown", {"yearly_cost": "10.00"}, "Stop paying for it, or do it differently."),
        ("too_little_data", {"why": "wide_interval", "facts": {"months_needed": 20.0}}, "again in about 8 months."),
        ("too_little_data", {"why": "wide_interval"}, "Decide by what it costs"),
        ("too_little_data", {"why": "defections", "facts": {"months_needed": 20.0}}, "Decide by what it costs"),
        ("too_little_data", {"why": "many_tests"}, "it points the right way"),
        ("cannot_tell", {"why": "overlap"}, "Judge them as one"),
        ("cannot_tell", {"why": "fell_before"}, "Do not count this fall"),
        ("cannot_tell", {"why": "no_controls"}, "Decide by what it costs"),
        ("cannot_pay_back", {}, "Spend no more on it"),
        ("cannot_pay_back", {"yearly_cost": "10.00"}, "Stop paying for it."),
        ("aimed_at_non_cause", {}, "most is lost to “Price”."),
    ],
)
def test_a_verdict_says_what_to_do(app: Flask, verdict: str, given: dict[str, Any], said: str) -> None:
    with app.test_request_context("/?lang=en"):
        assert said in advice(told(verdict, **given))


def test_what_has_ended_is_not_stopped(app: Flask) -> None:
    one = told("cannot_pay_back", yearly_cost="10.00")
    one.about["ends_on"] = "2026-01-01"
    with app.test_request_context("/?lang=en"):
        assert advice(one).startswith("Spend no more on it")


def test_every_verdict_has_its_advice(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        assert all(advice(told(verdict)) for verdict in NAMES)
