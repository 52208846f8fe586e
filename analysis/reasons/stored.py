"""Answers as they are stored, put together to be scored without making a Reading of each: a tenth of the time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.reasons.reading import HEAD, MAGIC
from analysis.reasons.scoring import Rows
from analysis.reasons.weights import Weights

_HEADS = np.dtype([("magic", "S4"), ("names", "<u4"), ("rows", "<u4"), ("d", "<u4"), ("ids", "<u4"), ("ends", "<u4")])

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Sizes:
    """(answers,) each: rows and terms of every answer, and the bytes of what comes before its numbers."""

    before: Ints
    rows: Ints
    terms: Ints


def rows_of_stored(stored: Sequence[bytes], weights: Weights) -> Rows:
    """The rows of what `Reading.to_bytes` stored, for the model with these weights.

    ValueError where one of them is no reading, is damaged, or was made by another encoder or preprocessing.
    """
    sizes = _sizes(stored, weights)
    d = weights.vector_weights.shape[0]
    vectors, at = _part(stored, sizes.before, 2 * d * sizes.rows)
    ids, at = _part(stored, at, 4 * sizes.terms)
    counts, at = _part(stored, at, 2 * sizes.terms)
    offsets, _ = _part(stored, at, 4 * (sizes.rows + 1))
    return Rows(
        vectors=np.frombuffer(vectors, "<f2").reshape(-1, d),
        ids=np.frombuffer(ids, "<u4"),
        counts=np.frombuffer(counts, "<u2"),
        offsets=_together(np.frombuffer(offsets, "<u4").astype(np.int64), sizes),
        starts=np.concatenate([[0], np.cumsum(sizes.rows)]),
    )


def _sizes(stored: Sequence[bytes], weights: Weights) -> _Sizes:
    joined = b"".join([each[: HEAD.size] for each in stored])
    if len(joined) != HEAD.size * len(stored):
        raise ValueError("These bytes are not stored readings.")
    heads = np.frombuffer(joined, _HEADS)
    names, rows, d, terms, ends = (heads[name].astype(np.int64) for name in ("names", "rows", "d", "ids", "ends"))
    needed = HEAD.size + names + 2 * rows * d + 6 * terms + 4 * ends
    fits = (heads["magic"] == MAGIC) & (needed == [len(each) for each in stored]) & (ends == rows + 1)
    if not (fits & ((d == weights.vector_weights.shape[0]) | (rows == 0))).all():
        raise ValueError("A stored reading is damaged: its parts do not fit together.")
    _check_names({each[HEAD.size : HEAD.size + n] for each, n in zip(stored, names.tolist(), strict=True)}, weights)
    return _Sizes(HEAD.size + names, rows, terms)


def _check_names(found: set[bytes], weights: Weights) -> None:
    wanted = [weights.encoder_id, weights.preprocessing]
    for names in found:
        if names.decode().split("\n")[:2] != wanted:
            raise ValueError("An answer was read by another encoder or preprocessing than the model needs.")


def _part(stored: Sequence[bytes], at: Ints, sizes: Ints) -> tuple[bytes, Ints]:
    """The same part of every answer, one after the other, and where the next part begins in each."""
    ends = at + sizes
    pieces = zip(stored, at.tolist(), ends.tolist(), strict=True)
    return b"".join([each[start:end] for each, start, end in pieces]), ends


def _together(offsets: Ints, sizes: _Sizes) -> Ints:
    """Where the terms of each row begin, counted through all answers."""
    first = np.cumsum(sizes.rows + 1) - (sizes.rows + 1)
    last = first + sizes.rows
    kept = np.ones(len(offsets), dtype=bool)
    kept[first] = False
    before = np.cumsum(sizes.terms) - sizes.terms
    together = np.concatenate([[0], offsets[kept] + np.repeat(before, sizes.rows)])
    if offsets[first].any() or (offsets[last] != sizes.terms).any() or (np.diff(together) < 0).any():
        raise ValueError("A stored reading is damaged: its parts do not fit together.")
    return together
