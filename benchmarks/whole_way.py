"""The whole way once, on real purchases: import, detect, invite over SMTP, answer over HTTP, classify, break down.

Prints the count, seconds and peak memory of every step, and ends with 2 where counts do not agree with what an
independent reading of the files says. With --kill, every process is killed at random on the way and started again.
"""

import csv
import http.client
import http.cookiejar
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import create_engine, inspect, text

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that the file can be run by its name

from benchmarks import load
from benchmarks.report import Figure, Report, arguments, fail
from benchmarks.stage import Ran, Sink, Stage, database, sink

AS_OF = date(1998, 6, 30)
LAPSE = 180
SEGMENT = "sample"
#: what a complaint about an aspect of a restaurant would be ticked as
TICKED = {"price": "price", "service": "rude_staff", "quality": "poor_quality", "premises": "premises"}
PASSWORD = "a manager of the benchmark"


def visits_of(data: Path) -> dict[str, list[date]]:
    """Visit days per customer, read from the file by itself."""
    visits: dict[str, set[date]] = defaultdict(set)
    with (data / "cdnow_transactions.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            visits[row["customer_id"]].add(date.fromisoformat(row["occurred_on"]))
    return {customer: sorted(days) for customer, days in visits.items()}


def expected_episodes(visits: dict[str, list[date]]) -> list[tuple[str, date, bool]]:
    """Every lapse by the slow telling: customer, day defected, still gone."""
    found = []
    for customer, days in visits.items():
        for day, following in zip(days, [*days[1:], None], strict=True):
            defected = day + timedelta(days=LAPSE)
            if defected <= AS_OF and (following is None or following > defected):
                found.append((customer, defected, following is None))
    return found


def sentences(data: Path) -> dict[str, list[tuple[str, str]]]:
    """Real complaints by language: the sentence, and the reason it would be ticked as."""
    found: dict[str, list[tuple[str, str]]] = {"nl": [], "en": []}
    for language in found:
        with (data / f"reviews_{language}.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                aspects = [TICKED[a] for a in row["negative_aspects"].split("|") if a in TICKED]
                if aspects:
                    found[language].append((row["text"], aspects[0]))
    return found


class Way:
    """The steps, each of which measures itself and is held against the files."""

    def __init__(self, stage: Stage, report: Report, args: "Arguments") -> None:
        self.stage, self.report, self.data, self.kill = stage, report, args.data, args.kill
        self.engine = create_engine(stage.environment["WHYLEFT_DATABASE_URL"])
        self.random = random.Random(1)

    def count(self, query: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text(query)).scalar() or 0)

    def agree(self, what: str, found: object, expected: object) -> None:
        if found != expected:
            fail(f"{what}: found {found}, expected {expected}")

    def step(self, name: str, *command: str, goal: float | None = None) -> Ran:
        ran = self._killed_and_resumed(*command) if self.kill else self.stage.run(*command)
        self.report.add(Figure(f"{name}, seconds", ran.seconds, "s", None if self.kill else goal))
        self.report.add(Figure(f"{name}, peak memory", ran.megabytes, "MB"))
        return ran

    def _killed_and_resumed(self, *command: str) -> Ran:
        """Kill the command a few times after a random while, then let it end."""
        for _ in range(4):
            process = self.stage.start(*command)
            try:
                process.wait(timeout=self.random.uniform(1.5, 6))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            finally:
                for stream in (process.stdin, process.stdout):
                    if stream:
                        stream.close()
        self._let_leases_run_out()
        return self.stage.run(*command)

    def _let_leases_run_out(self) -> None:
        """What the killed had claimed is free again after ten minutes; here the clock is not waited for."""
        if "mailing" in inspect(self.engine).get_table_names():
            with self.engine.begin() as connection:
                held = "UPDATE mailing SET lease_until = :past WHERE lease_until IS NOT NULL"
                connection.execute(text(held), {"past": "2026-01-01 00:00:00+00:00"})

    def bring_in(self) -> None:
        self.step("migrate", "db", "upgrade")
        with self.engine.begin() as connection:  # or the hour and the limit would be measured
            lifted = "quiet_from = 0, quiet_until = 0, domain_per_minute = 1000000"
            connection.execute(text(f"UPDATE contact_policy SET {lifted}"))
        seconds = 0.0
        for kind in ("customers", "transactions"):
            seconds += self.step(f"import {kind}", kind, "import", str(self.data / f"cdnow_{kind}.csv")).seconds
        self.report.add(Figure("import of both files", seconds, "s", None if self.kill else 20))
        with (self.data / "cdnow_transactions.csv").open(newline="") as file:
            amounts = [Decimal(row["amount"]) for row in csv.DictReader(file)]
        self.agree("customers", self.count("SELECT count(*) FROM customer"), 23_570)
        self.agree("transactions", self.count('SELECT count(*) FROM "transaction"'), len(amounts))
        cents = self.count('SELECT CAST(ROUND(SUM(amount) * 100) AS BIGINT) FROM "transaction"')
        self.agree("sum of amounts in cents", cents, int(sum(amounts) * 100))

    def detect(self) -> None:
        self.step("detect", "defections", "detect", "--as-of", AS_OF.isoformat(), "--segment", SEGMENT, goal=10)
        episodes = expected_episodes(visits_of(self.data))
        with (self.data / "cdnow_customers.csv").open(newline="") as file:
            asked = {row["customer_id"] for row in csv.DictReader(file) if row["segment"] == SEGMENT}
        self.agree("episodes", self.count("SELECT count(*) FROM defection"), len(episodes))
        still_gone = self.count("SELECT count(*) FROM defection WHERE returned_on IS NULL")
        self.agree("still gone", still_gone, sum(gone for _, _, gone in episodes))
        self.invited = sum(gone and customer in asked for customer, _, gone in episodes)
        self.agree("invitations", self.count("SELECT count(*) FROM invitation WHERE state = 'open'"), self.invited)
        self.report.add(Figure("episodes", len(episodes)))
        self.report.add(Figure("invitations", self.invited))

    def invite(self, taken: Sink) -> None:
        ran = self.step("invite over SMTP", "invitations", "send")
        rate = self.invited / ran.seconds
        self.report.add(Figure("2,000 invitations would take", 2_000 / rate, "s", None if self.kill else 60))
        sent = self.count("SELECT count(*) FROM mailing WHERE state = 'sent'")
        unknown = self.count("SELECT count(*) FROM mailing WHERE state IN ('unknown', 'sending')")
        self.agree("sent or unknown", sent + unknown, self.invited)
        self.agree("sent twice", taken.doubles, 0)
        if not sent <= len(taken.received) <= sent + unknown:
            fail(f"{len(taken.received)} mails at the sink, {sent} sent, {unknown} unknown")
        self.report.add(Figure("mails at the sink", len(taken.received)))
        self.report.add(Figure("mails of unknown outcome", unknown))

    def answer(self, taken: Sink, number: int) -> None:
        """Answer over HTTP; what was acknowledged must be stored, also when the site is killed on the way."""
        self.stage.serve()
        links = sorted(taken.links().items())[:number]
        began = time.perf_counter()
        with self._web_killed_now_and_then() if self.kill else nullcontext():
            acknowledged = Counter(self._answers(links))
            seconds = time.perf_counter() - began
        self.report.add(Figure("answers over HTTP, one by one, seconds", seconds, "s"))
        stored = self.count("SELECT count(*) FROM response")
        self.agree("answers acknowledged", sum(acknowledged.values()), number)
        self.agree("responses", stored, number)
        self.agree(
            "reasons of responses",
            self.count("SELECT count(*) FROM response_reason"),
            self.count("SELECT sum(reason_count) FROM response"),
        )
        self.ticked, self.answered = acknowledged, number
        self.report.add(Figure("responses", stored))

    def _answers(self, links: list[tuple[str, str]]) -> Iterator[str]:
        said = sentences(self.data)
        for number, (_, path) in enumerate(links):
            language = "en" if number % 2 else "nl"
            words, reason = said[language][number // 2 % len(said[language])]
            fields = {"reason": reason, "words": words, "lang": language}
            self._post_until_acknowledged(path, urllib.parse.urlencode(fields).encode())
            yield reason

    def _post_until_acknowledged(self, path: str, body: bytes) -> None:
        """As a person would: send again until the site has said that it has the answer."""
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://{self.stage.host}{path}", body, timeout=10) as page:
                    if page.status == 200:
                        return
            except (OSError, urllib.error.URLError, http.client.HTTPException):
                if not self.kill:
                    raise
                time.sleep(0.1)
        fail(f"{path} was never acknowledged")

    @contextmanager
    def _web_killed_now_and_then(self) -> Iterator[None]:
        """The site is killed .5 to 2 seconds after it began to answer, again and again; in the end it stands."""
        stop, kills = threading.Event(), Counter[str]()

        def kill() -> None:
            while not stop.wait(self.random.uniform(0.5, 2)):
                self.stage.kill_web()
                self.stage.serve()
                kills["site"] += 1

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            yield
        finally:
            stop.set()
            killer.join()
        self.report.add(Figure("times the site was killed", kills.total()))

    def classify(self) -> None:
        self.step("classify", "answers", "classify")
        classified = self.count("SELECT count(*) FROM classification")
        self.agree("classifications", classified, self.count("SELECT count(*) FROM response"))
        self.agree("words left unmasked", self.count("SELECT count(*) FROM response WHERE masked_words IS NULL"), 0)
        self.report.add(Figure("classified", classified))

    def break_down(self) -> None:
        """Open the page as a manager, and hold its sums against the database."""
        self.stage.run(
            "users", "add", "manager@example.org", "--role", "manager", "--language", "en", "--password-stdin",
            given=PASSWORD,
        )  # fmt: skip
        browser = signed_in(self.stage.host)
        query = f"period=custom&from=1997-01-01&to={AS_OF}"
        seconds = []
        for _ in range(21):
            began = time.perf_counter()
            with browser.open(f"http://{self.stage.host}/breakdown?{query}") as answer:
                page = answer.read().decode()
            seconds.append(time.perf_counter() - began)
        self.report.add(Figure("breakdown page, first time", seconds[0] * 1000, "ms"))
        self.report.add(
            Figure("breakdown page, median", statistics.median(seconds[1:]) * 1000, "ms", None if self.kill else 300)
        )
        self._hold_page(page)
        self._hold_export(browser, query)

    def _hold_page(self, page: str) -> None:
        episodes = self.count("SELECT count(*) FROM defection")
        if f"{episodes:,}" not in page:
            fail(f"the page does not say that {episodes:,} left")

    def _hold_export(self, browser: urllib.request.OpenerDirector, query: str) -> None:
        with browser.open(f"http://{self.stage.host}/breakdown.csv?{query}") as answer:
            rows = list(csv.DictReader(answer.read().decode("utf-8-sig").splitlines()))
        departures = sum(int(row["departures"]) for row in rows)
        self.agree("departures in the export", departures, self.count("SELECT count(*) FROM defection"))
        by_reason = {row["code"]: int(row["departures"]) for row in rows if int(row["departures"])}
        self.agree("answers by reason", {code: by_reason.get(code) for code in self.ticked}, dict(self.ticked))
        self.agree(
            "all answers", sum(count for code, count in by_reason.items() if code in self.codes()), self.answered
        )
        lost = self.count("SELECT CAST(ROUND(SUM(lost_value) * 100) AS BIGINT) FROM defection")
        self.agree("lost value in cents", sum(int(Decimal(row["lost value"]) * 100) for row in rows), lost)
        self.report.add(Figure("departures on page, export and in the database", departures))

    def codes(self) -> set[str]:
        with self.engine.connect() as connection:
            return set(connection.execute(text("SELECT code FROM reason")).scalars())

    def hold_load(self, taken: Sink, seconds: int) -> None:
        """The form under load, reads and writes apart; answered invitations are left alone."""
        paths = [path for _, path in sorted(taken.links().items())]
        free = paths[self.count("SELECT count(*) FROM response") :]
        address = ("127.0.0.1", self.stage.port)
        gets = [load.Request(load.get(free[i % len(free)], self.stage.host), 200) for i in range(400 * seconds)]
        self._report_load("form, 400 GET/s", load.run(gets, address, 400))
        body = urllib.parse.urlencode({"reason": "price", "words": "Te duur geworden.", "lang": "nl"}).encode()
        posts = [load.Request(load.post(path, self.stage.host, body), 303) for path in free[: 100 * seconds]]
        before = self.count("SELECT count(*) FROM response")
        self._report_load("form, 100 POST/s", load.run(posts, address, 100))
        self.agree("responses under load", self.count("SELECT count(*) FROM response") - before, len(posts))

    def _report_load(self, name: str, ran: load.Load) -> None:
        if ran.unexpected:
            fail(f"{name}: answers {ran.statuses}")
        self.report.add(Figure(f"{name}, held", ran.per_second, "/s"))
        self.report.add(Figure(f"{name}, p99", ran.percentile(0.99) * 1000, "ms", 500))


class Arguments:
    data: Path
    json: Path | None
    quick: bool
    engine: str
    kill: bool
    load: bool


def signed_in(host: str) -> urllib.request.OpenerDirector:
    """A browser in which the manager has signed in."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with browser.open(f"http://{host}/login") as answer:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())
    assert token is not None
    fields = {"email": "manager@example.org", "password": PASSWORD, "csrf_token": token.group(1)}
    browser.open(f"http://{host}/login", urllib.parse.urlencode(fields).encode()).close()
    return browser


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--kill", action="store_true", help="kill the processes at random on the way")
    args = parser.parse_args(namespace=Arguments())
    report = Report(f"The whole way on {args.engine}{', killed and resumed' if args.kill else ''}")
    with tempfile.TemporaryDirectory() as folder, sink() as (taken, port), database(args.engine, Path(folder)) as url:
        stage = Stage(Path(folder), url, port)
        way = Way(stage, report, args)
        try:
            way.bring_in()
            way.detect()
            way.invite(taken)
            way.answer(taken, 50 if args.quick else 500)
            way.classify()
            way.break_down()
            if not args.kill:
                way.hold_load(taken, 3 if args.quick else 10)
        finally:
            stage.stop_web()
            way.engine.dispose()
    return report.finish(args.json)


if __name__ == "__main__":
    sys.exit(main())
