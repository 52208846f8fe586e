"""The respondent's page on a slow phone, in a real browser: bytes, requests, and how soon a reason can be chosen.

390 pixels wide, processor four times slower, 1.6 Mbit/s, 150 ms to and fro, nothing cached; the median of many loads,
in turns with a bare page.
The questionnaire is that of a new installation with a question after seven of its reasons and four more: as large as
the editor's templates make one. Then axe (WCAG 2.2 AA) in both languages, on the empty form, with a question open under
its reason, and with mistakes; and the whole way by keyboard, and with script switched off. Needs Chromium.

The same measure on two cores gave for two renderers of surveys (one question, nothing around it; `docs/decisions.md`):
Formbricks 223 kB and 2.2 s until a choice could be made, SurveyJS 321 kB and 2.8 s; neither works without script.
"""

import argparse
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that the file can be run by its name

from benchmarks.report import Figure, Report, fail  # noqa: E402
from benchmarks.stage import Stage  # noqa: E402
from survey import create_app  # noqa: E402
from survey.clock import now  # noqa: E402
from survey.config import load_config  # noqa: E402
from survey.customers.models import Customer  # noqa: E402
from survey.database import writing  # noqa: E402
from survey.defections.models import Defection, Definition  # noqa: E402
from survey.extensions import db  # noqa: E402
from survey.invitations.links import ANSWER, token_for  # noqa: E402
from survey.invitations.models import Invitation  # noqa: E402
from survey.questionnaires.models import QuestionnaireVersion  # noqa: E402
from survey.responses.models import Response, ResponseAnswer  # noqa: E402
from tests import browser  # noqa: E402

PHONE = {"width": 390, "height": 844}
SLOWER = 4
BITS_A_SECOND, DELAY_MS = 1_600_000, 150
#: what a server may send before it has heard anything back: ten segments (RFC 6928)
ONE_ROUND_TRIP = 10 * 1460
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
LANGUAGES = ("nl", "en")
#: notes the moment at which a reason stands on the page and takes a touch
WATCH = """
window.ready = null;
(function look() {
  const box = document.querySelector('input[name=reason]');
  if (box && box.getBoundingClientRect().width > 0) requestAnimationFrame(() => window.ready = performance.now());
  else requestAnimationFrame(look);
})();
"""


@dataclass(frozen=True)
class Load:
    """One load of the page."""

    seconds: float
    transferred: int
    requests: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--loads", type=int, default=15)
    asked = parser.parse_args()
    report = Report(f"The form on a slow phone, median of {asked.loads} loads")
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as (stage, links), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.found(), args=["--no-sandbox"])
        address = f"http://{stage.host}"
        with plain_page() as plain:
            pages = {"whole": address + links["slow"], "installed": address + links["installed"], "bare": plain}
            runs = load_in_turns(chromium, pages, asked.loads)
        add(report, runs)
        for language in LANGUAGES:
            found = faults(chromium, address + links["axe"], language)
            report.add(Figure(f"axe violations, {language}", found, "", 0))
        for language, script in product(LANGUAGES, (True, False)):
            name = f"by keyboard, {language}" if script else f"without script, {language}"
            done = answer(chromium, address + links[f"{language} {script}"], language, script)
            report.add(Figure(f"answered {name}", done, "", 1, True))
        chromium.close()
        stage.stop_web()
        check_stored(stage, len(LANGUAGES) * 2)
    return report.finish(asked.json)


