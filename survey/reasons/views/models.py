"""The model: how well it reads, its versions, and what another one would change."""

from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import local
from survey.extensions import db
from survey.paging import Page, page_number, paginate
from survey.reasons import changed_answers, drawing, model_words, version_words, versions, watching, working
from survey.reasons.agreeing import agreement
from survey.reasons.changed_answers import Search
from survey.reasons.changes import compare
from survey.reasons.models import ModelVersion
from survey.reasons.quality import audit_labels, model_quality, progress_of
from survey.taxonomy import queries as taxonomy
from survey.taxonomy.models import Reason
from survey.web import language

CHANGING = ("models.teach", "models.read", "models.promote", "models.roll_back")
VERSIONS = 20
#: what would change is counted while the page is made up to so many answers; of more it has a page of its own
COUNTED_AT_ONCE = 200_000

blueprint = Blueprint("models", __name__, url_prefix="/models")


@blueprint.before_request
def keep_to_branches() -> None:
    """The model reads for all branches, so who is tied to some may look at it and not change it."""
    if request.endpoint in CHANGING and current_user.branch_ids:
        abort(403)


@blueprint.get("")
@allow("administrator", "analyst")
def overview() -> ResponseReturnValue:
    """How well the serving model reads, whether it still fits, and the versions."""
    serving = versions.serving()
    labels = audit_labels(current_user)
    quality = model_quality(serving, labels) if serving else None
    lines = watching.lines(serving) if serving else []
    return render_template(
        "models/overview.html",
        serving=serving,
        since=working.serves_since(),
        quality=quality,
        pictures=drawing.of_quality(quality) if quality else {},
        agreeing=agreement(current_user),
        progress=progress_of(labels),
        lines=lines,
        drawn=drawing.of_lines(lines),
        page=paginate(select(ModelVersion).order_by(ModelVersion.id.desc()), VERSIONS),
        history=versions.history(),
        before=versions.before_this(),
        new_reviews=working.count_new_reviews(),
        work=working.under_way(),
        was_left=working.was_left(),
        **_frame(),
    )


@blueprint.get("/work")
@allow("administrator", "analyst")
def work() -> ResponseReturnValue:
    """The part of the pages that changes while somebody watches; the whole page is loaded again when all is done."""
    found = working.under_way()
    answer = make_response(render_template("models/_work.html", work=found, **_frame()))
    if not found and request.headers.get("HX-Request"):
        answer.headers["HX-Refresh"] = "true"
    return answer


@blueprint.get("/<int:number>")
@allow("administrator", "analyst")
def version(number: int) -> ResponseReturnValue:
    """One version: what the gate found, and what would change."""
    shown = db.get_or_404(ModelVersion, number)
    other = _other(shown)
    read = versions.count_read(shown)
    compared = compare(*_old_and_new(shown, other), current_user) if _is_counted(shown, other, read) else None
    return render_template(
        "models/version.html",
        version=shown,
        serving=versions.serving(),
        other=other,
        read=read,
        compared=compared,
        turns=versions.history().get(shown.id, []),
        pictures=drawing.of_report(shown),
        work=working.under_way(),
        **_frame(),
    )


@blueprint.get("/<int:number>/changes")
@allow("administrator", "analyst")
def changes(number: int) -> ResponseReturnValue:
    """What would change, counted however long it takes."""
    shown = db.get_or_404(ModelVersion, number)
    other = _other(shown) or abort(404)
    compared = compare(*_old_and_new(shown, other), current_user)
    return render_template("models/changes.html", version=shown, other=other, compared=compared, **_frame())


@blueprint.get("/<int:number>/changes/<code>")
@allow("administrator", "analyst")
def changed(number: int, code: str) -> ResponseReturnValue:
    """The answers that win or lose a reason."""
    shown = db.get_or_404(ModelVersion, number)
    reason = db.session.scalar(select(Reason).where(Reason.code == code)) or abort(404)
    other, way = _other(shown) or abort(404), request.args.get("way", "won")
    if way not in ("won", "lost"):
        abort(400)
    old, new = _old_and_new(shown, other)
    search = Search(old, new, reason, way == "won", current_user)
    page = Page(
        changed_answers.page_of(search, page_number()),
        page_number(),
        changed_answers.count(search),
        changed_answers.PAGE,
    )
    if not page.items and page.page > 1:
        abort(404)
    details = {"reason": code, "way": way, "page": page.page, "shown": len(page.items)}
    audit.record("model changes viewed", current_user.id, about=("model", shown.id), details=details)
    return render_template(
        "models/changed.html", version=shown, other=other, search=search, way=way, page=page, local=local, **_frame()
    )


