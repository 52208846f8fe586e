"""What the pages of people's rights share."""

from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from flask import current_app

from survey.accounts.access import allowed_roles
from survey.accounts.models import ROLES
from survey.extensions import db
from survey.rights.erasing import erase_person, finish_erasures
from survey.rights.register import Processing

log = structlog.get_logger()


@dataclass(frozen=True)
class Done:
    """Somebody was erased. `answers` of theirs stay counted; `files_too`: no file holds anything of who was erased."""

    answers: int
    files_too: bool


def erase_now(customer_id: int, asked_by: str, user_id: int | None = None) -> Done:
    """Erase and commit: the rows first; what is in files afterwards, and that may fail: whoever erases next, and the
    job of the night, does it again. Raises UnknownCustomer, having changed nothing."""
    erased = erase_person(customer_id, asked_by, user_id)
    db.session.commit()
    try:
        finish_erasures()
        db.session.commit()
    except OSError as error:
        db.session.rollback()
        log.error("files of an erased person are left", error=type(error).__name__)
        return Done(erased.responses, files_too=False)
    return Done(erased.responses, files_too=True)


def with_readers(entries: Iterable[Processing]) -> list[tuple[Processing, list[str]]]:
    """Each with the roles that may open the pages that show it."""
    return [(entry, _roles(entry)) for entry in entries]


def _roles(entry: Processing) -> list[str]:
    allowed = {role for page in entry.pages for role in allowed_roles(current_app, page)}
    return [role for role in ROLES if role in allowed]
