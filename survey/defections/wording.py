"""Definitions and values in plain sentences."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from survey.defections.definitions import Draft
from survey.defections.models import Definition
from survey.formats import decimal, percent


def sentence(definition: Definition | Draft) -> str:
    """What the definition says, as one would tell it to somebody at the counter."""
    if definition.kind == "lapse":
        return _lapse(definition.parameters)
    return _decline(definition.parameters)


def whom(segment: str) -> str:
    """Whom a definition is for."""
    if segment:
        return str(_("Customers of the segment %(segment)s", segment=segment))
    return str(_("All customers without a definition of their own"))


def _lapse(given: Mapping[str, Any]) -> str:
    days, times = given.get("days"), given.get("times_usual")
    if times is None:
        return str(
            ngettext(
                "A customer has left after %(num)d day without a visit.",
                "A customer has left after %(num)d days without a visit.",
                int(days or 0),
            )
        )
    usual = decimal(times, 0 if float(times).is_integer() else 1)
    told = _("A customer has left after %(times)s times their own usual interval without a visit.", times=usual)
    if days is None:
        return str(told)
    at_least = _("It takes at least %(days)s days.", days=days)
    return f"{told} {at_least}"


def _decline(given: Mapping[str, Any]) -> str:
    values = {"share": percent(given.get("share", 0.5), 0), "days": given["window_days"]}
    if given["measure"] == "spend":
        told = _("A customer has left when they spend less than %(share)s of what they used to.", **values)
    else:
        told = _("A customer has left when they come less than %(share)s as often as they used to.", **values)
    window = _("It is seen over %(days)s days.", **values)
    return f"{told} {window}"
