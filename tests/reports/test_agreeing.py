"""Ticks, the model and people held against each other, in words."""

import numpy as np
import pytest
from flask import Flask

from survey.analyst import sharing
from survey.analyst.sharing import Agreement, Kappa
from survey.reports import agreeing


@pytest.fixture(autouse=True)
def _language(app: Flask, context: None) -> None:
    """Words are said in a language."""


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("found", "words", "figure"),
    [
        (None, "too few to say", ""),
        ((0.9, None, None), "too few to say", ""),
        ((0.05, -0.1, 0.2), "hardly", "0.05 (-0.10 – 0.20)"),  # noqa: RUF001
        ((0.4, 0.2, 0.6), "fairly", "0.40 (0.20 – 0.60)"),  # noqa: RUF001
        ((1.0, 0.9, 1.0), "almost always", "1.00 (0.90 – 1.00)"),  # noqa: RUF001
    ],
)
def test_how_far_two_sources_agree(found: Kappa, words: str, figure: str) -> None:
    assert agreeing.in_words(found) == words
    assert agreeing.figure(found) == figure


@pytest.mark.sqlite
def test_three_sources_reason_by_reason() -> None:
    """Of the first reason ticks and people agree, and the model does not; of the second it is the other way round."""
    rng = np.random.default_rng(1)
    truth = rng.random((200, 2)) < 0.3
    noise = rng.random((200, 2)) < 0.3
    ticked = np.column_stack([truth[:, 0], noise[:, 1]])
    scores = np.column_stack([noise[:, 0], truth[:, 1]]) * 0.9
    answers = sharing.evidence(scores, range(200), truth, np.ones(200))
    first, second = sharing.agreement(answers, ticked)
    assert (first.both, first.only_ticked, first.only_written) == (truth[:, 0].sum(), 0, 0)
    assert first.tick is not None
    assert second.model is not None
    assert (first.tick[0], second.model[0]) == (1.0, 1.0)
    for poor in (first.model, second.tick):
        assert poor is not None
        assert abs(poor[0]) < 0.25


@pytest.mark.sqlite
def test_without_a_model_nothing_is_said_of_it() -> None:
    truth = np.array([[True], [False]] * 40)
    answers = sharing.evidence(np.zeros((80, 1)), range(80), truth, np.ones(80))
    assert sharing.agreement(answers, truth)[0].model is None


@pytest.mark.sqlite
def test_what_was_stored_before_is_still_read() -> None:
    assert Agreement(1, 2, 3).tick is None
