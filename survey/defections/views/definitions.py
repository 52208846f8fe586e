"""Pages: what counts as having left."""

from datetime import date
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import today
from survey.customers.groups import segments_for
from survey.defections import building, definitions
from survey.defections.building import Builder, UnknownKind
from survey.defections.facts import has_model, services_on_record
from survey.defections.forms import WholeForm
from survey.defections.models import Definition
from survey.defections.previewing import Preview, preview
from survey.defections.views.room import blueprint
from survey.defections.wording import KINDS, STATES, month, sentence, when, whom
from survey.extensions import db

CHANGING = ("defections.change", "defections.save", "defections.retire")


@blueprint.before_request
def keep_to_branches() -> None:
    """A definition is for all branches, so who is tied to some may read it and not change it."""
    if request.endpoint in CHANGING and current_user.branch_ids:
        abort(403)


@blueprint.get("/definitions", endpoint="definitions")
@allow("administrator", "manager", "analyst")
def definitions_page() -> ResponseReturnValue:
    """What counts as having left, now and before."""
    return render_template(
        "defections/definitions.html",
        in_force=definitions.in_force(),
        versions=definitions.all_versions(),
        sees_all_branches=not current_user.branch_ids,
        segments=segments_for(current_user),
        sentence=sentence,
        whom=whom,
        when=when,
        states=STATES,
    )


@blueprint.get("/definitions/change")
@allow("administrator", "analyst")
def change() -> ResponseReturnValue:
    """A definition being built, and beside it what it would say. Adding a rule and taking one away keep the rest."""
    builder = _built(request.args)
    if request.args.get("add"):
        _grow(builder)
        return _change_page(builder, None)
    is_typed = building.sent_to(request.args)
    seen = _tried(builder) if (builder.validate() if is_typed else builder.is_whole) else None
    return _change_page(builder, seen)


@blueprint.post("/definitions/change")
@allow("administrator", "analyst")
def save() -> ResponseReturnValue:
    """A new version, in force from the day that was chosen."""
    builder = _built(request.form)
    if not builder.validate() or not _may_be_asked(builder):
        return _change_page(builder, None), 422
    try:
        made = definitions.revise(_draft(builder), current_user.id)
    except ValueError as error:
        builder.form_errors.append(str(error))
        return _change_page(builder, None), 422
    audit.record(
        "definition changed", current_user.id, about=("definition", made.id), details={"version": made.version}
    )
    db.session.commit()
    flash(_("Saved. It holds from the next detection on."))
    return redirect(url_for("defections.definitions"))


@blueprint.post("/definitions/<int:definition_id>/retire")
@allow("administrator", "analyst")
def retire(definition_id: int) -> ResponseReturnValue:
    """The segment falls under the general definition again; one that was only planned is called off."""
    definition = db.get_or_404(Definition, definition_id)
    planned = definitions.is_planned(definition)
    try:
        definitions.retire(definition, current_user.id)
    except ValueError:
        abort(400)
    audit.record("definition retired", current_user.id, about=("definition", definition_id))
    db.session.commit()
    called_off = _("Called off. It labelled nobody.")
    flash(called_off if planned else _("These customers fall under the general definition again."))
    return redirect(url_for("defections.definitions"))


def _built(sent: MultiDict[str, str]) -> Builder:
    """What was typed, else what holds for the segment, else one rule of the kind that was asked for."""
    place = sent.get("remove", "")
    if place:
        sent = building.without(sent, int(place) if place in ("0", "1", "2") else abort(400))
    is_typed = request.method == "POST" or building.sent_to(request.args)
    whole = _whole(sent if is_typed else None)
    services = services_on_record()
    try:
        if is_typed:
            return building.typed(whole, sent, services)
        return _opened(whole, sent, services)
    except UnknownKind:
        abort(400)


def _opened(whole: WholeForm, asked: MultiDict[str, str], services: list[str]) -> Builder:
    stands = definitions.standing_for(asked.get("segment", "")) or definitions.standing_for("")
    kind = asked.get("kind")
    found = building.stored(whole, stands, services) if stands and kind in (None, stands.kind) else None
    return found or building.fresh(whole, kind or "lapse", services)


def _whole(sent: MultiDict[str, str] | None) -> WholeForm:
    without_token: dict[str, Any] = {"meta": {"csrf": False}} if request.method == "GET" else {}
    start = today() if definitions.labelling_began() else None
    data = {"segment": request.values.get("segment", ""), "effective_on": start}
    form = WholeForm(sent, data=data, **without_token)
    form.offer(segments_for(current_user))
    return form


def _grow(builder: Builder) -> None:
    try:
        building.add(builder, request.args.get("added", ""), services_on_record())
    except UnknownKind:
        abort(400)


def _draft(builder: Builder) -> definitions.Draft:
    """Under the name of what the segment had, so that this becomes its next version. Where customers were labelled
    before, a definition begins on a day: today, unless another was chosen."""
    segment = builder.whole.segment.data or ""
    last = definitions.newest_for(segment)
    first: date | None = builder.whole.effective_on.data
    if first is None and definitions.labelling_began():
        first = today()
    return builder.draft(last.name if last else segment or "Standard", first)


def _may_be_asked(builder: Builder) -> bool:
    """A model that is not there cannot say what it expects."""
    if "expected" not in builder.kinds or has_model(today()):
        return True
    builder.form_errors.append(
        _("There is no model of repeat buying yet. One is fitted every night once there are visits enough.")
    )
    return False


def _tried(builder: Builder) -> Preview | None:
    if not _may_be_asked(builder):
        return None
    try:
        seen = preview(_draft(builder))
    except ValueError as error:
        builder.form_errors.append(str(error))
        return None
    if seen.examples:
        audit.record("definition tried", current_user.id, details={"shown": len(seen.examples)})
    return seen


def _change_page(builder: Builder, seen: Preview | None) -> str:
    return render_template(
        "defections/change.html",
        form=builder,
        seen=seen,
        draft=_draft(builder) if seen else None,
        sentence=sentence,
        month=month,
        kinds=KINDS,
        labelling_began=definitions.labelling_began(),
    )
