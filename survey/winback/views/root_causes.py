"""The page of what lies behind the reasons that people give, and its files."""

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from survey.accounts import audit
from survey.accounts.access import allow
from survey.reports.lens import Lens, UnclearAddress
from survey.reports.views import READERS, asked_lens, frame_of, say_what_is_unclear
from survey.web import language
from survey.winback.root_causes import MOST_TOLD, causes_in, counts_csv, label_of, told_csv, told_in

blueprint = Blueprint("root_causes", __name__, url_prefix="/root-causes")
blueprint.register_error_handler(UnclearAddress, say_what_is_unclear)


@blueprint.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """By stated reason what it came down to, in counts and in words."""
    lens = asked_lens()
    return render_template(
        "winback/root_causes.html",
        found=causes_in(lens),
        label_of=label_of,
        most=MOST_TOLD,
        **frame_of(lens),
    )


@blueprint.get("/counts.csv")
@allow(*READERS)
def counts_file() -> ResponseReturnValue:
    """The counts of the page."""
    lens = asked_lens()
    return _file("root-causes", lens, counts_csv(causes_in(lens), lens, language()))


@blueprint.get("/words.csv")
@allow(*READERS)
def words_file() -> ResponseReturnValue:
    """Every chain of whys, a call a row."""
    lens = asked_lens()
    return _file("whys", lens, told_csv(told_in(lens), language()))


def _file(name: str, lens: Lens, content: bytes) -> Response:
    """A download; the file name says the period."""
    audit.record("root causes exported", current_user.id, about=("report", name), details=dict(lens.address()))
    file_name = f"{name}-{lens.period.first}-{lens.period.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return Response(content, mimetype="text/csv", headers=headers)
