"""SQLite's one writer at a time, made orderly: the gate, and the dialect that sends every writer through it."""

import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from survey.database import is_writing

#: in force on every connection; secure_delete overwrites what is deleted, so that the erased are gone from the file
RULES = ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")


class GateTimeout(Exception):
    """Another writer held the database for too long; nothing was changed, try again in a moment."""


class WriteGate:
    """One writer at a time, over the threads of a process (lock) and the processes of a machine (flock)."""

    def __init__(self, path: Path, seconds: float) -> None:
        self.path = path
        self.seconds = seconds
        self._lock = threading.Lock()
        self._file = -1
        self._pid = 0
        self._holder: int | None = None

    def acquire(self, holder: int) -> None:
        """Let the connection `holder` in, or raise GateTimeout after the configured seconds."""
        deadline = time.monotonic() + self.seconds
        if not self._lock.acquire(timeout=self.seconds):
            raise GateTimeout
        try:
            self._wait_for_file(deadline)
        except BaseException:
            self._lock.release()
            raise
        self._holder = holder

    def release(self, holder: int) -> None:
        """Let the next one in; does nothing for a connection that is not inside."""
        if self._holder != holder:
            return
        self._holder = None
        fcntl.flock(self._opened(), fcntl.LOCK_UN)
        self._lock.release()

    def _wait_for_file(self, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise GateTimeout from None
                time.sleep(0.001)

    def _opened(self) -> int:
        # a lock file inherited over a fork is shared with the parent and locks nothing out
        if self._pid != os.getpid():
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._pid = os.getpid()
        return self._file

    def __del__(self) -> None:
        if self._pid == os.getpid():
            os.close(self._file)


class GatedSQLite(SQLiteDialect_pysqlite):
    """SQLite by the rules above. The URL's driver name is `gated`; its query may carry `gate_seconds`."""

    driver = "gated"
    supports_statement_cache = True

    def create_connect_args(self, url: Any) -> Any:
        seconds = float(url.query.get("gate_seconds", 5))
        self.gate = WriteGate(Path(f"{url.database}.gate"), seconds)
        return super().create_connect_args(url.difference_update_query(["gate_seconds"]))

    def on_connect(self) -> Callable[[Any], None]:
        inherited: Callable[[Any], None] = super().on_connect()

        def connect(connection: Any) -> None:
            inherited(connection)
            connection.isolation_level = None
            for rule in RULES:
                connection.execute(f"PRAGMA {rule}")

        return connect

    def do_begin(self, dbapi_connection: Any) -> None:
        raw = driver_connection(dbapi_connection)
        if not is_writing():
            raw.execute("PRAGMA query_only=ON")
            raw.execute("BEGIN")
            return
        self.gate.acquire(id(raw))
        try:
            raw.execute("PRAGMA query_only=OFF")
            raw.execute("BEGIN IMMEDIATE")
        except BaseException:
            self.gate.release(id(raw))
            raise

    def do_commit(self, dbapi_connection: Any) -> None:
        # a COMMIT that fails leaves the transaction open: the rollback that follows opens the gate
        super().do_commit(dbapi_connection)  # type: ignore[no-untyped-call]
        self.gate.release(id(driver_connection(dbapi_connection)))

    def do_rollback(self, dbapi_connection: Any) -> None:
        try:
            super().do_rollback(dbapi_connection)  # type: ignore[no-untyped-call]
        finally:
            self.gate.release(id(driver_connection(dbapi_connection)))


def driver_connection(connection: Any) -> Any:
    """What the driver opened, without the pool around it."""
    return getattr(connection, "dbapi_connection", connection)
