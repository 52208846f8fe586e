"""The page of one departure: why this person did or did not get a questionnaire."""

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.customers.groups import branches_for
from survey.invitations import telling
from survey.invitations.views.room import READERS, blueprint
from survey.invitations.words import CANCELLED, INVITATIONS, MAILINGS, ROUNDS, SKIPPED
from survey.questionnaires.targeting_rules import questionnaires_in_use
from survey.questionnaires.targeting_words import Names, condition, title


@blueprint.get("/departures/<int:defection_id>")
@allow(*READERS)
def departure(defection_id: int) -> ResponseReturnValue:
    """Why somebody who left was asked or not, and what was mailed when."""
    left = telling.left(defection_id, current_user)
    if left is None:
        abort(404)
    audit.record("departure viewed", current_user.id, about=("departure", defection_id))
    names = Names(dict(branches_for(current_user)), dict(questionnaires_in_use()))
    return render_template(
        "targeting/departure.html",
        left=left,
        tried=telling.tried(defection_id),
        decided=telling.decided(defection_id),
        condition=lambda name, given: condition(name, given, names),
        title=title,
        skipped=SKIPPED,
        cancelled=CANCELLED,
        states=INVITATIONS,
        mail_states=MAILINGS,
        rounds=ROUNDS,
    )
