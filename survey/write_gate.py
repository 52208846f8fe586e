"""SQLite's one writer at a time, made orderly: the gate, and the dialect that sends every writer through it."""

import fcntl
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from survey.database import is_writing

#: in force on every connection; secure_delete overwrites what is deleted, so that the erased are gone from the file
RULES = ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")


#: seconds that a job keeps out of the way at most, between two of its batches
LONGEST_PAUSE = 0.2


class GateTimeout(Exception):
    """Another writer held the database for too long; nothing was changed, try again in a moment."""


class LockFile:
    """One file as a lock between processes; each opens it for itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1
        self._pid = 0

    def take(self, kind: int) -> bool:
        """Take it, `LOCK_EX` for oneself or `LOCK_SH` beside others; False at once where somebody is in the way."""
        try:
            fcntl.flock(self._opened(), kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(self) -> None:
        fcntl.flock(self._opened(), fcntl.LOCK_UN)

    def _opened(self) -> int:
        # a lock file inherited over a fork is shared with the parent and locks nothing out
        if self._pid != os.getpid():
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._pid = os.getpid()
        return self._file

    def __del__(self) -> None:
        if self._pid == os.getpid():
            os.close(self._file)


class Waiting:
    """Who stands before the gate: a lock that every process shares in while some thread of it waits.

    It only lets jobs be polite, so a disk that takes no new file must stop nobody.
    """

    def __init__(self, path: Path) -> None:
        self._file = LockFile(path)
        self._threads = 0
        self._counting = threading.Lock()

    def __enter__(self) -> None:
        with self._counting:
            self._threads += 1
            with suppress(OSError):
                self._file.take(fcntl.LOCK_SH)

    def __exit__(self, *error: object) -> None:
        with self._counting:
            self._threads -= 1
            if not self._threads:
                with suppress(OSError):
                    self._file.leave()

    def anybody(self) -> bool:
        """Whether somebody waits, in this process or another."""
        with self._counting, suppress(OSError):
            if self._threads or not self._file.take(fcntl.LOCK_EX):
                return True
            self._file.leave()
        return False


class WriteGate:
    """One writer at a time, over the threads of a process (lock) and the processes of a machine (flock)."""

    def __init__(self, path: Path, seconds: float) -> None:
        self.seconds = seconds
        self.waiting = Waiting(Path(f"{path}.waiting"))
        self._lock = threading.Lock()
        self._file = LockFile(path)
        self._holder: int | None = None
        self._since = 0.0
        #: how long the last one was in, in seconds
        self.held = 0.0

    def acquire(self, holder: int) -> None:
        """Let the connection `holder` in, or raise GateTimeout after the configured seconds."""
        if not self._enter(time.monotonic()):
            with self.waiting:
                if not self._enter(time.monotonic() + self.seconds):
                    raise GateTimeout
        self._holder, self._since = holder, time.monotonic()

    def release(self, holder: int) -> None:
        """Let the next one in; does nothing for a connection that is not inside."""
        if self._holder != holder:
            return
        self._holder, self.held = None, time.monotonic() - self._since
        self._file.leave()
        self._lock.release()

    def _enter(self, deadline: float) -> bool:
        """Take both locks; where that cannot be done by the deadline, neither."""
        if not self._lock.acquire(timeout=max(deadline - time.monotonic(), 0)):
            return False
        entered = False
        try:
            entered = self._take_file(deadline)
        finally:
            if not entered:
                self._lock.release()
        return entered

    def _take_file(self, deadline: float) -> bool:
        while not self._file.take(fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True


def held_for(engine: Engine, took: float) -> float:
    """How long a transaction that `took` so many seconds kept others out: less, where it had to wait itself."""
    gate = getattr(engine.dialect, "gate", None)
    return min(gate.held, took) if gate is not None else took


def let_others_in(engine: Engine, worked: float) -> None:
    """Between two batches of a job: keep out of the way while others wait to write, at most as long as the batch
    `worked`, in seconds. SQLite's gate keeps no queue, so who comes straight back would always be first."""
    gate = getattr(engine.dialect, "gate", None)
    until = time.monotonic() + min(worked, LONGEST_PAUSE)
    while gate is not None and gate.waiting.anybody() and time.monotonic() < until:
        time.sleep(0.002)


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
