"""Reading every answer again from what was stored of it, and how soon a change of the reasons is in effect.

Fills a database with answers (real sentences, each stored as it is stored when it is read for the first time), then
runs the commands as a person would, in processes of their own. `--quick` takes a tenth of the answers.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, func, insert, select
from sqlalchemy.engine import Connection, Engine

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that the file can be run by its name

import analysis  # noqa: E402
import survey.tables  # noqa: E402, F401  # every table is known
from analysis.reasons.model import ReasonModel  # noqa: E402
from analysis.reasons.scoring import Scored  # noqa: E402
from analysis.reasons.stored import rows_of_stored  # noqa: E402
from benchmarks.answers import leavers, reviews  # noqa: E402
from benchmarks.report import Figure, Report, arguments, fail  # noqa: E402
from benchmarks.stage import Stage, database, sink  # noqa: E402
from survey.database import Base  # noqa: E402
from survey.reasons.answers import chance  # noqa: E402

ANSWERS = 1_000_000
CHANGED = 100_000
CHUNK = 10_000
#: answers scored at a time, how many times, in how many processes
PART, PARTS, CORES = 5_000, 16, 2
MOMENT = datetime(2026, 6, 1, tzinfo=UTC)
DAY = date(2026, 5, 20)
TABLES = Base.metadata.tables


def real_readings(data: Path) -> list[dict[str, Any]]:
    """Real sentences and a few long answers, as rows of `reading` without their key."""
    sets = [kind(data, language) for kind in (reviews, leavers) for language in ("nl", "en")]
    texts = [text for answers in sets[:2] for text in answers.texts] * 3 + [t for a in sets[2:] for t in a.texts[:60]]
    model = analysis.starter_model()
    return [
        {
            "encoder_id": reading.encoder_id,
            "preprocessing": reading.preprocessing,
            "language": reading.language,
            "unknown_words": 0.0,
            "content": reading.to_bytes(),
            "terms": "\n".join(reading.written),
        }
        for reading in model.read(texts)
    ]


def fill(engine: Engine, readings: list[dict[str, Any]], size: int) -> None:
    """So many departures, each asked, each with an answer that was read."""
    with engine.connect() as connection:
        definition = connection.scalar(select(TABLES["definition"].c.id))
        form = connection.scalar(select(TABLES["questionnaire_version"].c.id))
    for first in range(1, size + 1, CHUNK):
        with engine.begin() as connection:
            keys = range(first, min(first + CHUNK, size + 1))
            for table, rows in rows_of(keys, definition, form, readings):
                connection.execute(insert(TABLES[table]), rows)


def rows_of(
    keys: range, definition: int, form: int, readings: list[dict[str, Any]]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    yield (
        "customer",
        [
            {
                "id": k,
                "external_id": str(k),
                "language": "nl",
                "segment": "",
                "acquired_via": "",
                "do_not_contact": False,
            }
            for k in keys
        ],
    )
    gone = {
        "definition_id": definition, "episode": 1, "last_visit_on": DAY, "defected_on": DAY, "noticed_on": DAY,
        "yearly_spend": 400, "remaining_years": 5.0, "lost_value": 2000, "value_method": "own_spend",
        "created_at": MOMENT,
    }  # fmt: skip
    yield "defection", [gone | {"id": k, "customer_id": k} for k in keys]
    asked = {
        "questionnaire_version_id": form, "language": "nl", "order_seed": 7, "state": "answered",
        "created_at": MOMENT, "expires_at": MOMENT,
    }  # fmt: skip
    yield "invitation", [asked | {"id": k, "defection_id": k, "customer_id": k} for k in keys]
    said = {
        "language": "nl", "shown_order": [], "words": None, "masked_words": "te duur", "has_words": True,
        "may_contact": False, "reason_count": 1, "created_at": MOMENT,
    }  # fmt: skip
    yield "response", [said | {"id": k, "invitation_id": k} for k in keys]
    n = len(readings)
    yield "reading", [readings[k % n] | {"response_id": k, "chance": chance(k)} for k in keys]


def add_version(engine: Engine, folder: Path, shift: float) -> int:
    """A version that differs a little from the software's own, with its file."""
    weights = analysis.starter_model().weights
    model = ReasonModel(replace(weights, thresholds=weights.thresholds + np.float32(shift)))
    (folder / "models").mkdir(exist_ok=True)
    model.save(folder / "models" / f"{model.id}.model")
    row = {
        "fingerprint": model.id, "encoder_id": model.encoder_id, "preprocessing": model.preprocessing,
        "taxonomy_version": 0, "reason_codes": list(model.reasons), "file_name": f"{model.id}.model",
        "origin": "trained", "created_at": MOMENT, "passed_gate": True, "report": {},
    }  # fmt: skip
    table = TABLES["model_version"]
    with engine.begin() as connection:
        return int(connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one())


def reclassified(stage: Stage, engine: Engine, folder: Path, size: int, report: Report) -> None:
    version = add_version(engine, folder, 0.01)
    before = processor_seconds()
    ran = stage.run("answers", "reclassify", "--version", str(version))
    with engine.connect() as connection:
        check(connection, version, size)
    report.add(Figure("reclassify.answers", size))
    report.add(Figure("reclassify.seconds", ran.seconds, "s", 180 * size / ANSWERS))
    report.add(Figure("reclassify.answers_per_second", size / ran.seconds, "answers/s"))
    report.add(Figure("reclassify.processor_time", (processor_seconds() - before) / size * 1e6, "us/answer"))
    report.add(Figure("reclassify.peak_memory", ran.megabytes, "MB", 1024))


