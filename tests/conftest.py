"""People, engines and pages that every test may ask for."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from survey import create_app
from survey.accounts.models import Role, User, UserBranch
from survey.clock import now
from survey.database import writing
from survey.extensions import db
from tests import browser, catalogue
from tests.engines import PostgresEngine, SqliteEngine, settings_for
from tests.page_rules import PageClient

ENGINES = ("sqlite", "postgresql")
LEFT_OUT = pytest.StashKey[int]()


@pytest.fixture(scope="session", autouse=True)
def dutch_sentences() -> None:
    """Compile the Dutch catalogue where its sentences changed, so that pages say what it says."""
    catalogue.compile_if_stale()


@pytest.fixture(scope="session")
def sqlite_engine(tmp_path_factory: pytest.TempPathFactory) -> SqliteEngine:
    return SqliteEngine(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_engine(testrun_uid: str, worker_id: str) -> PostgresEngine:
    # apart from pytest's own folders, which the next run closes to the user that the server runs as
    return PostgresEngine(Path(tempfile.gettempdir()) / f"whyleft-{testrun_uid}", worker_id)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there is no browser, leave out the tests that need one, and say so in one line."""
    if browser.found():
        return
    left_out = [item for item in items if item.get_closest_marker("browser")]
    items[:] = [item for item in items if item not in left_out]
    config.stash[LEFT_OUT] = len(left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if count := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(f"{count} tests need a browser and were left out: {browser.HOW}.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that asks for a database runs on both engines, unless it is marked for one."""
    if "engine" in metafunc.fixturenames:
        marked = [name for name in ENGINES if metafunc.definition.get_closest_marker(name)]
        metafunc.parametrize("engine", marked or ENGINES, indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> SqliteEngine | PostgresEngine:
    """The engine a test runs on."""
    return request.getfixturevalue("sqlite_engine" if request.param == "sqlite" else "postgres_engine")


@pytest.fixture
def database_url(engine: SqliteEngine | PostgresEngine, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    with engine.fresh(tmp_path) as url:
        yield url


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application on a fresh, migrated database."""
    app = create_app(settings_for(tmp_path, database_url))
    app.testing = True
    app.test_client_class = PageClient
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def posts_need_no_token(app: Flask) -> None:
    """For tests that post without having read a form."""
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    """Inside the application, allowed to write, as a command or a job is."""
    with app.app_context(), writing():
        yield


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody who has not signed in."""
    return app.test_client()


@pytest.fixture
def user(app: Flask) -> Callable[..., int]:
    """Make a user with these roles, tied to these branches; gives the id."""

    def make(*roles: str, branches: tuple[int, ...] = (), language: str = "en") -> int:
        with app.app_context(), writing():
            known = db.session.query(Role).filter(Role.name.in_(roles)).all()
            name = "-".join(roles) or "nobody"
            person = User(
                email=f"{name}-{len(branches)}@example.org",
                name=name,
                language=language,
                fs_uniquifier=f"{name}-{len(branches)}",
                created_at=now(),
                roles=known,
                tied_to=[UserBranch(branch_id=branch) for branch in branches],
            )
            db.session.add(person)
            db.session.commit()
            return person.id

    return make


@pytest.fixture
def sign_in(app: Flask, user: Callable[..., int]) -> Callable[..., FlaskClient]:
    """A client signed in as somebody with these roles: `sign_in("manager", branches=(1,))`."""

    def make(*roles: str, branches: tuple[int, ...] = (), language: str = "en") -> FlaskClient:
        person = user(*roles, branches=branches, language=language)
        client = app.test_client()
        with app.app_context():
            uniquifier = db.session.get_one(User, person).fs_uniquifier
        with client.session_transaction() as session:
            session["_user_id"] = uniquifier
            session["_fresh"] = True
        return client

    return make
