"""A further question: added, changed, moved, removed."""

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from survey.accounts.access import allow
from survey.questionnaires import editing
from survey.questionnaires.comparing import KINDS
from survey.questionnaires.content import Content, question_of
from survey.questionnaires.editing import DOWN, UP
from survey.questionnaires.forms import QuestionForm
from survey.questionnaires.models import Questionnaire
from survey.questionnaires.publishing import standing
from survey.questionnaires.versions import QUESTION_KINDS
from survey.reports.questionnaires.views.room import WRITERS, blueprint, do, found, save
from survey.taxonomy.queries import active_reasons
from survey.web import language

#: buttons of the form that move a choice, by how they begin
MOVES = {"up-": -1, "down-": 1}
KEY = "/<int:questionnaire_id>/questions/<key>"


@blueprint.route("/<int:questionnaire_id>/questions", methods=["GET", "POST"])
@allow(*WRITERS)
def add_question(questionnaire_id: int) -> ResponseReturnValue:
    """A further question: first of which kind, then what it asks."""
    row = found(questionnaire_id)
    kind = request.values.get("kind", "")
    if kind not in QUESTION_KINDS:
        return render_template(
            "questionnaires/kinds.html", row=row, kinds=KINDS, after=request.args.get("after", ""),
            reason={reason.code: reason.label(language()) for reason in active_reasons()},
        )  # fmt: skip
    form = _form(kind, request.args.get("after", "") if request.method == "GET" else "")
    if request.method == "GET":
        form.seen.data = str(row.draft_edits)
        if "shuffled" in form:
            form.shuffled.data = True
    return _shown(row, form, None)


@blueprint.route(KEY, methods=["GET", "POST"])
@allow(*WRITERS)
def question(questionnaire_id: int, key: str) -> ResponseReturnValue:
    """One question, to be put otherwise."""
    row = found(questionnaire_id)
    asked = question_of(standing(row), key)
    if asked is None:
        abort(404)
    form = _form(asked["kind"], asked.get("after", ""))
    if request.method == "GET":
        form.fill(asked)
        form.seen.data = str(row.draft_edits)
    return _shown(row, form, asked)


@blueprint.post(f"{KEY}/move")
@allow(*WRITERS)
def move_question(questionnaire_id: int, key: str) -> ResponseReturnValue:
    """One place up or down."""
    way = DOWN if request.form.get("way") == DOWN else UP
    return do(questionnaire_id, lambda row: editing.move_question(row, key, way), "", _("Moved."))


@blueprint.post(f"{KEY}/remove")
@allow(*WRITERS)
def remove_question(questionnaire_id: int, key: str) -> ResponseReturnValue:
    """Ask it no longer, from the next version on."""
    said = _("Taken out of the draft. What was answered to it stays.")
    return do(questionnaire_id, lambda row: editing.remove_question(row, key), "", said)


def _form(kind: str, after: str) -> QuestionForm:
    form = QuestionForm(after=after)
    form.prepare(kind, active_reasons(), language(), after)
    return form


def _shown(row: Questionnaire, form: QuestionForm, asked: Content | None) -> ResponseReturnValue:
    """The form; once it is sent, what its buttons ask for."""

    def page(problem: str = "", meanwhile: bool = False) -> str:
        if problem:
            form.form_errors.append(problem)
        standing_now = question_of(standing(row), asked["key"]) if asked else None
        return render_template(
            "questionnaires/question.html", row=row, form=form, question=asked, kind=form.kind, kinds=KINDS,
            meanwhile=meanwhile, now=standing_now, lost=asked is not None and standing_now is None,
        )  # fmt: skip

    if request.method == "GET":
        if "choices" in form:
            form.make_room()
        return page()
    if "choices" in form and _rearranged(form, request.form.get("do", "")):
        return page()
    if not form.validate():
        return page(), 422
    wanted = form.asking()
    if asked is None:
        return save(row.id, form, lambda it: editing.add_question(it, wanted), page)
    return save(row.id, form, lambda it: editing.save_question(it, asked["key"], wanted), page)


def _rearranged(form: QuestionForm, button: str) -> bool:
    """Whether the button only changes the rows of choices; nothing is saved by it."""
    if button == "more":
        form.make_room()
        return True
    for begins, way in MOVES.items():
        row = button.removeprefix(begins)
        if button.startswith(begins) and row.isascii() and row.isdigit() and len(row) < 4:
            form.move(int(row), way)
            return True
    return False
