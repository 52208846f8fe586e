"""The pages of who calls: the list of today, one call, how it ended, and the answers typed in while talking."""

from dataclasses import replace
from typing import Any

import structlog
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.exc import OperationalError

from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import now
from survey.extensions import db
from survey.invitations.policy import after_quiet, contact_policy, is_quiet
from survey.responses.answering import How, mark_started
from survey.responses.drafts import save_draft
from survey.responses.forms import typed
from survey.responses.timing import seconds_since
from survey.web import LANGUAGES, RETRY_AFTER_SECONDS, forget_who_asks, show_busy
from survey.winback import calls, calls_outcomes, remedies, words
from survey.winback.calls import Person
from survey.winback.calls_forms import NobodyForm, RefusedForm, typed_besides
from survey.winback.calls_outcomes import NOBODY, Outcome, main_reason_of
from survey.winback.views.room import FRONT_LINE
from survey.winback.views.talking import Talk, asked_of, later_form, not_mine, spoken, talk_page, talk_with
from survey.write_gate import GateTimeout

blueprint = Blueprint("calls", __name__)
log = structlog.get_logger()


@blueprint.get("/calls")
@allow(*FRONT_LINE)
def index() -> ResponseReturnValue:
    """Whom to call today."""
    policy, moment = contact_policy(), now()
    people = calls.due_list(current_user)
    audit.record("calls viewed", current_user.id, details={"shown": len(people)})
    return render_template(
        "calls/index.html",
        counts=calls.counts(current_user),
        people=people,
        later=calls.later_list(current_user),
        begun=calls.begun_by(current_user),
        undoable=calls_outcomes.undoable(current_user),
        quiet_until=after_quiet(policy, moment) if is_quiet(policy, moment) else None,
        policy=policy,
        rule=calls,
        words=words,
        moment=moment,
    )


@blueprint.post("/calls/<int:invitation_id>/take")
@allow(*FRONT_LINE)
def take(invitation_id: int) -> ResponseReturnValue:
    """This person is mine to call, for a while."""
    person = _person(invitation_id)
    if is_quiet(contact_policy(), now()):
        flash(_("These are quiet hours: nobody is called now."), "error")
        return redirect(url_for(".index"), 303)
    may_call = person.is_held_by(current_user.id, now()) or calls.is_due(invitation_id, current_user)
    if not may_call or not calls.claim(invitation_id, current_user.id):
        db.session.rollback()
        flash(_("This customer cannot be called now: somebody else is calling, or there is nothing to ask."), "error")
        return redirect(url_for(".index"), 303)
    audit.record("call begun", current_user.id, about=("customer", person.customer_id))
    db.session.commit()
    return redirect(url_for(".show", invitation_id=invitation_id), 303)


@blueprint.get("/calls/<int:invitation_id>")
@allow(*FRONT_LINE)
def show(invitation_id: int) -> ResponseReturnValue:
    """One call: who it is, what to say, and the questions; for who has taken it."""
    person = _person(invitation_id)
    if not person.is_held_by(current_user.id, now()):
        return not_mine(person)
    audit.record("call viewed", current_user.id, about=("customer", person.customer_id))
    return talk_page(talk_with(person))


@blueprint.post("/calls/<int:invitation_id>/put-back")
@allow(*FRONT_LINE)
def put_back(invitation_id: int) -> ResponseReturnValue:
    """Somebody else may call, and no attempt was made."""
    _person(invitation_id)
    calls.let_go(invitation_id, current_user.id)
    db.session.commit()
    return redirect(url_for(".index"), 303)


@blueprint.post("/calls/<int:invitation_id>/nobody")
@allow(*FRONT_LINE)
def nobody(invitation_id: int) -> ResponseReturnValue:
    """Nobody was there who could answer."""
    person, form = _person(invitation_id), NobodyForm(prefix="nobody-")
    if request.form.get("outcome") not in NOBODY:
        abort(400)
    if not form.validate_on_submit():
        return _again(person, nobody_form=form)
    return _ended(person, Outcome(request.form["outcome"], form.note.data or ""))


@blueprint.post("/calls/<int:invitation_id>/later")
@allow(*FRONT_LINE)
def later(invitation_id: int) -> ResponseReturnValue:
    """They are to be called another time."""
    person = _person(invitation_id)
    form = later_form(asked_of(invitation_id))
    if not form.validate_on_submit():
        return _again(person, later_form=form)
    return _ended(person, Outcome("call_back", form.note.data or "", form.moment))


@blueprint.post("/calls/<int:invitation_id>/refused")
@allow(*FRONT_LINE)
def refused(invitation_id: int) -> ResponseReturnValue:
    """They do not want to answer; or never want to be asked again."""
    person, form = _person(invitation_id), RefusedForm(prefix="refused-")
    if not form.validate_on_submit():
        return _again(person, refused_form=form)
    if form.never.data:
        audit.record("customer opted out", current_user.id, about=("customer", person.customer_id))
    return _ended(person, Outcome("refused", form.note.data or "", never=form.never.data))


