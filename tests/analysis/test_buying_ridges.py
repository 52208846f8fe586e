"""A likelihood that does not tell its parameters apart still gives a model, and says that they were held."""

import numpy as np
import pytest

from analysis import NotFitted, buying_model_from
from analysis.defection.buying.fitting import maximise
from analysis.defection.buying.nbd import NBD

COUNTS = np.full(50, 2.0)


def climbing(slope):
    """Of the logs a and b: highest where b is 1, and ever higher with a, by so little that the numbers give out first,
    at a = 5."""

    def likelihood(parameters):
        a, b = np.log(parameters)
        height = np.nan if a > 5 else slope * a - (b - 1) ** 2
        slopes = np.array([slope, -2 * (b - 1)]) / parameters
        return np.full(len(COUNTS), height), np.repeat(slopes[:, None], len(COUNTS), axis=1)

    return likelihood


def test_a_ridge_without_a_top_is_held_near_the_start():
    found = maximise(climbing(1e-3), COUNTS, [(1.0, 1.0)])
    assert found.held
    a, b = np.log(found.parameters)
    assert b == pytest.approx(1, abs=1e-2)
    # One customer's weight of a normal prior, three logs wide: slope * customers * 3 ^ 2 away from the rough top.
    assert 0 < a < 5
    assert found.log_likelihood == pytest.approx(100 * (1e-3 * a - (b - 1) ** 2))


def test_a_steep_climb_is_no_ridge():
    with pytest.raises(NotFitted):
        maximise(climbing(1e3), COUNTS, [(1.0, 1.0)])


def test_what_was_held_is_remembered():
    draw = np.random.default_rng(1)
    model = NBD().fit(draw.poisson(2, 60) + 1, np.full(60, 20.0), np.full(60, 30.0))
    assert not model.held_
    model.held_ = True
    assert buying_model_from(model.as_dict()).held_
