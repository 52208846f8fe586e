"""Uploads are kept under names of our own, for as long as an import needs them."""

import io
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from survey.clock import now
from survey.customers.models import Import
from survey.customers.problems import FileRefused
from survey.customers.uploads import delete_finished_uploads, remove_upload, store_upload
from survey.extensions import db


def test_an_upload_has_a_name_of_ours(tmp_path):
    names = {store_upload(io.BytesIO(b"content"), tmp_path, 100) for _ in range(3)}
    assert len(names) == 3
    assert all((tmp_path / name).read_bytes() == b"content" for name in names)
    assert (tmp_path / "uploads").stat().st_mode & 0o777 == 0o700


def test_too_much_is_not_kept(tmp_path):
    with pytest.raises(FileRefused):
        store_upload(io.BytesIO(b"x" * 101), tmp_path, 100)
    assert list((tmp_path / "uploads").iterdir()) == []


def test_only_our_own_files_are_removed(tmp_path):
    theirs = tmp_path / "customers.csv"
    theirs.write_text("customer_id")
    remove_upload(str(theirs), tmp_path)
    assert theirs.exists()
    name = store_upload(io.BytesIO(b"x"), tmp_path, 100)
    remove_upload(name, tmp_path)
    remove_upload(name, tmp_path)
    assert not (tmp_path / name).exists()


@pytest.mark.usefixtures("context")
def test_what_no_import_needs_is_deleted(tmp_path: Path):
    cases = {
        "done": (timedelta(0), False), "failed": (timedelta(0), False), "refused": (timedelta(days=8), False),
        "uploaded": (timedelta(days=6), True), "checking": (timedelta(days=30), True),
    }  # fmt: skip
    names = {state: store_upload(io.BytesIO(b"x"), tmp_path, 100) for state in (*cases, "orphan", "young")}
    for state, (age, _kept) in cases.items():
        db.session.add(
            Import(
                kind="customers",
                file_name="",
                path=names[state],
                digest="",
                options={},
                state=state,
                created_at=now() - age,
            )
        )
    db.session.flush()
    long_ago = time.time() - 7_200
    for state, name in names.items():
        if state != "young":
            os.utime(tmp_path / name, (long_ago, long_ago))
    assert delete_finished_uploads(tmp_path) == 4
    left = {state for state, name in names.items() if (tmp_path / name).exists()}
    assert left == {"uploaded", "checking", "young"}
