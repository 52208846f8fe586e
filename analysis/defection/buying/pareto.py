"""Pareto/NBD: customers come at rates of their own, and leave at rates of their own, at any time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.special import digamma, expit, gammaln

from analysis.defection.buying.model import PurchaseModel, typical_time
from analysis.defection.buying.purchases import Numbers, Purchases

_NODES = 24  # the error of ln I is below 1e-6 from 1 to 1,000 visits
_ROWS = 2_000  # histories at a time: the nodes of all stay in the cache of the processor


class ParetoNBD(PurchaseModel):
    """Purchases at a rate Gamma(r, alpha) over customers, lifetimes with a rate of ending Gamma(s, beta) over them.

    D. C. Schmittlein, D. G. Morrison & R. Colombo (1987), Counting your customers, Management Science 33, 1-24.
    Likelihood as in P. S. Fader & B. G. S. Hardie (2005), "A Note on Deriving the Pareto/NBD Model", before their
    integral is written as a difference of two 2F1, which cancel and overflow:

        L = G(r + x) / G(r) alpha^r beta^s [ (alpha + T)^-(r + x) (beta + T)^-s + s I ],
        I = integral from tx to T of (alpha + u)^-(r + x) (beta + u)^-(s + 1) du

    I is positive and smooth, and is taken by Gauss-Legendre quadrature, which gives its derivatives too.
    """

    names = ("r", "alpha", "s", "beta")

    def _likelihood(self, values: Numbers, bought: Purchases) -> tuple[Numbers, Numbers]:
        r, alpha, s, beta = values
        x, until, left = bought.frequency, alpha + bought.age, beta + bought.age
        log_integral, slopes = _by_block(values, bought, with_slopes=True)
        alive = -(r + x) * np.log(until) - s * np.log(left)
        dead = np.log(s) + log_integral
        gone = expit(dead - alive)
        rows = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + np.logaddexp(alive, dead)
        purchases = np.stack([np.log(until), (r + x) / until, np.log(left), s / left])
        mixed = gone * slopes - (1 - gone) * purchases
        by_r = digamma(r + x) - digamma(r) + np.log(alpha)
        known = np.broadcast_arrays(by_r, r / alpha, np.log(beta) + gone / s, s / beta)
        return rows, np.stack(known) + mixed

    def _starts(self, bought: Purchases, counts: Numbers) -> Sequence[Sequence[float]]:
        time = typical_time(bought, counts)
        age = float(counts @ bought.age / counts.sum())
        return [(0.5, 0.5 * time, 0.5, 0.5 * age), (2.0, 2.0 * time, 1.0, 3.0 * age)]

    def _expected(self, values: list[float], horizon: Numbers, bought: Purchases) -> Numbers:
        """P(alive) (r + x) (beta + T) / (alpha + T) (1 - ((beta + T) / (beta + T + t))^(s - 1)) / (s - 1):
        equation 41 of the note. Where s is 1 the last fraction is ln((beta + T + t) / (beta + T))."""
        r, alpha, s, beta = values
        left = beta + bought.age
        log_ratio = np.log1p(horizon / left)
        shrinking = log_ratio if abs(s - 1) < 1e-9 else -np.expm1(-(s - 1) * log_ratio) / (s - 1)
        return np.asarray(
            self._alive(values, bought) * (r + bought.frequency) / (alpha + bought.age) * left * shrinking
        )

    def _alive(self, values: list[float], bought: Purchases) -> Numbers:
        """1 / (1 + s I (alpha + T)^(r + x) (beta + T)^s)."""
        r, alpha, s, beta = values
        flat = Purchases(*(np.atleast_1d(column) for column in (bought.frequency, bought.recency, bought.age)))
        log_integral, _ = _by_block(np.asarray(values), flat, with_slopes=False)
        alive = -(r + flat.frequency) * np.log(alpha + flat.age) - s * np.log(beta + flat.age)
        return np.asarray(expit(alive - np.log(s) - log_integral)).reshape(bought.frequency.shape)


def _by_block(values: Numbers, bought: Purchases, with_slopes: bool) -> tuple[Numbers, Numbers]:
    n = len(bought.age)
    logs, slopes = np.empty(n), np.empty((4, n if with_slopes else 0))
    for start in range(0, n, _ROWS):
        rows = slice(start, start + _ROWS)
        block = Purchases(bought.frequency[rows], bought.recency[rows], bought.age[rows])
        logs[rows], found = log_integral(values, block, with_slopes)
        if with_slopes:
            slopes[:, rows] = found
    return logs, slopes


@cache
def _gauss_legendre() -> tuple[Numbers, Numbers]:
    """The nodes and weights on -1 .. 1, worked out once."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def log_integral(values: Numbers, bought: Purchases, with_slopes: bool = True) -> tuple[Numbers, Numbers]:
    """ln I (m,) and its derivatives by r, alpha, s and beta (4, m).

    From tx on the integrand falls at the rate k = (r + x) / (alpha + tx) + (s + 1) / (beta + tx), for who came often
    within a tiny part of the interval. With u = tx + (exp(v) - 1) / k the nodes lie evenly in v: dense where it falls.
    """
    r, alpha, s, beta = values
    power, tx = r + bought.frequency, bought.recency
    scale = 1 / (power / (alpha + tx) + (s + 1) / (beta + tx))
    width = np.log1p((bought.age - tx) / scale)
    nodes, weights = _gauss_legendre()
    v = np.multiply.outer((nodes + 1) / 2, width)
    u = tx + scale * np.expm1(v)
    log_alpha, log_beta = np.log(alpha + u), np.log(beta + u)
    heights = v - power * log_alpha - (s + 1) * log_beta + np.log(weights / 2)[:, None]
    top = heights.max(axis=0)
    parts = np.exp(heights - top)
    total = parts.sum(axis=0)
    with np.errstate(divide="ignore"):  # nothing lies between tx and T where they are equal
        logs = top + np.log(total) + np.log(scale) + np.log(width)
    if not with_slopes:
        return logs, np.empty((4, 0))
    parts /= total
    by = [(parts * log_alpha).sum(0), power * (parts / (alpha + u)).sum(0)]
    by += [(parts * log_beta).sum(0), (s + 1) * (parts / (beta + u)).sum(0)]
    return logs, -np.stack(by)
