"""The questionnaire as it stands in the draft, and the forms for its texts and for how it puts the reasons."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from survey.accounts.access import allow
from survey.questionnaires import content as contents
from survey.questionnaires import editing
from survey.questionnaires.comparing import KINDS, LANGUAGE_NAMES, changes
from survey.questionnaires.forms import EditForm, TextsForm, WordingsForm
from survey.questionnaires.models import Questionnaire
from survey.questionnaires.publishing import newest_of, published, standing
from survey.reports.questionnaires.counting import rules_by_questionnaire
from survey.reports.questionnaires.views.room import WRITERS, Edit, blueprint, found, save
from survey.web import LANGUAGES, language


@blueprint.get("/<int:questionnaire_id>")
@allow(*WRITERS)
def editor(questionnaire_id: int) -> ResponseReturnValue:
    """All that it says, in both languages, with what is missing and what publishing would change."""
    row = found(questionnaire_id)
    content, newest = standing(row), newest_of(row.id)
    before = published(row, newest) if newest else None
    return render_template(
        "questionnaires/editor.html",
        row=row,
        newest=newest,
        content=content,
        form=EditForm(formdata=None, seen=str(row.draft_edits)),
        missing=contents.untranslated(content),
        changes=changes(before, content, language()) if before else [],
        seed=row.draft_edits + 1,
        rules=rules_by_questionnaire().get(row.id, []),
        may_change=not current_user.branch_ids,
        **words(content),
    )


@blueprint.route("/<int:questionnaire_id>/texts", methods=["GET", "POST"])
@allow(*WRITERS)
def texts(questionnaire_id: int) -> ResponseReturnValue:
    """Title, questions, consent, button and thanks, side by side."""
    form = TextsForm()
    return _edited("texts", questionnaire_id, form, lambda it: editing.save_texts(it, form.texts()))


@blueprint.route("/<int:questionnaire_id>/reasons", methods=["GET", "POST"])
@allow(*WRITERS)
def wordings(questionnaire_id: int) -> ResponseReturnValue:
    """How this questionnaire puts each reason; which there are is decided for all of them at once."""
    form = WordingsForm()
    return _edited("wordings", questionnaire_id, form, lambda it: editing.save_wordings(it, form.wordings()))


def _edited(name: str, questionnaire_id: int, form: TextsForm | WordingsForm, edit: Edit) -> ResponseReturnValue:
    """Show the form as the draft stands, or save what was typed into the draft."""
    row = found(questionnaire_id)

    def page(problem: str = "", meanwhile: bool = False) -> str:
        return _page(name, row, form, problem=problem, meanwhile=meanwhile)

    if request.method == "GET":
        form.fill(standing(row))
        form.seen.data = str(row.draft_edits)
        return page()
    if not form.validate():
        return page(), 422
    return save(questionnaire_id, form, edit, page)


def words(content: contents.Content) -> dict[str, Any]:
    """What the pages need to put a content in words."""
    return {
        "texts": contents.TEXTS,
        "kinds": KINDS,
        "languages": LANGUAGES,
        "language_names": LANGUAGE_NAMES,
        "followups": lambda code: contents.followups(content, code),
        "lost": contents.lost_followups(content),
        "most_asked": contents.most_asked(content),
        "many": contents.MANY_QUESTIONS,
        "in_words": contents.words_in,
    }


def _page(name: str, row: Questionnaire, form: EditForm, *, problem: str, meanwhile: bool) -> str:
    """A form; where somebody else edited meanwhile, with what stands there now beside what was typed."""
    if problem:
        form.form_errors.append(problem)
    content = standing(row)
    return render_template(
        f"questionnaires/{name}.html", row=row, form=form, content=content, meanwhile=meanwhile, **words(content)
    )
