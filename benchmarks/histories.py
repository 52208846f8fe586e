"""Histories and detection at the size of a chain with a million cards and ten million purchases.

Fills a database (see `fill.py`), then: makes every history from nothing, publishes a night's file of 1 % new purchases
as an import does, and detects as of a day, twice. After both of the first two, all histories are held against
an independent count in numpy: what a night adds gives what a start from nothing gives. Needs no data files.
Each step runs in a process of its own, whose seconds and peak memory are shown. `--quick`: 50,000 customers, with the
goals as they are; they are for the whole size on a machine that does nothing else.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, insert, text

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that the file can be run by its name

from benchmarks import fill  # noqa: E402
from benchmarks.report import Figure, Report, fail  # noqa: E402
from benchmarks.stage import Stage, database  # noqa: E402

CUSTOMERS = 1_000_000
SHARE_NEW = 0.01
MARK_ALL = 'INSERT INTO stale_history (customer_id) SELECT DISTINCT customer_id FROM "transaction"'
#: MB a process may hold
MEMORY = 2048


@dataclass(frozen=True)
class Took:
    """What a step took in its process: wall clock, and of that the processor's time in this process."""

    seconds: float
    processor: float
    megabytes: float
    more: dict[str, float]


def elsewhere(step: Callable[..., Any], *given: Any) -> Any:
    """Run a step in a process of its own: a child counts the memory that its parent held as its own peak."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(step, *given).result()


def measured(environment: dict[str, str], step: Callable[..., dict[str, float]], *given: Any) -> Took:
    """Run a step in a fresh process with an application."""
    took: Took = elsewhere(_measure, environment, step, given)
    return took


def _measure(environment: dict[str, str], step: Callable[..., dict[str, float]], given: tuple[Any, ...]) -> Took:
    from survey import create_app
    from survey.config import load_config

    app = create_app(load_config(environment))
    with app.app_context():
        began, used = time.perf_counter(), time.process_time()
        more = step(*given)
        seconds, processor = time.perf_counter() - began, time.process_time() - used
    return Took(seconds, processor, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, more)


def build() -> dict[str, float]:
    """Every history from nothing, as after the migration that brought them."""
    from survey.customers import histories
    from survey.database import committed
    from survey.extensions import db

    committed(db.session, partial(db.session.execute, text(MARK_ALL)))
    made = 0
    while some := committed(db.session, histories.refresh_some):
        made += some
    return {"made": made}


@contextmanager
def holds() -> Iterator[list[float]]:
    """Seconds for which each transaction kept other writers of SQLite out; nothing of PostgreSQL, which has no gate."""
    from survey.extensions import db

    gate, noted = getattr(db.engine.dialect, "gate", None), [0.0]
    if gate is None:
        yield noted
        return
    release = gate.release

    def noting(holder: int) -> None:
        release(holder)
        noted.append(gate.held)

    gate.release = noting
    yield noted
    gate.release = release


def publish(import_id: int) -> dict[str, float]:
    """A checked file is published to its end, histories included."""
    from survey.clock import today
    from survey.customers.importing import Edge, run_import
    from survey.database import committed
    from survey.extensions import db

    with holds() as noted:
        if run_import(import_id, Edge(partial(committed, db.session), Path(), today())) != "done":
            raise RuntimeError("the import did not end")
    return {"longest_hold": max(noted)}


def look_for_leavers() -> dict[str, float]:
    """Detection of everybody as of the last day before the night."""
    from survey.jobs.tasks.detect import Question, detect

    with holds() as noted:
        outcome = detect(Question(fill.LAST, invite=False))
    return {"new": outcome["new"], "longest_hold": max(noted)}


def compare(customers: int, with_night: bool) -> dict[str, float]:
    """Hold every stored history against the purchases themselves."""
    from survey.defections.histories import Range, visits_of

    bought = fill.purchases(customers)
    who, day, cents = bought.customer, bought.day, bought.cents
    if with_night:
        new = night(customers)
        who, day, cents = (np.concatenate(pair) for pair in ((who, new.customer), (day, new.day), (cents, new.cents)))
    day = day + (fill.FIRST - date(1970, 1, 1)).days
    order = np.lexsort((day, who))
    who, day, cents = who[order], day[order], cents[order]
    head = np.flatnonzero((np.diff(who, prepend=0) != 0) | (np.diff(day, prepend=0) != 0))
    found = visits_of(Range(1, customers), fill.LAST + timedelta(days=10))
    same = (
        np.array_equal(found.customer, who[head])
        and np.array_equal(found.day, day[head])
        and np.array_equal(found.cents, np.add.reduceat(cents, head))
    )
    return {"same": float(same), "visits": float(len(head))}


def night(customers: int) -> fill.Purchases:
    """The purchases of the day after: 1 % more, each by another customer as far as there are so many."""
    rng = np.random.default_rng(fill.SEED + 1)
    size = round(customers * fill.PURCHASES_EACH * SHARE_NEW)
    customer = rng.permutation(customers)[:size] + 1
    return fill.Purchases(customer, np.full(size, fill.DAYS), np.rint(rng.lognormal(8.0, 0.7, size)).astype(np.int64))


def stage_night(url: str, customers: int) -> int:
    """Put the night's purchases where an import has them once every row is checked; gives its key."""
    import survey.tables  # noqa: F401  # every table is known
    from survey.clock import now
    from survey.customers.staging import identity_of
    from survey.database import Base

    new, tables = night(customers), Base.metadata.tables
    on = fill.LAST + timedelta(days=1)
    row = {
        "id": 1, "kind": "transactions", "file_name": "night.csv", "path": "night.csv", "digest": "0", "error": None,
        "options": {}, "state": "publishing", "rows": len(new), "good_rows": len(new), "created_at": now(),
    }  # fmt: skip
    record = {"occurred_on": on, "branch": None, "employee": None, "service": None}
    rows = [
        record
        | {"import_id": 1, "line": line, "external_id": f"K{customer:07}", "amount": cents / 100, "has_id": True}
        | {"identity": identity_of(record | {"customer_id": f"K{customer:07}", "transaction_id": f"N{line}"})}
        for line, (customer, cents) in enumerate(zip(new.customer.tolist(), new.cents.tolist(), strict=True), 2)
    ]
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(insert(tables["import_file"]).values(row | {"staged_line": rows[-1]["line"]}))
        connection.execute(insert(tables["staged_transaction"]), [r | {"amount": round(r["amount"], 2)} for r in rows])
    engine.dispose()
    return 1