@blueprint.post("/calls/<int:invitation_id>/answer")
@allow(*FRONT_LINE)
def answer(invitation_id: int) -> ResponseReturnValue:
    """What they told: kept for later, put in the other language, or stored as their answer."""
    talk, given = talk_with(_person(invitation_id), request.form), request.form
    if talk.asked.is_answered:
        flash(_("This customer has answered already: nothing was stored twice."), "error")
        return redirect(url_for(".index"), 303)
    if not talk.asked.is_open(now()) or not calls.claim(invitation_id, current_user.id):
        db.session.rollback()
        return talk_page(talk, fault=_taken_words(talk.person)), 409
    if given.get("switch") in LANGUAGES or given.get("save"):
        save_draft(invitation_id, talk.language, typed(given) | typed_besides(given))
        mark_started(invitation_id)
        db.session.commit()
        return redirect(url_for(".show", invitation_id=invitation_id), 303)
    with force_locale(talk.language):
        is_right = all([talk.answers.validate(), talk.heard.validate_on_submit()])
    if not is_right:
        db.session.commit()
        return talk_page(replace(talk, person=_person(invitation_id))), 422
    return _store(talk)


@blueprint.get("/calls/<int:invitation_id>/done")
@allow(*FRONT_LINE)
def done(invitation_id: int) -> ResponseReturnValue:
    """How to take leave; and what may help, only where they agreed to be called with an offer."""
    person, about = _person(invitation_id), asked_of(invitation_id)
    if not about.is_answered:
        return redirect(url_for(".index"))
    speaks, may_offer = spoken(None, about.language), person.call_consent is True
    return render_template(
        "calls/done.html",
        person=person,
        thanks=about.version.text(speaks, "thanks"),
        speaks=speaks,
        may_offer=may_offer,
        remedies=remedies.suggested(main_reason_of(invitation_id), may_offer) if may_offer else (),
        counts=calls.counts(current_user),
    )


@blueprint.post("/calls/undo/<int:call_id>")
@allow(*FRONT_LINE)
def undo(call_id: int) -> ResponseReturnValue:
    """The last outcome was a slip."""
    last = calls_outcomes.undoable(current_user)
    if last is None or last.call_id != call_id or not calls_outcomes.undo(last, current_user.id):
        db.session.rollback()
        flash(_("This call cannot be taken back any more, or was taken back before."), "error")
        return redirect(url_for(".index"), 303)
    audit.record("call taken back", current_user.id, about=("customer", last.customer_id))
    db.session.commit()
    return redirect(url_for(".show", invitation_id=last.invitation_id), 303)


@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(GateTimeout)
def keep_text(error: Exception) -> ResponseReturnValue:
    """The database is busy, full or away: give back what was typed while talking, to be sent again in a moment."""
    if request.endpoint != "calls.answer":
        return show_busy(error)
    db.session.rollback()
    forget_who_asks()
    log.warning("answer by phone could not be stored", error=type(error).__name__)
    given = request.form
    kept = typed(given) | typed_besides(given) | {"csrf_token": given.getlist("csrf_token")}
    page = render_template("responses/busy.html", given=given, kept=kept, action=request.path)
    return page, 503, {"Retry-After": RETRY_AFTER_SECONDS}


def _store(talk: Talk) -> ResponseReturnValue:
    """Store the answer, once."""
    person, heard = talk.person, talk.heard.heard()
    seconds = seconds_since(talk.answers.shown_at, person.invitation_id)
    how = How("phone", current_user.id, seconds)
    if not calls_outcomes.answer(talk.asked, talk.answers.answer(), heard, how):
        db.session.rollback()
        return talk_page(talk, fault=_taken_words(person)), 409
    audit.record("call answered", current_user.id, about=("customer", person.customer_id))
    if heard.consent is not None:
        agreed = {"agreed": heard.consent}
        audit.record("call consent noted", current_user.id, about=("customer", person.customer_id), details=agreed)
    db.session.commit()
    return redirect(url_for(".done", invitation_id=person.invitation_id, speak=talk.language), 303)


def _ended(person: Person, outcome: Outcome) -> ResponseReturnValue:
    """Write down how the call ended, and back to the list."""
    if not calls_outcomes.record(person.invitation_id, current_user.id, outcome):
        db.session.rollback()
        flash(_("Nothing was written down: this call is not yours any more, or was ended before."), "error")
        return redirect(url_for(".index"), 303)
    audit.record(
        "call ended", current_user.id, about=("customer", person.customer_id), details={"code": outcome.outcome}
    )
    db.session.commit()
    return redirect(url_for(".index"), 303)


def _person(invitation_id: int) -> Person:
    return calls.person_of(invitation_id, current_user) or abort(404)


def _again(person: Person, **forms: Any) -> ResponseReturnValue:
    """The call once more, with a form that was not right."""
    if person.claimed_by_id != current_user.id:
        return not_mine(person)
    return talk_page(talk_with(person), **forms), 422


def _taken_words(person: Person) -> str:
    if person.is_taken(current_user.id, now()):
        return str(_("%(who)s has taken over this customer. Ask them to put the call back, then store it again.",
                     who=person.claimed_by))  # fmt: skip
    return str(_("This customer is not asked any more, so the answer cannot be stored."))
