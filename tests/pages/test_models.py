"""The pages of the model, full of figures, as a person sees them: axe finds nothing, nothing sticks out."""

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from survey import create_app
from survey.clock import today
from survey.database import writing
from survey.extensions import db
from survey.reasons.models import ModelVersion, Watch
from tests import stories
from tests.engines import migrate_to_head, settings_for
from tests.pages.looking import axe_faults, sticks_out
from tests.reasons.checked import answer, audited, person, with_file
from tests.reasons.test_model_pages import REPORT

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

CODES = ("price", "rude_staff", "slow_service", "poor_quality", "errors", "competitor")
PASSWORD = "a-password-for-looking"  # noqa: S105  # of a business that lives as long as this test
WIDTHS = (320, 360, 1280)


@dataclass(frozen=True)
class Checked:
    """Where the site is, and the numbers of the candidate and the refused version."""

    url: str
    candidate: int
    refused: int


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checked]:
    folder = tmp_path_factory.mktemp("models")
    numbers, served = fill(folder), make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    settings = settings_for(folder, url_of(folder), base_url=f"http://127.0.0.1:{served.port}")
    served.app = app = create_app(settings)
    done = app.test_cli_runner().invoke(
        args=["users", "add", "a@example.org", "--role", "analyst", "--password-stdin"], input=PASSWORD
    )
    assert done.exit_code == 0, done.output
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield Checked(settings.base_url, *numbers)
    served.shutdown()
    thread.join()
    served.server_close()
    with app.app_context():
        db.engine.dispose()


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'whyleft.db'}"


def fill(folder: Path) -> tuple[int, int]:
    """A serving model that 240 answers were audited of, two candidates, two readers, and a month of watching."""
    settings = settings_for(folder, url_of(folder))
    migrate_to_head(settings)
    app = create_app(settings)
    with app.app_context(), writing():
        serving, candidate, refused = versions_of(app)
        rng = random.Random(3)
        readers = [person("Anna"), person("Bert")]
        for place in range(240):
            code = CODES[min(int(rng.expovariate(0.6)), 5)]
            read = code if rng.random() < 0.8 else rng.choice([*CODES, ""])
            row = audited(serving, readers[0], code, read, language=("nl", "nl", "en")[place % 3])
            again = read if rng.random() < 0.85 else rng.choice(CODES)
            stories.classified(row, candidate, **({again: 0.9} if again else {}))
            if place < 60:
                stories.review(row, readers[1], code if rng.random() < 0.85 else rng.choice(CODES))
        for day in range(30):
            watch_of(serving, day, rng)
        db.session.commit()
        numbers = candidate.id, refused.id
        db.engine.dispose()
    return numbers


def versions_of(_app: object) -> list[ModelVersion]:
    codes = CODES
    report = {
        **REPORT,
        "verdict": "passed",
        "why": [],
        "reasons": [
            {**REPORT["reasons"][0], "code": code, "candidate": figures(0.8 - n / 20), "serving": figures(0.7 - n / 15)}
            for n, code in enumerate(codes)
        ],
    }
    made = [
        stories.model(),
        stories.model(serving=False, origin="trained", report=report),
        stories.model(serving=False, origin="trained", passed_gate=False, report=REPORT),
    ]
    for version in made:
        with_file(version)
    answer()
    return made


def figures(share: float) -> dict[str, float]:
    return {"precision": share, "recall": share, "f1": share}


def watch_of(serving: ModelVersion, ago: int, rng: random.Random) -> None:
    row = {"day": today() - timedelta(days=ago), "model_version_id": serving.id, "answers": 140}
    db.session.add(Watch(measure="unsure", value=0.2 + rng.random() / 20, low=0.14, high=0.29, **row))
    value = 0.1 + max(0, 12 - ago) / 100 + rng.random() / 40
    db.session.add(Watch(measure="unknown_words", value=value, low=0.05, high=0.16, **row))
    for code in CODES:
        db.session.add(Watch(measure="score_shift", subject=code, value=rng.random() / 12, low=0, high=0.1, **row))


@pytest.fixture
def open_page(chromium: Browser, checked: Checked) -> Iterator[Callable[[int, str], Page]]:
    contexts = []

    def make(width: int, language: str) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 844}, locale=language, base_url=checked.url)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"/login?lang={language}")
        page.get_by_role("textbox").first.fill("a@example.org")
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("main form button, main form input[type=submit]").first.click()
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_of_the_model(
    width: int,
    language: str,
    open_page: Callable[[int, str], Page],
    checked: Checked,
    picture: Callable[[Page], None],
) -> None:
    page = open_page(width, language)
    faults = []
    for path in (
        "/models",
        f"/models/{checked.candidate}",
        f"/models/{checked.refused}",
        f"/models/{checked.candidate}/changes",
        f"/models/{checked.candidate}/changes/price?way=lost",
    ):
        page.goto(path)
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        picture(page)
        faults += axe_faults(page) + sticks_out(page)
    assert faults == []


def test_promoting_and_going_back_by_the_buttons(
    open_page: Callable[[int, str], Page], checked: Checked, picture: Callable[[Page], None]
) -> None:
    page = open_page(1280, "en")
    page.goto(f"/models/{checked.refused}")
    assert page.get_by_role("button", name="Let it serve").count() == 0
    page.goto(f"/models/{checked.candidate}")
    page.get_by_role("button", name="Let it serve").click()
    page.get_by_text(f"model {checked.candidate} first reads the answers", exact=False).wait_for()
    page.locator("progress").wait_for()
    picture(page)
    assert axe_faults(page) == []
