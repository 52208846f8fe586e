"""Maximum likelihood for all models of repeat buying: one routine, on distinct histories and how often each comes.

scipy loads `scipy.optimize` when it is first used, so who only asks a fitted model does not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import scipy

from analysis.defection.buying.errors import NotFitted
from analysis.defection.buying.purchases import Numbers

#: of k positive parameters: the log-likelihood of each of m histories (m,), and its derivatives (k, m)
Likelihood = Callable[[Numbers], tuple[Numbers, Numbers]]
#: of the logs of the parameters: the mean loss, and its slope
Loss = Callable[[Numbers], tuple[float, Numbers]]

_LARGEST = 12.0  # of the log of a parameter, above and below: beyond it all customers are alike, and stay so
_STEPS = 500
_ROUGH, _EXACT = 1e-5, 1e-13  # relative change of the mean log-likelihood at which climbing stops
_FLAT = 1e-4  # slope of the mean log-likelihood, per log of a parameter, that still counts as the top
_NEAR_LIMIT = 0.01
_WIDE = 3.0  # standard deviation, in logs, of where parameters are held that the data alone do not tell apart
_PULLS = (1.0, 100.0)  # how many times over they are held so: as little as serves


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where a log-likelihood is highest: the parameters (k,), its height, and which parameters (by place) ran to the
    largest or smallest value allowed, which says that the data show no such difference between customers. held: the
    data alone do not tell the parameters apart, so they were held near usual ones."""

    parameters: Numbers
    log_likelihood: float
    at_limit: tuple[int, ...]
    held: bool = False


def maximise(likelihood: Likelihood, counts: Numbers, starts: Sequence[Sequence[float]]) -> Maximum:
    """The highest of the tops near several starts, by L-BFGS in the logs of the parameters: roughly from every start,
    then exactly from the best (from the others in turn where that fails).

    `counts` (m,): how often each history comes; `starts`: some guesses of the k parameters. The mean is climbed, not
    the sum, so that one tolerance fits any number of customers. Where no start reaches a top, the likelihood is a flat
    ridge: many parameters explain the histories alike, and any of them foretells alike. Then the one nearest to the
    best start is taken, by a normal prior on the logs that weighs as little as serves. Raises NotFitted where even that
    has no top.
    """
    total = counts.sum()

    def loss(logs: Numbers) -> tuple[float, Numbers]:
        parameters = np.exp(logs)
        rows, slopes = likelihood(parameters)
        return -float(counts @ rows) / total, -(slopes @ counts) * parameters / total

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # a step too far is seen as not finite
        rough = [_descend(loss, np.log(start), _ROUGH) for start in starts]
        near = [each[0] for each in sorted((r for r in rough if np.isfinite(r[1])), key=lambda each: each[1])]
        for from_here in near:
            if (top := _top(loss, from_here)) is not None:
                return Maximum(np.exp(top), -loss(top)[0] * float(total), _at_limit(top))
        for from_here, pull in product(near[:1], _PULLS):
            if (top := _top(_pulled(loss, from_here, pull / float(total)), from_here)) is not None:
                return Maximum(np.exp(top), -loss(top)[0] * float(total), _at_limit(top), held=True)
    raise NotFitted("No parameters could be found that fit these histories. Look for errors in the data.")


def _top(loss: Loss, start: Numbers) -> Numbers | None:
    """Logs of the parameters at the top that is reached exactly from a start; None where it ends on a slope."""
    logs, value, slope = _descend(loss, start, _EXACT)
    away = np.abs(logs - np.clip(logs - slope, -_LARGEST, _LARGEST))
    return logs if np.isfinite(value) and away.max() < _FLAT else None  # false where it is no number


def _at_limit(logs: Numbers) -> tuple[int, ...]:
    return tuple(int(place) for place in np.flatnonzero(np.abs(logs) > _LARGEST - _NEAR_LIMIT))


def _pulled(loss: Loss, middle: Numbers, pull: float) -> Loss:
    """The loss with a normal prior of the logs around `middle`, that weighs as much as `pull` customers of all."""

    def with_prior(logs: Numbers) -> tuple[float, Numbers]:
        value, slope = loss(logs)
        away = (logs - middle) / _WIDE
        return value + pull * float(away @ away) / 2, slope + pull * away / _WIDE

    return with_prior


def _descend(loss: Loss, start: Numbers, tolerance: float) -> tuple[Numbers, float, Numbers]:
    """Logs of the parameters at the bottom reached from a start, the loss there and its slope."""
    bounds = [(-_LARGEST, _LARGEST)] * len(start)
    options: Any = {"maxiter": _STEPS, "ftol": tolerance, "gtol": 1e-9, "maxcor": 20}
    minimised: Any = scipy.optimize.minimize  # its stubs know no function that gives value and gradient
    logs = np.clip(start, -_LARGEST, _LARGEST)
    found = minimised(loss, logs, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return found.x, float(found.fun), np.asarray(found.jac)
