"""Invitations to a mail server that misbehaves, with the sender killed again and again.

The server defers 5 %, refuses 2 %, cuts 1 % of its connections and hangs on .1 % of the messages. In the end every
invitation is in exactly one state, and the right one by the server's own books; nobody got two, nobody who said "never
again" got one. Ends with 2 where that is not so.

Before that, two senders at once on a queue of 1,000 whose first mail cannot be made: all others are sent, none twice.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that the file can be run by its name

from benchmarks.report import Figure, Report, arguments, fail
from benchmarks.stage import Stage, database, free_port

PEOPLE, QUICK, FULL = 10_000, 1_000, 100_000
AT_ONCE, POISON, POISON_TRIES = 1_000, "=?x?=@mail.example", 5
KILLS = 10
DOMAINS = 40
#: shares of the mails that meet each fate, the first time they are tried
DEFERRED, REFUSED, CUT, HANGS = 0.05, 0.02, 0.01, 0.001
SUPPRESSED = 0.01
SEED = 6
PAST = "2026-01-01 00:00:00+00:00"


@dataclass
class Server:
    """A mail server with moods, that keeps its own books by address."""

    fates: dict[str, str]
    taken: Counter[str] = field(default_factory=Counter)
    ids: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    deferred: Counter[str] = field(default_factory=Counter)
    hung: Counter[str] = field(default_factory=Counter)
    on_taken: Any = None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        fate = self.fates.get(address, "")
        if fate == "refuse":
            self.refused[address] += 1
            return "550 5.1.1 no such user"
        if fate == "defer" and not self.deferred[address]:
            self.deferred[address] += 1
            return "451 4.7.1 greylisted"
        if fate == "cut" and not self.deferred[address]:
            self.deferred[address] += 1
            return "421 4.3.2 too many connections"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        (address,) = envelope.rcpt_tos
        self.taken[address] += 1
        self.ids[str(message_from_bytes(envelope.content)["Message-ID"])] += 1
        if self.on_taken:
            self.on_taken()
        if self.fates.get(address) == "hang":
            self.hung[address] += 1
            await asyncio.sleep(60)
        return "250 OK"


@contextmanager
def at_work(server: Server) -> Iterator[int]:
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop(no_assert=True)


def addresses(number: int) -> list[str]:
    return [f"person{n}@mail{n % DOMAINS}.example" for n in range(number)]


def fates_of(people: list[str]) -> dict[str, str]:
    drawn = random.Random(SEED)
    found = {}
    for address in people:
        chance = drawn.random()
        for fate, share in (("defer", DEFERRED), ("refuse", REFUSED), ("cut", CUT), ("hang", HANGS)):
            if chance < share:
                found[address] = fate
                break
            chance -= share
    return found


def fill(stage: Stage, people: list[str], folder: Path) -> list[str]:
    """Customers who left, imported and detected by the commands; gives those who are never to be written to."""
    customers, visits = folder / "customers.csv", folder / "transactions.csv"
    customers.write_text("customer_id,email,language\n" + "".join(f"{n},{a},en\n" for n, a in enumerate(people)))
    visits.write_text(
        "customer_id,occurred_on,amount\n" + "".join(f"{n},2026-01-15,10.00\n" for n in range(len(people)))
    )
    stage.run("db", "upgrade")
    stage.run("customers", "import", str(customers))
    stage.run("transactions", "import", str(visits))
    stage.run("defections", "detect", "--as-of", "2026-10-01")
    return random.Random(SEED + 1).sample(people, round(len(people) * SUPPRESSED))


def suppress(stage: Stage, people: list[str]) -> None:
    """As if these had said "never ask me again" under an earlier relation, at the same address."""
    script = (
        "import sys\nfrom survey import create_app\nfrom survey.database import writing\n"
        "from survey.extensions import db\nfrom survey.invitations.suppression import suppress\n"
        "with create_app().app_context(), writing():\n"
        "    [suppress(address, 'opted_out') for address in sys.stdin.read().split()]\n    db.session.commit()\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], input="\n".join(people), text=True, env=stage.environment, check=True,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip


class Sending:
    """The sender, killed at chosen moments, and what the database says afterwards."""

    def __init__(self, stage: Stage, server: Server, number: int) -> None:
        self.stage, self.server, self.number = stage, server, number
        self.engine = create_engine(stage.environment["WHYLEFT_DATABASE_URL"])

    def killed(self, times: int) -> float:
        """Send, killed so many times at moments spread over the work; gives the seconds of sending."""
        seconds = 0.0
        for kill in range(times):
            seconds += self._run(kill_at=(kill + 1) * self.number // (times + 2))
            self._let_time_pass()
        return seconds

    def to_the_end(self) -> float:
        """Send until nothing is left to be sent."""
        seconds = 0.0
        for _ in range(20):
            seconds += self._run()
            self._let_time_pass()
            if not self._count(
                "SELECT count(*) FROM mailing WHERE state IN ('queued', 'deferred', 'claimed', 'sending')"
            ):
                return seconds
        fail("mails are still waiting after twenty runs")
        return seconds

    def by_two_at_once(self) -> None:
        """Send by two processes that begin together."""
        for sender in [self.stage.start("invitations", "send") for _ in range(2)]:
            sender.communicate()
        self._let_time_pass()

    def most_tries(self) -> int:
        return self._count("SELECT max(attempts) FROM mailing")

    def _run(self, kill_at: int | None = None) -> float:
        began, process = time.perf_counter(), self.stage.start("invitations", "send")
        self.server.on_taken = None
        if kill_at is not None:

            def kill() -> None:
                if self.server.taken.total() >= kill_at:
                    process.send_signal(signal.SIGKILL)

            self.server.on_taken = kill
        process.communicate()
        return time.perf_counter() - began

    def _let_time_pass(self) -> None:
        """Leases run out after ten minutes and waits after half an hour; here the clock is not waited for."""
        with self.engine.begin() as connection:
            past = {"past": PAST}
            connection.execute(text("UPDATE mailing SET lease_until = :past WHERE lease_until IS NOT NULL"), past)
            connection.execute(text("UPDATE mailing SET due_at = :past WHERE state IN ('deferred', 'queued')"), past)

    def _count(self, query: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text(query)).scalar() or 0)

    def states(self) -> dict[str, list[tuple[str, str]]]:
        """Of every address: state and Message-ID of each of its mailings."""
        query = (
            "SELECT c.email, m.state, m.message_id FROM customer c JOIN invitation i ON i.customer_id = c.id "
            "LEFT JOIN mailing m ON m.invitation_id = i.id"
        )
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        with self.engine.connect() as connection:
            for address, state, message_id in connection.execute(text(query)):
                found[address].append((state or "not asked", message_id or ""))
        return found


def judge(server: Server, states: dict[str, list[tuple[str, str]]], never: set[str]) -> Counter[str]:
    """Hold every invitation against the server's books. Ends the benchmark where one does not agree."""
    ended: Counter[str] = Counter()
    for address, mailings in states.items():
        if len(mailings) != 1:
            fail(f"{len(mailings)} mailings for one invitation")
        (state, _), taken, fate = mailings[0], server.taken[address], server.fates.get(address, "")
        ended[state] += 1
        right = {
            "sent": taken == 1 and fate not in ("refuse", "hang"),
            "failed": taken == 0 and fate == "refuse",
            "unknown": taken <= 1,
            "cancelled": taken == 0 and address in never,
            "not asked": taken == 0 and address in never,
        }.get(state, False)
        if not right:
            fail(f"an invitation that is {state} was taken {taken} times, fate {fate or 'none'}")
    if max(server.ids.values()) > 1 or max(server.taken.values()) > 1:
        fail("somebody got two")
    if any(server.taken[address] for address in never):
        fail("somebody who is never to be written to got one")
    return ended


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--full", action="store_true", help="100,000 invitations")
    args = parser.parse_args()
    number = QUICK if args.quick else FULL if args.full else PEOPLE
    report = Report(f"Invitations to a mail server that misbehaves, {args.engine}")
    report.add(Figure("mails sent by two senders at once", at_once(args.engine), goal=AT_ONCE - 1, at_least=True))
    with tempfile.TemporaryDirectory() as place, database(args.engine, Path(place)) as url:
        people = addresses(number)
        server = Server(fates_of(people))
        with at_work(server) as port:
            stage = Stage(Path(place), url, port)
            never = fill(stage, people, Path(place))
            suppress(stage, never)
            open_all_hours(url)
            sending = Sending(stage, server, number)
            before = os.times()
            seconds = sending.killed(KILLS) + sending.to_the_end()
            after = os.times()
            ended = judge(server, sending.states(), set(never))
    report.add(Figure("invitations", number))
    for state, count in sorted(ended.items()):
        report.add(Figure(f"ended {state}", count))
    report.add(Figure("hung", server.hung.total()))
    report.add(Figure("mails taken twice", sum(n - 1 for n in server.taken.values() if n > 1), goal=0))
    report.add(Figure("to who is never to be written to", sum(server.taken[a] for a in never), goal=0))
    report.add(Figure("of unknown outcome", ended["unknown"] / number, goal=0.001 + HANGS + KILLS * 8 / number))
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    report.add(Figure("processor time of the senders a mail", processor / number * 1000, "ms"))
    report.add(Figure("mails a second", server.taken.total() / seconds, "/s", 50, at_least=True))
    return report.finish(args.json)


