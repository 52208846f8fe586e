"""The pages of who sees to answers at branches: the cards with the short addresses, and what was answered."""

from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import now
from survey.extensions import db
from survey.questionnaires.content import words_in
from survey.questionnaires.targeting_rules import questionnaires_in_use
from survey.responses.walk_in import links
from survey.responses.walk_in.counting import EVER, MOST_WORDS, told_since, words_since
from survey.responses.walk_in.forms import LinkForm, QuestionnaireForm
from survey.responses.walk_in.further import FEWEST, further_since
from survey.responses.walk_in.qr import as_file, drawn
from survey.taxonomy.queries import all_reasons
from survey.web import LANGUAGES, language

READERS = ("administrator", "manager", "analyst")
WRITERS = ("administrator", "manager")
#: how far back one may look: in days, and as it is said
PERIODS = {"90": _l("90 days"), "365": _l("12 months"), "ever": _l("since the beginning")}

blueprint = Blueprint("branch_links", __name__)


@blueprint.get("/walk-in")
@allow(*READERS)
def counted() -> ResponseReturnValue:
    """What was answered at the branches."""
    period = request.args.get("period", "365")
    if period not in PERIODS:
        abort(400)
    words, written = words_since(_since(period), current_user)
    return render_template(
        "walk_in/counted.html",
        branches=told_since(_since(period), current_user),
        further=further_since(_since(period), current_user),
        fewest=FEWEST,
        in_words=words_in,
        reasons={reason.code: reason.label(language()) for reason in all_reasons()},
        words=words,
        written=written,
        most_words=MOST_WORDS,
        period=period,
        periods=PERIODS,
    )


@blueprint.route("/branch-links", methods=["GET", "POST"])
@allow(*WRITERS)
def index() -> ResponseReturnValue:
    """Which branches have a short address; a POST makes one."""
    form = LinkForm()
    form.offer(questionnaires_in_use())
    form.offer_branches(links.branches_without(current_user))
    if not form.validate_on_submit():
        return _list(form), 422 if form.is_submitted() else 200
    try:
        link = links.make(form.branch.data, form.questionnaire.data)
    except links.NotInUse:
        form.questionnaire.errors = [_("It is no longer in use. Choose another one.")]
        return _list(form), 422
    return _saved("branch link made", link.id, _("The card is ready to be printed."))


@blueprint.route("/branch-links/<int:link_id>", methods=["GET", "POST"])
@allow(*WRITERS)
def card(link_id: int) -> ResponseReturnValue:
    """The card of one branch, to be printed; a POST gives it another questionnaire."""
    shown = _card(link_id)
    form = QuestionnaireForm(data={"questionnaire": shown.link.questionnaire_id})
    form.offer(questionnaires_in_use())
    if not form.validate_on_submit():
        page = render_template(
            "walk_in/card.html", card=shown, form=form, code=drawn(shown.address), sentences=_sentences()
        )
        return page, 422 if form.is_submitted() else 200
    try:
        links.ask_by(shown.link, form.questionnaire.data)
    except links.NotInUse:
        return _refused(link_id)
    return _saved("branch link changed", link_id, _("Saved."))


@blueprint.get("/branch-links/<int:link_id>/qr.svg")
@allow(*WRITERS)
def qr(link_id: int) -> ResponseReturnValue:
    """The QR code alone, for who makes a card of their own."""
    shown = _card(link_id)
    headers = {"Content-Disposition": f'attachment; filename="qr-{shown.link.code}.svg"'}
    return Response(as_file(shown.address), mimetype="image/svg+xml", headers=headers)


@blueprint.post("/branch-links/<int:link_id>/switch")
@allow(*WRITERS)
def switch(link_id: int) -> ResponseReturnValue:
    """On where the button said so, else off: sent twice it is done once."""
    link, active = _card(link_id).link, request.form.get("active") == "y"
    try:
        links.switch(link, active)
    except links.NotInUse:
        return _refused(link_id)
    said = _("The card is switched on.") if active else _("The card is switched off.")
    return _saved("branch link switched", link_id, said, active=active)


def _since(period: str) -> datetime:
    return EVER if period == "ever" else now() - timedelta(days=int(period))


def _card(link_id: int) -> links.Card:
    return links.card_of(link_id, current_user) or abort(404)


def _list(form: LinkForm) -> str:
    return render_template("walk_in/links.html", form=form, cards=links.cards_for(current_user))


def _saved(action: str, link_id: int, said: str, **details: bool) -> ResponseReturnValue:
    audit.record(action, current_user.id, about=("branch link", link_id), details=details)
    db.session.commit()
    flash(said, "success")
    return redirect(url_for(".card", link_id=link_id), 303)


def _refused(link_id: int) -> ResponseReturnValue:
    db.session.rollback()
    flash(_("Its questionnaire is no longer in use. Choose another one first."), "error")
    return redirect(url_for(".card", link_id=link_id), 303)


def _sentences() -> dict[str, str]:
    """What the card says, in each language."""
    said = {}
    for each in LANGUAGES:
        with force_locale(each):
            said[each] = _("Coming less often, or not any more? Tell us why: one minute, without your name.")
    return said
