"""The page of the contact policy: how often and when anybody may be written to."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.extensions import db
from survey.invitations.models import ContactPolicy
from survey.invitations.policy import contact_policy
from survey.invitations.words import ROUNDS
from survey.responses.policy.forms import PolicyForm, shown
from survey.responses.policy.gains import FEWEST_MAILS, gains

blueprint = Blueprint("policy", __name__, url_prefix="/targeting/policy")


@blueprint.get("")
@allow("administrator", "manager", "analyst")
def index() -> ResponseReturnValue:
    """What holds now, and what each round of reminders brings."""
    return _page(PolicyForm(data=shown(contact_policy())))


@blueprint.post("", provide_automatic_options=False)
@allow("administrator", "analyst")
def change() -> ResponseReturnValue:
    """A change of the policy; each field that changed is in the audit log. Who is tied to branches may not."""
    if current_user.branch_ids:
        abort(403)
    form = PolicyForm(request.form)
    if not form.validate():
        return _page(form), 422
    changed = _changed(contact_policy(), form.values())
    for name, (before, after) in changed.items():
        details = {"code": name, "before": before, "after": after}
        audit.record("contact policy changed", current_user.id, about=("contact policy", 1), details=details)
    db.session.commit()
    flash(_("Saved. It holds for every mail from now on.") if changed else _("Nothing changes: all is so already."))
    return redirect(url_for(".index"), 303)


def _changed(policy: ContactPolicy, values: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Put the values into the row; gives what differed, as (before, after)."""
    differs = {name: (getattr(policy, name), value) for name, value in values.items() if getattr(policy, name) != value}
    for name, (_before, after) in differs.items():
        setattr(policy, name, after)
    return differs


def _page(form: PolicyForm) -> str:
    return render_template(
        "targeting/policy.html",
        form=form,
        policy=contact_policy(),
        gains=gains(),
        rounds=ROUNDS,
        fewest=FEWEST_MAILS,
        sees_all_branches=not current_user.branch_ids,
    )
