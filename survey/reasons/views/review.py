"""Read answers, one a screen, and say which reasons they give."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import escape

from survey.accounts import audit
from survey.accounts.access import allow
from survey.extensions import db
from survey.paging import page_number
from survey.reasons import quality, reviewed, reviewing
from survey.reasons.explaining import explained
from survey.reasons.forms import ReviewForm
from survey.reasons.guesses import Guess, guesses
from survey.reasons.models import Review
from survey.reasons.reviewing import Asked, Found
from survey.taxonomy import queries as taxonomy
from survey.taxonomy.models import Reason

blueprint = Blueprint("review", __name__, url_prefix="/review")

READERS = ("administrator", "analyst")
#: answers of the audit sample taken back: what the model thinks of them was shown since
SEEN, LAST_SEEN = "model_seen", 20
DONE = {"new": "answer reviewed", "changed": "review changed"}


@dataclass(frozen=True)
class Before:
    """What was saved on the screen before, and what the model makes of it."""

    review: Review
    asked: Asked
    reasons: list[Reason]
    guess: Guess | None

    @property
    def agreed(self) -> bool:
        return self.guess is not None and self.guess.codes == {reason.code for reason in self.reasons}


@blueprint.get("")
@allow(*READERS)
def queue() -> ResponseReturnValue:
    """The next answer for whoever asks."""
    waiting = reviewing.queue_of(current_user)
    asked = reviewing.next_of(waiting, current_user)
    if asked is None:
        why = reviewing.why_empty(current_user)
        return render_template("review/empty.html", why=why, before=_before(), explained=explained)
    return _page(asked, _form(asked), waiting=waiting, before=_before())


@blueprint.get("/progress")
@allow(*READERS)
def progress() -> ResponseReturnValue:
    """How far the audit sample still has to go: a part of the page that comes after it, because it looks at every
    review and the next answer must not wait for that."""
    return str(escape(quality.progress(current_user).sentence))


@blueprint.get("/<int:response_id>")
@allow(*READERS)
def answer(response_id: int) -> ResponseReturnValue:
    """One answer again: to change what was said of it, or after taking that back."""
    asked = reviewing.asked(current_user, response_id) or abort(404)
    form = _form(asked)
    mine = reviewing.review_of(current_user.id, response_id)
    if mine:
        form.reasons.data = list(reviewing.codes_of(mine))
        form.none.data = mine.state == "reviewed" and not mine.labels
        form.back.data = "done"
    else:
        form.reasons.data = request.args.getlist("reason")
        form.none.data = "none" in request.args
    return _page(asked, form, mine=mine)


@blueprint.post("/<int:response_id>")
@allow(*READERS)
def save(response_id: int) -> ResponseReturnValue:
    """Keep what was found, or that it was skipped."""
    form = ReviewForm(taxonomy.active_reasons())
    asked = reviewing.asked(current_user, response_id, form.stream.data or "")
    if asked is None:
        flash(_("The words of this answer are gone, so nothing was kept. Here is the next one."))
        return redirect(url_for(".queue"), 303)
    if not form.validate():
        return _page(asked, form, mine=reviewing.review_of(current_user.id, response_id)), 422
    seen = asked.stream == "useful" or response_id in session.get(SEEN, ())
    done = reviewing.save(current_user.id, Found(asked, form.state, form.codes, seen))
    if done:
        action = "answer skipped" if form.state == "skipped" else DONE[done]
        audit.record(action, current_user.id, about=("answer", response_id))
    db.session.commit()
    return redirect(url_for(".done") if form.back.data == "done" else url_for(".queue", after=response_id), 303)


@blueprint.post("/undo")
@allow(*READERS)
def undo() -> ResponseReturnValue:
    """Take back a review of one's own, and show its answer again as it was ticked."""
    review_id = request.form.get("review", "")
    if not (review_id.isascii() and review_id.isdigit() and len(review_id) < 10):
        abort(400)
    mine = db.session.get(Review, int(review_id))
    codes = sorted(reviewing.codes_of(mine)) if mine and mine.user_id == current_user.id else []
    taken = reviewing.undo(current_user.id, int(review_id))
    if taken is None:
        return redirect(url_for(".queue"), 303)
    audit.record("review undone", current_user.id, about=("answer", taken.response_id))
    db.session.commit()
    session[SEEN] = [*session.get(SEEN, ()), taken.response_id][-LAST_SEEN:]
    again: dict[str, Any] = {"reason": codes} | ({"none": 1} if taken.state == "reviewed" and not codes else {})
    return redirect(url_for(".answer", response_id=taken.response_id, **again), 303)


@blueprint.get("/done")
@allow(*READERS)
def done() -> ResponseReturnValue:
    """What everybody found so far, the last first."""
    filters, number = reviewed.filters_from(request.args), page_number()
    page = reviewed.reviewed(current_user, filters, number)
    if number > max(1, page.pages):
        abort(404)
    return render_template(
        "review/done.html", page=page, filters=filters, reasons=taxonomy.all_reasons(), me=current_user
    )


def _form(asked: Asked) -> ReviewForm:
    return ReviewForm(taxonomy.active_reasons(), formdata=None, data={"stream": asked.stream})


def _page(asked: Asked, form: ReviewForm, **more: Any) -> str:
    """The screen. What the model thinks is in sight unless the answer is read blind."""
    is_blind = asked.stream == "audit" and not more.get("mine")
    guess = None if is_blind else guesses([asked.response_id]).get(asked.response_id)
    return render_template("review/answer.html", asked=asked, form=form, guess=guess, explained=explained, **more)


def _before() -> Before | None:
    """What this person saved on the screen before, where the address names it."""
    after = request.args.get("after", "")
    if not (after.isascii() and after.isdigit() and len(after) < 10):
        return None
    review = reviewing.review_of(current_user.id, int(after))
    asked = reviewing.asked(current_user, int(after)) if review else None
    if review is None or asked is None:
        return None
    reasons = reviewing.labels_of([review.id])[review.id]
    return Before(review, asked, reasons, guesses([asked.response_id]).get(asked.response_id))
