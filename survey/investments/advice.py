"""What to do about a verdict, in one sentence that comes first. From the row alone: so it reads the same for ever."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from survey.investments.saying import Told
from survey.web import language

#: beyond so many months nobody waits for an answer
LONGEST_WAIT = 36


def advice(told: Told) -> str:
    """Keep it, stop it, wait, or look at something else."""
    return str(_ADVICE[told.row.verdict](told))


def _worked(told: Told) -> str:
    low, high = (told.facts.get(f"measured_profit_per_euro_{end}") for end in ("low", "high"))
    if low is None or high is None or low <= 0 < high:
        return str(_("Keep it; whether it earns back what it costs is not sure yet."))
    if high <= 0:
        return str(_("It helps, but it costs more than it brings: make it cheaper, or stop it."))
    return str(_("Keep it: it earns more than it costs."))


def _no_effect(told: Told) -> str:
    return _stop(told, str(_("Stop paying for it, or do it differently.")), str(_("Do it differently, or not again.")))


def _cannot_pay_back(told: Told) -> str:
    return _stop(told, str(_("Stop paying for it.")), str(_("Spend no more on it, and do not repeat it elsewhere.")))


def _stop(told: Told, running: str, spent: str) -> str:
    """What was paid once is gone; only what is still being paid can be stopped."""
    is_running = float(told.about["yearly_cost"] or 0) > 0 and not told.about["ends_on"]
    return running if is_running else spent


def _non_cause(told: Told) -> str:
    """`lost` has the dearest reason first."""
    dear = [row for row in told.row.inputs["lost"] if row["influenceable"] and row["yearly"]]
    if not dear:
        return str(_("Spend no more on it."))
    return str(_("Put the money where the loss is: most is lost to “%(reason)s”.", reason=dear[0][language()]))


def _cannot_tell(told: Told) -> str:
    if told.row.result["why"] == "overlap":
        return str(_("Judge them as one, and leave a year between the next two."))
    if told.row.result["why"] == "fell_before":
        return str(_("Do not count this fall as its doing."))
    return str(_("Decide by what it costs: nothing else stayed as it was to hold it against."))


def _too_little(told: Told) -> str:
    facts, why = told.facts, told.row.result["why"]
    wait = _months_to_wait(facts) if why in ("months_after", "wide_interval") else None
    if why == "many_tests":
        return str(_("Carry on and look again: it points the right way, but not clearly enough."))
    if wait is None:
        return str(_("Decide by what it costs: so few departures cannot show whether it works."))
    return str(ngettext(
        "Carry on, and look again in about %(num)d month.", "Carry on, and look again in about %(num)d months.", wait
    ))  # fmt: skip


def _months_to_wait(facts: dict[str, Any]) -> int | None:
    """Until the middle of the expected fall shows, 8 times in 10; None where that takes too long."""
    needed = facts.get("months_needed")
    if needed is None:
        return None
    wait = max(int(needed - facts["months_after"]), 1)
    return wait if wait <= LONGEST_WAIT else None


_ADVICE: dict[str, Any] = {
    "worked": _worked,
    "no_effect_shown": _no_effect,
    "too_little_data": _too_little,
    "cannot_tell": _cannot_tell,
    "cannot_pay_back": _cannot_pay_back,
    "aimed_at_non_cause": _non_cause,
}
