"""Definitions and values in plain sentences."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask_babel import format_date, lazy_gettext, ngettext
from flask_babel import gettext as _

from survey.defections.definitions import Draft, Held
from survey.defections.models import Definition
from survey.formats import count, day, decimal, percent

Given = Mapping[str, Any]

#: what each kind of plain rule is called where one is chosen, in the order in which they stand
KINDS: dict[str, Any] = {
    "lapse": lazy_gettext("No visit for too long"),
    "decline": lazy_gettext("Coming or spending less than before"),
    "dropped_service": lazy_gettext("A certain service no longer bought"),
    "contract_ended": lazy_gettext("Contract ended and not renewed"),
    "cancelled": lazy_gettext("Cancelled, by your customer file"),
    "wallet": lazy_gettext("Says to go elsewhere most of the time"),
    "expected": lazy_gettext("A model of repeat buying no longer expects them"),
}


def sentence(definition: Definition | Draft) -> str:
    """What the definition says, as one would tell it to somebody at the counter."""
    return _told(definition.kind, definition.parameters)


def whom(segment: str) -> str:
    """Whom a definition is for."""
    if segment:
        return str(_("Customers of the segment %(segment)s", segment=segment))
    return str(_("All customers without a definition of their own"))


def when(held: Held) -> str:
    """From when to when a version held."""
    if held.state == "never":
        return str(_("never: another version took its place first"))
    first, last = held.first, held.last
    if held.is_overwritten:
        return str(_("nothing: a newer version is for the whole history"))
    if first is None:
        return str(_("the whole history until %(last)s", last=day(last)) if last else _("the whole history"))
    if last is None:
        return str(_("from %(first)s", first=day(first)))
    return str(_("%(first)s to %(last)s", first=day(first), last=day(last)))


def month(first: date) -> str:
    """A month with its year."""
    return str(format_date(first, "LLLL y"))


#: what is said of a version
STATES: dict[str, Any] = {
    "holds": lazy_gettext("in force"),
    "planned": lazy_gettext("planned"),
    "replaced": lazy_gettext("replaced"),
    "never": lazy_gettext("never held"),
    "withdrawn": lazy_gettext("taken away"),
}


def _told(kind: str, given: Given) -> str:
    if kind in ("any_of", "all_of"):
        return _combined(kind, given)
    return _SENTENCES[kind](given)


def _combined(kind: str, given: Given) -> str:
    parts = [_told(rule["kind"], rule["parameters"]) for rule in given["rules"]]
    rules = " ".join(f"({number}) {part}" for number, part in enumerate(parts, 1))
    if kind == "any_of":
        return str(_("One of these is enough: %(rules)s", rules=rules))
    return str(_("All of these must hold: %(rules)s", rules=rules))


def _lapse(given: Given) -> str:
    days, times = given.get("days"), given.get("times_usual")
    if times is None:
        return str(
            ngettext(
                "A customer has left after %(num)d day without a visit.",
                "A customer has left after %(num)d days without a visit.",
                int(days or 0),
            )
        )
    told = _("A customer has left after %(times)s times their own usual interval without a visit.", times=_times(times))
    return _at_least(str(told), days)


def _at_least(told: str, days: int | None) -> str:
    if days is None:
        return told
    at_least = _("It takes at least %(days)s days.", days=days)
    return f"{told} {at_least}"


def _times(times: float) -> str:
    return decimal(times, 0 if float(times).is_integer() else 1)


def _decline(given: Given) -> str:
    values = {"share": percent(given.get("share", 0.5), 0), "days": given["window_days"]}
    highest = given.get("level") == "highest"
    if given["measure"] == "spend":
        told = _("A customer has left when they spend less than %(share)s of what they used to.", **values)
    else:
        told = _("A customer has left when they come less than %(share)s as often as they used to.", **values)
    window = _("It is seen over %(days)s days.", **values)
    against = _("What they used to is the most they ever did.") if highest else ""
    return " ".join(filter(None, (str(told), str(window), str(against))))


def _dropped(given: Given) -> str:
    days, times, service = given.get("days"), given.get("times_usual"), given["service"]
    if times is None:
        return str(_("A customer has left after %(days)s days without buying %(service)s.", days=days, service=service))
    told = _(
        "A customer has left after %(times)s times their own usual interval without buying %(service)s.",
        times=_times(times),
        service=service,
    )
    return _at_least(str(told), days)


def _contract(given: Given) -> str:
    grace = int(given.get("grace_days", 0))
    if not grace:
        return str(_("A customer has left when their contract has ended and no other one runs."))
    return str(
        ngettext(
            "A customer has left when their contract ended more than %(num)d day ago and no other one runs.",
            "A customer has left when their contract ended more than %(num)d days ago and no other one runs.",
            grace,
        )
    )


def _cancelled(given: Given) -> str:
    return str(_("A customer has left on the day on which they cancel."))


def _wallet(given: Given) -> str:
    share = percent(given.get("share", 0.5), 0)
    return str(
        _("A customer has left when they say that less than %(share)s of their times are with you.", share=share)
    )


def _expected(given: Given) -> str:
    if given["measure"] == "alive":
        below = percent(given["below"], 0)
        return str(
            _("A customer has left when the chance that they are still a customer is below %(below)s.", below=below)
        )
    below, days = decimal(given["below"], 2), count(given.get("horizon_days", 90))
    return str(
        _(
            "A customer has left when fewer than %(below)s visits are expected of them in the next %(days)s days.",
            below=below,
            days=days,
        )
    )


_SENTENCES: dict[str, Callable[[Given], str]] = {
    "lapse": _lapse,
    "decline": _decline,
    "dropped_service": _dropped,
    "contract_ended": _contract,
    "cancelled": _cancelled,
    "wallet": _wallet,
    "expected": _expected,
}
