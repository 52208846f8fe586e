"""Whether the database keeps what it is given."""

import sqlite3
from functools import cache
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_babel import gettext as _
from sqlalchemy import text

from survey.checks import Finding
from survey.database import writing
from survey.extensions import db
from survey.web import settings
from survey.write_gate import WriteGate

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"
PROBE_SECONDS = 2.0


def rules_check() -> Finding:
    """The engine's rules as they are in force, not as they were asked for."""
    name = _("Rules of the database")
    if not settings().on_sqlite:
        return _postgres_rules(name)
    wanted = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}
    found = {rule: str(db.session.scalar(text(f"PRAGMA {rule}"))) for rule in wanted}
    gated = isinstance(getattr(db.engine.dialect, "gate", None), WriteGate)
    if found == wanted and gated:
        return Finding(name, "ok", _("SQLite keeps a write-ahead log, waits for the disk and checks references."))
    odd = ", ".join(f"{rule} {found[rule]}" for rule in wanted if found[rule] != wanted[rule]) or "gate"
    return Finding(
        name,
        "fail",
        _("SQLite does not follow the rules: %(rules)s.", rules=odd),
        _("Put the database on a disk of this machine: a network disk cannot keep a write-ahead log."),
    )


def _postgres_rules(name: str) -> Finding:
    found = {rule: db.session.scalar(text(f"SHOW {rule}")) for rule in ("fsync", "synchronous_commit")}
    odd = [rule for rule, value in found.items() if value == "off"]
    if not odd:
        return Finding(name, "ok", _("PostgreSQL waits for the disk before it calls anything stored."))
    return Finding(
        name,
        "warning",
        _("PostgreSQL may lose the last answers when the power fails: %(rules)s off.", rules=", ".join(odd)),
        _("Switch it on in postgresql.conf."),
    )


def sqlite_check() -> Finding:
    """The WAL-reset bug, found in March 2026: two connections that write and checkpoint at once."""
    name, version = _("Version of SQLite"), sqlite3.sqlite_version
    if not wal_reset_bug(sqlite3.sqlite_version_info):
        return Finding(name, "ok", _("SQLite %(version)s has no known fault that loses data.", version=version))
    return Finding(
        name,
        "warning",
        _(
            "SQLite %(version)s can damage a database that two processes write at the same moment. Here every write "
            "passes one gate, which takes that moment away.",
            version=version,
        ),
        _("Let no other program write to the database file, and move to a Python with SQLite 3.51.3 or later."),
    )


def wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Whether this SQLite has it: 3.7.0 to 3.51.2, but not 3.50.7 and 3.44.6 and what follows them in their series."""
    if version[:2] in ((3, 50), (3, 44)):
        return version < {50: (3, 50, 7), 44: (3, 44, 6)}[version[1]]
    return (3, 7, 0) <= version <= (3, 51, 2)


def migrations_check() -> Finding:
    name, (found, wanted) = _("Tables"), revisions()
    if found == wanted:
        return Finding(name, "ok", _("The tables are those of this version (%(revision)s).", revision=wanted))
    return Finding(
        name,
        "fail",
        _("The tables are those of %(found)s, this version needs %(wanted)s.", found=found or "-", wanted=wanted),
        _("Make a backup, then run `flask --app wsgi db upgrade`."),
    )


def revisions() -> tuple[str, str]:
    """The revision of the database, and the one this version of the program needs."""
    heads = MigrationContext.configure(db.session.connection()).get_current_heads()
    return ", ".join(sorted(heads)), newest_revision()


@cache
def newest_revision() -> str:
    return ", ".join(sorted(ScriptDirectory(str(MIGRATIONS)).get_heads()))


def file_check() -> Finding:
    """Every page of the file is readable and every reference leads somewhere. Reads the whole database."""
    name = _("Database file")
    if not settings().on_sqlite:
        return Finding(name, "ok", _("PostgreSQL looks after its own files."))
    broken = str(db.session.scalar(text("PRAGMA quick_check(1)"))) != "ok"
    if broken or db.session.execute(text("PRAGMA foreign_key_check")).first():
        return Finding(
            name,
            "fail",
            _("The database file is damaged."),
            _("Stop the site and the jobs, keep the file aside, and restore the last backup."),
        )
    return Finding(name, "ok", _("The database file is whole."))


def write_probe() -> str:
    """`ok`, or what `try_to_write` raises."""
    try_to_write()
    return "ok"


def try_to_write() -> None:
    """Begin a writing transaction and take it back. Raises what stands in the way, within a few seconds."""
    if not settings().on_sqlite:
        with writing(), db.engine.connect() as connection:
            connection.execute(text("SET LOCAL statement_timeout = '2s'"))
            connection.rollback()
        return
    path = str(db.engine.url.database)
    # a gate of its own on the same file: it waits as long as a probe may, not as long as a request
    gate, holder = WriteGate(Path(f"{path}.gate"), PROBE_SECONDS), 1
    gate.acquire(holder)
    try:
        raw = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=PROBE_SECONDS, isolation_level=None)
        try:
            raw.execute("BEGIN IMMEDIATE")
            raw.execute("ROLLBACK")
        finally:
            raw.close()
    finally:
        gate.release(holder)
