"""The overview, and the register: add, change, remove, put back, and what was changed."""

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.extensions import db
from survey.investments import overview as overviews
from survey.investments import register
from survey.investments.advice import advice
from survey.investments.forms import InvestmentForm, filled
from survey.investments.models import Investment
from survey.investments.register import CannotStand
from survey.investments.saying import known_sentence
from survey.investments.views.room import (
    READERS,
    WRITERS,
    blueprint,
    branch_choices,
    everywhere,
    investment_or_404,
    reason_choices,
)
from survey.jobs import queue


@blueprint.get("")
@allow(*READERS)
def overview() -> ResponseReturnValue:
    """Where the money goes, and where the loss is."""
    branch_id = _asked_branch()
    found = overviews.look(current_user, branch_id)
    return render_template(
        "investments/index.html",
        found=found,
        branch_id=branch_id,
        branches=branch_choices(),
        everywhere=everywhere(),
        say=overviews,
        advice=advice,
        removed=register.investments(current_user, removed=True),
        **_known(found.figure),
        is_waiting=bool(queue.open_jobs("check_investments")),
    )


def _known(figure: dict[str, Any] | None) -> dict[str, Any]:
    """Up to when the figures run, and why not further."""
    if figure is None:
        return {}
    sentence = known_sentence(figure["known_until"], figure["days_until_known"])
    return {"known_until": date.fromisoformat(figure["known_until"]), "known_sentence": sentence}


def _asked_branch() -> int | None:
    """The branch in the address; for who is tied to branches, the first of them where none is asked for."""
    offered, text = [key for key, _name in branch_choices()], request.args.get("branch", "")
    if not text or text == "0":
        return offered[0] if current_user.branch_ids and offered else None
    if not text.isdigit() or int(text) not in offered:
        abort(404)
    return int(text)


@blueprint.route("/add", methods=["GET", "POST"])
@allow(*WRITERS)
def add() -> ResponseReturnValue:
    form = _form()

    def save() -> Investment:
        return register.add(form.entry(), current_user.id)

    return _filled_in(form, save, "investment added", None)


@blueprint.route("/<int:investment_id>/change", methods=["GET", "POST"])
@allow(*WRITERS)
def change(investment_id: int) -> ResponseReturnValue:
    investment = investment_or_404(investment_id)
    form = _form(filled(investment))

    def save() -> Investment:
        register.change(investment, form.entry(), current_user.id)
        return investment

    return _filled_in(form, save, "investment changed", investment)


def _form(data: dict[str, Any] | None = None) -> InvestmentForm:
    form = InvestmentForm(data=data)
    form.offer(reason_choices(), branch_choices())
    return form


def _filled_in(
    form: InvestmentForm, save: Callable[[], Investment], action: str, investment: Investment | None
) -> ResponseReturnValue:
    """Show the form, or save what was filled in and have it checked."""
    if form.validate_on_submit() and _in_own_branches(form):
        try:
            saved = save()
            audit.record(action, current_user.id, about=("investment", saved.id))
            queue.run_now("check_investments")
            db.session.commit()
        except CannotStand as error:
            db.session.rollback()
            _say(form, error)
        else:
            flash(_("Saved. It is being checked; the verdict will stand here in a minute."))
            return redirect(url_for(".investment", investment_id=saved.id), 303)
    name = investment.name if investment else None
    page = render_template(
        "investments/form.html", form=form, investment=investment, name=name, tied=bool(current_user.branch_ids)
    )
    return page, 422 if form.is_submitted() else 200


def _say(form: InvestmentForm, error: CannotStand) -> None:
    field = form[error.field]
    field.errors = [*field.errors, str(error)]


def _in_own_branches(form: InvestmentForm) -> bool:
    """Who is tied to branches names them: no branch would mean all."""
    if current_user.branch_ids and not form.branches.data:
        form.branches.errors = [*form.branches.errors, _("Choose the branches. Only who sees all may choose none.")]
        return False
    return True


@blueprint.post("/<int:investment_id>/remove")
@allow(*WRITERS)
def remove(investment_id: int) -> ResponseReturnValue:
    investment = investment_or_404(investment_id)
    register.remove(investment, current_user.id)
    audit.record("investment removed", current_user.id, about=("investment", investment_id))
    queue.run_now("check_investments")
    db.session.commit()
    flash(_("Taken out of the register. It and its verdicts are kept, and you can put it back."))
    return redirect(url_for(".overview"), 303)


@blueprint.post("/<int:investment_id>/put-back")
@allow(*WRITERS)
def put_back(investment_id: int) -> ResponseReturnValue:
    investment = investment_or_404(investment_id)
    register.put_back(investment, current_user.id)
    audit.record("investment put back", current_user.id, about=("investment", investment_id))
    queue.run_now("check_investments")
    db.session.commit()
    flash(_("Back in the register."))
    return redirect(url_for(".investment", investment_id=investment_id), 303)


@blueprint.get("/<int:investment_id>/changes")
@allow(*READERS)
def changes(investment_id: int) -> ResponseReturnValue:
    investment = investment_or_404(investment_id)
    return render_template(
        "investments/changes.html",
        investment=investment,
        changes=register.history(investment),
        label=overviews.field_name,
        shown=overviews.field_value,
    )


@blueprint.post("/check")
@allow(*WRITERS)
def check_now() -> ResponseReturnValue:
    """Have everything checked now rather than at night."""
    job = queue.run_now("check_investments")
    audit.record("job asked for", current_user.id, about=("job", job.id), details={"kind": "check_investments"})
    db.session.commit()
    flash(_("All investments are being checked. Look again in a minute."))
    return redirect(url_for(".overview"), 303)
