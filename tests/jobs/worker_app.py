"""What the contract test starts as Celery's worker: the real one, with a task beside the real tasks that it can watch.

The task `ledger` adds a line to a file for each start and each end, and takes as long as the job's arguments say.
"""

import os
import sys
import time
from types import ModuleType
from typing import Any

from survey.jobs import celery
from survey.jobs.models import Job

_module = ModuleType("survey.jobs.tasks.ledger")


def run(job: Job) -> dict[str, Any]:
    path, seconds = job.arguments["path"], float(job.arguments["seconds"])
    # only the first attempt is slow: it is the one that is killed
    seconds = seconds if job.attempts == 1 else 0.0
    write(path, f"begin {job.id} {os.getpid()} {job.attempts}")
    time.sleep(seconds)
    write(path, f"end {job.id} {os.getpid()} {job.attempts}")
    return {"attempts": job.attempts}


def write(path: str, line: str) -> None:
    with open(path, "a") as ledger:
        ledger.write(line + "\n")


_module.run = run  # type: ignore[attr-defined]
sys.modules[_module.__name__] = _module
app = celery.make_celery()
