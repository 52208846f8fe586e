"""Whom a set of figures is about: all, a branch, a segment, or a segment of a branch."""

from __future__ import annotations

from sqlalchemy import select

from survey.extensions import db
from survey.reports.models import StoredFigure

NAME = "rate"
_BRANCH, _SEGMENT = "branch:", "segment:"


def scope_of(branch_id: int | None, segment: str = "") -> str:
    """The scope that figures are stored under."""
    branch = [] if branch_id is None else [f"{_BRANCH}{branch_id}"]
    return " ".join([*branch, *([f"{_SEGMENT}{segment}"] if segment else [])])


def group_of(scope: str) -> tuple[int | None, str]:
    """The branch and the segment of a scope; None and an empty one where it is about all."""
    branch, _, segment = scope.partition(_SEGMENT)
    return int(branch.removeprefix(_BRANCH)) if branch else None, segment


def groups_stored() -> list[tuple[int | None, str]]:
    """Of whom figures of the rate stand: branch and segment."""
    return list(map(group_of, db.session.scalars(select(StoredFigure.scope).where(StoredFigure.name == NAME))))


def segments_stored(branch_id: int | None) -> list[str]:
    """The segments that have figures of their own, within a branch or for all, by name."""
    prefix = scope_of(branch_id) + (f" {_SEGMENT}" if branch_id is not None else _SEGMENT)
    begins = StoredFigure.scope.startswith(prefix, autoescape=True)
    scopes = db.session.scalars(select(StoredFigure.scope).where(StoredFigure.name == NAME, begins))
    return sorted((scope.removeprefix(prefix) for scope in scopes), key=str.casefold)
