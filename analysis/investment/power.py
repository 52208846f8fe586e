"""Before spending: what these volumes could show at all."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from analysis.investment.defections import TARGETED
from analysis.investment.effect import Comparison, dispersion_before, volumes

Numbers = NDArray[np.float64]

#: Quantiles of a two-sided test at .05 that finds the effect 8 times in 10: 1.96 + .84.
DEVIATES = float(ndtri(0.975) + ndtri(0.80))
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Foresight:
    """`smallest_fall`: the least fall that `months_after` months of these volumes would show 8 times in 10, as a part
    of 1. `months_needed`: how many months after would show the middle of the expected fall; None where five years would
    not. `per_month`: defections a month for the targeted reasons, where it is to act."""

    smallest_fall: float
    months_after: int
    months_needed: int | None
    per_month: float


def smallest_fall(volumes: ArrayLike, dispersion: float = 1.0) -> float:
    """The smallest detectable fall, as a part of 1:

        1 - exp(-2.8 sqrt(dispersion x (1 / Y before + 1 / Y after + 1 / C before + 1 / C after)))

    `volumes`: expected defections, of the targeted reasons before and after and of the controls before and after (or
    the eight of a triple difference). Power .80, two-sided test at .05. 1 where one of them is nothing. Beware: with
    few defections it is optimistic, as falls near 1 leave next to nothing after.
    """
    counts = np.asarray(volumes, dtype=np.float64)
    if (counts < 0).any() or dispersion <= 0:
        raise ValueError("Volumes are at least 0, dispersion is more than 0.")
    if not counts.all():
        return 1.0
    return float(1 - np.exp(-DEVIATES * np.sqrt(dispersion * (1 / counts).sum())))


def foresee(baseline: Comparison, expected_fall: tuple[float, float], months_after: int = 12) -> Foresight:
    """What `months_after` months would show, going by the months before. `baseline`: a comparison of which only the
    months before are looked at."""
    months = int((~baseline.after).sum())
    if not months:
        return Foresight(1.0, months_after, None, 0.0)
    before = volumes(baseline)[::2]
    spread = dispersion_before(baseline)

    def least(after: int) -> float:
        return smallest_fall(np.concatenate([before, before / months * after]), spread)

    middle = sum(expected_fall) / 2
    needed = next((after for after in range(1, _LONGEST + 1) if least(after) <= middle), None)
    here = baseline.table.counts[~baseline.after][:, baseline.treated, TARGETED]
    return Foresight(least(months_after), months_after, needed, float(here.sum() / months))


def answers_to_halve(answers: int, departures: int | None = None) -> int | None:
    """How many more answers, drawn like the `answers` there are, would halve the interval of a share.

    Four times as many in all; fewer where all `departures` there were are counted, since an interval ends when
    everybody has answered (finite population: the variance goes with 1 / answers - 1 / departures).
    """
    if answers < 1 or (departures is not None and departures < answers):
        raise ValueError("There must be an answer, and no more answers than departures.")
    if departures is None:
        return 3 * answers
    if departures == answers:
        return None
    return ceil(1 / ((1 / answers - 1 / departures) / 4 + 1 / departures) - 1e-9) - answers