def at_once(engine: str) -> int:
    """A queue whose first mail cannot be made, for two senders at once; gives how many were sent."""
    server = Server({})
    with tempfile.TemporaryDirectory() as place, database(engine, Path(place)) as url, at_work(server) as port:
        stage = Stage(Path(place), url, port)
        fill(stage, addresses(AT_ONCE), Path(place))
        open_all_hours(url)
        with create_engine(url).begin() as connection:
            first = "SELECT customer_id FROM invitation WHERE id = (SELECT min(invitation_id) FROM mailing)"
            poisoned = text(f"UPDATE customer SET email = :poison WHERE id = ({first})")  # noqa: S608  # no input
            connection.execute(poisoned, {"poison": POISON})
        sending = Sending(stage, server, AT_ONCE)
        sending.by_two_at_once()
        sending.to_the_end()
        tries = sending.most_tries()
        ended = Counter(state for mailings in sending.states().values() for state, _ in mailings)
    if tries != POISON_TRIES or ended != {"sent": AT_ONCE - 1, "failed": 1}:
        fail(f"the mails are {dict(ended)} after {tries} tries")
    if max(server.taken.values()) > 1 or max(server.ids.values()) > 1:
        fail("two senders sent one mail")
    return server.taken.total()


def open_all_hours(url: str) -> None:
    """The benchmark sends at whatever hour it is run, in the night too; mail to one domain is limited as it comes."""
    with create_engine(url).begin() as connection:
        connection.execute(text("UPDATE contact_policy SET quiet_from = 0, quiet_until = 0"))
        connection.execute(text("UPDATE mailing SET due_at = :past"), {"past": PAST})


if __name__ == "__main__":
    threading.stack_size(512 * 1024)
    sys.exit(main())
