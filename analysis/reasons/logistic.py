"""Logistic regressions that share their features: one for each reason, solved side by side.

scikit-learn fits them one after the other and knows one weight an example; here every example has a weight for each
reason (0: unknown), and all reasons are one matrix product, which is what makes training a matter of seconds.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEPS = 80
_MEMORY = 6
#: a reason whose loss falls by a smaller share in one step is done
_TOLERANCE = 5e-4
_HALVINGS = 12
#: of what the slope promises, a step has to keep so much (Armijo's rule)
_KEPT = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """What is known of n rows: their sentence vectors (n, d), scaled, and their terms (n, V).

    `ease`: by so much less the coefficients of the vectors are held back than those of the terms. The vectors are few
    and say what is meant, the terms are many, and each is seen in few rows.
    """

    vectors: Floats
    terms: csr_array
    ease: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """Of k regressions: for the vectors (d, k), for the terms (V, k), and the intercepts (k,)."""

    vectors: Floats
    terms: Floats
    intercept: Floats

    def logits(self, design: Design) -> Floats:
        """(n, k)."""
        return np.asarray(design.vectors @ self.vectors + design.terms @ self.terms + self.intercept)


def regress(
    design: Design, labels: NDArray[np.bool_], weights: Floats, strength: float, prior: Coefficients | None = None
) -> Coefficients:
    """Minimise strength x sum of weighted log losses + half the squared distance of the coefficients from the prior's
    (from 0 without one), where those of the vectors are measured in units of `design.ease`.

    `labels` and `weights`: (n, k). The two sides of each reason weigh the same together: else a reason that few gave
    hides behind its intercept; calibration puts the shares right again. A reason with one side only stays at its prior.
    The same input gives the same bytes on one thread of one machine.
    """
    d, vocabulary, k = design.vectors.shape[1], design.terms.shape[1], labels.shape[1]
    ease = np.float32(design.ease)
    found = _flat(prior) if prior else np.zeros((k, d + vocabulary + 1), dtype=np.float32)
    occurring = np.unique(design.terms.indices)  # all others stay where they are: nothing pulls at them
    moving = np.concatenate([np.arange(d), d + occurring, [d + vocabulary]])
    terms = csr_array(design.terms[:, occurring].astype(np.float32))
    found[:, :d] /= ease
    problem = _Problem(
        ease * design.vectors,
        terms,
        terms.T.tocsr(),
        np.where(labels.T, np.float32(1), np.float32(-1)),
        np.ascontiguousarray(np.float32(strength) * _balanced(labels, weights).T),
        found[:, moving],
    )
    found[:, moving] = _minimised(problem)
    found[:, :d] *= ease
    parts = found.T
    return Coefficients(parts[:d].copy(), parts[d:-1].copy(), parts[-1].copy())


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """k losses of P coefficients each (for vectors, terms and the intercept), each reason a row of its own.

    `signs` and `weights` (k, n); `start` (k, P).
    """

    vectors: Floats
    terms: csr_array
    transposed: csr_array
    signs: Floats
    weights: Floats
    start: Floats

    def at(self, point: Floats, of: Ints) -> tuple[Doubles, Floats]:
        """Losses (m,) and their gradients (m, P) of the reasons `of` (m,) where `point` (m, P) is."""
        d, signs, weights = self.vectors.shape[1], self.signs[of], self.weights[of]
        margins = point[:, :d] @ self.vectors.T + (self.terms @ point[:, d:-1].T).T + point[:, -1:]
        margins *= signs
        small = np.exp(-np.abs(margins))  # never overflows
        pull = weights * signs * (np.where(margins >= 0, small, np.float32(1)) / (1 + small))
        away = point - self.start[of]
        away[:, -1] = 0  # the intercept is free
        gradient = away.copy()
        gradient[:, :d] -= pull @ self.vectors
        gradient[:, d:-1] -= (self.transposed @ pull.T).T
        gradient[:, -1] -= pull.sum(axis=1)
        lost = weights * (np.log1p(small) - np.minimum(margins, 0))
        return lost.sum(axis=1, dtype=np.float64) + 0.5 * _dot(away, away), gradient


@dataclass(slots=True, eq=False)
class _Past:
    """The last steps of each reason and how the gradient changed by them, from which L-BFGS tells the curvature
    (J. Nocedal and S. J. Wright (2006), Numerical optimization, 2nd edition, algorithm 7.4)."""

    scale: Floats
    steps: list[tuple[Floats, Floats, Floats]] = field(default_factory=list)

    def direction(self, gradient: Floats, of: Ints) -> Floats:
        """Where the loss rises, by as much as one should step back: (m, P) for the reasons `of`."""
        found, shares = gradient.copy(), []
        for step, change, curvature in reversed(self.steps):
            shares.append(curvature[of] * _dot(step[of], found).astype(np.float32))
            found -= shares[-1][:, None] * change[of]
        found *= self.scale[of, None]
        for (step, change, curvature), share in zip(self.steps, reversed(shares), strict=True):
            back = curvature[of] * _dot(change[of], found).astype(np.float32)
            found += (share - back)[:, None] * step[of]
        return found

    def remember(self, of: Ints, step: Floats, change: Floats) -> None:
        """What the reasons `of` did; the others did nothing."""
        both = _dot(step, change)
        curved = both > 0
        k, p = len(self.scale), step.shape[1]
        steps, changes = np.zeros((k, p), np.float32), np.zeros((k, p), np.float32)
        curvature = np.zeros(k, np.float32)
        steps[of], changes[of] = step, change
        curvature[of[curved]] = 1 / both[curved]
        self.scale[of[curved]] = both[curved] / _dot(change, change)[curved]
        self.steps = [*self.steps, (steps, changes, curvature)][-_MEMORY:]


def _minimised(problem: _Problem) -> Floats:
    """(k, P), by L-BFGS for each reason on its own: each has steps of its own length and ends when it is done."""
    point, of = problem.start.copy(), np.arange(len(problem.start))
    losses, gradients = problem.at(point, of)
    past = _Past((1 / np.sqrt(np.maximum(_dot(gradients, gradients), 1e-12))).astype(np.float32))
    for _ in range(_STEPS):
        if not len(of):
            break
        to, lost, gradient = _stepped(problem, of, (point[of], losses[of], gradients[of]), past)
        past.remember(of, to - point[of], gradient - gradients[of])
        going = losses[of] - lost > _TOLERANCE * np.abs(losses[of])
        point[of], losses[of], gradients[of] = to, lost, gradient
        of = of[going]
    return point


_State = tuple[Floats, Doubles, Floats]


def _stepped(problem: _Problem, of: Ints, state: _State, past: _Past) -> _State:
    """One step of each of the reasons `of`: point, losses and gradients; where no step helps, those of before."""
    point, losses, gradients = state[0].copy(), state[1].copy(), state[2].copy()
    direction = past.direction(state[2], of)
    slope = _dot(direction, state[2])
    todo, length = np.arange(len(of)), np.float32(1)
    for _ in range(_HALVINGS):
        to = state[0][todo] - length * direction[todo]
        lost, gradient = problem.at(to, of[todo])
        kept = lost <= state[1][todo] - _KEPT * length * slope[todo]
        done = todo[kept]
        point[done], losses[done], gradients[done] = to[kept], lost[kept], gradient[kept]
        todo, length = todo[~kept], length / 2
        if not len(todo):
            break
    return point, losses, gradients


def _dot(a: Floats, b: Floats) -> Doubles:
    return np.asarray(np.einsum("ij,ij->i", a, b), dtype=np.float64)


def _flat(coefficients: Coefficients) -> Floats:
    return np.concatenate([coefficients.vectors, coefficients.terms, coefficients.intercept[None, :]]).T.copy()


def _balanced(labels: NDArray[np.bool_], weights: Floats) -> Floats:
    given = np.where(labels, weights, 0).sum(axis=0)
    denied = np.where(labels, 0, weights).sum(axis=0)
    half = np.where((given > 0) & (denied > 0), (given + denied) / 2, 0)
    sides = np.where(labels, half / np.maximum(given, 1e-9), half / np.maximum(denied, 1e-9))
    return np.asarray(weights * sides, dtype=np.float32)