@contextmanager
def plain_page() -> Iterator[str]:
    """The address of the least that can be chosen from: what this machine and browser take whatever is shown."""
    choices = "".join(f"<p><label><input type=radio name=reason>Reason {n}</label>" for n in range(8))
    page = f"<!doctype html><title>Why?</title><form>{choices}<textarea></textarea></form>".encode()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802  # the library's name
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def site(folder: Path) -> Iterator[tuple[Stage, dict[str, str]]]:
    """Whyleft on gunicorn, and links of people who are asked, by what they are for."""
    stage = Stage(folder, f"sqlite:///{folder / 'whyleft.db'}", 9)
    stage.run("db", "upgrade")
    app = create_app(load_config(stage.environment))
    names = ["slow", "axe", *(f"{language} {script}" for language, script in product(LANGUAGES, (True, False)))]
    with app.app_context(), writing():
        installed = newest_version()
        version = publish(installed)
        links = {name: link(version, seed) for seed, name in enumerate(names)}
        links["installed"] = link(installed, len(names))
        db.session.commit()
        db.engine.dispose()
    stage.serve()
    try:
        with urlopen(f"http://{stage.host}{links['slow']}", timeout=120):  # noqa: S310  # our own server has started
            pass
        yield stage, links
    finally:
        stage.stop_web()


def both(text: str) -> dict[str, str]:
    return {"nl": f"{text} (in het Nederlands)", "en": text}


def newest_version() -> QuestionnaireVersion:
    """The questionnaire of a new installation."""
    newest = db.session.scalars(select(QuestionnaireVersion).order_by(QuestionnaireVersion.id.desc())).first()
    if newest is None:
        raise RuntimeError("a new installation has no questionnaire")
    return newest


def publish(newest: QuestionnaireVersion) -> QuestionnaireVersion:
    """The same with further questions of every kind."""
    options = newest.content["options"]
    codes = ["price", *(o["code"] for o in options if not o["pinned_last"] and o["code"] != "price")][:7]
    choices = [
        {"code": f"c{n}", **both(f"Possibility {n} of the four there are"), "pinned_last": n == 4} for n in range(1, 5)
    ]
    questions: list[dict[str, Any]] = [
        {"key": f"after_{code}", "kind": "one", "after": code, "shuffled": True, "choices": choices,
         **both("What was that about most of all?")}
        for code in codes
    ]  # fmt: skip
    questions += [
        {"key": "missed", "kind": "many", "choices": choices, **both("What did you miss?")},
        {"key": "again", "kind": "scale", **both("How likely are you to come back?")},
        {"key": "visits", "kind": "number", "most": 10, "measures": "wallet", **both("Of your last ten times?")},
        {"key": "where", "kind": "short", **both("Where do you go now?")},
    ]
    version = QuestionnaireVersion(
        questionnaire_id=newest.questionnaire_id, version=newest.version + 1, published_at=now(),
        content=newest.content | {"questions": questions},
    )  # fmt: skip
    db.session.add(version)
    db.session.flush()
    return version


def link(version: QuestionnaireVersion, seed: int) -> str:
    """The path of the form of one more person."""
    number = db.session.query(Customer).count() + 1
    who = Customer(external_id=f"C{number}", email=f"c{number}@example.org", joined_on=date(2021, 4, 1))
    db.session.add(who)
    db.session.flush()
    left = now().date() - timedelta(days=60)
    gone = Defection(
        customer_id=who.id, definition_id=db.session.scalars(select(Definition.id)).first(), episode=1,
        last_visit_on=left, defected_on=left, noticed_on=left, yearly_spend=100, remaining_years=1.0, lost_value=100,
        value_method="own_spend", created_at=now(),
    )  # fmt: skip
    db.session.add(gone)
    db.session.flush()
    asked = Invitation(
        defection_id=gone.id, customer_id=who.id, questionnaire_version_id=version.id, language="nl", order_seed=seed,
        created_at=now(), expires_at=now() + timedelta(days=60),
    )  # fmt: skip
    db.session.add(asked)
    db.session.flush()
    return f"/a/{token_for(ANSWER, asked.id)}"


def load_in_turns(chromium: Browser, pages: dict[str, str], loads: int) -> dict[str, list[Load]]:
    """Each page so many times, one after another, so that what the machine does meanwhile is in all alike."""
    for address in pages.values():
        load(chromium, address)  # a browser that has just started is slower
    rounds = [{name: load(chromium, address) for name, address in pages.items()} for _ in range(loads)]
    return {name: [one[name] for one in rounds] for name in pages}


