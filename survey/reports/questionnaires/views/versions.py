"""What is published: now, before, and again."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts.access import allow
from survey.extensions import db
from survey.questionnaires import editing
from survey.questionnaires.comparing import changes
from survey.questionnaires.content import untranslated
from survey.questionnaires.editing import CannotEdit, ChangedMeanwhile
from survey.questionnaires.forms import EditForm
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.questionnaires.publishing import as_of_today, newest_of, versions_of, with_all_texts
from survey.reports.phrases import interval
from survey.reports.questionnaires.counting import Asked, asked_by_version
from survey.reports.questionnaires.views.editor import words
from survey.reports.questionnaires.views.room import WRITERS, blueprint, found, to_editor, write_down
from survey.taxonomy import changing
from survey.web import language


@blueprint.get("/<int:questionnaire_id>/versions")
@allow(*WRITERS)
def versions(questionnaire_id: int) -> ResponseReturnValue:
    """Every version, the newest first, with what it changed."""
    row = found(questionnaire_id)
    rows = versions_of(row.id)
    contents = [with_all_texts(version.content) for version in rows]
    told = [changes(before, after, language()) for before, after in zip(contents, contents[1:], strict=False)]
    return render_template(
        "questionnaires/versions.html",
        row=row,
        versions=list(zip(rows, [None, *told], strict=True))[::-1] if rows else [],
        counts=asked_by_version(current_user),
        nobody=Asked(),
        interval=interval,
    )


@blueprint.get("/<int:questionnaire_id>/versions/<int:number>")
@allow(*WRITERS)
def version(questionnaire_id: int, number: int) -> ResponseReturnValue:
    """What one version said, and what would change if it were published again."""
    row = found(questionnaire_id)
    one, newest = _version(row, number), newest_of(row.id)
    content = with_all_texts(one.content)
    again = as_of_today(row, one.content)
    return render_template(
        "questionnaires/version.html",
        row=row,
        version=one,
        newest=newest,
        content=content,
        changes=changes(with_all_texts(newest.content), again, language()) if newest else [],
        missing=untranslated(again),
        form=EditForm(formdata=None, seen=str(row.draft_edits)),
        may_change=not current_user.branch_ids,
        **words(content),
    )


@blueprint.post("/<int:questionnaire_id>/publish")
@allow(*WRITERS)
def publish(questionnaire_id: int) -> ResponseReturnValue:
    """Make the draft the newest version."""
    return _publish(questionnaire_id, None)


@blueprint.post("/<int:questionnaire_id>/versions/<int:number>/again")
@allow(*WRITERS)
def publish_again(questionnaire_id: int, number: int) -> ResponseReturnValue:
    """Go back to what an old version said, by a new one."""
    return _publish(questionnaire_id, _version(found(questionnaire_id), number))


@blueprint.post("/<int:questionnaire_id>/discard")
@allow(*WRITERS)
def discard(questionnaire_id: int) -> ResponseReturnValue:
    """Throw the draft away."""
    row = found(questionnaire_id)
    was_published = newest_of(row.id) is not None
    try:
        editing.discard(editing.claim(questionnaire_id, EditForm(request.form).seen_edits))
    except ChangedMeanwhile:
        return _too_late(questionnaire_id)
    write_down("questionnaire draft discarded", row)
    db.session.commit()
    flash(_("The draft is gone."))
    return to_editor(questionnaire_id) if was_published else redirect(url_for(".index"), 303)


def _publish(questionnaire_id: int, old: QuestionnaireVersion | None) -> ResponseReturnValue:
    changing.lock()
    found(questionnaire_id)
    try:
        row = editing.claim(questionnaire_id, EditForm(request.form).seen_edits)
        made = editing.publish_again(row, old) if old else editing.publish_draft(row)
    except ChangedMeanwhile:
        return _too_late(questionnaire_id)
    except CannotEdit as error:
        db.session.rollback()
        flash(_("Not published: %(why)s", why=str(error)), "error")
        return to_editor(questionnaire_id, "missing")
    if made is None:
        db.session.commit()
        flash(_("Nothing changes: this is what is published already."))
        return to_editor(questionnaire_id)
    write_down("questionnaire published", row, version=made.version)
    db.session.commit()
    flash(_("Published as version %(number)s. Whoever is invited from now on sees it; links that are out keep theirs.",
            number=made.version))  # fmt: skip
    return to_editor(questionnaire_id)


def _too_late(questionnaire_id: int) -> ResponseReturnValue:
    db.session.rollback()
    flash(_("Somebody changed this questionnaire meanwhile, so nothing was done. This is how it stands now."), "error")
    return to_editor(questionnaire_id)


def _version(row: Questionnaire, number: int) -> QuestionnaireVersion:
    one = next((version for version in versions_of(row.id) if version.version == number), None)
    return one or abort(404)
