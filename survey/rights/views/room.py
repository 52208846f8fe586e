"""What the pages of the register share."""

from collections.abc import Iterable

from flask import current_app

from survey.accounts.access import allowed_roles
from survey.accounts.models import ROLES
from survey.rights.register import Processing


def with_readers(entries: Iterable[Processing]) -> list[tuple[Processing, list[str]]]:
    """Each with the roles that may open the pages that show it."""
    return [(entry, _roles(entry)) for entry in entries]


def _roles(entry: Processing) -> list[str]:
    allowed = {role for page in entry.pages for role in allowed_roles(current_app, page)}
    return [role for role in ROLES if role in allowed]
