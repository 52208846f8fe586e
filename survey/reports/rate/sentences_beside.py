"""What the page says of branches, teams and employees side by side."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from survey import formats
from survey.reports.rate.page import NamedUnit


def funnel_title(units: list[NamedUnit], kind: str) -> str:
    """Who stands out, or that nobody does."""
    high = [unit.name for unit in units if unit.row.outside > 0]
    low = [unit.name for unit in units if unit.row.outside < 0]
    said = []
    if high:
        said.append(_("More leave than chance explains: %(names)s", names=", ".join(high)))
    if low:
        said.append(_("Fewer leave than chance explains: %(names)s", names=", ".join(low)))
    if said:
        return ". ".join(map(str, said))
    drawn = sum(unit.row.drawn for unit in units)
    if not drawn:
        return str(_("Too few customers yet to compare"))
    alike = {
        "branches": _("Branches differ no more than chance explains"),
        "teams": _("Teams differ no more than chance explains"),
        "employees": _("Employees differ no more than chance explains"),
    }
    return str(alike[kind])


def funnel_sentence(beside: Any, kind: str) -> str:
    """How to read a funnel, and what it allows for."""
    told = {
        "branches": _("Each dot is a branch by its number of customers."),
        "teams": _(
            "Each dot is a team, by the customers whom its members served last before a quarter began. Everybody "
            "counts for the team they are in now."
        ),
        "employees": _("Each dot is an employee, by the customers whom they served last before a quarter began."),
    }[kind]
    rest = _(
        "Its height is the rate a quarter over the last year, adjusted for the segments and tenure of its customers. "
        "Chance alone leaves 95 in 100 between the dashed lines and 998 in 1,000 between the solid ones; only beyond "
        "the solid lines is there something to look into. This is no league table: between the lines, order is luck."
    )
    return f"{told} {rest} {_spread(beside)}".strip()


def _spread(beside: Any) -> str:
    if beside.dispersion < 1.05:
        return ""
    return str(
        _(
            "They differ more among themselves than chance explains (by a factor of %(factor)s), so the lines were "
            "moved out.",
            factor=formats.decimal(beside.dispersion),
        )
    )


def place_of(unit: NamedUnit, quarters: int) -> str:
    """Where a unit lies, in words."""
    row = unit.row
    if not row.drawn:
        needed = max(1, round(row.needed / max(quarters, 1)))
        return str(ngettext("Too few: %(num)d more customer", "Too few: %(num)d more customers", needed))
    if row.outside:
        return str(_("Above the outer line") if row.outside > 0 else _("Below the outer line"))
    if row.rate > row.warning[1]:
        return str(_("Above the inner line: look again next quarter"))
    if row.rate < row.warning[0]:
        return str(_("Below the inner line: look again next quarter"))
    return str(_("Within what chance explains"))
