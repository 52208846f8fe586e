"""An answer as it is stored after it was read once: everything a model needs to score it, and no words."""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from analysis.reasons.encoder import Encoder
from analysis.reasons.features import PREPROCESSING, hashed, terms_of_rows
from analysis.text.cleaning import clauses, fold, normalise
from analysis.text.language import LANGUAGES, detect_language
from analysis.text.spelling import WORD, put_right

MAGIC = b"WLR1"
HEAD = struct.Struct("<4s5I")
_STAFF = re.compile(r"\[STAFF-[^\]]{1,20}\]")


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One answer read by one encoder. Row 0 is the whole answer, the further rows its clauses (if it has several).

    `vectors`: float16 (c, dimension). `ids` and `counts`: the hashed terms of all rows one after the other;
    row r has those from `offsets[r]` to `offsets[r + 1]`. An answer without a word has c = 0. `written` holds the terms
    as the customer wrote them; it is stored beside the numbers, so a reading made `from_bytes` has none.
    """

    encoder_id: str
    preprocessing: str
    language: str
    vectors: NDArray[np.float16]
    ids: NDArray[np.uint32]
    counts: NDArray[np.uint16]
    offsets: NDArray[np.uint32]
    written: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Plain little-endian numbers behind a short head; a fraction of the time and size of an npz archive."""
        names = "\n".join((self.encoder_id, self.preprocessing, self.language)).encode()
        rows, dimension = self.vectors.shape
        head = HEAD.pack(MAGIC, len(names), rows, dimension, len(self.ids), len(self.offsets))
        parts = (self.vectors, self.ids, self.counts, self.offsets)
        return b"".join([head, names, *(part.astype(part.dtype.newbyteorder("<")).tobytes() for part in parts)])

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Reading":
        """The reading that `to_bytes` stored. ValueError for anything else."""
        if len(stored) < HEAD.size or stored[:4] != MAGIC:
            raise ValueError("These bytes are not a stored reading.")
        _, length, rows, dimension, n_ids, n_offsets = HEAD.unpack_from(stored)
        needed = HEAD.size + length + 2 * rows * dimension + 6 * n_ids + 4 * n_offsets
        if len(stored) != needed or n_offsets != rows + 1:
            raise ValueError(f"The stored reading is damaged: {len(stored)} bytes instead of {needed}.")
        encoder_id, preprocessing, language = stored[HEAD.size : HEAD.size + length].decode().split("\n")
        vectors, ids, counts, offsets = _arrays(stored, HEAD.size + length)
        return cls(encoder_id, preprocessing, language, vectors, ids, counts, offsets)


def read(texts: Sequence[str], languages: Sequence[str | None] | None, encoder: Encoder) -> list[Reading]:
    """Read each answer once. `languages` are those of the forms, used as prior; None where unknown."""
    priors = [None] * len(texts) if languages is None else list(languages)
    if len(priors) != len(texts):
        raise ValueError(f"There are {len(texts)} texts but {len(priors)} languages.")
    asked = list(zip(texts, priors, strict=True))
    distinct = list(dict.fromkeys(asked))  # what was said twice is read once
    found = dict(zip(distinct, _read(distinct, encoder), strict=True))
    return [found[each] for each in asked]


def _read(texts: Sequence[tuple[str, str | None]], encoder: Encoder) -> list[Reading]:
    cuts = [cut(text, prior) for text, prior in texts]
    vectors = encoder.encode([_impersonal(row) for each in cuts for row in each.rows]).astype(np.float16)
    starts = np.cumsum([0, *(len(each.rows) for each in cuts)])
    return [
        _reading(each, vectors[start : start + len(each.rows)], encoder.id)
        for each, start in zip(cuts, starts[:-1], strict=True)
    ]


def _impersonal(segment: str) -> str:
    """What the encoder reads: no capitals and accents, which would make "DUUR" another word than "duur", and of the
    people of the business only that they are staff, never which."""
    return fold(_STAFF.sub("[STAFF]", segment))


@dataclass(frozen=True, slots=True)
class Cut:
    """What is scored of an answer: the whole, then its clauses if there are several; no rows for one without a word.

    Slips of the keyboard are put right in them; `typed`: of each word put right, what the customer typed.
    """

    rows: list[str]
    language: str
    typed: dict[str, str]

    def as_typed(self, words: str) -> str:
        """The words of a term as the customer wrote them."""
        return " ".join(self.typed.get(word, word) for word in words.split(" ")) if self.typed else words


def cut(text: str, prior: str | None) -> Cut:
    """Cut an answer into what is scored of it; `prior`: the language of the form, None where it is not known."""
    whole = normalise(text)
    language = detect_language(whole, prior if prior in LANGUAGES else None)
    right, typed = put_right(whole, language)
    parts = clauses(right)
    return Cut([right, *parts] if len(parts) > 1 else [right] if parts else [], language, typed)


def segments(text: str, language: str | None = None) -> list[str]:
    """The rows of `cut` as they were written: of what was put right, each word stands where it stood."""
    found, whole = cut(text, language), normalise(text)
    if not found.typed:
        return found.rows
    words = iter(WORD.findall(whole))
    return [whole, *(WORD.sub(lambda _: next(words), row) for row in found.rows[1:])]


def _reading(found: Cut, vectors: NDArray[np.float16], encoder_id: str) -> Reading:
    rows = [hashed(each) for each in terms_of_rows(found.rows, found.language)]
    return Reading(
        encoder_id,
        PREPROCESSING,
        found.language,
        vectors,
        ids=np.array([key for row in rows for key in row.ids], dtype=np.uint32),
        counts=np.array([count for row in rows for count in row.counts], dtype=np.uint16),
        offsets=np.array([0, *accumulate(len(row.ids) for row in rows)], dtype=np.uint32),
        written=tuple(found.as_typed(words) for row in rows for words in row.written),
    )


def _arrays(
    stored: bytes, at: int
) -> tuple[NDArray[np.float16], NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint32]]:
    _, _, rows, dimension, n_ids, n_offsets = HEAD.unpack_from(stored)
    vectors = np.frombuffer(stored, "<f2", rows * dimension, at).reshape(rows, dimension)
    at += vectors.nbytes
    ids = np.frombuffer(stored, "<u4", n_ids, at)
    counts = np.frombuffer(stored, "<u2", n_ids, at + ids.nbytes)
    offsets = np.frombuffer(stored, "<u4", n_offsets, at + ids.nbytes + counts.nbytes)
    _check_offsets(offsets, n_ids)
    return vectors, ids, counts, offsets


def _check_offsets(offsets: NDArray[np.uint32], n_ids: int) -> None:
    ends = offsets.tolist()
    if ends[0] != 0 or ends[-1] != n_ids or ends != sorted(ends):
        raise ValueError("The stored reading is damaged: its parts do not fit together.")
