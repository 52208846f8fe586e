"""What a model learns from: readings of answers and what was said of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.reasons.reading import Reading

Labels = NDArray[np.bool_]
Floats = NDArray[np.float32]
FOLDS = 5
#: from so many groups on, fewer folds leave nearly as much to learn from, and take half the time
MANY, FOLDS_OF_MANY = 5_000, 3


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """n answers and k reasons.

    `labels` (n, k): whether the answer gives the reason; `weights` (n, k): how much that counts, 0 where it is not
    known. `groups` (n,): answers that share words share a group, and a group is never on both sides of a fold.
    `trusted` (n,): read by a person; calibration and thresholds go by these where there are enough. `private` (n,):
    the words of a customer, of which a term is only learnt when several customers use it.
    """

    readings: Sequence[Reading]
    labels: Labels
    weights: Floats
    groups: NDArray[np.int64]
    reasons: tuple[str, ...]
    trusted: NDArray[np.bool_]
    private: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.readings)

    def take(self, at: NDArray[np.int64]) -> "Examples":
        """These of the examples."""
        return Examples(
            [self.readings[i] for i in at],
            self.labels[at],
            self.weights[at],
            self.groups[at],
            self.reasons,
            self.trusted[at],
            self.private[at],
        )

    def readable(self) -> "Examples":
        """Those with words. ValueError where they are too few to learn from."""
        at = np.flatnonzero([len(reading.vectors) > 0 for reading in self.readings])
        if len(np.unique(self.groups[at])) < FOLDS:
            raise ValueError(f"{len(at)} answers with words are too few to learn from; the least is {FOLDS} different.")
        return self.take(at)


def together(first: Examples, second: Examples) -> Examples:
    """Both, with the groups kept apart."""
    shift = int(first.groups.max(initial=-1)) + 1
    return Examples(
        [*first.readings, *second.readings],
        np.concatenate([first.labels, second.labels]),
        np.concatenate([first.weights, second.weights]),
        np.concatenate([first.groups, second.groups + shift]),
        first.reasons,
        np.concatenate([first.trusted, second.trusted]),
        np.concatenate([first.private, second.private]),
    )


def folds(groups: NDArray[np.int64], seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Train and test positions of folds of whole groups, drawn by `seed`: FOLDS of them, or FOLDS_OF_MANY."""
    names, at = np.unique(groups, return_inverse=True)
    count = FOLDS if len(names) < MANY else FOLDS_OF_MANY
    fold = (np.random.default_rng(seed).permutation(len(names)) % count)[at]
    for each in range(min(count, len(names))):
        yield np.flatnonzero(fold != each), np.flatnonzero(fold == each)
