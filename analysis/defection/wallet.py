"""Share of wallet: gone when asked, and most of the times go to others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.defection.histories import NEVER
from analysis.defection.judging import STEPS, Rule, View, eased_share
from analysis.defection.spans import Spans, held_by


@dataclass(frozen=True)
class Wallet(Rule):
    """Gone from the day of an answer to "of your last ten times, how many with us?" that lies below `share`, until
    one that does not. Only customers who answered are judged; visits play no part, so adding one changes nothing."""

    share: float = 0.5

    def __post_init__(self) -> None:
        if not 1 / STEPS <= self.share <= 1:
            raise ValueError("The share must lie above 0 and be at most 1.")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"answers"})

    def spans(self, view: View, ease: float) -> Spans:
        """Eased, it fires that part of the way down from all to `share`."""
        answers = view.known.answers
        if answers is None:
            raise ValueError("The rule looks at answers about the share of visits, and none were given.")
        following = np.append(answers.day[1:], NEVER)[: len(answers.day)]
        following[np.diff(answers.customer, append=-1) != 0] = NEVER
        # An answer is a few tenths; as whole ten-thousandths .3 is .3 however it was computed.
        low = np.rint(answers.share * STEPS) < eased_share(self.share, ease)
        return held_by([Spans(answers.customer, answers.day, following).where(low)], 1)
