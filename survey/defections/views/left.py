"""The page of who left."""

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.customers.groups import branches_for, segments_for
from survey.defections import listing, states
from survey.defections.detection import GIVEN_VALUE
from survey.defections.views.room import blueprint
from survey.paging import page_number


@blueprint.get("")
@allow("administrator", "manager", "analyst")
def index() -> ResponseReturnValue:
    """The list of who left."""
    try:
        filters = listing.filters_from(request.args)
    except ValueError:
        abort(400)
    number, total = page_number(), listing.sum_of(filters, current_user)
    page = listing.page_of(filters, current_user, number, total.left)
    if not page.items and number > 1:
        abort(404)
    audit.record("defections viewed", current_user.id, details={"page": number, "shown": len(page.items)})
    return render_template(
        "defections/index.html",
        filters=filters,
        total=total,
        page=page,
        branches=branches_for(current_user),
        segments=segments_for(current_user),
        given_value=GIVEN_VALUE,
        known_until=states.known_until(),
    )