def processor_seconds() -> float:
    """What commands that ended have used: a busy machine hardly changes that."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def arithmetic(readings: list[dict[str, Any]], report: Report) -> None:
    """From stored numbers in memory to probabilities and decisions, in as many processes as goals have cores, as
    workers read shards: with and without taking the stored bytes apart. No database."""
    contents = [row["content"] for row in readings]
    part = (contents * (PART // len(contents) + 1))[:PART]
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn"), initializer=_prepare, initargs=(part,)) as pool:
        for name, apart in (("answers_per_second", False), ("from_bytes", True)):
            seconds, used = fastest(pool, apart)
            goal = None if apart else 500_000
            report.add(Figure(f"arithmetic.{name}", PART * PARTS / seconds, "answers/s", goal, at_least=True))
            report.add(Figure(f"arithmetic.{name}.processor_time", used / (PART * PARTS) * 1e6, "us/answer"))


_PREPARED: dict[str, Any] = {}


def _prepare(part: list[bytes]) -> None:
    """In a process of the arithmetic: what is worked out once."""
    model = analysis.starter_model()
    _PREPARED.update(model=model, part=part, rows=rows_of_stored(part, model.weights))
    _score(apart=True)


def _score(apart: bool) -> float:
    """Score a part; gives the seconds of the processor."""
    model, began = _PREPARED["model"], time.process_time()
    rows = rows_of_stored(_PREPARED["part"], model.weights) if apart else _PREPARED["rows"]
    model.given(Scored.of_rows(rows, model.weights).probabilities)
    return time.process_time() - began


def fastest(pool: ProcessPoolExecutor, apart: bool) -> tuple[float, float]:
    """Seconds of the quickest of ten times, by the clock and of the processor, for all parts."""
    seconds = []
    for _ in range(10):
        began = time.perf_counter()
        used = sum(pool.map(_score, [apart] * PARTS, chunksize=PARTS // CORES))
        seconds.append((time.perf_counter() - began, used))
    return min(clock for clock, _ in seconds), min(processor for _, processor in seconds)


def check(connection: Connection, version: int, size: int) -> None:
    """Every answer was read, and the pages turned."""
    table = TABLES["classification"]
    read = connection.scalar(select(func.count()).where(table.c.model_version_id == version))
    serving = connection.scalar(select(TABLES["serving_model"].c.model_version_id))
    if (read, serving) != (size, version):
        fail(f"{read} of {size} answers were read, and version {serving} serves instead of {version}.")


def change_of_reasons(stage: Stage, engine: Engine, report: Report) -> None:
    """Two reasons become one: from the change to pages that show it, all jobs included."""
    reason, change, job = TABLES["reason"], TABLES["taxonomy_change"], TABLES["job"]
    merged = {"kind": "merge", "code": "pushy_sales", "into": ["broken_promises"], "at": MOMENT}
    asked = {
        "key": "train:benchmark", "kind": "train", "arguments": {"user_id": None, "publish": True}, "state": "queued",
        "created_at": MOMENT, "due_at": MOMENT, "attempts": 0, "done": 0, "total": 0,
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(reason.update().where(reason.c.code == "pushy_sales").values(active=False))
        connection.execute(insert(change), merged)
        connection.execute(TABLES["schedule"].update().values(enabled=False))
        connection.execute(insert(job), asked)
    began = time.perf_counter()
    stage.run("work", "--once")
    seconds = time.perf_counter() - began
    version, serving = TABLES["model_version"], TABLES["serving_model"]
    with engine.connect() as connection:
        shown = select(version.c.reason_codes).join(serving, serving.c.model_version_id == version.c.id)
        if "pushy_sales" in connection.scalar(shown):
            fail("the pages still show the reason that was merged")
        total = connection.scalar(select(func.count()).select_from(TABLES["response"]))
    report.add(Figure("change_of_reasons.answers", total))
    report.add(Figure("change_of_reasons.seconds", seconds, "s", 60))


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    chosen = parser.parse_args()
    sizes = (ANSWERS // 10, CHANGED // 10) if chosen.quick else (ANSWERS, CHANGED)
    report = Report(f"Reading every answer again, {chosen.engine}")
    readings = real_readings(chosen.data)
    report.add(Figure("reading.bytes_stored", float(np.mean([len(r["content"]) for r in readings])), "bytes"))
    for size in sizes:
        with tempfile.TemporaryDirectory() as name, database(chosen.engine, Path(name)) as url, sink() as (_, port):
            stage = Stage(Path(name), url, port)
            stage.run("db", "upgrade")
            engine = create_engine(url)
            fill(engine, readings, size)
            if size == sizes[0]:
                reclassified(stage, engine, Path(name), size, report)
            else:
                change_of_reasons(stage, engine, report)
            engine.dispose()
    arithmetic(readings, report)  # last: what a process holds counts for those it starts, too
    return report.finish(chosen.json)


if __name__ == "__main__":
    sys.exit(main())
