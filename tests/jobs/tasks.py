"""Tasks that tests put in the place of a real one: `stand_in("count", run)`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from survey.jobs.models import Job


@contextmanager
def stand_in(kind: str, run: Callable[[Job], Any]) -> Iterator[None]:
    """A module survey.jobs.tasks.KIND whose `run` is this one."""
    name = f"survey.jobs.tasks.{kind}"
    module = ModuleType(name)
    module.run = run  # type: ignore[attr-defined]
    standing = sys.modules.get(name)
    sys.modules[name] = module
    try:
        yield
    finally:
        del sys.modules[name]
        if standing:
            sys.modules[name] = standing