def run(engine: str, customers: int, report: Report) -> None:
    with tempfile.TemporaryDirectory() as name, database(engine, Path(name)) as url:
        stage = Stage(Path(name), url, 25)
        stage.run("db", "upgrade")
        report.add(Figure("customers", customers))
        report.add(Figure("purchases", elsewhere(fill.fill, url, customers)))
        built = measured(stage.environment, build)
        add(report, "build", built, 120)
        check(stage, customers, with_night=False)
        published = measured(stage.environment, publish, elsewhere(stage_night, url, customers))
        add(report, "night", published, 10)
        check(stage, customers, with_night=True)
        for which in ("first", "second"):
            found = measured(stage.environment, look_for_leavers)
            add(report, f"detect.{which}", found, 30)
            report.add(Figure(f"detect.{which}.new", found.more["new"]))
            if (which == "second") != (found.more["new"] == 0):
                fail(f"the {which} detection found {found.more['new']:.0f} new defections")


def add(report: Report, name: str, took: Took, goal: float) -> None:
    report.add(Figure(f"{name}.seconds", took.seconds, "s", goal))
    report.add(Figure(f"{name}.processor", took.processor, "s"))
    report.add(Figure(f"{name}.peak_memory", took.megabytes, "MB", MEMORY))
    if took.more.get("longest_hold"):
        report.add(Figure(f"{name}.longest_hold", took.more["longest_hold"], "s"))


def check(stage: Stage, customers: int, with_night: bool) -> None:
    if not measured(stage.environment, compare, customers, with_night).more["same"]:
        fail("the stored histories are not what the purchases say")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--quick", action="store_true", help="50,000 customers, for development")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help="another size")
    given = parser.parse_args()
    report = Report(f"Histories and detection on {given.engine}")
    run(given.engine, 50_000 if given.quick else given.customers, report)
    return report.finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
