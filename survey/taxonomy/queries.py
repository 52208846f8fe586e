"""What other slices ask of the organisation's reasons."""

from collections.abc import Collection

from sqlalchemy import select

from survey.extensions import db
from survey.taxonomy.models import Reason


def reason_ids(codes: Collection[str]) -> dict[str, int]:
    """The key of each of these reasons, by code."""
    rows = db.session.execute(select(Reason.code, Reason.id).where(Reason.code.in_(codes)))
    return {code: key for code, key in rows}
