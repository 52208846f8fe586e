"""Migrations: numbered, one line of descent, up and down with rows in the tables, equal to the models."""

import re
import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import MetaData, func, inspect, select

from survey import create_app
from survey.database import writing
from survey.extensions import db
from tests.engines import MIGRATIONS, PostgresEngine, SqliteEngine, settings_for
from tests.everything import fill_every_table

VERSIONS = sorted(path.stem for path in (Path(MIGRATIONS) / "versions").glob("*.py"))


def test_numbers_follow_each_other() -> None:
    numbers = [name.split("_")[0] for name in VERSIONS]
    assert numbers == [f"{number:04}" for number in range(1, len(VERSIONS) + 1)]


def test_each_names_the_one_before() -> None:
    for previous, name in zip([None, *VERSIONS], VERSIONS, strict=False):
        text = (Path(MIGRATIONS) / "versions" / f"{name}.py").read_text()
        named = re.search(r"^down_revision = (.*)$", text, re.MULTILINE)
        assert named is not None
        assert named.group(1).strip("\"'") == (previous.split("_")[0] if previous else "None")


def test_reading_them_runs_nothing() -> None:
    """As the readiness check does, in a process that never migrated: there `op` answers to nobody."""
    read = f"from alembic.script import ScriptDirectory; list(ScriptDirectory({str(MIGRATIONS)!r}).walk_revisions())"
    subprocess.run([sys.executable, "-c", read], check=True)


def test_models_are_what_the_migrations_make(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        migrated = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(migrated, db.metadata) == []


def test_constraints_of_models_stand_in_the_database(app: Flask) -> None:
    """Alembic does not compare check constraints; their names are compared here."""
    with app.app_context():
        found = inspect(db.engine)
        for table in db.metadata.sorted_tables:
            named = {c.name for c in table.constraints if str(c.name).startswith("ck_")}
            assert named == {c["name"] for c in found.get_check_constraints(table.name)}, table.name


def test_down_and_up_with_rows_in_the_tables(app: Flask) -> None:
    with app.app_context(), writing():
        fill_every_table()
        db.session.commit()
        counts = {t.name: db.session.scalar(select(func.count()).select_from(t)) for t in db.metadata.sorted_tables}
        assert [name for name, count in counts.items() if not count] == []
        db.session.remove()
        # below 0001 there are no tables; every step above it must keep the rows of the tables that stood before it
        for number in range(len(VERSIONS) - 1, 0, -1):
            downgrade(MIGRATIONS, revision=f"{number:04}")
        from_the_start = set(inspect(db.engine).get_table_names())
        upgrade(MIGRATIONS)
        kept = {t.name: db.session.scalar(select(func.count()).select_from(t)) for t in db.metadata.sorted_tables}
        assert {name: kept[name] for name in from_the_start & set(kept)} == {
            name: count for name, count in counts.items() if name in from_the_start
        }
        db.session.remove()
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []


def test_all_the_way_down_leaves_nothing(engine: SqliteEngine | PostgresEngine, tmp_path: Path) -> None:
    with engine.empty(tmp_path) as url:
        app = create_app(settings_for(tmp_path, url))
        with app.app_context():
            upgrade(MIGRATIONS)
            downgrade(MIGRATIONS, revision="base")
            left = MetaData()
            left.reflect(db.engine)
            db.engine.dispose()
    assert sorted(left.tables) == ["alembic_version"]
