"""What the pages of the investments share: who may come, and what somebody may see."""

from flask import Blueprint, abort
from flask_babel import gettext as _
from flask_login import current_user

from survey.customers.groups import branches_for
from survey.extensions import db
from survey.investments.models import Investment, Verdict
from survey.investments.register import visible_to
from survey.taxonomy.queries import active_reasons
from survey.web import language

READERS = ("administrator", "manager", "analyst")
WRITERS = ("administrator", "manager")

blueprint = Blueprint("investments", __name__, url_prefix="/investments")


def investment_or_404(investment_id: int) -> Investment:
    """One that is not there and one that is not yours are answered alike."""
    found = db.session.get(Investment, investment_id)
    if found is None or not visible_to(current_user, found):
        abort(404)
    return found


def verdict_or_404(investment: Investment, verdict_id: int) -> Verdict:
    found = db.session.get(Verdict, verdict_id)
    if found is None or found.investment_id != investment.id:
        abort(404)
    return found


def reason_choices() -> list[tuple[int, str]]:
    return [(reason.id, reason.label(language())) for reason in active_reasons()]


def branch_choices() -> list[tuple[int, str]]:
    return branches_for(current_user)


def everywhere() -> str | None:
    """What all branches together are called, for who sees them all."""
    return None if current_user.branch_ids else str(_("All branches"))
