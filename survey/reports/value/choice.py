"""Which way to foretell is used: what the job that compares them stored last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from survey.defections.models import BuyingModel
from survey.extensions import db

#: the plain rules beside the models, and the risk, whose figures are kept apart
RECENCY, OWN_PACE, RISK = "recency", "own_pace", "risk"
#: models this share of pairs apart rank about equally well; a plain rule this far behind comes close
AS_GOOD, CLOSE = 0.005, 0.03


@dataclass(frozen=True)
class Choice:
    """ways: all that was compared on everybody, the best at ranking first; used: the one in use, None where the history
    is too thin for any; cohorts: the years that have a model of their own; trial: how they were compared."""

    as_of: date
    ways: Sequence[BuyingModel]
    used: BuyingModel | None
    recency: BuyingModel
    risk: BuyingModel | None
    cohorts: Sequence[BuyingModel]
    trial: dict[str, Any]

    @property
    def tried(self) -> list[BuyingModel]:
        """Those that could be tried and rank customers."""
        return [way for way in self.ways if auc(way) is not None]

    @property
    def is_close(self) -> bool:
        """Whether the plain rule ranks about as well as the model in use."""
        model, plain = (auc(self.used) if self.used else None), auc(self.recency)
        return model is not None and plain is not None and plain > model - CLOSE

    @property
    def is_most_exact(self) -> bool:
        """Whether no model that ranks about as well as the best one is less off than the one in use."""
        models = [way for way in self.tried if way.name not in (RECENCY, OWN_PACE)]
        best = max((auc(way) or 0.0 for way in models), default=0.0)
        off = [way.figures["mae"] for way in models if (auc(way) or 0.0) > best - AS_GOOD]
        return self.used is not None and self.used.figures["mae"] <= min(off, default=0.0)


def auc(way: BuyingModel) -> float | None:
    """The share of pairs, one who came and one who did not, that it ranks right."""
    return way.figures.get("auc")


def stored() -> Choice | None:
    """What was compared last; None before that."""
    newest = select(func.max(BuyingModel.as_of)).scalar_subquery()
    rows = list(db.session.scalars(select(BuyingModel).where(BuyingModel.as_of == newest).order_by(BuyingModel.id)))
    of_all = [row for row in rows if not row.cohort and row.name != RISK]
    recency = next((row for row in of_all if row.name == RECENCY), None)
    if recency is None:
        return None
    return Choice(
        as_of=recency.as_of,
        ways=sorted(of_all, key=lambda way: -(auc(way) or 0.0)),
        used=next((row for row in of_all if row.chosen), None),
        recency=recency,
        risk=next((row for row in rows if row.name == RISK and row.figures), None),
        cohorts=[row for row in rows if row.cohort],
        trial=recency.figures["trial"],
    )
