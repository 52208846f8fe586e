"""A short way to import, as a job or a command does."""

import datetime as dt
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from survey.customers.importing import Edge, run_import
from survey.customers.models import Import, ImportProblem
from survey.customers.noting import declare, new_import
from survey.customers.previewing import preview
from survey.customers.rows import ImportOptions
from survey.database import committed
from survey.extensions import db

TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def edge(app: Flask, tmp_path: Path) -> Edge:
    return Edge(partial(committed, db.session), tmp_path, TODAY)


@pytest.fixture
def waiting(app: Flask) -> Callable[..., int]:
    """An import that is ready to run."""

    def make(path: Path, **options: object) -> int:
        with app.test_request_context():
            understood = preview(path, ImportOptions(**options), TODAY)
            assert understood.is_ready, understood

            def note() -> int:
                row = new_import(path, path.name, understood)
                declare(row, understood)
                return row.id

            return committed(db.session, note)

    return make


@pytest.fixture
def bring_in(app: Flask, edge: Edge, waiting: Callable[..., int]) -> Callable[..., Import]:
    """Import a file; gives the import as it ended."""

    def run(path: Path, **options: object) -> Import:
        import_id = waiting(path, **options)
        with app.app_context():
            run_import(import_id, edge)
            return db.session.get_one(Import, import_id)

    return run


@pytest.fixture
def problems_of(app: Flask) -> Callable[[Import], list[tuple[int, str, str, str]]]:
    """What an import found wrong: line, column, value, code."""

    def read(row: Import) -> list[tuple[int, str, str, str]]:
        with app.app_context():
            found = db.session.scalars(
                select(ImportProblem).where(ImportProblem.import_id == row.id).order_by(ImportProblem.line)
            )
            return [(each.line, each.column, each.value, each.code) for each in found]

    return read
