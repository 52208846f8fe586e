"""The register as a file, and from one."""

import json
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from survey.accounts import audit
from survey.accounts.access import allow
from survey.csv_file import csv_bytes
from survey.customers.models import Branch
from survey.customers.problems import FileRefused
from survey.customers.uploads import remove_upload, store_upload
from survey.extensions import db
from survey.investments import importing, register
from survey.investments.forms import FileForm
from survey.investments.importing import COLUMNS, Bad, Preview
from survey.investments.register import CannotStand
from survey.investments.views.room import READERS, WRITERS, blueprint
from survey.jobs import queue
from survey.taxonomy.models import Reason
from survey.web import language, settings

#: a register is small; what is larger is another file
MOST_BYTES = 2_000_000


@blueprint.get("/export.csv")
@allow(*READERS)
def export() -> ResponseReturnValue:
    """The register in the columns that the import reads."""
    reasons = {key: code for key, code in db.session.execute(select(Reason.id, Reason.code))}
    branches = {key: name for key, name in db.session.execute(select(Branch.id, Branch.name))}
    rows = importing.export_rows(register.investments(current_user), reasons, branches)
    audit.record("investments exported", current_user.id, about=("report", "investments"))
    headers = {"Content-Disposition": 'attachment; filename="investments.csv"'}
    place = 1 if language() == "nl" else 0
    header = [names[place] for names in COLUMNS.values()]
    return Response(csv_bytes(header, rows, language()), mimetype="text/csv", headers=headers)


@blueprint.route("/import", methods=["GET", "POST"])
@allow(*WRITERS)
def import_file() -> ResponseReturnValue:
    """Choose a file; then see what it would do."""
    form = FileForm()
    if not form.validate_on_submit():
        return _page(form, None), 422 if form.is_submitted() else 200
    found = _read(form)
    if not found.problems:
        found = importing.preview(found.cells, current_user)
    return _page(form, found), 422 if found.problems else 200


@blueprint.post("/import/take")
@allow(*WRITERS)
def take() -> ResponseReturnValue:
    """Put what the preview showed into the register: all of it or nothing."""
    found = importing.preview(_sent_back(), current_user)
    if found.problems or not found.entries:
        return _page(FileForm(formdata=None), found), 422
    try:
        new, changed = importing.take(found, current_user)
    except CannotStand as error:
        db.session.rollback()
        found.problems.append(Bad(0, error.field, "", str(error)))
        return _page(FileForm(formdata=None), found), 422
    audit.record(
        "investments imported", current_user.id, about=("report", "investments"), details={"rows": new + changed}
    )
    queue.run_now("check_investments")
    db.session.commit()
    flash(_("Brought in: %(new)s new, %(changed)s changed. They are being checked.", new=new, changed=changed))
    return redirect(url_for(".overview"), 303)


def _read(form: FileForm) -> Preview:
    """The rows of the upload, which is not kept."""
    folder = settings().instance
    try:
        name = store_upload(form.file.data.stream, folder, MOST_BYTES)
    except FileRefused:
        words = _("The file is larger than 2 MB. A register of investments is not: is it another file?")
        return Preview(problems=[Bad(0, "", "", words)])
    try:
        return importing.read_cells(folder / name)
    finally:
        remove_upload(name, folder)


def _sent_back() -> list[dict[str, str]]:
    """The rows as the preview gave them; whatever else comes is no row."""
    try:
        rows: Any = json.loads(request.form.get("rows", "[]"))
    except ValueError:
        return []
    if not isinstance(rows, list):
        return []
    known = {"line", *COLUMNS}
    return [
        {str(key): str(value) for key, value in row.items() if key in known}
        for row in rows[: importing.MOST_ROWS]
        if isinstance(row, dict)
    ]


def _page(form: FileForm, found: Preview | None) -> str:
    rows = json.dumps(found.cells) if found and not found.problems else ""
    return render_template("investments/import.html", form=form, found=found, rows=rows, columns=COLUMNS)
