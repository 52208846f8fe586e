"""What is said of values, in sentences that anybody who works there understands."""

from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from survey import formats


def rounded(amount: float) -> str:
    """An amount as precisely as an estimate deserves: two figures, three from ten thousand."""
    figures = 2 if abs(amount) < 10_000 else 3
    return formats.money(float(Decimal(f"{amount:.{figures}g}")) if amount else 0)


def between(amount: Any) -> str:
    """The interval of an amount."""
    return str(_("between %(low)s and %(high)s", low=rounded(amount["low"]), high=rounded(amount["high"])))


def interval(amount: Any) -> str:
    """The interval of an amount, for a cell of a table."""
    return str(_("%(low)s to %(high)s", low=rounded(amount["low"]), high=rounded(amount["high"])))


def headline(everybody: Any) -> str:
    """The answer to the question of the page."""
    if not everybody or not everybody["worth"] or not everybody["customers"]:
        return str(_("What a customer is worth"))
    mean = everybody["worth"]["estimate"] / everybody["customers"]
    return str(_("A customer here is worth about %(amount)s to us", amount=rounded(mean)))


def everybody_sentence(row: Any) -> str:
    """All who are there together, and what the year cost."""
    told = ngettext(
        "%(customers)s customer is with us now, together worth %(worth)s (%(between)s).",
        "%(customers)s customers are with us now, together worth %(worth)s (%(between)s).",
        row["customers"], customers=formats.count(row["customers"]), worth=rounded(row["worth"]["estimate"]),
        between=between(row["worth"]),
    )  # fmt: skip
    if not row["lost"]:
        return str(told)
    lost = ngettext(
        "In the past year %(departures)s left, which cost %(lost)s (%(between)s).",
        "In the past year %(departures)s left, which cost %(lost)s (%(between)s).",
        row["departures"], departures=formats.count(row["departures"]), lost=rounded(row["lost"]["estimate"]),
        between=between(row["lost"]),
    )  # fmt: skip
    return f"{told} {lost}"


def made_of(card: Any) -> str:
    """The two parts of a value."""
    return str(
        _(
            "About %(margin)s a year, for the %(years)s years that such a customer still stays, in money of today.",
            margin=rounded(card["margin"]), years=formats.decimal(card["years"]),
        )
    )  # fmt: skip


def lacking(missing: Any) -> str:
    """What is missing before a figure can be trusted, and how long that may take."""
    more = max(1, round(missing["more"]))
    told = {
        "customers": ngettext("%(num)d more customer is needed", "%(num)d more customers are needed", more),
        "defections": ngettext("%(num)d more departure is needed", "%(num)d more departures are needed", more),
        "years": _("Purchases of a whole year are needed"),
    }[missing["reason"]]
    if missing["months"] and missing["reason"] != "years":
        wait = ngettext("about %(num)d month from now", "about %(num)d months from now", missing["months"])
        return f"{told} ({wait})."
    return f"{told}."


def segment_name(segment: str) -> str:
    return segment or str(_("without a segment"))


def group_name(kind: str, group: str) -> str:
    """The name of a group in a table of totals."""
    unnamed = {"branch": _("without a branch"), "segment": _("without a segment")}
    return group or str(unnamed.get(kind, _("not known")))
