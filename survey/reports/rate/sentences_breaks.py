"""What the page says of definitions that changed, and of months counted again under one of them."""

from __future__ import annotations

from flask_babel import gettext as _

from survey import formats
from survey.reports.rate.page import Break, Page


def break_sentence(page: Page) -> str:
    """Where the definition changed."""
    shown = [each for each in page.breaks if page.months and each.on >= page.months[0].period.first]
    if not shown:
        return ""
    named = ", ".join(map(_named, shown))
    return str(
        _(
            "The upright line marks another definition: %(named)s. What was labelled before stays as it was, so the "
            "months on both sides do not compare.",
            named=named,
        )
    )


def _named(found: Break) -> str:
    given = {"name": found.name, "version": found.version, "day": formats.day(found.on)}
    if not found.segment:
        return str(_("%(name)s, version %(version)s, on %(day)s", **given))
    return str(_("%(name)s, version %(version)s, on %(day)s for %(segment)s", **given, segment=found.segment))


def recount_intro(page: Page) -> str:
    """What counting again is for, and of whom it is."""
    said = _(
        "A changed definition never rewrites what was labelled. Counted again under one definition, all months "
        "compare; it is drawn as a dotted line beside the other."
    )
    if not page.segment:
        return str(said)
    others = _("Any definition can be put to this segment, also one that is meant for others.")
    return f"{said} {others}"


def recounted_sentence(page: Page) -> str:
    """Which line is drawn; empty where there is none."""
    found = page.recounted
    if found is None:
        return ""
    return str(
        _(
            "The dotted line is that count, under %(name)s, version %(version)s, with what was known on %(day)s.",
            name=found.definition.name,
            version=found.definition.version,
            day=formats.day(found.as_of),
        )
    )