def add(report: Report, runs: dict[str, list[Load]]) -> None:
    whole, sizes = runs["whole"], [run.transferred for run in runs["whole"]]
    seconds = {name: [run.seconds for run in loads] for name, loads in runs.items()}
    report.add(Figure("transferred, page and all it needs", statistics.median(sizes) / 1000, "kB", 15))
    report.add(Figure("requests", max(run.requests for run in whole), "", 1))
    report.add(Figure("of what fits in one round trip", max(sizes) / ONE_ROUND_TRIP, "", 1))
    report.add(Figure("until a reason can be chosen, median", statistics.median(seconds["whole"]), "s", 0.6))
    report.add(Figure("until a reason can be chosen, slowest", max(seconds["whole"]), "s"))
    report.add(Figure("the same without further questions", statistics.median(seconds["installed"]), "s", 0.6))
    report.add(Figure("the same of a bare page with eight choices", statistics.median(seconds["bare"]), "s"))


def load(chromium: Browser, address: str) -> Load:
    """Load the page once, with nothing cached."""
    context = chromium.new_context(viewport=PHONE)
    page = context.new_page()
    page.add_init_script(WATCH)
    tools = context.new_cdp_session(page)
    sizes: list[int] = []
    sent: list[str] = []
    tools.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    tools.on("Network.requestWillBeSent", lambda event: sent.append(event["request"]["url"]))
    tools.send("Network.enable")
    speed = BITS_A_SECOND / 8
    tools.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": DELAY_MS, "downloadThroughput": speed, "uploadThroughput": speed},
    )
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address)
    page.wait_for_function("window.ready !== null")
    seconds = page.evaluate("window.ready") / 1000
    context.close()
    return Load(seconds, sum(sizes), sum(not url.startswith("data:") for url in sent))


def faults(chromium: Browser, address: str, language: str) -> int:
    """How many rules are broken: as it opens, with a question open under a reason, and with mistakes."""
    page = chromium.new_context(viewport=PHONE).new_page()
    page.goto(f"{address}?lang={language}")
    found = broken(page)
    page.locator("input[name=reason]").first.check()
    page.locator("details summary").click()
    found += broken(page)
    page.locator("#q-visits").fill("eleven")
    page.locator("button.send").click()
    found += broken(page)
    for rule in found:
        print(f"  {language}: {rule}")
    page.context.close()
    return len(found)


def broken(page: Page) -> list[str]:
    violations = Axe().run(page, options=WCAG).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:150]}" for one in violations]


def answer(chromium: Browser, address: str, language: str, script: bool) -> int:
    """1 where somebody answers every kind of question with the keyboard alone, and is thanked."""
    context = chromium.new_context(viewport=PHONE, java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{address}?lang={language}")
    reason = page.locator("input[name=reason][value=price]")
    follow = page.locator("[name=q-after_price]").first
    if follow.is_visible():
        fail("a question shows before its reason is chosen")
    reason.focus()
    page.keyboard.press("Space")
    if not follow.is_visible():
        fail("the question after a reason does not show when it is chosen")
    for key in ("Tab", "Space"):
        page.keyboard.press(key)
    for name in ("q-missed", "q-again"):
        page.locator(f"[name={name}]").first.focus()
        page.keyboard.press("Space")
    for name, typed in (("q-visits", "3"), ("q-where", "Elsewhere"), ("words", "It took too long.")):
        page.locator(f"[name={name}]").focus()
        page.keyboard.type(typed)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/thanks*")
    context.close()
    return 1


def check_stored(stage: Stage, expected: int) -> None:
    """Every answer is there, with a row for each question that was answered."""
    app = create_app(load_config(stage.environment))
    with app.app_context():
        answers = db.session.query(Response).count()
        rows = sorted(row.question for row in db.session.scalars(select(ResponseAnswer)))
        db.session.remove()
        db.engine.dispose()
    if answers != expected:
        fail(f"{answers} answers are stored, {expected} were thanked for")
    if rows != sorted(["after_price", "missed", "again", "visits", "where"] * expected):
        fail(f"stored for the further questions: {rows}")


if __name__ == "__main__":
    sys.exit(main())
