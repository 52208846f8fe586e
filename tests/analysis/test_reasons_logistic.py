"""The regressions that a model consists of."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_array

from analysis.reasons.logistic import Coefficients, Design, regress

ROWS, DIMENSION, TERMS, STRENGTH, EASE = 120, 6, 9, 0.5, 2.0


@pytest.fixture(scope="module")
def design() -> Design:
    draw = np.random.default_rng(1)
    terms = draw.poisson(0.4, (ROWS, TERMS)).astype(np.float32)
    terms[:, -1] = 0  # a term that nobody uses
    return Design(draw.normal(size=(ROWS, DIMENSION)).astype(np.float32), csr_array(terms), EASE)


@pytest.fixture(scope="module")
def labels(design: Design) -> np.ndarray:
    """The first reason hangs on a vector, the second on a term; nobody gave the third."""
    noise = np.random.default_rng(2).normal(size=ROWS)
    words = design.terms.toarray()
    return np.stack([design.vectors[:, 0] + noise > 0.5, words[:, 2] + noise > 1, np.zeros(ROWS, bool)], axis=1)


@pytest.fixture(scope="module")
def prior() -> Coefficients:
    draw = np.random.default_rng(3)
    parts = [draw.normal(size=shape).astype(np.float32) for shape in ((DIMENSION, 3), (TERMS, 3), (3,))]
    return Coefficients(*parts)


def _loss(flat: np.ndarray, design: Design, label: np.ndarray, start: np.ndarray) -> float:
    """As the docstring of `regress` says it."""
    rows = np.concatenate([design.vectors, design.terms.toarray(), np.ones((ROWS, 1))], axis=1)
    sides = np.where(label, ROWS / 2 / label.sum(), ROWS / 2 / (~label).sum())
    away = (flat - start)[:-1]
    away[:DIMENSION] /= EASE
    return float((STRENGTH * sides * np.logaddexp(0, -np.where(label, 1, -1) * (rows @ flat))).sum() + away @ away / 2)


def test_no_other_coefficients_have_a_clearly_smaller_loss(
    design: Design, labels: np.ndarray, prior: Coefficients
) -> None:
    found = regress(design, labels, np.ones(labels.shape, np.float32), STRENGTH, prior)
    for k in (0, 1):
        start, mine = (np.concatenate([c.vectors[:, k], c.terms[:, k], c.intercept[k : k + 1]]) for c in (prior, found))
        known: Any = (design, labels[:, k], start)
        best = minimize(_loss, start.astype(np.float64), args=known, method="BFGS").fun
        assert best <= _loss(mine, *known) < 1.005 * best < 0.8 * _loss(start, *known)


def test_what_nobody_says_stays_as_it_was(design: Design, labels: np.ndarray, prior: Coefficients) -> None:
    found = regress(design, labels, np.ones(labels.shape, np.float32), STRENGTH, prior)
    assert (found.terms[-1] == prior.terms[-1]).all()
    assert found.vectors[:, 2] == pytest.approx(prior.vectors[:, 2])  # a reason that nobody gave
    assert found.intercept[2] == prior.intercept[2]


def test_reasons_do_not_lean_on_each_other(design: Design, labels: np.ndarray) -> None:
    weights = np.ones(labels.shape, np.float32)
    together = regress(design, labels, weights, STRENGTH)
    alone = regress(design, labels[:, :1], weights[:, :1], STRENGTH)
    assert together.vectors[:, 0] == pytest.approx(alone.vectors[:, 0], abs=1e-4)
