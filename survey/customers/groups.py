"""What customers are grouped by, as far as a user may see it: the choices of every filter."""

from sqlalchemy import select

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.customers.models import Branch, Customer
from survey.extensions import db


def branches_for(user: User) -> list[tuple[int, str]]:
    """The branches this user may see, by name: key and name."""
    query = select(Branch.id, Branch.name).where(visible(user, Branch.id)).order_by(Branch.name)
    return [(key, name) for key, name in db.session.execute(query)]


def segments_for(user: User) -> list[str]:
    """The segments of the customers this user may see."""
    query = select(Customer.segment).where(Customer.segment != "", visible(user, Customer.branch_id))
    return list(db.session.scalars(query.distinct().order_by(Customer.segment)))
