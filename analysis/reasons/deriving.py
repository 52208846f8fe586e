"""A model for other reasons than those it was trained for: renamed, merged, split, retired or added ones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.reasons.weights import Weights

#: the intercept of a reason of which nothing is known yet: never given
_NEVER = -12.0


def derive(weights: Weights, reasons: Sequence[str], sources: Mapping[str, Sequence[str]]) -> Weights:
    """The model for these reasons: each is the mean of the reasons it comes from (`sources`; itself where none are
    named), and never given where the model knows none of them.

    A merged reason has several sources, the parts of a split one share theirs. ValueError without reasons.
    """
    at = {code: k for k, code in enumerate(weights.reasons)}
    columns = [[at[code] for code in sources.get(reason, (reason,)) if code in at] for reason in reasons]
    mix = np.zeros((len(weights.reasons), len(reasons)), dtype=np.float32)
    for k, found in enumerate(columns):
        mix[found, k] = 1 / max(len(found), 1)
    unknown = np.array([not found for found in columns])
    typical = np.median(weights.calibration, axis=1).astype(np.float32)
    return replace(
        weights,
        reasons=tuple(reasons),
        vector_weights=weights.vector_weights @ mix,
        term_weights=weights.term_weights @ mix,
        intercept=np.where(unknown, np.float32(_NEVER), weights.intercept @ mix).astype(np.float32),
        calibration=np.where(unknown, typical[:, None], weights.calibration @ mix).astype(np.float32),
        thresholds=np.where(unknown, np.float32(0.5), weights.thresholds @ mix).astype(np.float32),
        about={**weights.about, "derived": True, "exclusive": False},
    )


def is_known(weights: Weights) -> np.ndarray:
    """(k,): whether anything is known of each reason."""
    return np.asarray(weights.intercept > _NEVER)
