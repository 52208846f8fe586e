"""`work`: the worker of one machine. It keeps the schedule, and runs every job that is due until it is stopped."""

import signal
import threading
import time
from types import FrameType

import click
import structlog
from sqlalchemy.exc import DBAPIError

from survey.database import committed
from survey.extensions import db
from survey.jobs import queue, schedule
from survey.jobs.running import run_next, task_of, worker_name
from survey.write_gate import GateTimeout

#: how often the schedule is looked at
TICK_SECONDS = 20.0
#: how often an idle worker looks for work
LOOK_SECONDS = 1.0
#: how long it waits when the database is away
AWAY_SECONDS = 5.0

log = structlog.get_logger()


class Worker:
    """One loop. `stop` ends it after the job that is running."""

    def __init__(self) -> None:
        self.name = worker_name()
        self.stopped = threading.Event()
        self._next_tick = 0.0

    def stop(self, signal_number: int = 0, frame: FrameType | None = None) -> None:
        self.stopped.set()

    def until_stopped(self) -> None:
        """Run what is due, again and again. A database that is away for a while does not end it."""
        while not self.stopped.is_set():
            try:
                if not self.step():
                    self.stopped.wait(LOOK_SECONDS)
            except (DBAPIError, GateTimeout) as error:
                db.session.rollback()
                log.warning("worker waits for the database", error=type(error).__name__)
                self.stopped.wait(AWAY_SECONDS)

    def until_empty(self) -> int:
        """Run what is due until nothing is; gives how many attempts were left to a person or for later."""
        troubled = 0
        while not self.stopped.is_set() and (state := self.step()):
            troubled += state != "done"
        return troubled

    def step(self) -> str:
        """Look at the schedule when it is time, then run one job; gives what became of it, or nothing."""
        if time.monotonic() >= self._next_tick:
            schedule.tick()
            self._next_tick = time.monotonic() + TICK_SECONDS
        ended = run_next(self.name)
        if ended is None:
            return ""
        click.echo(ended.line)
        return ended.state


@click.command()
@click.option("--once", is_flag=True, help="Run what is due now, then end.")
def work(once: bool) -> None:
    """Run every job that falls due, until stopped."""
    worker = Worker()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.stop)
    if not once:
        click.echo("Working. Stop with Ctrl+C; the job that is running is finished first.")
        worker.until_stopped()
        click.echo("Stopped.")
        return
    if troubled := worker.until_empty():
        raise click.ClickException(f"{troubled} attempts failed. See the page Jobs, or run doctor.")


@click.command("run")
@click.argument("kind")
def run_one(kind: str) -> None:
    """Put a job of this KIND in the queue and run it now."""
    try:
        task_of(kind)
    except Exception as error:
        raise click.ClickException(str(error)) from None
    job_id = committed(db.session, lambda: queue.run_now(kind).id)
    ended = run_next(worker_name(), job_id)
    if ended is None:
        raise click.ClickException(f"Another worker is running {kind} already.")
    click.echo(ended.line)
    if ended.state != "done":
        raise click.exceptions.Exit(1)


@click.command("list")
def list_open() -> None:
    """Show the jobs that wait or run."""
    rows = queue.open_jobs()
    for job in rows:
        click.echo(f"{job.id:>6}  {job.key}  {job.state}  attempt {job.attempts}  {job.done}/{job.total}")
    click.echo(f"{len(rows)} open.")
