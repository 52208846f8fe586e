"""The decision pack: one printable page a quarter, for who sees all branches."""

from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import today
from survey.extensions import db
from survey.investments import pack
from survey.investments.views.room import READERS
from survey.reports.counting import customers_in_view
from survey.reports.lens import Lens
from survey.reports.period import Period
from survey.web import language

blueprint = Blueprint("pack", __name__, url_prefix="/pack")


@blueprint.get("")
@allow(*READERS)
def newest() -> ResponseReturnValue:
    """The quarter that was over last."""
    _only_of_all()
    return _page(pack.last_quarter(today()))


@blueprint.get("/<name>")
@allow(*READERS)
def quarter(name: str) -> ResponseReturnValue:
    """One quarter; of one that is not over yet there is no pack."""
    _only_of_all()
    found = pack.quarter_named(name)
    if found is None or found.last >= today():
        abort(404)
    return _page(found)


@blueprint.post("/mail")
@allow(*READERS)
def mail() -> ResponseReturnValue:
    """Whether the person signed in receives it by mail."""
    _only_of_all()
    current_user.wants_pack = "wanted" in request.form
    details = {"active": current_user.wants_pack}
    audit.record("pack by mail changed", current_user.id, about=("user", current_user.id), details=details)
    db.session.commit()
    flash(
        _("From the next quarter on it is mailed to you.")
        if current_user.wants_pack
        else _("It is not mailed to you any more."),
        "success",
    )
    return redirect(url_for(".newest"), 303)


def _page(period: Period) -> str:
    found = pack.pack_of(period)
    names = pack.quarters(today())
    return render_template(
        "pack/index.html",
        pack=found,
        drawn={name: picture.drawn(language()) for name, picture in found.pictures.items()},
        made_on=date.fromisoformat(found.made_on),
        quarters=names if found.quarter in names else [found.quarter, *names],
        has_customers=bool(found.departures or customers_in_view(Lens(current_user, period))),
    )


def _only_of_all() -> None:
    """It speaks of all branches."""
    if current_user.branch_ids:
        abort(403)
