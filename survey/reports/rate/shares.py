"""Rates in words: as precisely as they deserve."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from survey import formats


def share(value: float | None) -> str:
    """A rate as precisely as it deserves: two places where it is small."""
    return formats.percent(value, 2 if value is not None and value < 0.02 else 1)


def between(found: Any) -> str:
    """The interval of a rate."""
    places = 2 if found.high < 0.02 else 1
    low, high = formats.decimal(100 * found.low, places), formats.percent(found.high, places)
    return str(_("between %(low)s and %(high)s", low=low, high=high))


def interval(found: Any) -> str:
    """The interval of a rate, for a cell of a table."""
    places = 2 if found.high < 0.02 else 1
    return f"{formats.decimal(100 * found.low, places)} – {formats.percent(found.high, places)}"  # noqa: RUF001
