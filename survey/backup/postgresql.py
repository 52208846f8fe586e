"""A PostgreSQL database at one moment: COPY of every table in one REPEATABLE READ transaction."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any
from zipfile import ZipFile

import psycopg
from flask_migrate import upgrade
from psycopg import IsolationLevel, sql
from sqlalchemy import MetaData

from survey.backup.place import BOOKKEEPING, SnapshotError, TableState, compare
from survey.checks.database import MIGRATIONS
from survey.extensions import db

BLOCK = 1024 * 1024

Postgres = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class PostgresPlace:
    url: str
    engine: str = "postgresql"

    def version(self) -> str:
        with self._connected() as connection:
            return str(connection.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]  # always a row

    def is_empty(self) -> bool:
        with self._connected() as connection:
            return not self._tables(connection)

    def copy_out(self, archive: ZipFile) -> tuple[str, dict[str, TableState]]:
        with self._connected() as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            tables = [name for name in self._tables(connection) if name != BOOKKEEPING]
            revision = connection.execute(f"SELECT version_num FROM {BOOKKEEPING}").fetchone()  # noqa: S608
            if revision is None:
                raise SnapshotError("There is no database of Whyleft here.")
            found = {}
            for name in tables:
                with archive.open(f"tables/{name}.copy", "w", force_zip64=True) as member:
                    found[name] = _copied(connection, name, member)
            return str(revision[0]), found

    def copy_in(self, archive: ZipFile, revision: str, tables: dict[str, TableState]) -> None:
        _migrate_to(revision)
        in_order = _in_order(tables)
        with self._connected() as connection, connection.transaction():
            names = sql.SQL(", ").join(sql.Identifier(name) for name in in_order)
            connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))
            for name in in_order:
                with archive.open(f"tables/{name}.copy") as member:
                    _load(connection, name, tables[name].columns, member)
            compare({name: _copied(connection, name) for name in in_order}, tables)
            for name in in_order:
                _set_sequences(connection, name, tables[name].columns)

    def _connected(self) -> Postgres:
        # days and moments are written the same way whatever the server's own settings
        return psycopg.connect(self.url, options="-c TimeZone=UTC -c DateStyle=ISO -c client_encoding=UTF8")

    def _tables(self, connection: Postgres) -> list[str]:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
        return [name for (name,) in connection.execute(query)]


def _copied(connection: Postgres, table: str, member: IO[bytes] | None = None) -> TableState:
    """Read a table in the order of its key, into the archive where one is given."""
    columns, key = _columns(connection, table)
    query = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(
        _listed(columns), sql.Identifier(table), _listed(key or columns)
    )
    digest, count = hashlib.sha256(), 0
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for block in copy:
            digest.update(block)
            # a line is a row: COPY writes the line breaks inside values as \n
            count += bytes(block).count(b"\n")
            if member:
                member.write(block)
    return TableState(count, digest.hexdigest(), columns)


def _columns(connection: Postgres, table: str) -> tuple[list[str], list[str]]:
    """The columns of a table in their order, and those of its primary key."""
    columns = connection.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
        (table,),
    ).fetchall()
    key = connection.execute(
        "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)"
        " WHERE indrelid = %s::regclass AND indisprimary ORDER BY array_position(indkey::int[], attnum::int)",
        (f'"{table}"',),
    ).fetchall()
    return [name for (name,) in columns], [name for (name,) in key]


def _listed(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


def _load(connection: Postgres, table: str, columns: list[str], member: IO[bytes]) -> None:
    query = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _listed(columns))
    try:
        with connection.cursor() as cursor, cursor.copy(query) as copy:
            while block := member.read(BLOCK):
                copy.write(block)
    except psycopg.Error as error:
        reason = str(error).partition("\n")[0]
        raise SnapshotError(
            f"The table {table} cannot be restored: {reason}. Empty the database, then try again."
        ) from error


def _set_sequences(connection: Postgres, table: str, columns: list[str]) -> None:
    """The next row gets a number above those that were restored."""
    for column in columns:
        row = connection.execute("SELECT pg_get_serial_sequence(%s, %s)", (f'"{table}"', column)).fetchone()
        if row and row[0]:
            highest = sql.SQL("(SELECT max({}) FROM {})").format(sql.Identifier(column), sql.Identifier(table))
            query = sql.SQL("SELECT setval(%s, COALESCE({}, 1), {} IS NOT NULL)").format(highest, highest)
            connection.execute(query, (row[0],))


def _migrate_to(revision: str) -> None:
    try:
        upgrade(str(MIGRATIONS), revision)
    except (Exception, SystemExit) as error:
        raise SnapshotError(f"This version has no tables of revision {revision}: use the one that made it.") from error


def _in_order(tables: dict[str, TableState]) -> list[str]:
    """The tables that stand here, each after those it refers to. Raises SnapshotError where they are not the same."""
    standing = MetaData()
    standing.reflect(db.engine)
    names = [table.name for table in standing.sorted_tables if table.name != BOOKKEEPING]
    db.engine.dispose()
    if set(names) != set(tables):
        raise SnapshotError("The tables of the backup are not those of its revision.")
    return names
