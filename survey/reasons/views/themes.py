"""Groups of answers that fit no reason, and the reasons made of them."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from survey import charts
from survey.accounts import audit
from survey.accounts.access import allow
from survey.extensions import db
from survey.reasons import judging_themes, themes
from survey.reasons.judging_themes import AlreadyJudged
from survey.reasons.models import Theme
from survey.reasons.theme_form import ThemeForm
from survey.reasons.theme_pictures import month_name, months_picture
from survey.reasons.versions import serving
from survey.taxonomy.changing import CannotChange
from survey.web import language

CHANGING = ("themes.make", "themes.dismiss", "themes.reopen")

blueprint = Blueprint("themes", __name__, url_prefix="/themes")


@blueprint.before_request
def keep_to_branches() -> None:
    """The reasons are those of all branches, so who is tied to some may read the groups and not judge them."""
    if request.endpoint in CHANGING and current_user.branch_ids:
        abort(403)


@blueprint.get("")
@allow("administrator", "analyst")
def found() -> ResponseReturnValue:
    """The groups that nobody judged yet, and those judged last."""
    return render_template(
        "themes/index.html",
        found=themes.found(current_user),
        judged=themes.judged(),
        has_model=serving() is not None,
        may_judge=not current_user.branch_ids,
        drawn=_drawn,
        month_name=month_name,
    )


@blueprint.route("/<int:theme_id>/make", methods=["GET", "POST"])
@allow("administrator", "analyst")
def make(theme_id: int) -> ResponseReturnValue:
    """Make a group a reason: its name, and which of its answers are examples."""
    theme = db.get_or_404(Theme, theme_id)
    if theme.state != "open":
        return _judged_before()
    examples = themes.examples_of(theme)
    names = {f"label_{code}": themes.label_for(theme, examples, code) for code in ("nl", "en")}
    form = ThemeForm(data=names)
    form.offer(examples)
    if not form.validate_on_submit():
        return _make_page(theme, form, examples), 422 if form.is_submitted() else 200
    try:
        reason = judging_themes.make(theme_id, form.making(), current_user.id)
    except AlreadyJudged:
        db.session.rollback()
        return _judged_before()
    except CannotChange as error:
        db.session.rollback()
        form.form_errors.append(str(error))
        return _make_page(db.get_or_404(Theme, theme_id), form, examples), 422
    details = {"code": reason.code, "examples": len(form.examples.data or ())}
    audit.record("theme made a reason", current_user.id, about=("theme", theme_id), details=details)
    label = reason.label(language())
    db.session.commit()
    flash(_("“%(reason)s” is a reason now. A model is being taught it; you see here what would change.", reason=label))
    return redirect(url_for("models.overview"), 303)


@blueprint.post("/<int:theme_id>/dismiss")
@allow("administrator", "analyst")
def dismiss(theme_id: int) -> ResponseReturnValue:
    """The group is no reason."""
    db.get_or_404(Theme, theme_id)
    try:
        judging_themes.dismiss(theme_id)
    except AlreadyJudged:
        db.session.rollback()
        return _judged_before()
    audit.record("theme dismissed", current_user.id, about=("theme", theme_id))
    db.session.commit()
    flash(_("The group is put aside and not shown again. You can take that back below."))
    return redirect(url_for(".found"), 303)


@blueprint.post("/<int:theme_id>/reopen")
@allow("administrator", "analyst")
def reopen(theme_id: int) -> ResponseReturnValue:
    """Take back that the group is no reason."""
    db.get_or_404(Theme, theme_id)
    try:
        judging_themes.reopen(theme_id)
    except AlreadyJudged:
        db.session.rollback()
        return _judged_before()
    audit.record("theme shown again", current_user.id, about=("theme", theme_id))
    db.session.commit()
    flash(_("The group is shown again."))
    return redirect(url_for(".found"), 303)


def _judged_before() -> ResponseReturnValue:
    flash(_("That was decided already."))
    return redirect(url_for(".found"), 303)


def _make_page(theme: Theme, form: ThemeForm, examples: list[themes.Example]) -> str:
    return render_template("themes/make.html", theme=theme, form=form, examples=examples)


def _drawn(shown: themes.Shown, label: str) -> Markup:
    return charts.svg(months_picture(shown.months, language()), label, language())
