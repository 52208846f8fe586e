"""How asking goes: who was invited, reached, began and answered, how soon, and where people stop."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import select

from survey import charts, formats
from survey.accounts import audit
from survey.accounts.access import allow
from survey.analyst import Share, share_intervals
from survey.clock import today
from survey.csv_file import csv_bytes
from survey.extensions import db
from survey.invitations.words import CANCELLED, SKIPPED
from survey.questionnaires.models import Questionnaire
from survey.reports.asking import sentences
from survey.reports.asking.answering import order_effect, times_taken
from survey.reports.asking.contact import first_contact, not_asked
from survey.reports.asking.questions import asked_questions
from survey.reports.asking.stages import SPLITS, STAGES, WAITING, Choice, Group, groups, split_by, together
from survey.reports.lens import UnclearAddress, choices, lens_from
from survey.reports.phrases import interval
from survey.reports.pictures import NARROW, WIDE, Drawn, reasons_picture
from survey.reports.views import READERS, frame_of
from survey.web import language

blueprint = Blueprint("asking", __name__, url_prefix="/asking")

#: the keys of the address that are this page's own
OWN = ("questionnaire", "channel", "language", "by")


@blueprint.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """How asking goes."""
    choice, by = _choice(), _by()
    parts = groups(choice)
    total = together(parts)
    return render_template(
        "asking/index.html",
        choice=choice,
        by=by,
        total=total,
        split=[(sentences.split_name(by, group.split[by]), group) for group in split_by(parts, by)],
        stages=STAGES,
        shares=_shares(total),
        answered_shares=_answered_shares,
        interval=interval,
        drawn=_drawn(total),
        contact=first_contact(choice),
        taken=times_taken(choice),
        order=order_effect(choice),
        asked=asked_questions(choice, language()),
        not_asked=not_asked(choice),
        why={"invitation": SKIPPED, "mailing": CANCELLED},
        words=sentences,
        questionnaires=[(str(key), name) for key, name in _questionnaires()],
        own={key: request.args[key] for key in OWN if request.args.get(key)},
        **frame_of(choice.lens),
    )


@blueprint.get("/stages.csv")
@allow(*READERS)
def stages_file() -> ResponseReturnValue:
    """The invitations by everything they can be split by; the rows add up to the page."""
    choice = _choice()
    period = choice.lens.period
    labels = [str(sentences.LABELS[stage]) for stage in STAGES]
    header = (
        _("from"), _("to"), _("questionnaire"), _("version"), _("way of asking"), _("branch"), _("language"),
        *labels, _("accepted lately"),
    )  # fmt: skip
    rows = [
        (period.first, period.last, *group.split["questionnaire"], group.split["channel"], group.split["branch"],
         group.split["language"], *(group[stage] for stage in STAGES), group[WAITING])
        for group in groups(choice)
    ]  # fmt: skip
    audit.record("asking exported", current_user.id, about=("report", "asking"), details=dict(choice.lens.address()))
    headers = {"Content-Disposition": f'attachment; filename="asking-{period.first}-{period.last}.csv"'}
    return Response(csv_bytes(header, rows, language()), mimetype="text/csv", headers=headers)


@blueprint.errorhandler(UnclearAddress)
def say_what_is_unclear(error: UnclearAddress) -> ResponseReturnValue:
    return render_template("reports/unclear.html", words=str(error)), 400


def _choice() -> Choice:
    """What this address asks for; without a period, the last twelve months."""
    given: Mapping[str, Sequence[str]] = request.args.to_dict(flat=False)
    if not any(given.get(key) for key in ("period", "from", "to")):
        given = {**given, "period": ["last-12-months"]}
    lens = lens_from(given, current_user, choices(current_user), today())
    known = {str(key): key for key, _name in _questionnaires()}
    questionnaire = _one_of("questionnaire", known)
    return Choice(
        lens,
        known[questionnaire] if questionnaire else None,
        _one_of("channel", sentences.CHANNELS),
        _one_of("language", sentences.LANGUAGES),
    )


def _by() -> str:
    return _one_of("by", dict.fromkeys(SPLITS)) or SPLITS[0]


def _one_of(key: str, known: Mapping[str, Any]) -> str | None:
    value = request.args.get(key) or None
    if value is not None and value not in known:
        raise UnclearAddress(_("There is nothing of that name to choose here: “%(value)s”.", value=value[:50]))
    return value


def _questionnaires() -> Sequence[tuple[int, str]]:
    rows = db.session.execute(select(Questionnaire.id, Questionnaire.name).order_by(Questionnaire.name))
    return [(row.id, row.name) for row in rows]


def _shares(total: Group) -> dict[str, tuple[Share, Share]]:
    """By stage, its part of those invited and of those reached."""
    counts = [total[stage] for stage in STAGES]
    of_all = share_intervals(counts, [total["invited"]] * len(counts))
    within = [min(count, total["delivered"]) for count in counts]
    of_reached = share_intervals(within, [total["delivered"]] * len(counts))
    return dict(zip(STAGES, zip(of_all, of_reached, strict=True), strict=True))


def _answered_shares(group: Group) -> Share:
    """The part of a group that answered."""
    return share_intervals([group["complete"]], [group["invited"]])[0]


def _drawn(total: Group) -> dict[str, Markup]:
    """The stages as dots with their intervals, in two widths; nothing where nobody was invited."""
    if not total["invited"]:
        return {}
    rows = [
        Drawn(
            str(sentences.LABELS[stage]), formats.count(total[stage]), part.estimate or 0.0, part.low, part.high,
            solid=stage not in ("refused", "bounced"),
        )
        for stage, (part, _of_reached) in _shares(total).items()
        if stage != "invited"
    ]  # fmt: skip
    axis, heading = _("Share of those invited, with its 95 per cent interval"), _("People")
    label = sentences.share_sentence(total)
    return {
        name: charts.svg(reasons_picture(rows, layout, axis, heading), label, language())
        for name, layout in (("on-phone", NARROW), ("on-desk", WIDE))
    }
