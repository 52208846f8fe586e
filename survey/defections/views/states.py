"""The page of who is drifting or about to leave, and the same as a file."""

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.csv_file import csv_bytes
from survey.customers.groups import branches_for, segments_for
from survey.customers.newest import newest_purchase
from survey.defections import drifting, states
from survey.defections.drifting import Filters
from survey.defections.next_steps import next_step, state_name
from survey.defections.views.room import blueprint
from survey.defections.worth import worth
from survey.paging import page_number
from survey.web import language

READERS = ("administrator", "manager", "analyst")


@blueprint.get("/drifting", endpoint="drifting")
@allow(*READERS)
def drifting_page() -> ResponseReturnValue:
    """Who is drifting or about to leave, the most valuable first."""
    filters, number, day = _filters(), page_number(), states.as_of()
    if day is None:
        return render_template("defections/no_states.html")
    by = worth()
    total = drifting.sum_of(filters, current_user, by)
    page = drifting.page_of(filters, current_user, by, (number, total.customers))
    if not page.items and number > 1:
        abort(404)
    audit.record("drifting viewed", current_user.id, details={"page": number, "shown": len(page.items)})
    stretch = drifting.stretch_until(day)
    return render_template(
        "defections/states.html",
        filters=filters,
        counts=drifting.counts(filters, current_user),
        total=total,
        page=page,
        by=by,
        as_of=day,
        known_until=states.known_until(day),
        last_purchase=newest_purchase() if drifting.purchases_missing(day) else None,
        stretch=stretch,
        drawn=drifting.drawn(page.items, stretch),
        branches=branches_for(current_user),
        segments=segments_for(current_user),
        shown_states=drifting.SHOWN,
        state_name=state_name,
        next_step=next_step,
    )


@blueprint.get("/drifting.csv")
@allow(*READERS)
def drifting_file() -> ResponseReturnValue:
    """All of the list, as the filters in the address have it."""
    filters, by = _filters(), worth()
    value = (_("still to come"), _("from"), _("to")) if by.is_value else (_("a year"), _("from"), _("to"))
    header = (
        _("customer"), _("name"), _("branch"), _("segment"), _("where they stand"), _("since"), _("last visit"), *value,
        _("what to do next"),
    )  # fmt: skip
    rows = [
        (
            line.external_id, line.name, line.branch, line.segment, state_name(line.state), line.since_on, last,
            line.worth, line.low, line.high, next_step(line.state, may_be_contacted=line.may_be_contacted),
        )
        for line, last in drifting.all_of(filters, current_user, by)
    ]  # fmt: skip
    audit.record("drifting exported", current_user.id, details={"rows": len(rows)})
    headers = {"Content-Disposition": f'attachment; filename="drifting-{states.as_of()}.csv"'}
    return Response(csv_bytes(header, rows, language()), mimetype="text/csv", headers=headers)


def _filters() -> Filters:
    try:
        return drifting.filters_from(request.args)
    except ValueError:
        abort(400)
