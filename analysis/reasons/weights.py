"""The numbers a model consists of, and their form on disk: plain arrays and JSON behind a hash. No code is loaded."""

import hashlib
import io
import json
import os
import zipfile
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_MAGIC = b"whyleft reason model 1\n"
_HASH_LENGTH = 64
_LARGEST_FILE = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """k reasons, V terms known of the hashed vocabulary, d numbers in a sentence vector."""

    reasons: tuple[str, ...]
    encoder_id: str
    preprocessing: str
    ids: NDArray[np.uint32]  # (V,) ascending
    idf: Floats  # (V,)
    unknown_idf: Floats  # (1,) what a term weighs in a clause's length that no training text had
    vector_weights: Floats  # (d, k)
    term_weights: Floats  # (V, k)
    intercept: Floats  # (k,)
    calibration: Floats  # (3, k): slope, offset and what to take off per log(clauses); see scoring.calibrated
    thresholds: Floats  # (k,) from this probability on a reason is given
    about: dict[str, Any] = field(default_factory=dict)  # seed, sizes, versions: what one needs to repeat it

    def __post_init__(self) -> None:
        _check(self)

    @property
    def id(self) -> str:
        """The hash of the content: equal ids give equal answers."""
        return hashlib.sha256(_payload(self)).hexdigest()[:32]


def save(weights: Weights, path: Path) -> None:
    """Write the file whole or not at all."""
    payload = _payload(weights)
    content = _MAGIC + hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def load(path: Path) -> Weights:
    """The weights that `save` wrote. ValueError in words for a file that is missing, cut, altered or foreign."""
    try:
        content = _content(path)
    except OSError as error:
        raise ValueError(f"The model file {path.name} cannot be read: {error.strerror or error}.") from error
    head = len(_MAGIC) + _HASH_LENGTH + 1
    if not content.startswith(_MAGIC) or len(content) < head:
        raise ValueError(f"{path.name} is not a reason model of this program.")
    payload = content[head:]
    if hashlib.sha256(payload).hexdigest().encode() != content[len(_MAGIC) : head - 1]:
        raise ValueError(f"The model file {path.name} was cut short or altered: its hash does not fit its content.")
    try:
        return _weights(payload)
    except (KeyError, TypeError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"The model file {path.name} does not hold a usable model: {error}") from error


def _content(path: Path) -> bytes:
    if path.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"The model file {path.name} is larger than any model of this program.")
    return path.read_bytes()


def _payload(weights: Weights) -> bytes:
    """The arrays as npz with the rest as JSON in one of them; numpy writes no time stamps, so equal means equal."""
    values = {each.name: getattr(weights, each.name) for each in fields(weights)}
    arrays: dict[str, Any] = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    words = {name: value for name, value in values.items() if name not in arrays}
    text = json.dumps(words, sort_keys=True, ensure_ascii=False).encode()
    stream = io.BytesIO()
    np.savez(stream, words=np.frombuffer(text, np.uint8), **{name: arrays[name] for name in sorted(arrays)})
    return stream.getvalue()


def _weights(payload: bytes) -> Weights:
    with np.load(io.BytesIO(payload), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    words = json.loads(arrays.pop("words").tobytes())
    return Weights(**{**words, "reasons": tuple(words["reasons"])}, **arrays)


def _check(weights: Weights) -> None:
    """Shapes that fit together and numbers that are numbers."""
    k, terms = len(weights.reasons), len(weights.ids)
    shapes = {"idf": (terms,), "unknown_idf": (1,), "vector_weights": (weights.vector_weights.shape[0], k),
              "term_weights": (terms, k), "intercept": (k,), "calibration": (3, k), "thresholds": (k,)}  # fmt: skip
    for name, shape in shapes.items():
        values = getattr(weights, name)
        if values.shape != shape or values.dtype != np.float32 or not np.isfinite(values).all():
            raise ValueError(f"The model's {name.replace('_', ' ')} are not {shape} finite numbers.")
    if k == 0 or len(set(weights.reasons)) != k:
        raise ValueError("A model needs reasons, each of them once.")
    if weights.ids.dtype != np.uint32 or np.any(np.diff(weights.ids.astype(np.int64)) <= 0):
        raise ValueError("The model's term ids are not in ascending order.")
    if np.any(weights.calibration[0] <= 0):
        raise ValueError("The model's calibration does not rise with the logit.")
