"""The organisation's reasons, and changes to them."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import now
from survey.extensions import db
from survey.questionnaires.publishing import Wording, wording_of
from survey.reasons import reorganising
from survey.reasons.effect import effect
from survey.reasons.foretelling import foretell
from survey.reasons.reorganising import ChangedMeanwhile, Plan
from survey.reasons.usage import Usage, usage_since
from survey.taxonomy import changing, history, queries
from survey.taxonomy.changing import CannotChange
from survey.taxonomy.forms import FORMS, INFLUENCES, PS, ChangeForm, MergeForm, RenameForm
from survey.taxonomy.models import Reason, TaxonomyChange
from survey.web import language

READERS = ("administrator", "manager", "analyst")
CHANGING = ("taxonomy.add", "taxonomy.change")
#: kinds of change with nothing to fill in: their page says at once what they will do
PLAIN = ("retire", "restore")
YEAR = timedelta(days=365)
#: what the audit log calls each kind of change
ACTIONS = {
    "add": "reason added", "rename": "reason renamed", "merge": "reason merged", "split": "reason split",
    "retire": "reason retired", "restore": "reason restored",
}  # fmt: skip

blueprint = Blueprint("taxonomy", __name__, url_prefix="/reasons")


@blueprint.before_request
def keep_to_branches() -> None:
    """The reasons are those of all branches, so who is tied to some may read them and not change them."""
    if request.endpoint in CHANGING and current_user.branch_ids:
        abort(403)


@blueprint.get("")
@allow(*READERS)
def reasons() -> ResponseReturnValue:
    """The list: the reasons in use, those no longer offered, and what was changed last."""
    known = queries.all_reasons()
    return render_template(
        "taxonomy/index.html",
        offered=[reason for reason in known if reason.active],
        gone=[reason for reason in known if not reason.active],
        changes=history.last_changes(language()),
        effect=effect(),
        **_words(known),
    )


@blueprint.get("/progress")
@allow(*READERS)
def progress() -> ResponseReturnValue:
    """The part of the list that changes while somebody watches."""
    return render_template("taxonomy/_progress.html", effect=effect())


@blueprint.get("/<int:reason_id>")
@allow(*READERS)
def reason(reason_id: int) -> ResponseReturnValue:
    """One reason, and what may be done with it."""
    one = db.get_or_404(Reason, reason_id)
    return render_template(
        "taxonomy/reason.html",
        reason=one,
        wording=wording_of(one),
        possible=changing.possible(one),
        changes=history.last_changes(language(), one),
        **_words(queries.all_reasons()),
    )


@blueprint.route("/add", methods=["GET", "POST"])
@allow("administrator", "analyst")
def add() -> ResponseReturnValue:
    """A further reason."""
    return _change("add", None)


@blueprint.route("/<int:reason_id>/<kind>", methods=["GET", "POST"])
@allow("administrator", "analyst")
def change(reason_id: int, kind: str) -> ResponseReturnValue:
    """Rename, merge, split, retire or restore one: first what it will do, in words, then doing it."""
    if kind not in FORMS or kind == "add":
        abort(404)
    return _change(kind, db.get_or_404(Reason, reason_id))


def _change(kind: str, one: Reason | None) -> ResponseReturnValue:
    form = _form(kind, one)
    if request.method == "POST":
        return _save(kind, one, form)
    form.seen.data = str(queries.version())
    if one is not None and kind not in changing.possible(one):
        return _page(kind, one, form, why_not=_why_not(kind, one))
    asked = kind in PLAIN or "preview" in request.args
    return _page(kind, one, form, _tried(kind, one, form) if asked and form.validate() else None)


def _save(kind: str, one: Reason | None, form: ChangeForm) -> ResponseReturnValue:
    if not form.validate():
        return _page(kind, one, form), 422
    plan = _plan(kind, one, form)
    try:
        number = reorganising.carry_out(plan, form.seen_version, current_user.id)
    except ChangedMeanwhile:
        return _too_late(plan, form)
    except CannotChange as error:
        db.session.rollback()
        form.form_errors.append(str(error))
        return _page(kind, one, form), 422
    if number is None:
        db.session.rollback()
        flash(_("Nothing changes: all is so already."))
    else:
        _write_down(db.session.get_one(TaxonomyChange, number))
        db.session.commit()
        flash(_("Saved. New invitations follow it from now on."))
    return redirect(url_for(".reasons"), 303)


def _too_late(plan: Plan, form: ChangeForm) -> ResponseReturnValue:
    """Somebody changed the reasons since this page was shown: it may be the same person, by a second click."""
    if reorganising.is_done(plan, current_user.id):
        db.session.rollback()
        return redirect(url_for(".reasons"), 303)
    db.session.rollback()
    form.seen.data = str(queries.version())
    if plan.reason is not None and plan.kind not in changing.possible(plan.reason):
        return _page(plan.kind, plan.reason, form, why_not=_why_not(plan.kind, plan.reason)), 409
    return _page(plan.kind, plan.reason, form, _tried(plan.kind, plan.reason, form), meanwhile=True), 409


def _write_down(made: TaxonomyChange) -> None:
    details = {"code": made.code, "version": made.id} | ({"into": made.into} if made.into else {})
    audit.record(ACTIONS[made.kind], current_user.id, about=("reason", made.code), details=details)


def _form(kind: str, one: Reason | None) -> ChangeForm:
    """The form of a kind, filled from what was sent, else from the reason as it stands."""
    sent: Any = None
    if request.method == "POST":
        sent = request.form
    elif {"preview", "edit"} & set(request.args):
        sent = request.args
    without_token = {"meta": {"csrf": False}} if request.method == "GET" else {}
    form = FORMS[kind](sent, data=_standing(one) if one and kind == "rename" else None, **without_token)
    if isinstance(form, RenameForm) and one:
        form.offer(changing.neighbours_of(one, queries.all_reasons()), language())
    elif isinstance(form, MergeForm) and one:
        form.offer(changing.targets_for(one), language())
    return form


def _standing(one: Reason) -> dict[str, Any]:
    """What the form for renaming shows at first; how customers see it only where that is not the name."""
    text = wording_of(one)
    return {
        "label_nl": one.label_nl,
        "label_en": one.label_en,
        "p": one.p,
        "influence": one.influence,
        "after": changing.place_of(one, queries.all_reasons()),
        "form_nl": text.nl if text and text.nl != one.label_nl else "",
        "form_en": text.en if text and text.en != one.label_en else "",
    }


def _plan(kind: str, one: Reason | None, form: ChangeForm) -> Plan:
    """What the form asks for; for a form that was found valid."""
    new, texts = form.new(), form.texts()
    if kind == "split" and one:
        new = tuple(changing.NewReason(part.label_nl, part.label_en, one.p, one.influence) for part in new)
    into = db.session.get(Reason, form.into.data) if isinstance(form, MergeForm) else None
    after = form.after.data if isinstance(form, RenameForm) and "after" in form else 0
    return Plan(kind, one, new, into, after, Wording(*texts) if texts else None)


def _tried(kind: str, one: Reason | None, form: ChangeForm) -> Plan | None:
    """The plan, where nothing is in its way that can be seen now; else what is stands in the form."""
    plan = _plan(kind, one, form)
    try:
        changing.check_names(plan.new, but=one if kind == "rename" else None)
    except CannotChange as error:
        form.form_errors.append(str(error))
        return None
    return plan


def _why_not(kind: str, one: Reason) -> str:
    try:
        changing.check(kind, one)
    except CannotChange as error:
        return str(error)
    return ""


def _page(kind: str, one: Reason | None, form: ChangeForm, plan: Plan | None = None, **said: Any) -> str:
    """The fields to fill in; once there is a plan, what it will do and the button that does it."""
    told = foretell(plan) if plan else []
    address = url_for(".add") if one is None else url_for(".change", reason_id=one.id, kind=kind)
    return render_template(
        "taxonomy/change.html",
        kind=kind,
        reason=one,
        form=form,
        told=told,
        address=address,
        plain=kind in PLAIN,
        **said,
    )


def _words(known: list[Reason]) -> dict[str, Any]:
    """What both pages need to put reasons in words."""
    labels = {reason.code: reason.label(language()) for reason in known}
    fates = queries.fates()
    return {
        "usage": usage_since(now() - YEAR, current_user),
        "unused": Usage(),
        "fate_of": lambda reason: history.fate_in_words(fates[reason.code], labels),
        "counted_with": lambda reason: ", ".join(
            labels[code] for code in fates if code != reason.code and reason.code in queries.way_of(code, fates)
        ),
        "p_names": PS,
        "influence_names": INFLUENCES,
        "sees_all_branches": not current_user.branch_ids,
    }
