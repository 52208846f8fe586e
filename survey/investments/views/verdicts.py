"""One investment: its verdict, why, and the verdicts given before."""

from typing import Any

from flask import Response, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from survey import charts
from survey.accounts import audit
from survey.accounts.access import allow
from survey.csv_file import csv_bytes
from survey.investments import saying
from survey.investments.advice import advice
from survey.investments.models import Investment, Verdict
from survey.investments.monthly import first_day
from survey.investments.overview import verdicts_of
from survey.investments.pictures import control_columns, series_picture
from survey.investments.saying import Told
from survey.investments.views.room import READERS, blueprint, investment_or_404, verdict_or_404
from survey.jobs import queue
from survey.web import language


@blueprint.get("/<int:investment_id>")
@allow(*READERS)
def investment(investment_id: int) -> ResponseReturnValue:
    """The newest verdict on it."""
    found = investment_or_404(investment_id)
    rows = verdicts_of([found.id])[found.id]
    return _page(found, rows[0] if rows else None, rows)


@blueprint.get("/<int:investment_id>/verdicts/<int:verdict_id>")
@allow(*READERS)
def verdict(investment_id: int, verdict_id: int) -> ResponseReturnValue:
    """A verdict as it was given: it reads the same for ever."""
    found = investment_or_404(investment_id)
    return _page(found, verdict_or_404(found, verdict_id), verdicts_of([found.id])[found.id])


@blueprint.get("/<int:investment_id>/verdicts/<int:verdict_id>/months.csv")
@allow(*READERS)
def months_file(investment_id: int, verdict_id: int) -> ResponseReturnValue:
    """The series by month behind a verdict."""
    found = investment_or_404(investment_id)
    told = Told(verdict_or_404(found, verdict_id))
    series = told.row.inputs["series"]
    columns = ("targeted", "others", "elsewhere", "at_risk", "at_risk_elsewhere")
    rows = zip(*(series[name] for name in columns), strict=True)
    lines = [(first_day(series["first"] + n), *row) for n, row in enumerate(rows)]
    audit.record("investment months exported", current_user.id, about=("investment", investment_id))
    headers = {"Content-Disposition": f'attachment; filename="investment-{found.id}-{told.row.as_of}.csv"'}
    return Response(csv_bytes(("month", *columns), lines, language()), mimetype="text/csv", headers=headers)


def _page(found: Investment, row: Verdict | None, rows: list[Verdict]) -> str:
    told = Told(row) if row else None
    return render_template(
        "investments/investment.html",
        investment=found,
        told=told,
        is_newest=bool(rows) and row is rows[0],
        earlier=[Told(each) for each in rows],
        say=saying,
        advice=advice,
        is_waiting=bool(queue.open_jobs("check_investments")),
        **(_shown(told) if told else {}),
    )


def _shown(told: Told) -> dict[str, Any]:
    label = f"{saying.picture_title(told)}. {saying.picture_sentence(told)}"
    series, controls = told.row.inputs["series"], control_columns(told)
    months = [
        {
            "name": saying.month_name(series["first"] + n),
            "targeted": series["targeted"][n],
            "others": series["others"][n],
            "elsewhere": series["elsewhere"][n],
            "at_risk": series["at_risk"][n],
        }
        for n in range(len(series["targeted"]))
    ]
    return {
        "picture": charts.svg(series_picture(told), label, language()),
        "months": months[::-1],
        "has_elsewhere": "elsewhere" in controls,
    }
