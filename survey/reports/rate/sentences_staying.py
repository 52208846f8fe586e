"""What the page says of how long customers stay, who could not be kept, and whom a contract holds."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from survey import formats
from survey.reports.rate.page import Page, group_name
from survey.reports.rate.shares import between, share

#: a difference that chance alone shows less often than this is called one
REAL = 0.05
#: customer-months that a band of tenure needs before a title speaks of it
LEAST_MONTHS = 30
#: renewals below which a share of them says nothing
LEAST_RENEWALS = 10


def survival_title(staying: Any, kind: str) -> str:
    """Whether groups differ in how long they stay."""
    years = [(each.curve.stays[12].estimate, each) for each in staying.curves if len(each.curve.stays) > 12]
    if staying.p is not None and staying.p < REAL and len(years) > 1:
        most, fewest = max(years, key=lambda y: y[0]), min(years, key=lambda y: y[0])
        return str(
            _(
                "After a year %(most)s of “%(long)s” are still there, and %(fewest)s of “%(short)s”",
                most=formats.percent(most[0], 0),
                long=group_name(most[1].name),
                fewest=formats.percent(fewest[0], 0),
                short=group_name(fewest[1].name),
            )
        )
    if kind == "segments":
        return str(_("Segments do not clearly differ in how long customers stay"))
    return str(_("How customers came does not clearly matter for how long they stay"))


def survival_sentence(page: Page, kind: str) -> str:
    """How to read the curves."""
    by = {"segments": _("by segment"), "channels": _("by how they came")}[kind]
    return str(
        _(
            "The share still there after so many months, %(by)s, with its 95%% interval: from joining to the last "
            "visit before leaving for the first time. Who left in the last %(days)s days cannot all be known, so "
            "everybody is seen up to then.",
            by=by,
            days=formats.count(page.figures.rule_days),
        )
    )


def hazard_title(page: Page) -> str:
    """Where the risk is highest."""
    rows = [row for row in page.figures.hazard if row.months >= LEAST_MONTHS]
    if not rows:
        return str(_("Too few new customers yet to see when they leave"))
    top = max(rows, key=lambda row: row.share.estimate)
    rate = share(top.share.estimate)
    if top.start == 0:
        return str(_("The risk is highest at the start: %(rate)s stop in their first month", rate=rate))
    return str(_("The risk is highest in month %(month)s: %(rate)s stop then", month=top.start + 1, rate=rate))


def hazard_sentence(page: Page) -> str:
    """How to read it."""
    return str(
        _(
            "Of those who were still there, the share that came for the last time in that month of being a customer, a "
            "month, with its 95%% interval. Who came only once counts in the first month."
        )
        % ()
    )


def unkept_title(page: Page) -> str:
    """Which channels bring customers who cannot be kept."""
    found = page.figures.unkept
    real = [c for c in found.channels if c.row.p is not None and c.row.p <= REAL]
    more = [group_name(c.name) for c in real if c.row.share.estimate > c.row.others]
    if more:
        return str(_("More who could not be kept come by: %(names)s", names=", ".join(more)))
    if real:
        names = ", ".join(group_name(c.name) for c in real)
        return str(_("Fewer who could not be kept come by: %(names)s", names=names))
    return str(_("No way of coming clearly brings more customers who could not be kept"))


def unkept_sentence(page: Page) -> str:
    """Who counts, and what to do with it."""
    found = page.figures.unkept
    return str(
        _(
            "%(count)s of %(total)s new customers could not be kept: %(by_reason)s left for a reason that you cannot "
            "influence, %(by_tenure)s others stayed at most %(days)s days and spent less than %(amount)s (half of what "
            "the customer in the middle spends). Solid dots differ from all others beyond chance, false alarms among "
            "all channels allowed for; advertise less where they are high.",
            count=formats.count(found.count),
            total=formats.count(found.total),
            by_reason=formats.count(found.by_reason),
            by_tenure=formats.count(found.by_tenure),
            days=found.days,
            amount=formats.money(found.cents / 100),
        )
    )


def contracts_sentences(page: Page) -> list[str]:
    """Whom a contract holds, whom it holds no longer soon, and how many contracts were renewed."""
    found = page.figures.contracts
    told = [_held(found)]
    if getattr(found, "ending", 0):
        told.append(_ending(found))
    # figures of before renewals were counted do not know of them
    if hasattr(found, "year"):
        told.append(_renewed(found))
    return told


def _ending(found: Any) -> str:
    return str(
        ngettext(
            "The contract of %(num)d of them ends within %(days)s days: who only stays for it can leave then.",
            "The contracts of %(num)d of them end within %(days)s days: who only stays for it can leave then.",
            found.ending,
            days=found.soon,
        )
    )


def _renewed(found: Any) -> str:
    """Of the contracts that came up for renewal."""
    year, before = found.year, found.before
    if not year.faced:
        return str(_("No renewal of a contract is on record yet."))
    if year.faced < LEAST_RENEWALS:
        return str(
            ngettext(
                "Only %(num)d contract came to its last day in a year: too few to say how many are renewed.",
                "Only %(num)d contracts came to their last day in a year: too few to say how many are renewed.",
                year.faced,
            )
        )
    told = _(
        "Of the %(faced)s contracts that came to their last day in a year, %(renewed)s were renewed (%(share)s, "
        "%(between)s).",
        faced=formats.count(year.faced),
        renewed=formats.count(year.renewed),
        share=formats.percent(year.share.estimate),
        between=between(year.share),
    )
    if before.faced < LEAST_RENEWALS:
        return str(told)
    past = _(
        "The year before it was %(share)s (%(between)s).",
        share=formats.percent(before.share.estimate),
        between=between(before.share),
    )
    return f"{told} {past}"


def _held(found: Any) -> str:
    if not found.held + found.coming:
        return str(_("No contract runs at the moment."))
    return str(
        _(
            "%(held)s of the %(all)s customers with a running contract (%(share)s, %(between)s) have not come for "
            "%(days)s days: the contract holds them, not their wish. %(free)s customers come without any contract.",
            held=formats.count(found.held),
            all=formats.count(found.held + found.coming),
            share=formats.percent(found.held_share.estimate),
            between=between(found.held_share),
            days=found.days,
            free=formats.count(found.free),
        )
    )
