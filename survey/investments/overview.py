"""The page of where the money goes: money beside loss, and every investment with its newest verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import select

from survey import charts
from survey.accounts.models import User
from survey.extensions import db
from survey.formats import count, day, money, percent
from survey.investments import checking
from survey.investments.models import Investment, Verdict
from survey.investments.pictures import NARROW, WIDE, slope_picture
from survey.investments.register import investments
from survey.investments.saying import Told, listed
from survey.web import language

#: what somebody with five minutes stops paying for
STOPPED = ("cannot_pay_back", "aimed_at_non_cause")


@dataclass(frozen=True)
class Line:
    """An investment and what was found of it; `per_euro`: profit of each unit of money, `chance` of any."""

    investment: Investment
    told: Told | None

    def _fact(self, name: str) -> float | None:
        return self.told.facts.get(f"{self.told.basis}_profit_{name}") if self.told else None

    @property
    def per_euro(self) -> float | None:
        return self._fact("per_euro")

    @property
    def low(self) -> float | None:
        return self._fact("per_euro_low")

    @property
    def high(self) -> float | None:
        return self._fact("per_euro_high")

    @property
    def chance(self) -> float | None:
        return self._fact("probability")

    @property
    def is_measured(self) -> bool:
        return self.told is not None and self.told.basis == "measured"


@dataclass(frozen=True)
class Overview:
    """`lines`: the most profitable money first. `figure`: what the check stored; None before the first check."""

    lines: list[Line]
    figure: dict[str, Any] | None
    as_of: date | None
    narrow: Markup
    wide: Markup

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Reasons with money or loss, the dearest first."""
        rows = (self.figure or {}).get("rows", [])
        return [row for row in rows if row["spend"] or row["share"]]

    @property
    def spent(self) -> Decimal:
        return sum((one.investment.amount + one.investment.yearly_cost for one in self.lines), Decimal(0))


def look(user: User, branch_id: int | None) -> Overview:
    """What somebody sees: all, or the investments made in one branch alone."""
    shown = [one for one in investments(user) if branch_id is None or _only_at(one, branch_id)]
    found = verdicts_of([one.id for one in shown])
    lines = [Line(one, Told(found[one.id][0]) if found[one.id] else None) for one in shown]
    lines.sort(key=lambda line: -(line.per_euro if line.per_euro is not None else -9e9))
    stored = checking.stored(checking.OVERVIEW, f"branch:{branch_id}" if branch_id else "")
    figure = stored.payload if stored else None
    rows = [row for row in (figure or {}).get("rows", []) if row["spend"] or row["share"]]
    pictures = [
        charts.svg(slope_picture(rows, language(), slope), title(rows), language()) if rows else Markup("")
        for slope in (NARROW, WIDE)
    ]
    return Overview(lines, figure, stored.as_of if stored else None, *pictures)


def _only_at(one: Investment, branch_id: int) -> bool:
    return [row.branch_id for row in one.branches] == [branch_id]


def verdicts_of(investment_ids: Sequence[int]) -> dict[int, list[Verdict]]:
    """The verdicts on each, the newest first."""
    found: dict[int, list[Verdict]] = {key: [] for key in investment_ids}
    rows = select(Verdict).where(Verdict.investment_id.in_(investment_ids)).order_by(Verdict.as_of.desc())
    for row in db.session.scalars(rows):
        found[row.investment_id].append(row)
    return found


def headline(found: Overview) -> str:
    """You spend x on y; z per cent of what you lose goes to it."""
    rows = found.rows
    spent = [row for row in rows if row["spend"]]
    if not found.figure:
        return str(_("You spend %(money)s; whether it goes to the causes is not known yet", money=money(found.spent)))
    if not spent:
        return str(_("Nothing in the register is being paid for"))
    most = max(spent, key=lambda row: row["spend"])
    return str(_(
        "You spend %(money)s on “%(reason)s”; %(share)s of what you lose goes to it",
        money=money(most["spend"]), reason=most[language()], share=percent(most["share"], 0),
    ))  # fmt: skip


def loss_sentence(found: Overview) -> str:
    """What costs most, and what is spent on it."""
    rows = [row for row in found.rows if row["influenceable"]]
    if not rows:
        return ""
    worst = max(rows, key=lambda row: row["share"])
    values = {
        "reason": worst[language()], "share": percent(worst["share"], 0), "low": percent(worst["low"], 0),
        "high": percent(worst["high"], 0), "money": money(worst["spend"]),
    }  # fmt: skip
    if not worst["spend"]:
        return str(
            _(
                "Most is lost to “%(reason)s”: %(share)s (between %(low)s and %(high)s). Nothing is spent on it.",
                **values,
            )
        )
    return str(
        _("Most is lost to “%(reason)s”: %(share)s (between %(low)s and %(high)s). %(money)s is spent on it.", **values)
    )


def stop_sentence(found: Overview) -> str:
    """What to stop paying for."""
    names = [f"“{one.investment.name}”" for one in found.lines if one.told and one.told.row.verdict in STOPPED]
    if not names:
        return ""
    return str(_("What to stop paying for, by these figures: %(names)s.", names=listed(names)))


def title(rows: Sequence[dict[str, Any]]) -> str:
    """The finding of the picture."""
    spent = [row for row in rows if row["spend"]]
    if not spent:
        return str(_("What each reason costs"))
    steep = max(spent, key=lambda row: abs(row["spend_share"] - row["share"]))
    return str(_(
        "%(spend)s of the money goes to “%(reason)s”, %(share)s of the loss",
        spend=percent(steep["spend_share"], 0), reason=steep[language()], share=percent(steep["share"], 0),
    ))  # fmt: skip


def mismatch_sentence(found: Overview) -> str:
    ends = (found.figure or {}).get("mismatch")
    if not ends:
        return ""
    value, low, high = (percent(end, 0) for end in ends)
    return str(_(
        "%(value)s of the money would have to move to other reasons for the two to agree (between "
        "%(low)s and %(high)s). That is no advice to spread it so: a cheap remedy of a large reason "
        "rightly gets little.",
        value=value, low=low, high=high,
    ))  # fmt: skip


FIELDS: dict[str, Any] = {
    "name": _l("Name"),
    "purpose": _l("What it is meant to change"),
    "owner": _l("Who answers for it"),
    "amount": _l("What it costs once"),
    "yearly_cost": _l("What it costs every year"),
    "starts_on": _l("Start"),
    "wash_in_days": _l("Days until an effect may be expected"),
    "ends_on": _l("End"),
    "effect_low": _l("Expected fall, at least"),
    "effect_high": _l("Expected fall, at most"),
    "picked_from": _l("Chosen on figures from"),
    "picked_until": _l("Chosen on figures until"),
    "reasons": _l("Reasons"),
    "branches": _l("Branches"),
    "removed": _l("Removed"),
}


def field_name(key: str) -> str:
    return str(FIELDS.get(key, key))


def field_value(key: str, value: Any) -> str:
    """What a stored field of the register says, in words."""
    if key == "branches":
        return listed([branch["name"] for branch in value or ()]) or str(_("all branches"))
    if value in (None, "", []):
        return "–"
    if key == "reasons":
        return listed([reason[language()] for reason in value])
    if key in ("amount", "yearly_cost"):
        return money(Decimal(value), cents=True)
    if key in ("effect_low", "effect_high"):
        return percent(value, 0)
    if key.endswith("_on") or key.startswith("picked"):
        return day(date.fromisoformat(value))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return count(value) if isinstance(value, int) else str(value)
