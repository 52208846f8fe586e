"""The breakdown, the words behind it, and both as files."""

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from survey import charts
from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import local, today
from survey.extensions import db
from survey.paging import Page
from survey.reports import agreeing, asked, phrases, sentences, telling
from survey.reports.breakdown import Breakdown, break_down, ranked, whole_amounts
from survey.reports.drawing import quarters_drawn, reasons_drawn
from survey.reports.exporting import breakdown_csv, estimates_csv, months_csv, other_label, words_csv
from survey.reports.findings import Findings, findings_for
from survey.reports.lens import Lens, UnclearAddress, choices, lens_from, order_from, page_number
from survey.reports.period import NAMES
from survey.reports.pictures import trend_picture
from survey.reports.words import GIVEN_BY, PAGE, Search, count_answers, reason_of, words_of
from survey.web import language

blueprint = Blueprint("reports", __name__)

READERS = ("administrator", "manager", "analyst")
#: named periods, in the order in which they are offered
PERIODS = NAMES[:-1]


@blueprint.get("/breakdown")
@allow(*READERS)
def breakdown() -> ResponseReturnValue:
    """Why customers left: the page a manager understands in ten seconds."""
    lens, order = asked_lens(), order_from(request.args.to_dict(flat=False))
    found, shown = break_down(lens), findings_for(lens, today())
    return render_template(
        "reports/breakdown.html",
        found=found,
        shown=shown,
        ticked=ranked(found.reasons, order),
        order=order,
        pictures=_pictures(found, shown, order),
        other_label=other_label,
        whole=whole_amounts(found),
        working=asked.waiting(lens),
        **frame_of(lens),
    )


@blueprint.post("/breakdown/work")
@allow(*READERS)
def work() -> ResponseReturnValue:
    """Ask for the reasons of a view that takes a job."""
    lens = lens_from(request.form.to_dict(flat=False), current_user, choices(current_user), today())
    try:
        job = asked.ask(lens)
    except asked.TooManyAsked:
        flash(_("So much is being worked out already that this has to wait. Ask again in a few minutes."), "error")
    else:
        audit.record("job asked for", current_user.id, about=("job", job.id), details={"kind": job.kind})
        db.session.commit()
    kept: dict[str, Any] = dict(lens.address())
    return redirect(url_for("home.start" if request.form.get("page") == "home" else ".breakdown", **kept), 303)


@blueprint.get("/breakdown/work")
@allow(*READERS)
def working() -> ResponseReturnValue:
    """How far that is, as a part of the page; the page is loaded anew once it is done."""
    lens = asked_lens()
    job = asked.waiting(lens)
    part = render_template("reports/_working.html", working=job, kept=lens.address())
    return part, {} if job else {"HX-Refresh": "true"}


@blueprint.get("/breakdown.csv")
@allow(*READERS)
def breakdown_file() -> ResponseReturnValue:
    """Every departure, by the main reason ticked."""
    lens, order = asked_lens(), order_from(request.args.to_dict(flat=False))
    found = break_down(lens)
    _note("breakdown exported", lens, "breakdown")
    return _file("breakdown", lens, breakdown_csv(found, ranked(found.reasons, order), language()))


@blueprint.get("/breakdown/reasons.csv")
@allow(*READERS)
def reasons_file() -> ResponseReturnValue:
    """The estimates by reason; an empty file where there are none yet."""
    lens, order = asked_lens(), order_from(request.args.to_dict(flat=False))
    shown = findings_for(lens, today())
    _note("reasons exported", lens, "reasons")
    return _file("reasons", lens, estimates_csv(shown, order, language()))


@blueprint.get("/breakdown/months.csv")
@allow(*READERS)
def months_file() -> ResponseReturnValue:
    """The defection rate by month."""
    lens = asked_lens()
    _note("months exported", lens, "months")
    return _file("months", lens, months_csv(break_down(lens), language()))


@blueprint.get("/breakdown/<code>/words")
@allow(*READERS)
def words(code: str) -> ResponseReturnValue:
    """What customers wrote who gave this reason."""
    search, number = _search(code), page_number(request.args.to_dict(flat=False))
    given, written = count_answers(search)
    page = Page(words_of(search, number), number, written, PAGE)
    if number > max(1, page.pages):
        raise UnclearAddress(_("The last page of words for this reason is page %(pages)s.", pages=max(1, page.pages)))
    return render_template(
        "reports/words.html",
        search=search,
        given=given,
        written=written,
        page=page,
        local=local,
        **frame_of(search.lens),
    )


@blueprint.get("/breakdown/<code>/words.csv")
@allow(*READERS)
def words_file(code: str) -> ResponseReturnValue:
    """The same words, all pages of them."""
    search = _search(code)
    _note("words exported", search.lens, f"words {search.given_by} {code}")
    return _file(f"words-{code}", search.lens, words_csv(words_of(search), language()))


@blueprint.errorhandler(UnclearAddress)
def say_what_is_unclear(error: UnclearAddress) -> ResponseReturnValue:
    return render_template("reports/unclear.html", words=str(error)), 400


def asked_lens() -> Lens:
    """The lens of this address, for the person signed in."""
    given = request.args.to_dict(flat=False)
    return lens_from(given, current_user, choices(current_user), today())


def _search(code: str) -> Search:
    reason, given_by = reason_of(code), request.args.get("by", GIVEN_BY[0])
    if reason is None:
        abort(404)
    if given_by not in GIVEN_BY:
        raise UnclearAddress(_("Words are shown by reason ticked, read by the model or found by people."))
    return Search(asked_lens(), reason, given_by)


def frame_of(lens: Lens) -> dict[str, Any]:
    """What every page with these filters needs."""
    return {
        "lens": lens,
        "offered": choices(current_user),
        "kept": lens.address(),
        "periods": PERIODS,
        "say": sentences,
        "tell": telling,
        "agree": agreeing,
        "phrase": phrases,
        "today": today(),
    }


def _pictures(found: Breakdown, shown: Findings | None, order: str) -> dict[str, Markup]:
    """The pictures there is something to draw for: the reasons in two widths, the months and the quarters."""
    drawn = reasons_drawn(shown, order, language()) if shown else {}
    if any(month.rate.at_risk for month in found.months):
        label = f"{sentences.trend_title(found)}. {sentences.trend_sentence(found)}"
        drawn["trend"] = charts.svg(trend_picture(found.months), label, language())
    if shown and (quarters := quarters_drawn(shown, order, language())):
        drawn["quarters"] = quarters
    return drawn


def _note(action: str, lens: Lens, what: str) -> None:
    audit.record(action, current_user.id, about=("report", what), details=dict(lens.address()))


def _file(name: str, lens: Lens, content: bytes) -> Response:
    """A download; the file name says the period."""
    file_name = f"{name}-{lens.period.first}-{lens.period.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return Response(content, mimetype="text/csv", headers=headers)
