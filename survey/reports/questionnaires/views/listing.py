"""The list of questionnaires; a new one; another name; no longer in use, and in use again."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts.access import allow
from survey.extensions import db
from survey.questionnaires import editing, files
from survey.questionnaires.content import Content
from survey.questionnaires.editing import CannotEdit
from survey.questionnaires.forms import NameForm, NewForm
from survey.questionnaires.models import Questionnaire
from survey.questionnaires.publishing import standing
from survey.reports.phrases import interval
from survey.reports.questionnaires.counting import (
    Asked,
    all_versions,
    asked_by_version,
    questionnaires,
    rules_by_questionnaire,
)
from survey.reports.questionnaires.views.room import READERS, WRITERS, blueprint, do, found, save, write_down
from survey.responses.walk_in.links import branches_asking_by
from survey.taxonomy.queries import active_reasons
from survey.web import language

#: the same questionnaire, to be written anew
COPY = "copy-"


@blueprint.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """Which are in use, since when, and how many each version asked."""
    rows = questionnaires()
    return render_template(
        "questionnaires/index.html",
        rows=rows,
        versions=all_versions(),
        counts=asked_by_version(current_user),
        nobody=Asked(),
        rules=rules_by_questionnaire(),
        interval=interval,
        sees_all_branches=not current_user.branch_ids,
    )


@blueprint.route("/new", methods=["GET", "POST"])
@allow(*WRITERS)
def new() -> ResponseReturnValue:
    """A draft of a new questionnaire: of a kind of business, or a copy."""
    form = NewForm()
    form.offer(
        {key: file.names[language()] for key, file in files.businesses().items()},
        {row.id: row.name for row in questionnaires()},
    )
    if not form.validate_on_submit():
        return render_template("questionnaires/new.html", form=form), 422 if form.is_submitted() else 200
    try:
        row = editing.start(form.name.data or "", _beginning(form.source.data))
    except CannotEdit as error:
        db.session.rollback()
        form.name.errors = [str(error)]
        return render_template("questionnaires/new.html", form=form), 422
    write_down("questionnaire added", row)
    db.session.commit()
    flash(_("This is a draft: nobody is asked by it before you publish it."))
    return redirect(url_for(".editor", questionnaire_id=row.id), 303)


@blueprint.route("/<int:questionnaire_id>/name", methods=["GET", "POST"])
@allow(*WRITERS)
def name(questionnaire_id: int) -> ResponseReturnValue:
    """Another name for it."""
    row = found(questionnaire_id)
    form = NameForm(data={"name": row.name})

    def page(problem: str = "", meanwhile: bool = False) -> str:
        if problem:
            form.name.errors = [problem]
        return render_template("questionnaires/name.html", form=form, row=row, meanwhile=meanwhile)

    if request.method == "GET":
        form.seen.data = str(row.draft_edits)
        return page()
    if not form.validate():
        return page(), 422
    return save(questionnaire_id, form, lambda it: editing.rename(it, form.name.data or ""), page)


@blueprint.post("/<int:questionnaire_id>/retire")
@allow(*WRITERS)
def retire(questionnaire_id: int) -> ResponseReturnValue:
    """Ask nobody by it any more."""
    said = _("Nobody is asked by it any more. Links that are out keep working, and its answers stay.")
    return do(questionnaire_id, _retire, "questionnaire retired", said, lock_reasons=True)


@blueprint.post("/<int:questionnaire_id>/restore")
@allow(*WRITERS)
def restore(questionnaire_id: int) -> ResponseReturnValue:
    """Use it again."""
    said = _("It can be used again.")
    return do(questionnaire_id, editing.restore, "questionnaire restored", said, lock_reasons=True)


def _retire(row: Questionnaire) -> None:
    """Retire it, unless somebody is still asked by it. Raises CannotEdit."""
    if branches := branches_asking_by(row.id):
        raise CannotEdit(
            _(
                "Cards at branches still ask by it: %(branches)s. "
                "Give them another questionnaire or switch them off first.",
                branches=", ".join(branches),
            )
        )
    editing.retire(row)


def _beginning(source: str) -> Content:
    """The content that a new questionnaire begins with."""
    if source.startswith(COPY):
        return standing(db.get_or_404(Questionnaire, int(source.removeprefix(COPY))))
    codes = {reason.code for reason in active_reasons()}
    return files.businesses()[source].without_unknown(codes)[0]
