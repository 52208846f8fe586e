"""Where a database stands, and what is known of it at one moment."""

from dataclasses import dataclass
from typing import Protocol
from zipfile import ZipFile

#: written by the migrations themselves
BOOKKEEPING = "alembic_version"


class SnapshotError(Exception):
    """The copy is not what was stored, or has no place here; the message says why."""


@dataclass(frozen=True)
class TableState:
    """How many rows a table has and the SHA-256 of them all, in the order of its key."""

    rows: int
    sha256: str
    columns: list[str]


class Place(Protocol):
    """Where a database stands."""

    @property
    def engine(self) -> str: ...

    def version(self) -> str: ...

    def is_empty(self) -> bool: ...

    def copy_out(self, archive: ZipFile) -> tuple[str, dict[str, TableState]]:
        """Put the database into the archive; gives its revision and its tables."""

    def copy_in(self, archive: ZipFile, revision: str, tables: dict[str, TableState]) -> None:
        """Take the database out of the archive into this empty place, and check it. Raises SnapshotError."""


def compare(found: dict[str, TableState], wanted: dict[str, TableState]) -> None:
    """Raise SnapshotError where a table is not what it was."""
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            raise SnapshotError(f"The table {name} is not what was stored: its rows or their number differ.")
