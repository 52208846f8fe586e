"""What BG/NBD and MBG/NBD share: customers may leave after a purchase, with a probability of their own."""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1

from analysis.defection.buying.model import typical_time
from analysis.defection.buying.purchases import Numbers, Purchases

_HOLE = 1e-4  # width around a = 1, where the closed form is 0 / 0
_SMALL, _FAR = 50.0, 0.9  # within these, on parameters and on z, scipy sums the series of the 2F1: exact and quick
_NODES, _ROWS = 300, 4_000
_TINY = 1e-6


def log_odds_gone(values: Numbers, bought: Purchases, before: Numbers) -> Numbers:
    """ln(a / before ((alpha + T) / (alpha + tx))^(r + x)): the odds of having left after the last purchase against
    still being there, where a / before are those odds without looking at the time since."""
    r, alpha, a, _ = values
    silence = np.log1p((bought.age - bought.recency) / (alpha + bought.recency))
    return np.asarray(np.log(a) - np.log(before) + (r + bought.frequency) * silence)


def purchasing(r: float, alpha: float, bought: Purchases, odds: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The share of the likelihood that purchase times have, given the log-odds of having left after the last one:

        ln [ G(r + x) / G(r) alpha^r ((alpha + T)^-(r + x) + gone part) ]

    and its derivatives by r and alpha, (m,) each.
    """
    x, until, last = bought.frequency, alpha + bought.age, alpha + bought.recency
    gone = expit(odds)
    rows = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(until) + np.logaddexp(0, odds)
    by_r = digamma(r + x) - digamma(r) + np.log(alpha) - np.log(until) + gone * np.log(until / last)
    by_alpha = r / alpha - (r + x) * ((1 - gone) / until + gone / last)
    return rows, by_r, by_alpha


def expected_while_alive(values: list[float], b_now: Numbers, horizon: Numbers, bought: Purchases) -> Numbers:
    """Expected purchases within a horizon of a customer who has not left, whose probability p to leave after each is
    Beta(a, b_now): the mean over p of (1 - (1 + p y)^-(r + x)) / p, with y = t / (alpha + T); in closed form

        c / (a - 1) [1 - ((alpha + T) / (alpha + T + t))^(r + x) 2F1(r + x, b_now; c; z)],
        c = a + b_now - 1,  z = t / (alpha + T + t)

    By Euler's transformation 2F1(A, B; C; z) = (1 - z)^(C - A - B) 2F1(C - A, C - B; C; z) the bracket becomes
    1 - (1 - z)^(a - 1) 2F1(a + b_now - 1 - r - x, a - 1; c; z), in which nothing overflows however often someone came.
    Where a is 1 that is 0 / 0 and its neighbours' mean is taken; where its 2F1 is out of reach, the mean over p is
    taken as an integral.
    """
    r, alpha, a, _ = values
    shape = np.broadcast_shapes(np.shape(horizon), bought.age.shape)
    rate, y, b = (
        np.array(np.broadcast_to(column, shape), dtype=np.float64).ravel()
        for column in (r + bought.frequency, horizon / (alpha + bought.age), b_now)
    )
    z, first = y / (1 + y), a + b - 1 - rate
    easy = (z < _FAR) & (np.abs(first) < _SMALL) & (np.abs(a - 1) < _SMALL)
    found = np.full(rate.shape, np.nan)
    found[easy] = _closed_form(a, b[easy], first[easy], z[easy])
    easy = (found >= 0) & (found <= rate * y * (1 + _TINY))  # at most what who never leaves buys; false for no number
    found[~easy] = _integrated(a, b[~easy], rate[~easy], y[~easy])
    return found.reshape(shape)


def _closed_form(a: float, b: Numbers, first: Numbers, z: Numbers) -> Numbers:
    beside = (a,) if abs(a - 1) >= _HOLE else (1 - _HOLE, 1 + _HOLE)
    c = a + b - 1
    c = np.where(np.abs(c) < 1e-8, 1e-8, c)
    forms = [c / (each - 1) * (1 - (1 - z) ** (each - 1) * hyp2f1(first, each - 1, c, z)) for each in beside]
    return np.asarray(sum(forms) / len(forms))


def _integrated(a: float, b: Numbers, rate: Numbers, y: Numbers) -> Numbers:
    blocks = [slice(start, start + _ROWS) for start in range(0, len(b), _ROWS)]
    return np.concatenate([np.empty(0), *(_integral(a, b[rows], rate[rows], y[rows]) for rows in blocks)])


def _integral(a: float, b: Numbers, rate: Numbers, y: Numbers) -> Numbers:
    """The mean over p by the trapezoid rule in w = ln(p / (1 - p)), where the integrand is a smooth bell. Its tails,
    where p or 1 - p is so small that the rest does not change any more, are exponentials and added in closed form."""
    left, right = np.log(_TINY / (1 + b + (rate + 1) * y)), np.log((1 + a + rate) / _TINY)
    middle, spread = np.log(a / b), np.sqrt(1 / a + 1 / b)
    low = np.maximum(left, middle - 12 * spread - 40 / a)
    high = np.minimum(right, middle + 12 * spread + 40 / b)
    w = np.linspace(low, high, _NODES)
    step = (high - low) / (_NODES - 1)
    log_p, log_q = -np.logaddexp(0, -w), -np.logaddexp(0, w)
    with np.errstate(divide="ignore"):  # nobody buys within a horizon of nothing
        worth = np.log(-np.expm1(-rate * np.log1p(np.exp(log_p) * y))) - log_p
    inner = np.exp(a * log_p + b * log_q - betaln(a, b) + worth)
    found = step * (inner.sum(axis=0) - (inner[0] + inner[-1]) / 2)
    below = rate * y * np.exp(a * left - np.log(a) - betaln(a, b))
    above = -np.expm1(-rate * np.log1p(y)) * np.exp(-b * right - np.log(b) - betaln(a, b))
    return np.asarray(found + np.where(low == left, below, 0) + np.where(high == right, above, 0))


def dropout_starts(bought: Purchases, counts: Numbers) -> list[tuple[float, ...]]:
    time = typical_time(bought, counts)
    return [(0.5, 0.3 * time, 0.8, 2.5), (2.0, 2.0 * time, 1.0, 10.0), (0.3, 0.3 * time, 0.2, 1.0)]
