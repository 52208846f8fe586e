"""Maximum likelihood for all models of repeat buying: one routine, on distinct histories and how often each comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

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


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where a log-likelihood is highest: the parameters (k,), its height, and which parameters (by place) ran to the
    largest or smallest value allowed, which says that the data show no such difference between customers."""

    parameters: Numbers
    log_likelihood: float
    at_limit: tuple[int, ...]


def maximise(likelihood: Likelihood, counts: Numbers, starts: Sequence[Sequence[float]]) -> Maximum:
    """The highest of the tops near several starts, by L-BFGS in the logs of the parameters: roughly from every start,
    then exactly from the best (from the others in turn where that fails).

    `counts` (m,): how often each history comes; `starts`: some guesses of the k parameters. The mean is climbed, not
    the sum, so that one tolerance fits any number of customers. Raises NotFitted where no start reaches a top.
    """
    total = counts.sum()

    def loss(logs: Numbers) -> tuple[float, Numbers]:
        parameters = np.exp(logs)
        rows, slopes = likelihood(parameters)
        return -float(counts @ rows) / total, -(slopes @ counts) * parameters / total

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # a step too far is seen as not finite
        rough = [_descend(loss, np.log(start), _ROUGH) for start in starts]
        for near in sorted((each for each in rough if np.isfinite(each[1])), key=lambda each: each[1]):
            logs, value, slope = _descend(loss, near[0], _EXACT)
            away = np.abs(logs - np.clip(logs - slope, -_LARGEST, _LARGEST))
            if np.isfinite(value) and away.max() < _FLAT:  # false where it is no number
                at_limit = np.flatnonzero(np.abs(logs) > _LARGEST - _NEAR_LIMIT)
                return Maximum(np.exp(logs), -value * float(total), tuple(int(place) for place in at_limit))
    raise NotFitted("No parameters could be found that fit these histories. Look for errors in the data.")


def _descend(loss: Loss, start: Numbers, tolerance: float) -> tuple[Numbers, float, Numbers]:
    """Logs of the parameters at the bottom reached from a start, the loss there and its slope."""
    bounds = [(-_LARGEST, _LARGEST)] * len(start)
    options: Any = {"maxiter": _STEPS, "ftol": tolerance, "gtol": 1e-9, "maxcor": 20}
    minimised: Any = minimize  # its stubs know no function that gives value and gradient
    logs = np.clip(start, -_LARGEST, _LARGEST)
    found = minimised(loss, logs, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return found.x, float(found.fun), np.asarray(found.jac)
