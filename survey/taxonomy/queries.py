"""What other slices ask of the organisation's reasons."""

from sqlalchemy import BindParameter, ScalarSelect, select

from survey.taxonomy.models import Reason


def id_of_reason(code: BindParameter[str]) -> ScalarSelect[int]:
    """The key of the reason with this code, to be put inside another statement."""
    return select(Reason.id).where(Reason.code == code).scalar_subquery()