@blueprint.post("/teach")
@allow("administrator", "analyst")
def teach() -> ResponseReturnValue:
    """A new model from what people found; it serves only when somebody promotes it."""
    if working.ask_to_teach(current_user.id):
        audit.record("model training asked", current_user.id, about=("model", ""))
        db.session.commit()
        flash(
            _("A new model is being taught. It stands in the list as soon as it is done; nothing changes before that.")
        )
    else:
        flash(_("A new model is being taught already."))
    return redirect(url_for(".overview"), 303)


@blueprint.post("/<int:number>/read")
@allow("administrator", "analyst")
def read(number: int) -> ResponseReturnValue:
    """Let a version read all answers without showing what it reads."""
    shown = db.get_or_404(ModelVersion, number)
    if found := versions.file_problem(shown):
        return _refused(shown, version_words.problem(shown, found))
    if working.ask_to_read(shown, current_user.id):
        audit.record("model reading asked", current_user.id, about=("model", shown.id))
        db.session.commit()
        flash(_("Model %(number)s reads all answers. The pages stay as they are.", number=shown.id))
    else:
        flash(_("Model %(number)s is reading all answers already.", number=shown.id))
    return redirect(url_for(".version", number=shown.id), 303)


@blueprint.post("/<int:number>/promote")
@allow("administrator", "analyst")
def promote(number: int) -> ResponseReturnValue:
    """Let a version serve: at once where it has read everything, else as soon as it has."""
    shown = db.get_or_404(ModelVersion, number)
    if not shown.passed_gate:
        return _refused(shown, str(_("Model %(number)s did not pass its check, so it cannot serve.", number=shown.id)))
    return _turn(shown, "promoted", url_for(".version", number=shown.id))


@blueprint.post("/rollback")
@allow("administrator", "analyst")
def roll_back() -> ResponseReturnValue:
    """Go back to the version that served before the one that the person saw serving.

    Whoever presses twice, or after somebody else did, finds another version serving, and changes nothing.
    """
    serving, to = versions.serving(), versions.before_this()
    if serving is None or to is None:
        abort(404)
    if request.form.get("from") != str(serving.id):
        flash(_("Model %(number)s serves now; nothing was changed.", number=serving.id))
        return redirect(url_for(".overview"), 303)
    return _turn(to, "rolled_back", url_for(".overview"))


def _turn(shown: ModelVersion, why: str, back: str) -> ResponseReturnValue:
    """Turn the pages to a version whose file is whole. One audit row; asked for twice it is done once."""
    if found := versions.file_problem(shown):
        return _refused(shown, version_words.problem(shown, found))
    before = versions.serving()
    if versions.has_read_everything(shown):
        done = (versions.promote if why == "promoted" else versions.roll_back)(shown, current_user.id)
        words = _("The pages now show what model %(number)s reads.", number=shown.id)
    else:
        done = working.ask_to_read(shown, current_user.id, why)
        words = _("Model %(number)s first reads the answers that it has not read; then it serves.", number=shown.id)
    if done:
        details = {"before": before.id} if before else {}
        action = "model promoted" if why == "promoted" else "model rolled back"
        audit.record(action, current_user.id, about=("model", shown.id), details=details)
        db.session.commit()
    flash(words)
    return redirect(back, 303)


def _refused(shown: ModelVersion, words: str) -> ResponseReturnValue:
    """Say in words why not; the version that serves goes on."""
    page = render_template("models/refused.html", version=shown, serving=versions.serving(), words=words)
    return page, 409


def _other(shown: ModelVersion) -> ModelVersion | None:
    """What a version is held against: the serving one, or for that the one before it."""
    serving = versions.serving()
    return versions.before_this() if serving and serving.id == shown.id else serving


def _old_and_new(shown: ModelVersion, other: ModelVersion | None) -> tuple[ModelVersion, ModelVersion]:
    return (other or shown), shown


def _is_counted(shown: ModelVersion, other: ModelVersion | None, read: int) -> bool:
    return other is not None and other.id != shown.id and 0 < read <= COUNTED_AT_ONCE


def _frame() -> dict[str, Any]:
    """What every page of the model needs."""
    reasons = {reason.code: reason for reason in taxonomy.all_reasons()}
    return {
        "say": model_words,
        "tell": version_words,
        "reasons": reasons,
        "labels": {code: reason.label(language()) for code, reason in reasons.items()},
        "may_change": not current_user.branch_ids,
    }
