"""BG/BB: customers who can buy only at certain times, once each: a yearly gift, a monthly market, a season ticket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, digamma, gammaln

from analysis.defection.buying.fitting import maximise
from analysis.defection.buying.model import FittedModel
from analysis.defection.buying.purchases import Numbers, distinct, enough, equally_long, not_whole

_STARTS = ((1.0, 1.0, 1.0, 3.0), (0.5, 2.0, 0.3, 5.0), (3.0, 3.0, 1.0, 1.0))
_HOLE = 1e-4  # width around gamma = 1, where the closed form is 0 / 0


class BGBB(FittedModel):
    """At each opportunity who is still there buys with a probability Beta(alpha, beta) over customers; before each one
    a customer leaves for good with a probability Beta(gamma, delta) over customers.

    P. S. Fader, B. G. S. Hardie & J. Shang (2010), Customer-Base Analysis in a Discrete-Time Noncontractual Setting,
    Marketing Science 29, 1086-1108. All arguments count opportunities after the first purchase, which is not counted:
    frequency, how many were taken; recency, the number of the last one taken (0: none); opportunities, how many were.
    """

    names = ("alpha", "beta", "gamma", "delta")

    def fit(self, frequency: ArrayLike, recency: ArrayLike, opportunities: ArrayLike) -> Self:
        """Fit by maximum likelihood to n customers, (n,) each. Raises ValueError where the columns are wrong, TooThin
        where there is too little to learn from, NotFitted where no fit is to be trusted."""
        columns = _checked(*(np.atleast_1d(column) for column in (frequency, recency, opportunities)))
        enough(columns[0])
        rows, counts = distinct(columns)
        paths = _Paths.of(*rows)
        return self._learnt(maximise(lambda values: _likelihood(values, paths), counts, _STARTS), columns[0].size)

    def expected_purchases(
        self, horizon: ArrayLike, frequency: ArrayLike, recency: ArrayLike, opportunities: ArrayLike
    ) -> Numbers:
        """How many of the next `horizon` opportunities each customer may be expected to take, (n,). Equation 13:

        B(alpha + x + 1, beta + n - x) / B(alpha, beta) S / L,
        S = sum over k of 1 .. horizon of B(gamma, delta + n + k) / B(gamma, delta)
        """
        values = self._values()
        ahead = equally_long(horizon=horizon, opportunities=opportunities)[0]
        if not_whole(ahead):
            raise ValueError("The horizon counts opportunities: it must be a whole number.")
        x, _, n = columns = _checked(frequency, recency, opportunities)
        alpha, beta, gamma, delta = values
        buying = betaln(alpha + x + 1, beta + n - x) - betaln(alpha, beta)
        return np.asarray(np.exp(buying - _heights(values, columns)) * _stays(gamma, delta, n, ahead))

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, opportunities: ArrayLike) -> Numbers:
        """The probability that each customer will be there at the next opportunity, (n,). Equation 11."""
        alpha, beta, gamma, delta = values = self._values()
        x, _, n = columns = _checked(frequency, recency, opportunities)
        there = betaln(alpha + x, beta + n - x) - betaln(alpha, beta)
        there += betaln(gamma, delta + n + 1) - betaln(gamma, delta)
        return np.asarray(np.exp(there - _heights(values, columns)))


@dataclass(frozen=True, eq=False)
class _Paths:
    """Every way in which m histories can have gone: the customer was last there at opportunity j of tx .. n, and with
    j = n has not left. One element a way, those of a history together; `start` (m,) is the first of each."""

    frequency: Numbers
    last_there: Numbers
    left: Numbers
    start: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, frequency: Numbers, recency: Numbers, opportunities: Numbers) -> _Paths:
        lengths = (opportunities - recency).astype(np.int64) + 1
        start = np.cumsum(lengths) - lengths
        last_there = np.repeat(recency - start, lengths) + np.arange(lengths.sum())
        left = (last_there < np.repeat(opportunities, lengths)).astype(np.float64)
        return cls(np.repeat(frequency, lengths), last_there, left, start, lengths)


def _likelihood(values: Numbers, paths: _Paths) -> tuple[Numbers, Numbers]:
    """Equation 7 of the paper, as the sum over all ways; with its derivatives (4, m)."""
    alpha, beta, gamma, delta = values
    x, j, left = paths.frequency, paths.last_there, paths.left
    logs = betaln(alpha + x, beta + j - x) + betaln(gamma + left, delta + j)
    rows = np.logaddexp.reduceat(logs, paths.start)
    share = np.exp(logs - np.repeat(rows, paths.lengths))
    buying, staying = digamma(alpha + beta + j), digamma(gamma + left + delta + j)
    slopes = [digamma(alpha + x) - buying, digamma(beta + j - x) - buying]
    slopes += [digamma(gamma + left) - staying, digamma(delta + j) - staying]
    before = digamma(values) - np.repeat(digamma([alpha + beta, gamma + delta]), 2)
    summed = np.stack([np.add.reduceat(share * slope, paths.start) for slope in slopes])
    return rows - betaln(alpha, beta) - betaln(gamma, delta), summed - before[:, None]


def _heights(values: list[float], columns: tuple[Numbers, ...]) -> Numbers:
    """Log-likelihood of each customer; equal histories are computed once."""
    flat = tuple(np.ravel(column) for column in columns)
    rows, place = np.unique(np.stack(flat), axis=1, return_inverse=True)
    return np.asarray(_likelihood(np.asarray(values), _Paths.of(*rows))[0][place.ravel()].reshape(columns[0].shape))


def _stays(gamma: float, delta: float, n: Numbers, ahead: Numbers) -> Numbers:
    """S of `expected_purchases` in closed form: delta / (gamma - 1) (g(n) - g(n + ahead)),
    g(m) = G(gamma + delta) G(1 + delta + m) / (G(1 + delta) G(gamma + delta + m))."""
    beside = (gamma,) if abs(gamma - 1) >= _HOLE else (1 - _HOLE, 1 + _HOLE)
    forms = [delta / (each - 1) * (_g(each, delta, n) - _g(each, delta, n + ahead)) for each in beside]
    return np.asarray(sum(forms) / len(forms))


def _g(gamma: float, delta: float, m: Numbers) -> Numbers:
    top, bottom = gammaln(1 + delta + m) - gammaln(1 + delta), gammaln(gamma + delta + m) - gammaln(gamma + delta)
    return np.asarray(np.exp(top - bottom))


def _checked(frequency: ArrayLike, recency: ArrayLike, opportunities: ArrayLike) -> tuple[Numbers, ...]:
    columns = equally_long(frequency=frequency, recency=recency, opportunities=opportunities)
    x, tx, n = columns
    if any(not_whole(column) for column in columns):
        raise ValueError("Frequency, recency and opportunities are counted: they must be whole numbers.")
    if (tx > n).any():
        raise ValueError("A recency may not exceed the opportunities that there were.")
    if (x > tx).any() or (tx[x == 0] > 0).any():
        raise ValueError("A recency is the number of the last opportunity taken: at least the frequency, 0 for none.")
    return columns
