"""Before spending: what these volumes could show of it."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from survey.accounts.access import allow
from survey.investments import before, checking
from survey.investments.before import Answer, Asked
from survey.investments.forms import BeforeForm
from survey.investments.monthly import Monthly
from survey.investments.views.room import READERS, blueprint, branch_choices, everywhere, reason_choices
from survey.taxonomy.queries import active_reasons
from survey.web import language


@blueprint.get("/before")
@allow(*READERS)
def before_spending() -> ResponseReturnValue:
    """A reason, a place and an expectation; what could be shown of it within a year."""
    form = BeforeForm(request.args if "reason" in request.args else None)
    form.offer(reason_choices(), branch_choices(), everywhere())
    stored = checking.stored(checking.MONTHLY)
    answer, is_wrong = None, False
    if stored and "reason" in request.args:
        is_wrong = not form.validate()
        answer = None if is_wrong else _answer(form, Monthly.from_payload(stored.payload))
    page = render_template(
        "investments/before.html",
        form=form,
        answer=answer,
        asked=stored is not None and "reason" in request.args and not is_wrong,
        stored=stored,
        branch_names=dict(branch_choices()),
        reason_names={reason.code: reason.label(language()) for reason in active_reasons()},
        reason_label=dict(reason_choices()).get(form.reason.data, ""),
        place_label=dict(branch_choices()).get(form.branch.data, everywhere()),
    )
    return page, 422 if is_wrong else 200


def _answer(form: BeforeForm, monthly: Monthly) -> Answer | None:
    code = {reason.id: reason.code for reason in active_reasons()}[form.reason.data]
    if code not in monthly.reasons:
        return None
    branches = (form.branch.data,) if form.branch.data else tuple(current_user.branch_ids)
    low, high = sorted(float(field.data or 0) / 100 for field in (form.low, form.high))
    return before.answer(Asked(code, branches, low, high, float(form.cost.data or 0)), monthly)
