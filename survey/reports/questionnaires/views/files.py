"""A questionnaire to a file, and from one."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from survey.accounts.access import allow
from survey.extensions import db
from survey.questionnaires import editing, files
from survey.questionnaires.editing import CannotEdit
from survey.questionnaires.files import FileRefused
from survey.questionnaires.forms import ImportForm
from survey.questionnaires.publishing import standing
from survey.reports.questionnaires.views.room import WRITERS, blueprint, found, write_down
from survey.taxonomy.queries import active_reasons


@blueprint.get("/<int:questionnaire_id>/export.json")
@allow(*WRITERS)
def export(questionnaire_id: int) -> ResponseReturnValue:
    """The draft, or where there is none what is published."""
    row = found(questionnaire_id)
    headers = {"Content-Disposition": f'attachment; filename="questionnaire-{row.id}.json"'}
    return Response(files.written(row.name, standing(row)), mimetype="application/json", headers=headers)


@blueprint.route("/import", methods=["GET", "POST"])
@allow(*WRITERS)
def import_file() -> ResponseReturnValue:
    """A file becomes the draft of a new questionnaire."""
    form = ImportForm()
    if not form.validate_on_submit():
        return render_template("questionnaires/import.html", form=form), 422 if form.is_submitted() else 200
    raw = request.files["file"].read(files.MOST_BYTES + 1)
    try:
        content, left_out = files.read(raw).without_unknown({reason.code for reason in active_reasons()})
        row = editing.start(form.name.data or "", content)
    except FileRefused as refused:
        return render_template("questionnaires/import.html", form=form, problems=refused.problems), 422
    except CannotEdit as error:
        db.session.rollback()
        form.name.errors = [str(error)]
        return render_template("questionnaires/import.html", form=form), 422
    write_down("questionnaire imported", row)
    db.session.commit()
    flash(_("This is a draft: nobody is asked by it before you publish it."))
    if left_out:
        flash(ngettext("One question was left out, because it follows a reason that is not in use here: %(questions)s",
                       "%(num)d questions were left out, because they follow reasons that are not in use here: "
                       "%(questions)s", len(left_out), questions="; ".join(left_out)), "error")  # fmt: skip
    return redirect(url_for(".editor", questionnaire_id=row.id), 303)
