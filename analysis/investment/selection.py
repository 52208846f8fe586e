"""The trap of the worst: what was picked for being the worst becomes better by itself.

Of several reasons (or branches) that are alike, one is the worst in any given months by chance, and is not in the next.
The guard is `chosen_on` of an investment: the months on which the choice rests are left out of its baseline. This
module says how large the fall by itself would be, which is what a person should hear before spending.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Return:
    """`worst`: position of the largest. `by_itself`: the part of 1 by which it may be expected to fall if nothing is
    done. `alike`: how much of the differences is chance: 1 all of it, 0 nothing."""

    worst: int
    by_itself: float
    alike: float


def return_of_the_worst(counts: ArrayLike, exposure: ArrayLike | None = None, dispersion: float = 1.0) -> Return:
    """What to expect of the largest of k rates, seen in the same months.

    `counts` (k,): defections of each reason or branch; `exposure` (k,): customers at risk, where these differ. Each
    rate is drawn to the common one by the part of their differences that chance explains: empirical Bayes by moments
    (R. J. Marshall 1991, Applied Statistics 40, 283-294). Compare things that could be alike; reasons that were always
    far apart are not drawn together.
    """
    n = np.asarray(counts, dtype=np.float64)
    at_risk = np.ones_like(n) if exposure is None else np.asarray(exposure, dtype=np.float64)
    if n.ndim != 1 or len(n) < 2 or n.shape != at_risk.shape or (n < 0).any() or (at_risk <= 0).any() or not n.any():
        raise ValueError("Two or more counts are needed, at least 0 and not all 0, each with an exposure above 0.")
    rate, common = n / at_risk, n.sum() / at_risk.sum()
    spread = float((at_risk * (rate - common) ** 2).sum() / at_risk.sum())
    true = max(spread - dispersion * common / at_risk.mean() * (1 - 1 / len(n)), 0.0)
    chance = dispersion * common / at_risk / (true + dispersion * common / at_risk)
    worst = int(np.argmax(rate))
    expected = chance[worst] * common + (1 - chance[worst]) * rate[worst]
    return Return(worst, float(1 - expected / rate[worst]), float(chance[worst]))
