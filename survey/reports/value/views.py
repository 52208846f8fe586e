"""The page of values: what a customer is worth, what leaving cost, and by which terms that is counted."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.accounts.models import ROLES
from survey.customers.groups import segments_for
from survey.defections import terms
from survey.extensions import db
from survey.jobs import queue
from survey.reports.value import cards, choice, choice_words, contracts, sentences
from survey.reports.value.forms import TermsForm, form_for, margins_in
from survey.web import language

blueprint = Blueprint("value", __name__, url_prefix="/value")

#: who sees totals; the cards are for everybody who works there
READERS = ("administrator", "manager", "analyst")
#: how totals are grouped, in the order in which they stand
KINDS = ("branch", "segment", "acquired_via")


@blueprint.get("")
@allow(*ROLES)
def index() -> ResponseReturnValue:
    """The cards, and totals for whom they concern."""
    stored = cards.stored()
    if stored is None:
        return render_template("value/none.html", may_work=_sees_all(), waiting=bool(queue.open_jobs("value")))
    return render_template(
        "value/index.html",
        told=stored.payload,
        as_of=stored.as_of,
        everybody=next(iter(stored.payload["everybody"]), None) if _sees_all() else None,
        sums=_sums(stored.payload["sums"]),
        contracts=contracts.revived(stored.payload.get("contracts", ())) if _sees_all() else [],
        signed=contracts,
        signed_only=stored.payload.get("signed", 0) if _sees_all() and not stored.payload.get("contracts") else 0,
        held=terms.standing(),
        say=sentences,
        may_change=_sees_all(),
        waiting=bool(queue.open_jobs("value")),
    )


@blueprint.get("/models")
@allow(*READERS)
def models() -> ResponseReturnValue:
    """Which model foretells who comes back, why that one, and how right it was."""
    _only_of_all()
    found = choice.stored()
    return render_template(
        "value/models.html",
        choice=found,
        say=choice_words,
        picture=choice_words.picture(found, language()) if found and found.tried else None,
        waiting=bool(queue.open_jobs("value")),
    )


@blueprint.get("/terms")
@allow(*READERS)
def change() -> ResponseReturnValue:
    """The form, with what holds."""
    _only_of_all()
    return _page(form_for(segments_for(current_user), None, terms.standing()))


@blueprint.post("/terms")
@allow(*READERS)
def save() -> ResponseReturnValue:
    """Say anew what holds; everything is valued again by it."""
    _only_of_all()
    segments = segments_for(current_user)
    form = form_for(segments, request.form, terms.standing())
    if not form.validate():
        return _page(form), 422
    margins = margins_in(form, segments)
    discount, horizon = float(form.discount.data or 0) / 100, float(form.horizon.data or 0)
    if terms.say(margins, round(discount, 6), horizon, current_user.id):
        queue.run_now("value")
        audit.record("terms of value changed", current_user.id, details={"discount": discount, "years": horizon})
    db.session.commit()
    flash(_("Saved. Customers and departures are being valued again; the figures change when that is done."))
    return redirect(url_for(".index"), 303)


@blueprint.post("/work")
@allow(*READERS)
def work() -> ResponseReturnValue:
    """Ask for the values now."""
    _only_of_all()
    job = queue.run_now("value")
    audit.record("job asked for", current_user.id, about=("job", job.id), details={"kind": "value"})
    db.session.commit()
    flash(_("The figures are being worked out. Look again in a few minutes."))
    return redirect(url_for(".index"), 303)


def _page(form: TermsForm) -> str:
    return render_template("value/terms.html", form=form, own=[f for f in form if f.name.startswith("segment_")])


def _sums(sums: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """The totals the reader may see: of the own branches, or of everybody; a kind with one group tells nothing."""
    if not any(current_user.has_role(role) for role in READERS):
        return []
    if current_user.branch_ids:
        mine = [row for row in sums["branch"] if row["branch_id"] in current_user.branch_ids]
        return [("branch", mine)] if mine else []
    return [(kind, sums[kind]) for kind in KINDS if len(sums[kind]) > 1]


def _sees_all() -> bool:
    return not current_user.branch_ids and any(current_user.has_role(role) for role in READERS)


def _only_of_all() -> None:
    """Terms hold for all branches, so who is tied to some may not change them."""
    if current_user.branch_ids:
        abort(403)
