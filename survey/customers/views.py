"""Pages for bringing in files: send one, see what was understood, start, follow, and read what came of it."""

from __future__ import annotations

import errno
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import today
from survey.customers.columns import FIELDS
from survey.customers.forms import TOLD, ChoicesForm, UploadForm
from survey.customers.models import Import, ImportProblem
from survey.customers.noting import (
    ENDED_STATES,
    again_with_good_rows,
    ask_for_run,
    declare,
    earlier_import,
    job_of,
    new_import,
    progress_of,
)
from survey.customers.previewing import Preview, delimiter_sentence, encoding_sentence, preview
from survey.customers.problem_file import problem_lines
from survey.customers.problems import FileRefused, sentence
from survey.customers.rows import ImportOptions
from survey.customers.uploads import delete_finished_uploads, remove_upload, store_upload
from survey.database import reading
from survey.extensions import db
from survey.paging import paginate
from survey.web import settings

blueprint = Blueprint("customers", __name__, url_prefix="/customers")

IMPORTERS = ("administrator", "analyst")
FORM_BYTES = 1_000_000


@blueprint.url_value_preprocessor
def allow_large_body(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Let a file in from whoever may import; this comes before anything reads the body.

    Asked in a transaction of its own that only reads: a slow upload must not hold up other writers.
    """
    if request.method != "POST" or endpoint not in ("customers.upload", "customers.choose"):
        return
    with reading():
        importer = current_user.is_authenticated and any(current_user.has_role(role) for role in IMPORTERS)
        db.session.rollback()
    if importer:
        request.max_content_length = FORM_BYTES + (settings().upload_bytes if endpoint == "customers.upload" else 0)


@blueprint.before_request
def organisation_wide() -> None:
    """Files bring customers of every branch, so whoever is tied to branches does not import."""
    if current_user.branch_ids:
        abort(403)


@blueprint.get("/imports")
@allow(*IMPORTERS)
def imports() -> ResponseReturnValue:
    return _imports_page(UploadForm())


@blueprint.post("/imports")
@allow(*IMPORTERS)
def upload() -> ResponseReturnValue:
    """Keep the file under a name of ours, and go to what was understood of it."""
    form, user_id, instance = UploadForm(), current_user.id, settings().instance
    if not form.validate_on_submit():
        return _imports_page(form), 422
    delete_finished_uploads(instance)
    db.session.rollback()  # the file is read outside the write gate
    try:
        name = store_upload(form.file.data.stream, instance, settings().upload_bytes)
    except (FileRefused, OSError) as error:
        return _not_kept(form, error)
    finally:
        form.file.data.close()
    understood = preview(instance / name, ImportOptions(), today())
    if understood.refused and understood.refused.code not in ("column_missing", "mapped_twice"):
        remove_upload(name, instance)
        return _imports_page(form, understood), 422
    row = new_import(instance / name, form.file.data.filename or "", understood, user_id)
    row.path = name
    db.session.commit()
    return redirect(url_for(".show", import_id=row.id), 303)


@blueprint.get("/imports/<int:import_id>")
@allow(*IMPORTERS)
def show(import_id: int) -> ResponseReturnValue:
    """The page of an import: what was understood, how far it is, or what came of it."""
    row = db.get_or_404(Import, import_id)
    if row.state == "uploaded":
        understood = preview(settings().instance / row.path, ImportOptions.from_json(row.options), today())
        return _preview_page(row, understood, ChoicesForm(kind=understood.kind))
    if row.state not in ENDED_STATES:
        return render_template("customers/progress.html", **_progress(row))
    return _result_page(row)


@blueprint.post("/imports/<int:import_id>")
@allow(*IMPORTERS)
def choose(import_id: int) -> ResponseReturnValue:
    """Look again with what was chosen, or start."""
    row = db.get_or_404(Import, import_id)
    if row.state != "uploaded":
        return redirect(url_for(".show", import_id=import_id), 303)
    path, user_id = settings().instance / row.path, current_user.id
    db.session.rollback()  # the file is read outside the write gate
    form = ChoicesForm()
    understood = _understand(path, form.options())
    row, is_start = db.get_or_404(Import, import_id), request.form.get("action") == "start"
    if not form.validate_on_submit() or not is_start or not understood.is_ready:
        return _preview_page(row, understood, form), 422 if form.errors or is_start else 200
    declare(row, understood)
    ask_for_run(row)
    _note("import started", row, user_id)
    db.session.commit()
    return redirect(url_for(".show", import_id=import_id), 303)


@blueprint.get("/imports/<int:import_id>/progress")
@allow(*IMPORTERS)
def progress(import_id: int) -> ResponseReturnValue:
    """How far the import is, for the page to show without loading again."""
    row = db.get_or_404(Import, import_id)
    page = render_template("customers/_progress.html", **_progress(row))
    return page, 200, {"HX-Refresh": "true"} if row.state in ENDED_STATES else {}


@blueprint.post("/imports/<int:import_id>/good")
@allow(*IMPORTERS)
def import_good_rows(import_id: int) -> ResponseReturnValue:
    """Import the good rows of a file that was refused for its bad ones."""
    row = db.get_or_404(Import, import_id)
    try:
        again_with_good_rows(row)
    except ValueError:
        abort(409)
    ask_for_run(row)
    _note("import started", row, current_user.id)
    db.session.commit()
    return redirect(url_for(".show", import_id=import_id), 303)


@blueprint.post("/imports/<int:import_id>/remove")
@allow(*IMPORTERS)
def remove(import_id: int) -> ResponseReturnValue:
    """Forget a file that was not imported."""
    row = db.get_or_404(Import, import_id)
    if row.state not in ("uploaded", "refused", "failed"):
        abort(409)
    path = row.path
    _note("import removed", row, current_user.id)
    db.session.delete(row)
    db.session.commit()
    remove_upload(path, settings().instance)
    flash(_("The file was removed."))
    return redirect(url_for(".imports"), 303)


@blueprint.get("/imports/<int:import_id>/problems.csv")
@allow(*IMPORTERS)
def problems(import_id: int) -> ResponseReturnValue:
    """All problems of an import as a file."""
    row = db.get_or_404(Import, import_id)
    _note("import problems exported", row, current_user.id)
    headers = {"Content-Disposition": f'attachment; filename="problems-{import_id}.csv"'}
    lines = stream_with_context(problem_lines(import_id))
    return lines, 200, {"Content-Type": "text/csv; charset=utf-8", **headers}


def _understand(path: Any, options: ImportOptions) -> Preview:
    """A preview; where the columns are no longer those that were chosen from, one without that choice."""
    understood = preview(path, options, today())
    if understood.refused and understood.refused.code == "map_unknown":
        return preview(path, options.with_choices(columns={}), today())
    return understood


def _note(action: str, row: Import, user_id: int) -> None:
    details = {"kind": row.kind, "rows": row.rows, "mode": row.options.get("mode")}
    audit.record(action, user_id, about=("import", row.id), details=details)


def _not_kept(form: UploadForm, error: Exception) -> ResponseReturnValue:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if isinstance(error, OSError) and not full:
        raise error
    form.file.errors = [sentence("disk_full" if full else "file_too_large")]
    return _imports_page(form), 507 if full else 413


def _imports_page(form: UploadForm, understood: Preview | None = None) -> str:
    rows = paginate(select(Import).order_by(Import.id.desc()))
    return render_template("customers/imports.html", form=form, rows=rows, understood=understood, fields=FIELDS)


def _preview_page(row: Import, understood: Preview, form: ChoicesForm) -> str:
    return render_template(
        "customers/preview.html",
        row=row,
        preview=understood,
        form=form,
        fields=FIELDS[understood.kind or "customers"],
        told=TOLD,
        earlier=earlier_import(row),
        letters=encoding_sentence(understood.layout) if understood.layout else "",
        cells=delimiter_sentence(understood.layout) if understood.layout else "",
    )


def _progress(row: Import) -> dict[str, Any]:
    job = job_of(row)
    return {"row": row, "progress": progress_of(row), "stuck": job is None or job.state == "failed"}


def _result_page(row: Import) -> str:
    found = select(ImportProblem).where(ImportProblem.import_id == row.id)
    page = paginate(found.order_by(ImportProblem.line, ImportProblem.id))
    return render_template("customers/result.html", row=row, page=page, sentence=sentence, earlier=earlier_import(row))
