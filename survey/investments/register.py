"""The register of investments: add, change, remove, and the history of every change. Everything here flushes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from survey.accounts.models import User
from survey.clock import now
from survey.customers.models import Branch
from survey.extensions import db
from survey.investments.models import Investment, InvestmentBranch, InvestmentChange, InvestmentReason
from survey.taxonomy.models import Reason


class CannotStand(ValueError):
    """What was asked for cannot stand in the register; the message says why, in words, and `field` where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Entry:
    """What somebody says of an investment. `branch_ids`: none means every branch."""

    name: str
    amount: Decimal
    starts_on: date
    reason_ids: tuple[int, ...]
    effect_low: float
    effect_high: float
    branch_ids: tuple[int, ...] = ()
    yearly_cost: Decimal = Decimal(0)
    wash_in_days: int = 0
    ends_on: date | None = None
    purpose: str = ""
    owner: str = ""
    picked_from: date | None = None
    picked_until: date | None = None


def visible_to(user: User, investment: Investment) -> bool:
    """Somebody tied to branches sees investments that are made in those branches only."""
    own, here = set(user.branch_ids), {row.branch_id for row in investment.branches}
    return not own or bool(here) and here <= own


def investments(user: User, removed: bool = False) -> list[Investment]:
    """Those in the register, or those taken out of it, that somebody may see, by start and name."""
    gone = Investment.removed_at.is_not(None) if removed else Investment.removed_at.is_(None)
    rows = db.session.scalars(select(Investment).where(gone).order_by(Investment.starts_on.desc(), Investment.name))
    return [row for row in rows if visible_to(user, row)]


def standing() -> list[Investment]:
    """All that are in the register, by key."""
    return list(db.session.scalars(select(Investment).where(Investment.removed_at.is_(None)).order_by(Investment.id)))


def add(entry: Entry, user_id: int | None) -> Investment:
    """Raises CannotStand."""
    check(entry, None)
    investment = Investment(created_at=now(), created_by_id=user_id)
    _fill(investment, entry)
    db.session.add(investment)
    db.session.flush()
    _note(investment, user_id)
    return investment


def change(investment: Investment, entry: Entry, user_id: int | None) -> bool:
    """False where nothing differs. Raises CannotStand."""
    check(entry, investment)
    before = stands(investment)
    _fill(investment, entry)
    db.session.flush()
    if stands(investment) == before:
        return False
    _note(investment, user_id)
    return True


def remove(investment: Investment, user_id: int | None) -> None:
    """Take it out of the register; it and its verdicts are kept. Twice is once."""
    if investment.removed_at is None:
        investment.removed_at = now()
        _note(investment, user_id)


def put_back(investment: Investment, user_id: int | None) -> None:
    if investment.removed_at is not None:
        investment.removed_at = None
        _note(investment, user_id)


def check(entry: Entry, own: Investment | None) -> None:
    """Raise CannotStand for what cannot be, in words that say what to do."""
    same = db.session.scalar(select(Investment.id).where(Investment.name == entry.name))
    if same is not None and (own is None or same != own.id):
        raise CannotStand("name", _("Another investment has this name, perhaps a removed one. Choose another name."))
    if entry.amount < 0 or entry.yearly_cost < 0 or entry.amount + entry.yearly_cost <= 0:
        raise CannotStand("amount", _("Say what it costs, once or every year: an amount above nothing."))
    if not entry.reason_ids:
        raise CannotStand("reasons", _("Choose at least one reason that it is to take away."))
    if not 0 <= entry.effect_low <= entry.effect_high <= 1:
        raise CannotStand("effect_low", _("The expected effect is a range from 0 to 100, the smaller end first."))
    if entry.ends_on is not None and entry.ends_on < entry.starts_on:
        raise CannotStand("ends_on", _("It ends before it starts."))
    if (entry.picked_from is None) != (entry.picked_until is None):
        raise CannotStand("picked_from", _("Give both ends of the months on which the choice was based, or neither."))
    if entry.picked_from and entry.picked_until and entry.picked_until < entry.picked_from:
        raise CannotStand("picked_until", _("These months end before they begin."))


def _fill(investment: Investment, entry: Entry) -> None:
    for name in (
        "name", "purpose", "owner", "amount", "yearly_cost", "starts_on", "wash_in_days", "ends_on", "effect_low",
        "effect_high", "picked_from", "picked_until",
    ):  # fmt: skip
        setattr(investment, name, getattr(entry, name))
    reasons = {row.reason_id: row for row in investment.reasons}
    investment.reasons = [reasons.get(key) or InvestmentReason(reason_id=key) for key in sorted(set(entry.reason_ids))]
    branches = {row.branch_id: row for row in investment.branches}
    investment.branches = [
        branches.get(key) or InvestmentBranch(branch_id=key) for key in sorted(set(entry.branch_ids))
    ]


def stands(investment: Investment) -> dict[str, Any]:
    """What the register says of it, with the names of that moment, ready to be stored."""
    reasons = db.session.scalars(
        select(Reason).where(Reason.id.in_([row.reason_id for row in investment.reasons])).order_by(Reason.id)
    )
    branches = db.session.execute(
        select(Branch.id, Branch.name)
        .where(Branch.id.in_([row.branch_id for row in investment.branches]))
        .order_by(Branch.name)
    )
    return {
        "name": investment.name,
        "purpose": investment.purpose or "",
        "owner": investment.owner or "",
        "amount": f"{Decimal(investment.amount):.2f}",
        "yearly_cost": f"{Decimal(investment.yearly_cost or 0):.2f}",
        "starts_on": investment.starts_on.isoformat(),
        "wash_in_days": investment.wash_in_days or 0,
        "ends_on": investment.ends_on.isoformat() if investment.ends_on else None,
        "effect_low": investment.effect_low,
        "effect_high": investment.effect_high,
        "picked_from": investment.picked_from.isoformat() if investment.picked_from else None,
        "picked_until": investment.picked_until.isoformat() if investment.picked_until else None,
        "reasons": [{"code": r.code, "nl": r.label_nl, "en": r.label_en} for r in reasons],
        "branches": [{"id": key, "name": name} for key, name in branches],
        "removed": investment.removed_at is not None,
    }


def _note(investment: Investment, user_id: int | None) -> None:
    db.session.flush()
    row = InvestmentChange(investment_id=investment.id, at=now(), user_id=user_id, stands=stands(investment))
    db.session.add(row)
    db.session.flush()


@dataclass(frozen=True)
class Changed:
    """One change: when, by whom, and of each field that differs what it said before and says now."""

    at: Any
    who: str
    is_first: bool
    fields: tuple[tuple[str, Any, Any], ...]


def history(investment: Investment) -> list[Changed]:
    """Every change, the newest first."""
    rows = db.session.execute(
        select(InvestmentChange.at, InvestmentChange.stands, User.name, User.email)
        .outerjoin(User, User.id == InvestmentChange.user_id)
        .where(InvestmentChange.investment_id == investment.id)
        .order_by(InvestmentChange.id)
    ).all()
    found, before = [], dict[str, Any]()
    for at, now_stands, name, email in rows:
        fields = tuple((key, before.get(key), value) for key, value in now_stands.items() if before.get(key) != value)
        found.append(Changed(at, name or email or "", not before, fields if before else ()))
        before = now_stands
    return found[::-1]
