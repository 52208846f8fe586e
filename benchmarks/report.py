"""What every benchmark prints and writes: the machine, the figures, their goals, and whether they were met."""

import argparse
import importlib.metadata
import json
import os
import platform
import sqlite3
import sys
from dataclasses import dataclass, field
from pathlib import Path

#: versions that explain a figure
LIBRARIES = ("Flask", "SQLAlchemy", "gunicorn", "psycopg", "numpy", "scikit-learn", "nltk")


@dataclass(frozen=True)
class Figure:
    """One measured value. `goal` is met when the value is at most it, or at least it where `at_least` is set."""

    name: str
    value: float
    unit: str = ""
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        if self.goal is None:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal


@dataclass
class Report:
    title: str
    figures: list[Figure] = field(default_factory=list)

    def add(self, figure: Figure) -> None:
        """Note a figure and show it at once."""
        if not self.figures:
            print(f"{self.title}\n{machine()}\n")
            print(f"{'figure':<46}{'value':>14}  {'unit':<10}{'goal':>14}")
        self.figures.append(figure)
        goal = "" if figure.goal is None else f"{'>=' if figure.at_least else '<='} {figure.goal:,g}"
        print(
            f"{figure.name:<46}{figure.value:>14,.3f}  {figure.unit:<10}{goal:>14}{'' if figure.met else '   MISSED'}",
            flush=True,
        )

    def finish(self, path: Path | None) -> int:
        """Write the figures as JSON; the exit code, 1 where a goal was missed."""
        if path:
            path.write_text(json.dumps({figure.name: figure.value for figure in self.figures}, indent=1))
        missed = [figure.name for figure in self.figures if not figure.met]
        print(f"\n{len(missed)} goals missed: {', '.join(missed)}" if missed else "\nEvery goal met.")
        return 1 if missed else 0


def machine() -> str:
    """Processor, memory, disk and versions, in two lines."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    return (
        f"{platform.machine()}, {cores} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}\n"
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {versions}"
    )


def arguments(description: str) -> argparse.ArgumentParser:
    """The command line that all benchmarks share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder with the data files")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--quick", action="store_true", help="a smaller run, for development")
    return parser


def fail(message: str) -> None:
    """End a benchmark whose result is wrong, which is worse than slow."""
    print(f"WRONG: {message}", file=sys.stderr)
    sys.exit(2)
