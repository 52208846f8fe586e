"""What a stored verdict says, in sentences. From the row alone: so it reads the same for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import format_date, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from survey.formats import count, day, decimal, money, percent
from survey.investments.models import Verdict
from survey.investments.monthly import first_day
from survey.web import language

NAMES: dict[str, Any] = {
    "worked": _l("Worked"),
    "no_effect_shown": _l("No effect shown"),
    "too_little_data": _l("Too little data"),
    "cannot_tell": _l("Cannot tell"),
    "cannot_pay_back": _l("Cannot pay back"),
    "aimed_at_non_cause": _l("Aimed at a non-cause"),
}
#: why a verdict on the effect was given, where the figures say something of it
SHOWN = ("fell", "rose", "moved", "excluded")
#: shown as gain, as loss, or as neither; the word stands beside it
TONES = {"worked": "well", "cannot_pay_back": "wrong", "aimed_at_non_cause": "wrong", "no_effect_shown": "wrong"}


@dataclass(frozen=True)
class Told:
    """A stored verdict, ready to be read."""

    row: Verdict

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = self.row.result["facts"]
        return facts

    @property
    def about(self) -> dict[str, Any]:
        about: dict[str, Any] = self.row.inputs["investment"]
        return about

    @property
    def name(self) -> str:
        return str(NAMES[self.row.verdict])

    @property
    def tone(self) -> str:
        return TONES.get(self.row.verdict, "")

    @property
    def reasons(self) -> str:
        marks = "‘%s’" if language() == "nl" else "“%s”"
        return listed([marks % str(reason[language()]) for reason in self.about["reasons"]])

    @property
    def where(self) -> str:
        names = [branch["name"] for branch in self.about["branches"]]
        return listed(names) if names else str(_("all branches"))

    @property
    def basis(self) -> str:
        """What profit is told by: the effect where one was told from chance, else what was expected."""
        kept = self.row.result["why"] in {*SHOWN} - {"moved"}
        return "measured" if kept and self.facts.get("measured_profit_per_euro") is not None else "expected"

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, with its interval."""
        return str(_SENTENCES[self.row.verdict](self))

    @property
    def beside(self) -> list[str]:
        """What holds besides, a sentence each."""
        return [f"{NAMES[name]}: {_SENTENCES[name](self)}" for name in self.row.result["holds"][1:]]


