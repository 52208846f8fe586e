"""Whether a choice is made more often where it stands earlier in a list that is shuffled for each person.

Where every order is as likely, the place at which the chosen one stood is uniform, whatever people prefer; so any
departure from that is an effect of the order (Krosnick & Alwin 1987).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

#: expected counts smaller than this leave the test without meaning (Cochran 1954)
LEAST_EXPECTED = 5.0


@dataclass(frozen=True)
class PositionBias:
    """`chi_square` on `freedom` degrees; `p`: how often chance alone gives at least that."""

    chi_square: float
    freedom: int
    p: float


def position_bias(observed: Sequence[float], expected: Sequence[float]) -> PositionBias | None:
    """Pearson's test of how often the chosen one stood at each place, from the first; None where too few are expected.

    `observed`, `expected`: (places,) counts that add up to the same.
    """
    seen, due = np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if len(due) < 2 or due.min() < LEAST_EXPECTED:
        return None
    chi_square = float(((seen - due) ** 2 / due).sum())
    freedom = len(due) - 1
    return PositionBias(chi_square, freedom, float(chdtrc(freedom, chi_square)))
