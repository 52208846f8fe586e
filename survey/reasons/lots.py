"""Permanent random numbers: the same for an answer on every machine and every time, independent between purposes."""

from hashlib import blake2b


def number(response_id: int, purpose: str) -> float:
    """The number of an answer for one purpose, in [0, 1)."""
    return int.from_bytes(blake2b(f"{purpose} {response_id}".encode(), digest_size=6).digest()) / 2**48
