"""The difference estimator: what the model says of all answers, corrected by what people say of some."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from analysis.shares.reviewed import Flags, Found, Numbers, Reviewed

#: so many errors more than were seen, with which the variance is reckoned: errors that are rare may all be unseen
_UNSEEN = 0.25
_FOLDS = 5


class Corrected(NamedTuple):
    """Estimates (k,) and their variances (k,), by so many reviewed answers."""

    estimate: Numbers
    variance: Numbers
    answers: int


def difference(reviewed: Reviewed, tuned: Flags) -> Corrected:
    """(k,) each:

        share = L mean_all(f) + mean_reviewed(y - L f)

    f the model's probability, y the label, means weighted (all answers by w, reviewed ones by w / inclusion: Hajek).
    C. M. Cassel, C.-E. Sarndal and J. H. Wretman (1976), Biometrika 63, 615-620; as "prediction-powered inference"
    A. N. Angelopoulos et al. (2023), Science 382, 669-674, who show that it holds for any f. L is 1, or where `tuned`
    (k,) the regression of y on f of the other folds of five (A. N. Angelopoulos et al. 2023, arXiv 2311.01453, cut to
    0..1), which keeps a worthless model from costing anything.

    The variance is that of a share among all defectors such as these: that of drawing the answers, and that of drawing
    the reviewed ones out of them (with what was reviewed anyway left out):

        sum w^2/pi (y - share)^2 + sum w^2 (1 - pi)/pi^2 (e - mean e)^2,    e = y - L f, over (sum w/pi)^2

    with a quarter of an error more than was seen. Estimate +- 1.96 standard errors covered .89 to .93 at small shares,
    ending too low nearly always. So the interval is E. B. Wilson's (1927) for the number of answers that would give
    this variance, with Student's quantile for m - 1: .93 to .98 there (benchmarks/honesty.py). See `score_interval`.
    """
    # Where all were reviewed, every slope gives what people found; one slope for all does so exactly.
    slope = np.where(tuned & (reviewed.inclusion < 1).any(), _slopes(reviewed), 1.0)
    error = reviewed.truth - slope * reviewed.said
    share_of = reviewed.expanded / reviewed.expanded.sum()
    mean_error = reviewed.hajek(error)
    estimate = (share_of @ slope) * reviewed.mean_said + mean_error
    variance = _variance(reviewed, error - mean_error, np.clip(estimate, 0, 1))
    return Corrected(estimate, variance, len(reviewed.at))


def _variance(reviewed: Reviewed, error: Numbers, share: Numbers) -> Numbers:
    m, pi, expanded = len(reviewed.at), reviewed.inclusion, reviewed.expanded
    drawn = expanded**2 * pi  # w^2 / pi
    reread = expanded**2 * (1 - pi)
    unseen = _UNSEEN * (1 - pi).mean() * expanded.mean() ** 2
    seen = (drawn @ (reviewed.truth - share) ** 2 + reread @ error**2) * (m / max(m - 1, 1))
    return np.asarray((seen + unseen) / expanded.sum() ** 2)


def score_interval(corrected: Corrected, level: float) -> Found:
    """Wilson's interval on p (1 - p) / variance answers. An estimate at or past an edge counts as half an answer."""
    estimate, variance, m = corrected
    edge = 0.5 / m
    p = np.clip(estimate, edge, 1 - edge)
    size = np.divide(p * (1 - p), variance, out=np.full(len(p), 1e12), where=variance > 0)
    z = float(stdtrit(max(m - 1, 1), 0.5 + level / 2))
    middle = (p + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * np.sqrt(p * (1 - p) / size + z * z / (4 * size * size))
    shown = np.clip(estimate, 0, 1)
    return Found(shown, np.clip(middle - half, 0, shown), np.clip(middle + half, shown, 1))


def _slopes(reviewed: Reviewed) -> Numbers:
    """(m, k) for each reviewed answer the slope of truth on what the model said, by the answers of the other folds."""
    fold = np.argsort(np.argsort(reviewed.at)) % _FOLDS
    slopes = np.ones(reviewed.said.shape)
    for each in range(_FOLDS):
        others, own = fold != each, fold == each
        if own.any() and others.any():
            slopes[own] = _slope(reviewed.truth[others], reviewed.said[others], reviewed.expanded[others])
    return slopes


def _slope(truth: Numbers, said: Numbers, expanded: Numbers) -> Numbers:
    share = expanded / expanded.sum()
    spread, apart = expanded[:, None] * (said - share @ said), expanded[:, None] * (truth - share @ truth)
    own = (spread**2).sum(axis=0)
    slope = np.divide((spread * apart).sum(axis=0), own, out=np.zeros(len(own)), where=own > 0)
    return np.asarray(np.clip(slope, 0, 1))
