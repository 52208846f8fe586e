"""How long data is kept: what holds, what a change would delete, and the change."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.customers import keeping
from survey.extensions import db
from survey.rights import retention
from survey.rights.announced import announced
from survey.rights.retention_form import RetentionForm
from survey.rights.retention_words import kinds, period

#: looking changes nothing, so it needs no token, and none stands in an address
WITHOUT_TOKEN = {"csrf": False}

blueprint = Blueprint("retention", __name__, url_prefix="/retention")


@blueprint.get("")
@allow("administrator")
def index() -> ResponseReturnValue:
    """What holds now, with the fields to change it; an address with numbers in it shows these in the fields."""
    held = keeping.periods()
    given = {kind: request.args.get(kind, str(days)) for kind, days in held.items()}
    shown = {kind: int(days) for kind, days in given.items() if _is_number(days)}
    return _page(RetentionForm(formdata=None, data=shown, meta=WITHOUT_TOKEN))


@blueprint.get("/preview")
@allow("administrator")
def preview() -> ResponseReturnValue:
    """What the periods in the address would delete, before they hold."""
    form = RetentionForm(request.args, meta=WITHOUT_TOKEN)
    if not form.validate():
        return _page(form), 422
    held, wanted = keeping.periods(), form.days()
    changed = [kind for kind in wanted if wanted[kind] != held[kind]]
    counts = {
        kind: (retention.count_over(kind, held[kind]), retention.count_over(kind, wanted[kind])) for kind in changed
    }
    return render_template(
        "rights/retention_preview.html",
        kinds=kinds(),
        held=held,
        wanted=wanted,
        counts=counts,
        period=period,
        more=sum(max(after - before, 0) for before, after in counts.values()),
    )


@blueprint.post("")
@allow("administrator")
def change() -> ResponseReturnValue:
    """Let other periods hold; each that changed is in the audit log. They hold for all branches, so who is tied to some
    may not."""
    if current_user.branch_ids:
        abort(403)
    form = RetentionForm(request.form)
    if not form.validate():
        return _page(form), 422
    changed = keeping.change(form.days())
    for kind, (before, after) in changed.items():
        details = {"code": kind, "before": before, "after": after}
        audit.record("period of keeping changed", current_user.id, about=("period of keeping", kind), details=details)
    db.session.commit()
    flash(_("Saved. What is over goes tonight.") if changed else _("Nothing changes: all is so already."))
    return redirect(url_for(".index"), 303)


def _page(form: RetentionForm) -> str:
    held = keeping.periods()
    return render_template(
        "rights/retention.html",
        form=form,
        kinds=kinds(),
        held=held,
        announced=announced(),
        period=period,
        bounds=(keeping.LEAST_DAYS, keeping.MOST_DAYS),
        sees_all_branches=not current_user.branch_ids,
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 8