def listed(words: Sequence[str]) -> str:
    """The words in one line: a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return str(_("%(first)s and %(last)s", first=", ".join(words[:-1]), last=words[-1]))


def month_name(month: int) -> str:
    return str(format_date(first_day(month), "MMMM y"))


def _worked(told: Told) -> str:
    facts = told.facts
    return str(_(
        "After it began, %(fall)s fewer customers left because of %(reasons)s than would have (between "
        "%(low)s and %(high)s fewer).",
        fall=percent(1 - facts["effect_rate_ratio"], 0), reasons=told.reasons,
        low=percent(max(1 - facts["effect_high"], 0), 0), high=percent(1 - facts["effect_low"], 0),
    ))  # fmt: skip


def _no_effect(told: Told) -> str:
    facts, why = told.facts, told.row.result["why"]
    if why == "rose":
        return str(_(
            "After it began, more customers left because of %(reasons)s, not fewer (%(change)s more).",
            reasons=told.reasons, change=percent(facts["effect_rate_ratio"] - 1, 0),
        ))  # fmt: skip
    if why == "moved":
        return str(
            _("Fewer named %(reasons)s, but as many left in all: they now name another reason.", reasons=told.reasons)
        )
    return str(_(
        "A fall of %(expected)s was expected, and these figures would have shown it; it is not there.",
        expected=percent((facts["expected_fall_low"] + facts["expected_fall_high"]) / 2, 0),
    ))  # fmt: skip


def _too_little(told: Told) -> str:
    facts, why = told.facts, told.row.result["why"]
    before, after = int(facts["months_before"]), int(facts["months_after"])
    if why == "months_after":
        if not after:
            return str(_("No month after it took effect is known yet."))
        return str(ngettext(
            "Only %(num)d month after it took effect is known; three are needed at least.",
            "Only %(num)d months after it took effect are known; three are needed at least.", after,
        ))  # fmt: skip
    if why == "months_before":
        return str(ngettext(
            "Only %(num)d month before it began is known; six are needed at least.",
            "Only %(num)d months before it began are known; six are needed at least.", before,
        ))  # fmt: skip
    if why == "defections":
        return str(_(
            "Too few customers leave because of %(reasons)s to compare: about %(each)s a month there before it began.",
            reasons=told.reasons, each=decimal(facts["per_month"]),
        ))  # fmt: skip
    if why == "many_tests":
        return str(_("A fall like this one comes up by chance where several investments are tested at once."))
    return str(_(
        "Departures because of %(reasons)s may have changed by anything between %(low)s and %(high)s: "
        "no effect and the expected effect are both still possible.",
        reasons=told.reasons, low=_signed(facts["effect_low"] - 1), high=_signed(facts["effect_high"] - 1),
    ))  # fmt: skip


def _cannot_tell(told: Told) -> str:
    why = told.row.result["why"]
    if why == "overlap":
        names = listed([f"“{name}”" for name in told.row.result["overlap"]])
        return str(
            _(
                "%(others)s acted on the same reasons in the same places at the same time: what each did cannot "
                "be told apart.",
                others=names,
            )
        )
    if why == "no_controls":
        return str(
            _("There is nothing to hold it against: no other reasons and no other branches with enough departures.")
        )
    return str(_("Departures because of %(reasons)s were falling already before it began.", reasons=told.reasons))


def _cannot_pay_back(told: Told) -> str:
    facts = told.facts
    return str(_(
        "Even if nobody left because of %(reasons)s any more, it would bring at most %(gain)s in "
        "%(years)s years; it costs %(cost)s.",
        reasons=told.reasons, gain=money(_three(facts["gain_at_most_high"])), years=_years(told),
        cost=money(_three(facts["cost"])),
    ))  # fmt: skip


def _non_cause(told: Told) -> str:
    facts = told.facts
    if not any(row["influenceable"] for row in told.row.inputs["lost"] if row["code"] in _codes(told)):
        return str(_("%(reasons)s cannot be influenced, by your own list of reasons.", reasons=told.reasons))
    return str(_(
        "Hardly anyone leaves because of %(reasons)s: %(share)s of the value you lose and could keep, "
        "at most %(high)s.",
        reasons=told.reasons, share=percent(facts["value_share"], 0), high=percent(facts["value_share_high"], 0),
    ))  # fmt: skip


_SENTENCES: dict[str, Any] = {
    "worked": _worked,
    "no_effect_shown": _no_effect,
    "too_little_data": _too_little,
    "cannot_tell": _cannot_tell,
    "cannot_pay_back": _cannot_pay_back,
    "aimed_at_non_cause": _non_cause,
}


def profit_sentence(told: Told) -> str:
    """What a euro spent brings, measured where it was, else as expected."""
    facts = told.facts
    basis = told.basis
    values = {
        "each": money(facts[f"{basis}_profit_per_euro"], cents=True),
        "low": money(facts[f"{basis}_profit_per_euro_low"], cents=True),
        "high": money(facts[f"{basis}_profit_per_euro_high"], cents=True),
        "chance": percent(facts[f"{basis}_profit_probability"], 0),
    }
    if basis == "measured":
        return str(
            _(
                "By the effect that was measured, each euro spent earns %(each)s on top of itself (between "
                "%(low)s and %(high)s); the chance of any profit is %(chance)s.",
                **values,
            )
        )
    return str(
        _(
            "If the effect is what you expect, each euro spent earns %(each)s on top of itself (between "
            "%(low)s and %(high)s); the chance of any profit is %(chance)s.",
            **values,
        )
    )


def ceiling_sentence(told: Told) -> str:
    facts = told.facts
    if facts["fall_needed"] is None:
        return str(
            _(
                "Nobody who answered in the year before gave %(reasons)s as a reason, so there is next "
                "to nothing to be gained; it costs %(cost)s.",
                reasons=told.reasons,
                cost=money(_three(facts["cost"])),
            )
        )
    values = {
        "loss": money(_three(facts["yearly_loss"])), "low": money(_three(facts["yearly_loss_low"])),
        "high": money(_three(facts["yearly_loss_high"])), "cost": money(_three(facts["cost"])), "years": _years(told),
        "needed": percent(facts["fall_needed"], int(facts["fall_needed"] < 0.01)), "reasons": told.reasons,
    }  # fmt: skip
    return str(
        _(
            "%(reasons)s cost %(loss)s a year before it began (between %(low)s and %(high)s). The "
            "investment costs %(cost)s over %(years)s years: it earns that back where these departures fall "
            "by %(needed)s.",
            **values,
        )
    )


def aim_sentence(told: Told) -> str:
    facts = told.facts
    return str(_(
        "Of the value that was lost and could have been kept, %(share)s was lost because of %(reasons)s "
        "(between %(low)s and %(high)s).",
        share=percent(facts["value_share"], 0), reasons=told.reasons,
        low=percent(facts["value_share_low"], 0), high=percent(facts["value_share_high"], 0),
    ))  # fmt: skip


def controls_sentence(told: Told) -> str:
    """What it was held against, so that what changed for everybody is not taken for an effect."""
    return {
        "reasons": str(_("Held against the other reasons in the same branches: what changed for everybody there "
                         "is taken off.")),
        "branches": str(_("Held against the same reasons in the other branches: what changed everywhere is taken "
                          "off.")),
        "both": str(_("Held against the other reasons there and the same reasons in the other branches, both at "
                      "once.")),
    }.get(told.row.result["controls"], str(_("Nothing could be compared yet.")))  # fmt: skip


def second_opinions(told: Told) -> list[str]:
    """The interrupted series, the total, the movement before."""
    facts, said = told.facts, []
    if facts.get("series_rate_ratio") is not None:
        said.append(
            str(
                _(
                    "A second opinion from its own series alone, without controls: %(change)s (between %(low)s "
                    "and %(high)s). It takes whatever else happened then for the effect, so it decides nothing.",
                    **_change(facts, "series"),
                )
            )
        )
    if facts.get("total_rate_ratio") is not None:
        said.append(
            str(
                _(
                    "Departures for whatever reason, there: %(change)s (between %(low)s and %(high)s). If the "
                    "fall is real and nobody only names another reason, about %(expected)s was to be expected.",
                    expected=_signed(facts["total_expected"] - 1),
                    **_change(facts, "total"),
                )
            )
        )
    if facts.get("trend_rate_ratio") is not None:
        said.append(
            str(
                _(
                    "In the time before, these departures moved by %(change)s a year against the controls "
                    "(between %(low)s and %(high)s).",
                    **_change(facts, "trend"),
                )
            )
        )
    if facts.get("p_value_judged") is not None:
        said.append(
            str(
                _(
                    "Chance alone would give a difference like this with a probability of %(chance)s, with all "
                    "investments that were tested taken together.",
                    chance=percent(facts["p_value_judged"]),
                )
            )
        )
    return said


def picture_title(told: Told) -> str:
    facts = told.facts
    if told.row.result["why"] not in SHOWN:
        return str(_("Departures because of %(reasons)s, month by month", reasons=told.reasons))
    return str(
        _(
            "Departures because of %(reasons)s: %(change)s after it took effect",
            reasons=told.reasons,
            change=_signed(facts["effect_rate_ratio"] - 1),
        )
    )


def picture_sentence(told: Told) -> str:
    inputs = told.row.inputs
    values = {"start": month_name(inputs["start"]), "full": month_name(inputs["acts_from"]), "where": told.where}
    return str(
        _(
            "Customers who turned away each month, in %(where)s. It began in %(start)s; from %(full)s on "
            "its effect counts. In grey what it is held against, scaled to the same height before it began.",
            **values,
        )
    )


def known_sentence(known_until: str, days: int) -> str:
    if not days:
        return str(_("All figures run to %(day)s.", day=day(date.fromisoformat(known_until))))
    return str(_(
        "Departures are dated by the last visit, since that is when somebody turns away. Who turned "
        "away is known after %(days)s days, so the figures end on %(day)s.",
        days=count(days), day=day(date.fromisoformat(known_until)),
    ))  # fmt: skip


def reading_sentence(told: Told) -> str:
    """Who read the answers, and how many there were."""
    values = {"answers": count(told.row.inputs["answers"]), "departures": count(told.row.inputs["departures"])}
    model = told.row.versions["model"]
    if model is None:
        return str(
            _(
                "%(answers)s of %(departures)s who left there have answered; reasons are those that they ticked.",
                **values,
            )
        )
    return str(
        _(
            "%(answers)s of %(departures)s who left there have answered. All answers were read by one "
            "model, %(model)s; where there are no words, the main reason ticked counts.",
            model=model,
            **values,
        )
    )


def _change(facts: dict[str, Any], name: str) -> dict[str, str]:
    parts = {"change": "rate_ratio", "low": "low", "high": "high"}
    return {key: _signed(facts[f"{name}_{part}"] - 1) for key, part in parts.items()}


def _signed(change: float) -> str:
    return ("+" if change > 0.004 else "") + percent(min(change, 9.99), 0)


def _codes(told: Told) -> set[str]:
    return {reason["code"] for reason in told.about["reasons"]}


def _years(told: Told) -> str:
    years = told.row.inputs["years"]
    return decimal(years, 0 if float(years).is_integer() else 1)


def _three(amount: float) -> float:
    """Three figures: as precise as an estimate deserves."""
    return float(f"{amount:.3g}")
