"""The check of every investment: what it rests on, the verdict, and the row that reads the same for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from sqlalchemy import select

from survey.analyst import investing
from survey.analyst.investing import YEARS, Case, Found, LostValue, Plan
from survey.clock import now
from survey.customers.models import Branch
from survey.defections.models import Definition, ValueTerms
from survey.extensions import db
from survey.investments.losses import lost_before, lost_lately
from survey.investments.models import Investment, Verdict
from survey.investments.monthly import Monthly, first_day, last_day, month_of
from survey.investments.reading import Read, read_monthly
from survey.investments.register import standing, stands
from survey.reasons.versions import serving
from survey.reports.models import StoredFigure
from survey.taxonomy import queries
from survey.taxonomy.models import Reason

#: figures stored for pages: the series by month, and the money beside the loss for each scope
MONTHLY, OVERVIEW = "investments_monthly", "investments"
DISCOUNT = 0.10
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Checked:
    """A verdict with all it rests on, ready to be stored."""

    investment_id: int
    outcome: str
    inputs: dict[str, Any]
    result: dict[str, Any]


@dataclass(frozen=True)
class Worked:
    """All that one run of the check found. `figures`: scope, payload."""

    as_of: date
    monthly: dict[str, Any]
    figures: list[tuple[str, dict[str, Any]]]
    checked: list[Checked]
    versions: dict[str, Any]


def work_out(today: date) -> Worked | None:
    """Check everything in the register. Reads only; None while no month is complete or hardly anybody answered."""
    investments, reasons = standing(), queries.all_reasons()
    read = read_monthly(today, {frozenset(codes_of(one)) for one in investments})
    if read is None:
        return None
    monthly = read.whole
    figures = [("", _beside(monthly, investments, (), reasons))]
    for branch_id in db.session.scalars(select(Branch.id).order_by(Branch.id)).all():
        here = [one for one in investments if [row.branch_id for row in one.branches] == [branch_id]]
        figures.append((f"branch:{branch_id}", _beside(monthly, here, (branch_id,), reasons)))
    return Worked(today, monthly.payload(), figures, _check(read, investments, reasons), _versions())


def keep(worked: Worked) -> int:
    """Store what was found; how many verdicts are new. A verdict that differs in nothing from the last is not stored
    again, and one of an earlier day is never touched. Flushes."""
    _store(MONTHLY, "", worked.as_of, worked.monthly)
    for scope, payload in worked.figures:
        _store(OVERVIEW, scope, worked.as_of, payload)
    return sum(_keep_verdict(each, worked) for each in worked.checked)


def _keep_verdict(each: Checked, worked: Worked) -> bool:
    last = db.session.scalar(
        select(Verdict).where(Verdict.investment_id == each.investment_id).order_by(Verdict.as_of.desc()).limit(1)
    )
    said = {"verdict": each.outcome, "inputs": each.inputs, "result": each.result, "versions": worked.versions}
    if last and all(getattr(last, name) == value for name, value in said.items()):
        return False
    if last is None or last.as_of < worked.as_of:
        last = Verdict(investment_id=each.investment_id, as_of=worked.as_of, created_at=now(), **said)
        db.session.add(last)
    elif last.as_of == worked.as_of:
        for name, value in (*said.items(), ("created_at", now())):
            setattr(last, name, value)
    db.session.flush()
    return True


def _store(name: str, scope: str, as_of: date, payload: dict[str, Any]) -> None:
    row = db.session.scalar(select(StoredFigure).where(StoredFigure.name == name, StoredFigure.scope == scope))
    if row is None:
        row = StoredFigure(name=name, scope=scope)
        db.session.add(row)
    row.as_of, row.payload, row.created_at = as_of, payload, now()
    db.session.flush()


def stored(name: str, scope: str = "") -> StoredFigure | None:
    return db.session.scalar(select(StoredFigure).where(StoredFigure.name == name, StoredFigure.scope == scope))


def plan_of(investment: Investment) -> Plan:
    """The investment as it is judged, in whole months: what acts from within a month on acts from the next in full."""
    start = month_of(investment.starts_on)
    full = investment.starts_on + timedelta(days=investment.wash_in_days)
    acts = month_of(full) + (full.day > 1)
    end, years = None, YEARS
    if investment.ends_on is not None:
        end = max(month_of(investment.ends_on + timedelta(days=1)) - 1, start)
        years = max((investment.ends_on - investment.starts_on).days / DAYS_PER_YEAR, 0.25)
    picked = investment.picked_from and investment.picked_until
    return Plan(
        name=investment.name,
        reasons=tuple(codes_of(investment)),
        start=start,
        one_off=float(investment.amount),
        yearly=float(investment.yearly_cost),
        expected_fall=(investment.effect_low, investment.effect_high),
        branches=tuple(row.branch_id for row in investment.branches),
        wash_in=acts - start,
        end=end,
        years=min(years, 50.0),
        chosen_on=(month_of(investment.picked_from), month_of(investment.picked_until)) if picked else None,  # type: ignore[arg-type]  # both are there
    )


def codes_of(investment: Investment) -> list[str]:
    """The codes of its reasons, as reports count them now."""
    keys = queries.counted_as()
    ids = {keys.get(row.reason_id, row.reason_id) for row in investment.reasons}
    return list(db.session.scalars(select(Reason.code).where(Reason.id.in_(ids)).order_by(Reason.id)))


def discount() -> float:
    """A year, by the terms of value that hold for everybody."""
    query = select(ValueTerms.discount).where(ValueTerms.segment == "").order_by(ValueTerms.id.desc()).limit(1)
    found = db.session.scalar(query)
    return DISCOUNT if found is None else found


def _check(read: Read, investments: Sequence[Investment], reasons: Sequence[Reason]) -> list[Checked]:
    cases, of, in_use = [], [], {reason.code for reason in reasons if reason.active}
    for investment in investments:
        plan = plan_of(investment)
        monthly = read.aimed.get(frozenset(plan.reasons), read.whole)
        lost = lost_before(monthly, plan.start, plan.branches, reasons)
        if lost is not None and in_use & set(plan.reasons):
            cases.append(Case(plan, lost, monthly.defections()))
            of.append((investment, monthly))
    if not cases:
        return []
    found = investing.judge(cases, discount())
    return [
        _checked(investment, case, said, monthly, reasons)
        for (investment, monthly), case, said in zip(of, cases, found, strict=True)
    ]


def _checked(investment: Investment, case: Case, found: Found, monthly: Monthly, reasons: Sequence[Reason]) -> Checked:
    plan = case.plan
    inputs = {
        "investment": stands(investment),
        "years": plan.years,
        "discount": discount(),
        "start": plan.start,
        "acts_from": plan.acts_from,
        "end": plan.end,
        "picked": list(plan.chosen_on) if plan.chosen_on else None,
        "known_until": monthly.known_until.isoformat(),
        "days_until_known": monthly.days_until_known,
        "series": _series(plan, monthly),
        "lost": lost_rows(case.lost, reasons),
        "lost_by": "estimates",
        "answers": float(monthly.answers[:, monthly.at(plan.branches)].sum()),
        "departures": float(monthly.departures[:, monthly.at(plan.branches)].sum()),
    }
    result = {
        "holds": list(found.holds),
        "why": found.why,
        "controls": found.controls,
        "overlap": list(found.overlap),
        "facts": {name: None if value is None else float(f"{value:.6g}") for name, value in found.facts.items()},
    }
    return Checked(investment.id, found.outcome, inputs, result)


def _series(plan: Plan, monthly: Monthly) -> dict[str, Any]:
    """By month: departures for its reasons where it acts, for other reasons there, for its reasons elsewhere, and the
    customers at risk of each of the two places."""
    here, given = monthly.at(plan.branches), monthly.given(plan.reasons)
    columns = {
        "targeted": monthly.counts[:, here][..., given].sum(axis=(1, 2)),
        "others": monthly.counts[:, here][..., ~given].sum(axis=(1, 2)),
        "elsewhere": monthly.counts[:, ~here][..., given].sum(axis=(1, 2)),
        "at_risk": monthly.at_risk[:, here].sum(axis=1),
        "at_risk_elsewhere": monthly.at_risk[:, ~here].sum(axis=1),
    }
    return {"first": monthly.first, **{name: np.round(each, 2).tolist() for name, each in columns.items()}}


def lost_rows(lost: LostValue, reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    """What each reason costs a year, with the names of today, the dearest first."""
    named = {reason.code: reason for reason in reasons}
    rows = []
    for place, code in enumerate(lost.reasons):
        low, high = investing.ends(lost, place)
        rows.append({
            "code": code, "nl": named[code].label_nl, "en": named[code].label_en,
            "influenceable": bool(lost.influenceable[place]),
            "yearly": round(float(lost.yearly[place])), "low": round(low), "high": round(high),
        })  # fmt: skip
    return sorted(rows, key=lambda row: -row["yearly"])


def _beside(
    monthly: Monthly, investments: Sequence[Investment], branches: Sequence[int], reasons: Sequence[Reason]
) -> dict[str, Any]:
    """Money beside loss, for the page: of all, or of the investments that are made in one branch alone."""
    window = (max(monthly.last - 11, monthly.first), monthly.last)
    payload: dict[str, Any] = {
        "known_until": last_day(monthly.last).isoformat(),
        "from": first_day(window[0]).isoformat(),
        "days_until_known": monthly.days_until_known,
        "rows": [],
    }
    lost = lost_lately(monthly, branches, reasons)
    plans = [plan_of(one) for one in investments if one.ends_on is None or month_of(one.ends_on) > monthly.last]
    found = investing.spend_beside_loss(plans, lost) if lost and plans else None
    if lost:
        payload["lost"] = lost_rows(lost, reasons)
    if found:
        named = {reason.code: reason for reason in reasons}
        payload["mismatch"] = list(found.mismatch)
        payload["rows"] = [
            {
                "code": row.reason, "nl": named[row.reason].label_nl, "en": named[row.reason].label_en,
                "influenceable": row.is_influenceable, "spend": round(row.spend), "spend_share": row.spend_share,
                "share": row.value_share.value, "low": row.value_share.low, "high": row.value_share.high,
                "ratio": row.ratio,
            }
            for row in found.rows
        ]  # fmt: skip
    return payload


def _versions() -> dict[str, Any]:
    model = serving()
    rules = select(Definition.name, Definition.version).where(Definition.active).order_by(Definition.name)
    return {
        "model": model.fingerprint[:12] if model else None,
        "reasons": queries.version(),
        "definitions": [f"{name} {number}" for name, number in db.session.execute(rules)],
        "software": _software(),
    }


def _software() -> str:
    try:
        return version("whyleft")
    except PackageNotFoundError:
        return "0.1.0"
