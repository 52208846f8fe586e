"""Uploaded files: kept under names of our own until their import has ended."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import select

from survey.clock import now
from survey.customers.models import Import
from survey.customers.problems import FileRefused
from survey.extensions import db

FOLDER = "uploads"
BLOCK = 1 << 20
#: an upload that nobody started, or that was refused, is removed after so long
KEPT = timedelta(days=7)


def store_upload(stream: IO[bytes], instance: Path, most_bytes: int) -> str:
    """Write an upload to a new file; returns its name relative to the instance folder.

    The name the browser sent is not used. Raises FileRefused where there are too many bytes, none kept.
    """
    name = f"{FOLDER}/{uuid.uuid4().hex}"
    path = instance / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _write(stream, path, most_bytes)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return name


def _write(stream: IO[bytes], path: Path, most_bytes: int) -> None:
    written = 0
    with path.open("xb") as file:
        while block := stream.read(BLOCK):
            written += len(block)
            if written > most_bytes:
                raise FileRefused("file_too_large")
            file.write(block)


def remove_upload(name: str, instance: Path) -> None:
    """Delete an uploaded file. A file that a command read where it stood is not ours and stays."""
    if name.startswith(f"{FOLDER}/"):
        (instance / name).unlink(missing_ok=True)


def delete_finished_uploads(instance: Path) -> int:
    """Delete every upload that no import needs any more; returns how many.

    Needed are those of imports under way, and for a week those not started or refused.
    """
    needed = set(
        db.session.scalars(
            select(Import.path).where(
                Import.state.not_in(("done", "failed")),
                Import.state.not_in(("uploaded", "refused")) | (Import.created_at > now() - KEPT),
            )
        )
    )
    finished = [path for path in (instance / FOLDER).glob("*") if f"{FOLDER}/{path.name}" not in needed]
    # a file this young may belong to an upload whose row is not committed yet
    old = [path for path in finished if path.stat().st_mtime < now().timestamp() - 3600]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
