"""The pages of cases: the lists, one case, and what is done in it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import today
from survey.customers.groups import branches_for
from survey.extensions import db
from survey.forms import SelectChoice
from survey.paging import page_number
from survey.winback import cases, promises, words
from survey.winback.dossier import dossier_of
from survey.winback.forms import CasePromiseForm, CloseForm, GiveForm, NoteForm, PutOffForm
from survey.winback.opening import working_days_after
from survey.winback.views.room import FRONT_LINE, blueprint

AGAIN_WORKING_DAYS = 3


@blueprint.get("/cases")
@allow(*FRONT_LINE)
def index() -> ResponseReturnValue:
    """The cases of one list."""
    try:
        filters = cases.filters_from(request.args)
    except ValueError:
        abort(400)
    counts, number = cases.counts(current_user, today(), filters.branch_id), page_number()
    page = cases.page_of(filters, current_user, today(), (number, counts[filters.which]))
    if not page.items and number > 1:
        abort(404)
    audit.record("cases viewed", current_user.id, details={"page": number, "shown": len(page.items)})
    return render_template(
        "winback/cases.html",
        filters=filters,
        counts=counts,
        page=page,
        lists=words.LISTS,
        outcomes=words.OUTCOMES,
        branches=branches_for(current_user),
        today=today(),
    )


@blueprint.get("/cases/<int:case_id>")
@allow(*FRONT_LINE)
def show(case_id: int) -> ResponseReturnValue:
    line = _line(case_id)
    audit.record("case viewed", current_user.id, about=("case", case_id))
    return _page(line)


@blueprint.post("/cases/<int:case_id>/take")
@allow(*FRONT_LINE)
def take(case_id: int) -> ResponseReturnValue:
    """From now on it is mine."""
    return _done(case_id, "case given", lambda case: cases.give(case, current_user.id))


@blueprint.post("/cases/<int:case_id>/give")
@allow(*FRONT_LINE)
def give(case_id: int) -> ResponseReturnValue:
    line, form = _line(case_id), GiveForm()
    form.owner.choices = _owners(line)
    if not form.validate_on_submit():
        return _page(line, give_form=form), 422
    return _done(case_id, "case given", lambda case: cases.give(case, form.owner.data))


@blueprint.post("/cases/<int:case_id>/note")
@allow(*FRONT_LINE)
def note(case_id: int) -> ResponseReturnValue:
    line, form = _line(case_id), NoteForm()
    if not form.validate_on_submit():
        return _page(line, note_form=form), 422
    return _done(case_id, "case noted", lambda case: cases.note(case, current_user.id, form.note.data or ""))


@blueprint.post("/cases/<int:case_id>/later")
@allow(*FRONT_LINE)
def put_off(case_id: int) -> ResponseReturnValue:
    line, form = _line(case_id), PutOffForm()
    if not form.validate_on_submit():
        return _page(line, later_form=form), 422
    return _done(case_id, "case put off", lambda case: cases.put_off(case, form.until.data or today()))


@blueprint.post("/cases/<int:case_id>/tried/<int:remedy_id>")
@allow(*FRONT_LINE)
def tried(case_id: int, remedy_id: int) -> ResponseReturnValue:
    line = _line(case_id)
    if remedy_id not in {remedy.id for remedy in dossier_of(line).remedies}:
        abort(404)
    return _done(case_id, "remedy tried", lambda case: cases.tried(case, remedy_id))


@blueprint.post("/cases/<int:case_id>/promise")
@allow(*FRONT_LINE)
def promise(case_id: int) -> ResponseReturnValue:
    line, form = _line(case_id), CasePromiseForm()
    if not form.validate_on_submit():
        return _page(line, promise_form=form), 422

    def add(case: Any) -> None:
        new = promises.NewPromise(case.customer_id, form.text.data or "", form.source.data, case.id, **form.days)
        promises.add(new, current_user.id)

    return _done(case_id, "promise noted", add)


@blueprint.post("/cases/<int:case_id>/close")
@allow(*FRONT_LINE)
def close(case_id: int) -> ResponseReturnValue:
    line, form = _line(case_id), CloseForm()
    if not form.validate_on_submit():
        return _page(line, close_form=form), 422
    return _done(case_id, "case closed", lambda case: cases.close(case, form.outcome.data))


@blueprint.post("/cases/<int:case_id>/again")
@allow(*FRONT_LINE)
def open_again(case_id: int) -> ResponseReturnValue:
    due = working_days_after(today(), AGAIN_WORKING_DAYS)
    return _done(case_id, "case opened again", lambda case: cases.open_again(case, due))


def _line(case_id: int) -> cases.Line:
    return cases.line_of(case_id, current_user) or abort(404)


def _owners(line: cases.Line) -> list[SelectChoice]:
    return [SelectChoice(key, name) for key, name in cases.may_own(line.case)]


def _done(case_id: int, action: str, work: Callable[[Any], None]) -> ResponseReturnValue:
    """Do something in a case and show it again; where it was closed meanwhile, say so and change nothing."""
    try:
        work(_line(case_id).case)
    except cases.AlreadyClosed:
        db.session.rollback()
        flash(_("This case was closed meanwhile, so nothing was changed. Open it again first."), "error")
    else:
        audit.record(action, current_user.id, about=("case", case_id))
        db.session.commit()
    return redirect(url_for(".show", case_id=case_id), 303)


def _page(line: cases.Line, **forms: Any) -> str:
    give_form = forms.pop("give_form", None) or GiveForm(formdata=None, owner=line.case.owner_id or current_user.id)
    give_form.owner.choices = _owners(line)
    later = PutOffForm(formdata=None, until=today() + timedelta(days=7))
    ready = {
        "note_form": NoteForm(formdata=None),
        "later_form": later,
        "close_form": CloseForm(formdata=None),
        "promise_form": CasePromiseForm(formdata=None),
    }
    return render_template(
        "winback/case.html",
        line=line,
        dossier=dossier_of(line),
        give_form=give_form,
        words=words,
        state_of=promises.state_of,
        today=today(),
        **ready | forms,
    )
