"""The page of who was not asked or not mailed, and why; the same as a file."""

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.clock import local, today
from survey.csv_file import csv_bytes
from survey.customers.groups import branches_for, segments_for
from survey.invitations.skipped import NOT_ASKED, Filters, Line, all_of, counts, filters_from, page_of, total_of
from survey.invitations.views.room import READERS, blueprint
from survey.invitations.words import ROUNDS, WHY
from survey.paging import page_number
from survey.web import language


@blueprint.get("/skipped", endpoint="skipped")
@allow(*READERS)
def skipped_page() -> ResponseReturnValue:
    """Who was not asked or not mailed, the latest first."""
    filters, number = _filters(), page_number()
    found = counts(filters, current_user)
    page = page_of(filters, current_user, number, total_of(found, filters))
    if not page.items and number > 1:
        abort(404)
    audit.record("skipped viewed", current_user.id, details={"page": number, "shown": len(page.items)})
    return render_template(
        "targeting/skipped.html",
        filters=filters,
        counts=found,
        page=page,
        why=WHY,
        what=_what,
        branches=branches_for(current_user),
        segments=segments_for(current_user),
    )


@blueprint.get("/skipped.csv")
@allow(*READERS)
def skipped_file() -> ResponseReturnValue:
    """All of the list, as the filters in the address have it."""
    header = (_("customer"), _("name"), _("branch"), _("segment"), _("what"), _("why"), _("on"))
    rows = [
        (line.external_id, line.name, line.branch, line.segment, _what(line), str(WHY[line.why]), local(line.at).date())
        for line in all_of(_filters(), current_user)
    ]
    audit.record("skipped exported", current_user.id, details={"rows": len(rows)})
    headers = {"Content-Disposition": f'attachment; filename="not-asked-{today()}.csv"'}
    return Response(csv_bytes(header, rows, language()), mimetype="text/csv", headers=headers)


def _what(line: Line) -> str:
    """What did not happen."""
    return _("Not asked") if line.round == NOT_ASKED else str(ROUNDS.get(line.round, line.round))


def _filters() -> Filters:
    try:
        return filters_from(request.args)
    except ValueError:
        abort(400)
