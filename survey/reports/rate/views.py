"""The page of the prime figure: how many leave, is it getting worse, where, when, and could it be helped."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from survey import charts
from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import now
from survey.csv_file import csv_bytes
from survey.customers.groups import branches_for
from survey.defections.models import Definition
from survey.extensions import db
from survey.jobs import queue
from survey.reports.lens import UnclearAddress
from survey.reports.phrases import month_in_words
from survey.reports.rate import pictures, sentences
from survey.reports.rate.page import (
    BY_DAY,
    BY_LAST_VISIT,
    Asked,
    Page,
    asked_by,
    group_name,
    month_of,
    page_of,
    recount_offered,
)
from survey.reports.rate.scopes import segments_stored
from survey.web import language

blueprint = Blueprint("rate", __name__, url_prefix="/rate")

READERS = ("administrator", "manager", "analyst")
#: who may have figures worked out; not who is tied to branches, since they are those of all
WORKERS = ("administrator", "analyst")
DATED = (BY_DAY, BY_LAST_VISIT)


@blueprint.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """How many leave."""
    asked = asked_by(request.args, current_user)
    page = page_of(asked, current_user)
    frame = {
        "asked": asked, "branches": branches_for(current_user), "segments": segments_stored(asked.branch_id),
        "may_work": _may_work(),
    }  # fmt: skip
    if page is None:
        return render_template("rate/none.html", waiting=bool(queue.open_jobs("figures")), **frame)
    return render_template(
        "rate/index.html",
        page=page,
        say=sentences,
        drawn=_drawn(page, asked),
        recounting=_recounting(asked),
        recount_offered=recount_offered(asked.segment),
        month_name=lambda period: month_in_words(month_of(period)),
        group_name=group_name,
        kept=_kept(asked),
        **frame,
    )


@blueprint.get("/months.csv")
@allow(*READERS)
def months_file() -> ResponseReturnValue:
    """The figures of the months."""
    asked = asked_by(request.args, current_user)
    page = page_of(asked, current_user) or abort(404)
    counted = page.recounted.rates if page.recounted else {}
    header = (
        _("from"), _("to"), _("left"), _("customers at risk"), _("rate"), _("rate from"), _("rate to"),
        _("mean of 12 months"), _("rate under one definition"), _("state"),
    )  # fmt: skip
    rows = [
        (
            m.period.first, m.period.last, m.rated.left, m.rated.at_risk, m.rated.share.estimate, m.rated.share.low,
            m.rated.share.high, m.mean.estimate if m.mean else None, counted.get(m.period.first),
            sentences.state_of(m.known),
        )
        for m in page.figures.months
    ]  # fmt: skip
    audit.record("months exported", current_user.id, about=("report", "rate"))
    headers = {"Content-Disposition": f'attachment; filename="rate-{page.figures.as_of}.csv"'}
    return Response(csv_bytes(header, rows, language()), mimetype="text/csv", headers=headers)


@blueprint.post("/work")
@allow(*WORKERS)
def work() -> ResponseReturnValue:
    """Ask for the figures now."""
    _only_of_all()
    job = queue.run_now("figures")
    audit.record("job asked for", current_user.id, about=("job", job.id), details={"kind": "figures"})
    db.session.commit()
    flash(_("The figures are being worked out. Look again in a few minutes."))
    return redirect(url_for(".index"), 303)


@blueprint.post("/recount")
@allow(*WORKERS)
def recount() -> ResponseReturnValue:
    """Ask for the whole history to be counted under one definition: of everybody, each branch and each segment. The
    page that comes back is of the customers who were looked at."""
    _only_of_all()
    asked = asked_by(request.args, current_user)
    given = request.form.get("definition", "")
    found = db.session.get(Definition, int(given)) if given.isascii() and given.isdigit() and len(given) < 10 else None
    if found is None:
        abort(404)
    if not any(job.arguments.get("definition_id") == found.id for job in queue.open_jobs("recount")):
        key = f"recount:{found.id}:{now():%Y-%m-%dT%H:%M:%S.%fZ}"
        job = queue.enqueue("recount", key, {"definition_id": found.id})
        audit.record("job asked for", current_user.id, about=("job", job.id), details={"kind": "recount"})
    db.session.commit()
    flash(_("The history is being counted again. The second line appears here when that is done."))
    return redirect(url_for(".index", **_kept(replace(asked, under=found.id, dated=BY_DAY))), 303)


@blueprint.errorhandler(UnclearAddress)
def say_what_is_unclear(error: UnclearAddress) -> ResponseReturnValue:
    return render_template("rate/unclear.html", words=str(error)), 400


def _may_work() -> bool:
    return not current_user.branch_ids and any(current_user.has_role(role) for role in WORKERS)


def _only_of_all() -> None:
    if not _may_work():
        abort(403)


def _recounting(asked: Asked) -> bool:
    """Whether the counting anew that is asked for is still to come."""
    return any(job.arguments.get("definition_id") == asked.under for job in queue.open_jobs("recount"))


def _kept(asked: Asked) -> dict[str, Any]:
    """The parts of the address that show the same again."""
    given = {"branch": asked.branch_id, "segment": asked.segment or None, "under": asked.under}
    return {key: value for key, value in given.items() if value is not None} | {"dated": asked.dated}


def _drawn(page: Page, asked: Asked) -> dict[str, Markup]:
    """The pictures there is something to draw for; each says in one label what it shows."""
    figures, drawn = page.figures, {}
    if asked.dated == BY_DAY:
        title, label, picture = sentences.trend_title(page), sentences.trend_sentence(page), pictures.trend
    else:
        title, label, picture = sentences.stopped_title(page), sentences.stopped_sentence(page), pictures.stopped
    if page.months:
        drawn["trend"] = _in_two_widths(lambda width: picture(page, width), f"{title}. {label}")
    for kind, units in (("branches", page.branches), ("teams", page.teams), ("employees", page.employees)):
        beside = getattr(figures, kind, None)
        if any(unit.row.drawn for unit in units):
            spoken = f"{sentences.funnel_title(units, kind)}. {sentences.funnel_sentence(beside, kind)}"
            drawn[kind] = _in_two_widths(_funnel_in(units, beside), spoken)
    for kind in ("segments", "channels"):
        if staying := getattr(figures, kind):
            drawn[kind] = _svg(pictures.survival(staying, 330), sentences.survival_title(staying, kind))
    if figures.hazard:
        drawn["hazard"] = _svg(pictures.hazard(figures.hazard, pictures.NARROW), sentences.hazard_title(page))
    if figures.unkept:
        drawn["unkept"] = _svg(pictures.channels(figures.unkept, pictures.NARROW), sentences.unkept_title(page))
    return drawn


def _funnel_in(units: list[Any], beside: Any) -> Any:
    return lambda width: pictures.funnel(units, beside, width)


def _in_two_widths(picture: Any, label: str) -> Markup:
    """For a phone and for a desk; the style sheet shows one of them."""
    widths = (("on-phone", pictures.NARROW), ("on-desk", pictures.WIDE))
    parts = [Markup('<div class="{}">{}</div>').format(name, _svg(picture(width), label)) for name, width in widths]
    return Markup("").join(parts)


def _svg(spec: dict[str, Any], label: str) -> Markup:
    return charts.svg(spec, label, language())
