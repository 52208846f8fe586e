"""What the pages of the questionnaires share: who may use them, and how an edit is saved."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.extensions import db
from survey.questionnaires import editing
from survey.questionnaires.editing import CannotEdit, ChangedMeanwhile
from survey.questionnaires.forms import EditForm
from survey.questionnaires.models import Questionnaire
from survey.taxonomy import changing

READERS = ("administrator", "manager", "analyst")
WRITERS = ("administrator", "analyst")

blueprint = Blueprint("questionnaires", __name__, url_prefix="/questionnaires")

#: an edit; what it gives does not matter
Edit = Callable[[Questionnaire], object]
#: shows the form again: `problem` in words, `meanwhile` where somebody else edited
Again = Callable[..., str]


@blueprint.before_request
def keep_to_branches() -> None:
    """The questionnaires are those of all branches, so who is tied to some may read them and not change them."""
    if request.method == "POST" and current_user.is_authenticated and current_user.branch_ids:
        abort(403)


def found(questionnaire_id: int) -> Questionnaire:
    return db.get_or_404(Questionnaire, questionnaire_id)


def save(questionnaire_id: int, form: EditForm, edit: Edit, again: Again) -> ResponseReturnValue:
    """Make the edit and show the questionnaire; show the form again where it cannot be made, with what was typed."""
    try:
        edit(editing.claim(questionnaire_id, form.seen_edits))
    except LookupError:
        abort(404)
    except ChangedMeanwhile:
        db.session.rollback()
        form.seen.data = str(found(questionnaire_id).draft_edits)
        return again(meanwhile=True), 409
    except CannotEdit as error:
        db.session.rollback()
        return again(problem=str(error)), 422
    db.session.commit()
    flash(_("Saved in the draft. Customers see it once it is published."))
    return to_editor(questionnaire_id)


def do(questionnaire_id: int, edit: Edit, word: str, said: str, *, lock_reasons: bool = False) -> ResponseReturnValue:
    """What a button asks for, with the audit entry `word`; `said` is told once it is done."""
    if lock_reasons:
        changing.lock()
    row = found(questionnaire_id)
    try:
        edit(editing.claim(questionnaire_id, EditForm(request.form).seen_edits))
    except ChangedMeanwhile:
        db.session.rollback()
        flash(
            _("Somebody changed this questionnaire meanwhile, so nothing was done. This is how it stands now."), "error"
        )
        return to_editor(questionnaire_id)
    except CannotEdit as error:
        db.session.rollback()
        flash(str(error), "error")
        return to_editor(questionnaire_id)
    write_down(word, row)
    db.session.commit()
    if said:
        flash(said)
    return to_editor(questionnaire_id)


def write_down(word: str, row: Questionnaire, **details: Any) -> None:
    """An entry in the audit log; no words of the questionnaire stand in it."""
    if word:
        audit.record(word, current_user.id, about=("questionnaire", row.id), details=details)


def to_editor(questionnaire_id: int, part: str = "") -> ResponseReturnValue:
    address = url_for("questionnaires.editor", questionnaire_id=questionnaire_id)
    return redirect(address + (f"#{part}" if part else ""), 303)
