"""Columns of numbers as arrays of PostgreSQL, in its own binary form."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

Numbers = NDArray[Any]


class _Column(Dumper):
    """(n,) int64 or float64 as an array of PostgreSQL: one dimension without NULL, from 1, each number with its length
    before it, all big-endian (array_send in its arrayfuncs.c)."""

    format = Format.BINARY
    #: of the numbers, and of arrays of them (pg_type.dat)
    element, oid = 20, 1016

    def dump(self, obj: Numbers) -> bytes:
        numbers = np.empty(len(obj), [("length", ">i4"), ("number", f">{obj.dtype.kind}8")])
        numbers["length"], numbers["number"] = 8, obj
        head = np.array([1, 0, self.element, len(obj), 1], ">i4")
        return head.tobytes() + numbers.tobytes()

    def get_key(self, obj: Numbers, format: Any) -> Any:  # noqa: A002  # the library's name
        return self.cls, obj.dtype.kind

    def upgrade(self, obj: Numbers, format: Any) -> Dumper:  # noqa: A002
        return _Floats(self.cls) if obj.dtype.kind == "f" else self


class _Floats(_Column):
    element, oid = 701, 1022


def take_arrays(connection: psycopg.Connection[Any]) -> None:
    """Let a connection take such arrays as values."""
    connection.adapters.register_dumper(np.ndarray, _Column)
