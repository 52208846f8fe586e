"""What the business says of itself before a value can be counted in its money."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, log1p


@dataclass(frozen=True, slots=True)
class ValueSettings:
    """margin: what is left of a unit of turnover, a share above 0 and at most 1. discount_rate: what money costs in a
    year, a share of at least 0 (.10 is ten per cent). horizon_years: how far ahead value is counted, above 0, at
    most 50. Raises ValueError, in words, for anything else.

    S. Gupta and D. R. Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17, 9-24: margin, retention
    and discount rate are all that a lifetime value needs.
    """

    margin: float
    discount_rate: float
    horizon_years: float

    def __post_init__(self) -> None:
        if not (isfinite(self.margin) and 0 < self.margin <= 1):
            raise ValueError("The margin must be a share above 0 and at most 1.")
        if not (isfinite(self.discount_rate) and self.discount_rate >= 0):
            raise ValueError("The yearly discount rate must be a share of at least 0.")
        if not (isfinite(self.horizon_years) and 0 < self.horizon_years <= 50):
            raise ValueError("The horizon must lie above 0 and be at most 50 years.")

    @property
    def force(self) -> float:
        """The discount rate per year, compounded at every moment: ln(1 + rate)."""
        return log1p(self.discount_rate)
