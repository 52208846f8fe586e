"""Pages: who left, and what counts as having left."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.customers.groups import branches_for, segments_for
from survey.defections import definitions, listing
from survey.defections.detection import GIVEN_VALUE
from survey.defections.forms import FORMS, DefinitionForm, filled
from survey.defections.models import Definition
from survey.defections.previewing import Preview, preview
from survey.defections.wording import sentence, whom
from survey.extensions import db
from survey.paging import page_number

CHANGING = ("defections.change", "defections.save", "defections.retire")

blueprint = Blueprint("defections", __name__, url_prefix="/defections")


@blueprint.before_request
def keep_to_branches() -> None:
    """A definition is for all branches, so who is tied to some may read it and not change it."""
    if request.endpoint in CHANGING and current_user.branch_ids:
        abort(403)


@blueprint.get("")
@allow("administrator", "manager", "analyst")
def index() -> ResponseReturnValue:
    """The list of who left."""
    try:
        filters = listing.filters_from(request.args)
    except ValueError:
        abort(400)
    number, total = page_number(), listing.sum_of(filters, current_user)
    page = listing.page_of(filters, current_user, number, total.left)
    if not page.items and number > 1:
        abort(404)
    audit.record("defections viewed", current_user.id, details={"page": number, "shown": len(page.items)})
    return render_template(
        "defections/index.html",
        filters=filters,
        total=total,
        page=page,
        branches=branches_for(current_user),
        segments=segments_for(current_user),
        given_value=GIVEN_VALUE,
    )


@blueprint.get("/definitions", endpoint="definitions")
@allow("administrator", "manager", "analyst")
def definitions_page() -> ResponseReturnValue:
    """What counts as having left, now and before."""
    return render_template(
        "defections/definitions.html",
        in_force=definitions.in_force(),
        versions=definitions.all_versions(),
        sees_all_branches=not current_user.branch_ids,
        sentence=sentence,
        whom=whom,
    )


@blueprint.get("/definitions/change")
@allow("administrator", "analyst")
def change() -> ResponseReturnValue:
    """The form of one kind, filled with what stands; with `preview` in the address, what it would say."""
    form = _form(_kind(request.args.get("kind", "lapse")))
    seen = None
    if "preview" in request.args and form.validate():
        seen = _tried(form)
    return _change_page(form, seen)


@blueprint.post("/definitions/change")
@allow("administrator", "analyst")
def save() -> ResponseReturnValue:
    """A new version, in force from now on."""
    form = _form(_kind(request.form.get("kind", "lapse")))
    if not form.validate():
        return _change_page(form, None), 422
    try:
        made = definitions.revise(form.draft(_name_for(form)), current_user.id)
    except ValueError as error:
        form.form_errors.append(str(error))
        return _change_page(form, None), 422
    audit.record(
        "definition changed", current_user.id, about=("definition", made.id), details={"version": made.version}
    )
    db.session.commit()
    flash(_("Saved. It holds from the next detection on."))
    return redirect(url_for("defections.definitions"))


@blueprint.post("/definitions/<int:definition_id>/retire")
@allow("administrator", "analyst")
def retire(definition_id: int) -> ResponseReturnValue:
    """The segment falls under the general definition again."""
    definition = db.get_or_404(Definition, definition_id)
    try:
        definitions.retire(definition)
    except ValueError:
        abort(400)
    audit.record("definition retired", current_user.id, about=("definition", definition.id))
    db.session.commit()
    flash(_("These customers fall under the general definition again."))
    return redirect(url_for("defections.definitions"))


def _kind(name: str) -> str:
    return name if name in FORMS else abort(400)


def _form(kind: str) -> DefinitionForm:
    """The form of a kind, from what was sent, else from what stands for the segment."""
    sent = request.form if request.method == "POST" else request.args if "preview" in request.args else None
    stands = _standing(request.values.get("segment", ""))
    data: dict[str, Any] = {"segment": request.values.get("segment", "")}
    if stands is not None and stands.kind == kind:
        data |= filled(kind, dict(stands.parameters))
    without_token = {"meta": {"csrf": False}} if request.method == "GET" else {}
    form = FORMS[kind](sent, data=data, **without_token)
    form.offer(segments_for(current_user))
    return form


def _standing(segment: str) -> Definition | None:
    return next((d for d in definitions.in_force() if d.segment == segment), None)


def _name_for(form: DefinitionForm) -> str:
    """The name of what stands for the segment, so that this becomes its next version."""
    segment = form.segment.data or ""
    stands = _standing(segment)
    return stands.name if stands else segment or "Standard"


def _tried(form: DefinitionForm) -> Preview | None:
    try:
        return preview(form.draft(_name_for(form)))
    except ValueError as error:
        form.form_errors.append(str(error))
        return None


def _change_page(form: DefinitionForm, seen: Preview | None) -> str:
    draft = form.draft(_name_for(form)) if seen else None
    return render_template(
        "defections/change.html", form=form, seen=seen, draft=draft, sentence=sentence, kinds=list(FORMS)
    )
