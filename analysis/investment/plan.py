"""What was decided to spend, and how it is to be judged."""

from __future__ import annotations

from dataclasses import dataclass

CONTROLS = ("auto", "reasons", "branches", "both")


@dataclass(frozen=True, slots=True, kw_only=True)
class Investment:
    """Money against some reasons. Months are whole months since 1970-01 (January 1970 is 0).

    `reasons`: the codes it targets. `branches`: where, empty for everywhere. `start`: the first month in which it could
    act; the `wash_in` months from there are left out of every comparison; `end`: the last month in which it acts, None
    while it does. `one_off` and `yearly`: its cost in money, and money a year. `years`: how long its effect lasts.
    `expected_fall`: the part of these defections that it is expected to take away, as a range, such as (.2, .4).
    `chosen_on`: first and last month of the figures for which the reason or branch was picked, where it was picked for
    being the worst (see `analysis.investment.selection`). Raises ValueError where this makes no sense.
    """

    name: str
    reasons: tuple[str, ...]
    start: int
    one_off: float
    expected_fall: tuple[float, float]
    branches: tuple[int, ...] = ()
    wash_in: int = 0
    end: int | None = None
    yearly: float = 0.0
    years: float = 5.0
    chosen_on: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        low, high = self.expected_fall
        if not self.reasons:
            raise ValueError("An investment needs a reason that it targets.")
        if not 0 <= low <= high <= 1:
            raise ValueError("The expected fall is a range between 0 and 1, the smaller end first.")
        if self.one_off < 0 or self.yearly < 0 or self.one_off + self.yearly <= 0:
            raise ValueError("An investment costs something, once or every year.")
        if not 0 < self.years <= 50:
            raise ValueError("The years an effect lasts lie between 0 and 50.")
        if self.wash_in < 0 or (self.end is not None and self.end < self.start):
            raise ValueError("An investment cannot end before it starts, nor have fewer than 0 months of wash-in.")
        if self.chosen_on is not None and self.chosen_on[0] > self.chosen_on[1]:
            raise ValueError("The months it was chosen on run from the first to the last.")

    @property
    def acts_from(self) -> int:
        """The first month that shows its effect in full."""
        return self.start + self.wash_in

    def is_at(self, branch: int) -> bool:
        return not self.branches or branch in self.branches


@dataclass(frozen=True, slots=True, kw_only=True)
class InvestmentSettings:
    """How investments are judged; to be fixed before the figures are seen.

    `level`: of every interval; tests are two-sided at 1 - level. `discount`: of money a year later. `controls`: whom
    the targeted reasons are held against: "reasons" (others, same branches), "branches" (same reasons, other
    branches), "both", or "auto". `longest_before`: months of baseline at most. `draws`, `seed`: of what is drawn.
    """

    level: float = 0.95
    discount: float = 0.10
    controls: str = "auto"
    longest_before: int = 36
    draws: int = 4000
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0.5 <= self.level < 1 or not 0 <= self.discount < 1:
            raise ValueError("The level lies between .5 and 1, the discount between 0 and 1.")
        if self.controls not in CONTROLS or self.longest_before < 1 or self.draws < 100:
            raise ValueError(f"Controls are one of {', '.join(CONTROLS)}; draws are at least 100.")
