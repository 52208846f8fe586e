"""Products of stored vectors, which are float16: numpy takes longer to widen those than to multiply them."""

import numpy as np
from numpy.typing import NDArray

#: rows at a time, so that what is worked on stays in the processor's cache
_BLOCK = 256
#: multiplications at a time: so few OpenBLAS does in the thread that asks; to wake others costs more, and on a busy
#: machine a hundred times more
_AT_ONCE = 2**18
#: rows in a piece: with more, some numbers of reasons have the last rows of a piece added up in another order
_PIECE = 16
#: of a float16 moved to the place of a float32's: the sign, and 15 bits of exponent and fraction
_KEPT = np.int32(-(2**31) + (2**28 - 2**13))
#: the exponent of a float32 counts from -127, that of a float16 from -15
_RAISED = np.float32(2.0**112)


def product(vectors: NDArray[np.float16], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, d) finite vectors by (d, k) weights, in float32, as float64 (n, k).

    It is done in one thread and in pieces of one shape, the last one filled up, with the rows of `vectors` beside each
    other in the processor's registers: so a row comes out the same to the last bit whichever rows stand beside it, and
    work that was broken off ends in the same numbers.
    """
    (n, d), k = vectors.shape, weights.shape[1]
    rows, turned = _rows_at_once(d * k), _turned(weights)
    found = np.empty((n, k))
    for first in range(0, n, _BLOCK):
        block = vectors[first : first + _BLOCK]
        if missing := -len(block) % rows:
            block = np.concatenate([block, np.zeros((missing, d), np.float16)])
        pieces = turned @ widened(block).reshape(-1, rows, d).swapaxes(1, 2)
        found[first : first + _BLOCK] = pieces[:, :k].swapaxes(1, 2).reshape(-1, k)[: n - first]
    return found


def _turned(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """(k, d), filled up with zeros to a multiple of the four rows that a processor takes at once."""
    d, k = weights.shape
    turned = np.zeros((k + -k % 4, d), dtype=np.float32)
    turned[:k] = weights.T
    return turned


def _rows_at_once(multiplications: int) -> int:
    """How many rows of so many multiplications each: a power of two, at most _PIECE."""
    rows = 1
    while rows < _PIECE and 2 * rows * multiplications <= _AT_ONCE:
        rows *= 2
    return rows


def widened(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    """The same finite numbers as float32, exactly: their bits moved to the places they have there."""
    bits = np.ascontiguousarray(vectors).view(np.int16).astype(np.int32)  # keeps the sign, at every bit above
    bits <<= 13
    bits &= _KEPT
    numbers = bits.view(np.float32)
    numbers *= _RAISED
    return numbers
