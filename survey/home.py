"""The first page of somebody who has signed in: for who reads figures, the three that matter most."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_login import current_user
from markupsafe import Markup

from survey import charts
from survey.clock import today
from survey.investments.spending import Spent, spent_on, spent_sentence
from survey.navigation import MAIN, links, may_open
from survey.reports import asked, sentences, telling
from survey.reports.breakdown import Breakdown, break_down
from survey.reports.contrasts import quarters_up_to
from survey.reports.counting import customers_in_view, lost_in
from survey.reports.drawing import reasons_drawn
from survey.reports.findings import Findings, findings_for
from survey.reports.lens import Lens, UnclearAddress
from survey.reports.pictures import NARROW, Drawn, amounts_picture, reasons_picture, trend_picture
from survey.reports.views import asked_lens, frame_of, say_what_is_unclear
from survey.reports.voices import voices
from survey.web import language
from survey.winback import calls, cases

blueprint = Blueprint("home", __name__)
blueprint.register_error_handler(UnclearAddress, say_what_is_unclear)

BREAKDOWN = "reports.breakdown"
#: whom the front line calls
CALLS = "calls.index"
#: customers quoted
QUOTED = 3


@dataclass(frozen=True)
class Step:
    """One thing to do before there is anything to see, and where it is done."""

    title: Any
    words: Any
    endpoint: str


STEPS = (
    Step(
        _("Bring in your customers and their visits"),
        _("One file with customers and one with purchases or visits. You see what was understood before it is stored."),
        "customers.imports",
    ),
    Step(
        _("Say when a customer has left"),
        _("For instance: no visit for half a year. You see how many customers that is before you decide."),
        "defections.definitions",
    ),
    Step(
        _("Ask them why"),
        _("Whoever has left receives a short form by mail. Their answers are grouped into reasons."),
        "invitations.index",
    ),
)


@blueprint.get("/")
def start() -> ResponseReturnValue:
    """The three figures for who may see them, else the first place in their menu, else what to do first."""
    if may_open(BREAKDOWN):
        lens = asked_lens()
        return front(lens) if customers_in_view(lens) else redirect(url_for(BREAKDOWN))
    if may_open(CALLS) and current_user.has_role("interviewer"):
        found = cases.counts(current_user, today(), None)
        return render_template("home/calls.html", calls=calls.counts(current_user), cases=found)
    if open_places := links(MAIN):
        return redirect(open_places[0].url)
    return render_template("home/start.html", steps=STEPS)


def front(lens: Lens) -> str:
    """How many left, what that cost, and for what reason; below it all reasons, what changed, and three voices."""
    found, shown = break_down(lens), findings_for(lens, today())
    top = shown.top if shown else None
    reason = shown.shares.reasons[top] if shown and top is not None else None
    spent = spent_on(reason, lens, today()) if reason else None
    return render_template(
        "home/front.html",
        found=found,
        shown=shown,
        top=top,
        reason=reason,
        order="value",
        spent_words=spent_sentence(spent) if spent and reason else "",
        pictures=_pictures(found, shown, top, spent),
        voices=voices(shown, reason, QUOTED) if shown and reason else (),
        working=asked.waiting(lens),
        **frame_of(lens),
    )


def _pictures(found: Breakdown, shown: Findings | None, top: int | None, spent: Spent | None) -> dict[str, Markup]:
    drawn = reasons_drawn(shown, "value", language()) if shown else {}
    if any(month.rate.at_risk for month in found.months):
        label = f"{sentences.trend_title(found)}. {sentences.trend_sentence(found)}"
        drawn["trend"] = charts.svg(trend_picture(found.months), label, language())
    quarters = quarters_up_to(found.lens.period)
    amounts = lost_in(found.lens, quarters)
    if any(amounts):
        named = [(telling.quarter_name(each), float(lost)) for each, lost in zip(quarters, amounts, strict=True)]
        drawn["lost"] = charts.svg(amounts_picture(named), telling.lost_by_quarter(named), language())
    if shown and shown.lost and top is not None and spent and spent.all:
        drawn["spent"] = _spent_drawn(shown, top, spent)
    return drawn


def _spent_drawn(shown: Findings, top: int, spent: Spent) -> Markup:
    """The part of what is lost that goes with the reason, beside the part of what is spent that is aimed at it."""
    lost, part = shown.lost, float(spent.on_reason / spent.all)
    if lost is None or not lost.total:
        return Markup("")
    each = lost.each[top]
    rows = [
        Drawn(gettext("Of what is lost"), telling.amount(each.estimate), each.estimate / lost.total,
              each.low / lost.total, each.high / lost.total, True),
        Drawn(gettext("Of what you invest"), telling.amount(float(spent.on_reason)), part, part, part, True),
    ]  # fmt: skip
    axis, label = gettext("Part of the whole"), spent_sentence(spent)
    return charts.svg(reasons_picture(rows, NARROW, axis, gettext("Amount")), label, language())
