"""By what turnover becomes value: margin, discount and horizon, as the business says."""

from dataclasses import dataclass

from sqlalchemy import func, select

from survey.clock import now
from survey.defections.models import ValueTerms
from survey.extensions import db

#: what holds until the business says otherwise: turnover, discounted, ten years ahead
MARGIN, DISCOUNT, HORIZON = 1.0, 0.10, 10.0
EVERYBODY = ""


@dataclass(frozen=True)
class Standing:
    """What holds now. margins: by segment, `EVERYBODY` for those without their own; is_said: whether the business has
    said a margin, without which values are turnover."""

    margins: dict[str, float]
    discount: float
    horizon_years: float
    is_said: bool


def standing() -> Standing:
    """The newest row of each segment; discount and horizon are one for all."""
    newest = select(func.max(ValueTerms.id)).group_by(ValueTerms.segment)
    rows = {row.segment: row for row in db.session.scalars(select(ValueTerms).where(ValueTerms.id.in_(newest)))}
    general = rows.get(EVERYBODY)
    margins = {EVERYBODY: general.margin if general else MARGIN}
    margins |= {segment: row.margin for segment, row in rows.items() if segment}
    if general is None:
        return Standing(margins, DISCOUNT, HORIZON, bool(rows))
    return Standing(margins, general.discount, general.horizon_years, True)


def say(margins: dict[str, float | None], discount: float, horizon_years: float, user_id: int | None) -> bool:
    """Say anew what holds; a segment without a margin of its own follows the general one. Whether anything changed.

    Every change is a new row, so that it can be told what held when. Flushes; raises ValueError where a share or the
    horizon is out of bounds.
    """
    general = margins.get(EVERYBODY)
    said = [general, *(margin for margin in margins.values() if margin is not None)]
    if general is None or not all(margin is not None and 0 < margin <= 1 for margin in said):
        raise ValueError("A margin is a share above 0 and at most 1.")
    if not 0 <= discount < 1 or not 0 < horizon_years <= 50:
        raise ValueError("The discount lies between 0 and 1, the horizon between 0 and 50 years.")
    before = standing()
    wanted = {segment: general if margin is None else margin for segment, margin in margins.items()}
    same = before.is_said and (before.discount, before.horizon_years) == (discount, horizon_years)
    changed = {s: m for s, m in wanted.items() if not same or before.margins.get(s, before.margins[EVERYBODY]) != m}
    for segment, margin in sorted(changed.items()):
        db.session.add(
            ValueTerms(
                segment=segment, margin=margin, discount=discount, horizon_years=horizon_years, created_at=now(),
                created_by_id=user_id,
            )
        )  # fmt: skip
        db.session.flush()
    return bool(changed)
