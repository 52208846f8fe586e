"""How much there is to learn from reading an answer, and the lot by which it is drawn for that.

An answer of usefulness u and permanent random number v is in a sample of scale c where v / u < c, so with probability
min(1, c u): sequential Poisson sampling (Ohlsson 1998, "Sequential Poisson sampling", Journal of Official Statistics
14:149-162). Those with the smallest v / u come first, so whatever part of the queue has been read is itself such a
sample, of a smaller scale.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from survey.reasons.lots import number

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: the least useful answer is drawn a tenth as readily as the most useful: the uniform floor that keeps weights small
FLOOR = 0.1
#: what makes an answer useful, of 1; of several things the greatest counts
PEOPLE_DIFFER, PRICE_UNREAD, TICKED_UNREAD, UNSURE = 1.0, 0.8, 0.7, 0.5
#: so near to its threshold a probability says little; at the threshold the answer is as useful as can be
NEAR = 0.1


@dataclass(frozen=True)
class Answers:
    """n answers as the serving model of k reasons sees them.

    `scores` (n, k); `ticked` (n,): column of the main reason ticked, -1 where the model does not know it;
    `price` (n,): whether that is the price; `disputed` (n,): whether people who read it differ.
    """

    scores: Floats
    ticked: NDArray[np.int64]
    price: Bools
    disputed: Bools


@dataclass(frozen=True)
class Lot:
    """An answer that was drawn: with what chance, and its place, small before large."""

    response_id: int
    probability: float
    place: float


def usefulness(answers: Answers, thresholds: Floats) -> Floats:
    """(n,), from FLOOR to 1. `thresholds` (k,): from which probability on the model gives each reason."""
    given = answers.scores >= thresholds
    unsure = ~given.any(axis=1)
    near = 1 - np.abs(answers.scores - thresholds).min(axis=1) / NEAR
    known = answers.ticked >= 0
    missed = known & ~given[np.arange(len(given)), np.where(known, answers.ticked, 0)]
    signs = (
        np.where(answers.disputed, PEOPLE_DIFFER, 0.0),
        np.where(answers.price & unsure, PRICE_UNREAD, 0.0),
        np.where(missed & ~unsure, TICKED_UNREAD, 0.0),
        np.where(unsure, UNSURE, 0.0),
        np.clip(near, 0.0, 1.0),
    )
    return np.asarray(FLOOR + (1 - FLOOR) * np.maximum.reduce(signs))


@dataclass
class Draw:
    """Draws `expected` of `answers` answers, which come by in batches; holds only what may still be drawn."""

    expected: float
    answers: int
    total: float = 0.0
    #: response, its place v / u, and u
    _kept: list[tuple[int, float, float]] = field(default_factory=list)

    def see(self, response_ids: Sequence[int], useful: Floats) -> None:
        """One batch. No usefulness is under FLOOR, so the scale cannot be larger than the one compared with here."""
        self.total += float(useful.sum())
        most = self.expected / (FLOOR * max(1, self.answers))
        for key, u in zip(response_ids, useful.tolist(), strict=True):
            place = number(key, "useful") / u
            if place < most:
                self._kept.append((key, place, u))

    def lots(self) -> list[Lot]:
        """Those drawn, the first to read first."""
        scale = self.expected / self.total if self.total else 0.0
        drawn = sorted((item for item in self._kept if item[1] < scale), key=lambda item: item[1])
        return [Lot(key, min(1.0, scale * u), place) for key, place, u in drawn]


def scores_of(stored: Sequence[bytes], reasons: int) -> Floats:
    """(n, reasons) from what the table holds of each answer: little-endian float32."""
    return np.frombuffer(b"".join(stored), "<f4").reshape(len(stored), reasons).astype(np.float64)


def columns(codes: Sequence[str], meaning: Mapping[str, tuple[str, ...] | None]) -> Iterator[tuple[str, int]]:
    """Every code ever used with the column of the model under which it counts now; -1 where there is none."""
    place = {now: k for k, code in enumerate(codes) for now in meaning.get(code, (code,)) or ()}
    for code, now in meaning.items():
        yield code, place.get(now[0], -1) if now else -1
