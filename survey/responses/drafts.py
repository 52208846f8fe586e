"""Forms saved for later: kept until the answer is sent or the link is over.

Of a draft whose link is over only the row stays, without what was typed: that somebody began and never sent stays
counted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Delete, Select, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from werkzeug.datastructures import MultiDict

from survey.clock import now
from survey.database import Base
from survey.extensions import db
from survey.responses.cleaning import clean
from survey.responses.models import ResponseDraft


@dataclass(frozen=True)
class Draft:
    """A form as it was saved."""

    language: str
    fields: "MultiDict[str, str]"
    saved_at: datetime


def save_draft(invitation_id: int, language: str, fields: dict[str, list[str]]) -> None:
    """Keep these fields (name -> values) in the place of those kept before. Flushes."""
    kept = {clean(name): [clean(value) for value in values] for name, values in fields.items()}
    row = {"language": language, "fields": kept, "saved_at": now()}
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(ResponseDraft).values(invitation_id=invitation_id, **row)
    db.session.execute(insert.on_conflict_do_update(index_elements=["invitation_id"], set_=row))


def draft_of(invitation_id: int) -> Draft | None:
    """What was saved for this invitation, if anything is left of it."""
    row = db.session.execute(_saved(), {"number": invitation_id}).one_or_none()
    if row is None or not row.fields:
        return None
    return Draft(row.language, MultiDict(row.fields), row.saved_at)


def drop_draft(invitation_id: int) -> None:
    """The answer was sent: what was saved is part of it."""
    db.session.execute(_drop(), {"number": invitation_id})


def empty_drafts(invitation_ids: Collection[int]) -> None:
    """Forget what was typed in these. Flushes."""
    theirs = update(ResponseDraft).where(ResponseDraft.invitation_id.in_(invitation_ids))
    db.session.execute(theirs.values(fields={}), execution_options={"synchronize_session": False})


# built once, and past the ORM: they run for every form
@cache
def _saved() -> Select[Any]:
    draft = Base.metadata.tables["response_draft"].c
    return select(draft.language, draft.fields, draft.saved_at).where(draft.invitation_id == bindparam("number"))


@cache
def _drop() -> Delete:
    draft = Base.metadata.tables["response_draft"]
    return delete(draft).where(draft.c.invitation_id == bindparam("number"))
