"""What was answered to the further questions."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from survey.accounts.access import allow
from survey.questionnaires.comparing import KINDS
from survey.questionnaires.content import words_in
from survey.questionnaires.publishing import versions_of
from survey.reports.phrases import interval
from survey.reports.questionnaires.results import results
from survey.reports.questionnaires.views.room import READERS, blueprint, found
from survey.taxonomy.queries import all_reasons
from survey.web import language


@blueprint.get("/<int:questionnaire_id>/answers")
@allow(*READERS)
def answers(questionnaire_id: int) -> ResponseReturnValue:
    """Counts with intervals, medians, and masked words, of all versions together."""
    row = found(questionnaire_id)
    versions = versions_of(row.id)
    return render_template(
        "questionnaires/answers.html",
        row=row,
        results=results(versions, current_user) if versions else [],
        newest=versions[-1].version if versions else 0,
        interval=interval,
        kinds=KINDS,
        in_words=words_in,
        reasons={reason.code: reason.label(language()) for reason in all_reasons()},
    )
