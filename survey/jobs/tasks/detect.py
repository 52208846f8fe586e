"""Notice who left and who came back, and plan whom to ask: looked at batch by batch, stored in short transactions."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby, islice
from typing import Any

from flask import Flask, current_app
from sqlalchemy import func, select

from survey.analyst import Ints
from survey.clock import today
from survey.collector import collector_paused
from survey.customers import histories
from survey.customers.models import Customer, Import
from survey.database import committed, reading
from survey.defections import alerts, detection
from survey.defections.histories import Range
from survey.extensions import db
from survey.invitations import planning
from survey.jobs.models import Job
from survey.many import on_postgresql
from survey.turns import SECONDS_OF_WIDE_WORK, Turns, make_room

#: customers that are looked at before what was found of them is stored, in an order of its own; a killed run begins
#: with its lot anew
LOT = 100_000
#: customers whose findings are stored in one transaction, to begin with
STORED_AT_ONCE = 5_000

Look = Callable[[list[Range]], detection.Findings]


class ImportUnderway(Exception):
    """A file is being published: half a history would make people look gone who are not."""


@dataclass(frozen=True)
class Question:
    """What to detect: as of which day, and of whom to ask; an empty segment asks everybody who left."""

    as_of: date
    segment: str | None = None
    invite: bool = True


def run(job: Job | None = None) -> dict[str, Any]:
    """What the schedule asks for: as of today, unless the job says otherwise. Goes on where a killed run was."""
    arguments = job.arguments if job else {}
    as_of = date.fromisoformat(arguments["as_of"]) if arguments.get("as_of") else today()
    return detect(Question(as_of, arguments.get("segment")), job)


def detect(question: Question, job: Job | None = None) -> dict[str, Any]:
    """Detect in batches; each commits by itself, with its invitations. Gives the counts of what was done.

    Raises ImportUnderway, and planning.NothingToAsk.
    """
    _begin(job)
    with reading():
        applied = detection.rules_in_force(question.as_of)
        ranges = list(detection.batches(after_id=job.done // LOT * LOT if job else 0))
        db.session.rollback()
    committed(db.session, partial(alerts.tell_of_models, sum(rule.lacks_a_model for rule in applied)))
    done = Counter[str](_so_far(job))
    paces = [Turns(partial(committed, db.session), STORED_AT_ONCE, SECONDS_OF_WIDE_WORK) for _kind in range(2)]
    for found in _found_in(_lots(ranges), partial(_look_through, question, applied)):
        with collector_paused():
            done += _stored(found, question, job, paces)
    return _outcome(done, question.as_of)


def _begin(job: Job | None) -> None:
    if db.session.scalar(select(Import.id).where(Import.state == "publishing").limit(1)) is not None:
        raise ImportUnderway("A file is being published; detect again when it is done.")
    if job:
        job.total = db.session.scalar(select(func.max(Customer.id))) or 0
    make_room()
    db.session.commit()
    # an import leaves nobody marked; whoever changes purchases otherwise need not know of histories
    while committed(db.session, histories.refresh_some):
        pass


def _lots(ranges: list[Range]) -> Iterator[list[Range]]:
    by_lot = groupby(ranges, lambda customers: (customers.first_id - 1) // LOT)
    return (list(lot) for _number, lot in by_lot)


def _found_in(lots: Iterator[list[Range]], look: Look) -> Iterator[detection.Findings]:
    """What each lot shows. On PostgreSQL the next one is looked through while one is stored: its server does the one,
    we the other. With SQLite both are work of one machine, and one of them slows the other by what it takes."""
    if not on_postgresql():
        yield from map(look, lots)
        return
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # what stands behind the proxy
    with ThreadPoolExecutor(1, thread_name_prefix="look") as pool:
        ahead = [pool.submit(_beside, app, look, lot) for lot in islice(lots, 1)]
        while ahead:
            found = ahead.pop().result()
            ahead = [pool.submit(_beside, app, look, lot) for lot in islice(lots, 1)]
            yield found


def _beside(app: Flask, look: Look, lot: list[Range]) -> detection.Findings:
    """Look with a session of one's own."""
    with app.app_context():
        return look(lot)


def _look_through(question: Question, applied: list[detection.AppliedRule], lot: list[Range]) -> detection.Findings:
    with collector_paused():
        return detection.Findings.together([_looked_at(customers, question, applied) for customers in lot])


def _looked_at(customers: Range, question: Question, applied: list[detection.AppliedRule]) -> detection.Findings:
    with reading():
        found = detection.look(customers, question.as_of, applied)
        db.session.rollback()
    return found


def _stored(found: detection.Findings, question: Question, job: Job | None, paces: Sequence[Turns]) -> Counter[str]:
    """Store all that was found. Who left takes several times as long as who did not, so each kind has its own pace."""
    counts, (leavers, others) = Counter[str](), found.in_order()
    for pace, left in zip(paces, (_Left(leavers, len(others)), _Left(others, 0)), strict=True):
        while True:
            more, left = pace.take(partial(_store_some, found, question, job, left), len(left.customers))
            counts += more
            if not len(left.customers):
                break
    return counts


@dataclass(frozen=True, eq=False)
class _Left:
    """Customers of one kind of whom something is to be stored, and how many of the other kind come later."""

    customers: Ints
    later: int

    def __len__(self) -> int:
        return len(self.customers) + self.later


def _store_some(
    found: detection.Findings, question: Question, job: Job | None, left: _Left, size: int
) -> tuple[Counter[str], _Left]:
    """Store what was found of `size` of the customers that are left, with their invitations; who is left then."""
    stored = detection.store(found.of(left.customers[:size]))
    asked = planning.Planned(0, {})
    if question.invite:
        asked = planning.plan(stored.still_gone, question.as_of, question.segment)
    counts, left = _counts(stored, asked), _Left(left.customers[size:], left.later)
    if job:
        # short of the last of the lot while somebody is left
        job.done = min(found.customers.last_id - len(left), job.total - bool(len(left)))
        job.outcome = _outcome(Counter(_so_far(job)) + counts, question.as_of)
    return counts, left


def _counts(stored: detection.Stored, asked: planning.Planned) -> Counter[str]:
    counts = Counter(
        new=len(stored.found),
        new_open=int(stored.found.is_open.sum()),
        returned=stored.returned,
        invited=asked.invited,
    )
    return counts + Counter({f"skipped_{why}": number for why, number in asked.skipped.items()})


def _so_far(job: Job | None) -> dict[str, int]:
    """What a run of this job that was killed had counted."""
    outcome = job.outcome if job and job.done else None
    return {name: number for name, number in (outcome or {}).items() if isinstance(number, int)}


def _outcome(done: Counter[str], as_of: date) -> dict[str, Any]:
    always = ("new", "new_open", "returned", "invited")
    return {name: done[name] for name in (*always, *sorted(set(done) - set(always)))} | {"as_of": as_of.isoformat()}
