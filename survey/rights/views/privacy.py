"""What people who are asked may know: who has their data, why, how long, and what they can do. Nobody signs in."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from survey.customers.keeping import periods
from survey.invitations.links import MY_DATA, invitation_of
from survey.responses.web import ease
from survey.rights.register import told
from survey.rights.views.room import with_readers
from survey.web import LANGUAGES, settings

blueprint = Blueprint("privacy", __name__)
blueprint.after_request(ease)


@blueprint.get("/privacy")
def show() -> ResponseReturnValue:
    """The same list as the register, as far as it concerns them."""
    with force_locale(_language()):
        return render_template(
            "rights/privacy.html",
            told=with_readers(told()),
            periods=periods(),
            contact=settings().privacy_contact,
            own_link=_own_link(),
        )


def _own_link() -> str:
    """Where somebody who came here from their own form sees what is held of them; nothing for everybody else."""
    token = request.args.get("of", "")
    return url_for("my_data.show", token=token) if invitation_of(MY_DATA, token) else ""


def _language() -> str:
    wish = request.args.get("lang")
    return wish if wish in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or "nl"
