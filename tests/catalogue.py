"""The Dutch catalogue: extracted as `make translations` does it, read, and compiled where it is out of date."""

import ast
import os
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
DUTCH = ROOT / "survey/translations/nl/LC_MESSAGES/messages.po"
COMPILED = DUTCH.with_suffix(".mo")


def extract(into: Path) -> Catalog:
    """Every sentence of survey/ and templates/, by the very line of the Makefile, written to this file."""
    found = (line for line in (ROOT / "Makefile").read_text().splitlines() if "pybabel -q extract" in line)
    _program, *arguments = shlex.split(next(found))
    arguments[arguments.index("-o") + 1] = str(into)
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        CommandLineInterface().run(["pybabel", *arguments])
    finally:
        os.chdir(before)
    with into.open("rb") as file:
        return read_po(file)


def dutch() -> Catalog:
    """The catalogue as it stands in the repository; raises where it is not well formed."""
    with DUTCH.open("rb") as file:
        return read_po(file, locale="nl", abort_invalid=True)


def sentences(catalogue: Catalog) -> dict[tuple[str | None, str], Message]:
    """The entries without the header, by context and first form."""
    return {(entry.context, forms(entry.id)[0]): entry for entry in catalogue if entry.id}


def forms(text: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """One form, or singular and plural."""
    return (text,) if isinstance(text, str) else tuple(text)


def compile_if_stale() -> None:
    """Make the file that pages read, where it is missing or older than the sentences.

    Written beside its place and moved, so that two processes may do it at once.
    """
    if COMPILED.exists() and COMPILED.stat().st_mtime >= DUTCH.stat().st_mtime:
        return
    with tempfile.NamedTemporaryFile(dir=COMPILED.parent, suffix=".mo.new", delete=False) as file:
        write_mo(file, dutch())
    Path(file.name).chmod(0o644)
    Path(file.name).replace(COMPILED)


def marked() -> Iterator[tuple[str, str | None]]:
    """Every call of a gettext in survey/, as (place, sentence); no sentence where it is not written out."""
    for path in sorted((ROOT / "survey").rglob("*.py")):
        tree = ast.parse(path.read_text())
        names = _markers(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                place = f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
                for argument in node.args[: 2 if names[node.func.id] == "ngettext" else 1]:
                    yield place, argument.value if isinstance(argument, ast.Constant) else None


def audited() -> Iterator[tuple[str, str]]:
    """Every action and kind of thing that survey/ writes into the audit log, as (place, word)."""
    for path in sorted((ROOT / "survey").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("audit.record", "_note"):
                kinds = [pair.value.elts[0] for pair in node.keywords if isinstance(pair.value, ast.Tuple)]
                for part in (node.args[0], *kinds):
                    if isinstance(part, ast.Constant):
                        yield f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", str(part.value)


def _markers(tree: ast.Module) -> dict[str, str]:
    """The names by which a module marks sentences, each with the function that it stands for."""
    names = {"N_": "N_"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "flask_babel":
            names |= {name.asname or name.name: name.name for name in node.names if name.name.endswith("gettext")}
        elif isinstance(node, ast.FunctionDef) and node.name in ("_", "N_"):
            names[node.name] = node.name
    return names
