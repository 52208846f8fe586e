"""Logistic regressions that share their features: one for each reason, solved together.

scikit-learn fits them one after the other and knows one weight an example; here every example has a weight for each
reason (0: unknown), and all reasons are one matrix product, which is what makes training a matter of seconds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import expit

Floats = NDArray[np.float32]

_STEPS = 80
_MEMORY = 8
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """What is known of n rows: their sentence vectors (n, d), scaled, and their terms (n, V)."""

    vectors: Floats
    terms: csr_array


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
    (from 0 without one), by L-BFGS.

    `labels` and `weights`: (n, k). The two sides of each reason weigh the same together: else a reason that few gave
    hides behind its intercept; calibration puts the shares right again. A reason with one side only stays at its prior.
    The same input gives the same bytes on one thread of one machine.
    """
    d, vocabulary, k = design.vectors.shape[1], design.terms.shape[1], labels.shape[1]
    weights = np.float32(strength) * _balanced(labels, weights)
    signs = np.where(labels, np.float32(1), np.float32(-1))
    terms = design.terms.astype(np.float32)
    transposed = terms.T.tocsr()
    start = _flat(prior) if prior else np.zeros((d + vocabulary + 1, k), dtype=np.float32)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        found = flat.reshape(-1, k).astype(np.float32)
        margins = signs * (design.vectors @ found[:d] + terms @ found[d:-1] + found[-1])
        pull = -weights * signs * expit(-margins)
        gradient = np.concatenate([design.vectors.T @ pull, transposed @ pull, pull.sum(axis=0, keepdims=True)])
        away = found[:-1] - start[:-1]
        gradient[:-1] += away
        lost = float((weights * np.logaddexp(0, -margins)).sum(dtype=np.float64))
        return lost + 0.5 * float(np.vdot(away, away)), gradient.ravel().astype(np.float64)

    options: Any = {"maxiter": _STEPS, "maxcor": _MEMORY, "ftol": _TOLERANCE, "gtol": 1e-4}
    minimised: Any = minimize  # its stubs know no function that gives value and gradient
    solved = minimised(loss, start.ravel().astype(np.float64), jac=True, method="L-BFGS-B", options=options)
    found = solved.x.reshape(-1, k).astype(np.float32)
    return Coefficients(found[:d], found[d:-1], found[-1])


def _flat(coefficients: Coefficients) -> Floats:
    return np.concatenate([coefficients.vectors, coefficients.terms, coefficients.intercept[None, :]])


def _balanced(labels: NDArray[np.bool_], weights: Floats) -> Floats:
    given = np.where(labels, weights, 0).sum(axis=0)
    denied = np.where(labels, 0, weights).sum(axis=0)
    half = np.where((given > 0) & (denied > 0), (given + denied) / 2, 0)
    sides = np.where(labels, half / np.maximum(given, 1e-9), half / np.maximum(denied, 1e-9))
    return np.asarray(weights * sides, dtype=np.float32)
