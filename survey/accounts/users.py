"""Users: finding them, adding them, changing what they may do. Every change leaves an entry in the audit log."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_security.utils import hash_password, verify_password
from sqlalchemy import Table, func, select

from survey.accounts import audit
from survey.accounts.models import Role, User, UserBranch
from survey.clock import now
from survey.database import Base
from survey.extensions import db

ADMINISTRATOR = "administrator"


class UserError(Exception):
    """The change was not made; the message says why, in words."""


@dataclass(frozen=True)
class Account:
    """What an administrator decides about a user."""

    email: str
    roles: tuple[str, ...]
    branch_ids: tuple[int, ...] = ()
    name: str = ""
    language: str = "nl"
    active: bool = True
    wants_notices: bool = False
    wants_pack: bool = False


def normalised(email: str) -> str:
    """The one spelling under which an address is kept and looked up."""
    return email.strip().lower()


def find(email: str) -> User | None:
    return db.session.scalar(select(User).where(User.email == normalised(email)))


def all_users() -> list[User]:
    """Everybody, by address."""
    return list(db.session.scalars(select(User).order_by(User.email)))


def branches() -> dict[int, str]:
    """Name of every branch by id. Read from the table: the slice that owns it stands above this one."""
    branch: Table = Base.metadata.tables["branch"]
    return {row.id: row.name for row in db.session.execute(select(branch.c.id, branch.c.name).order_by(branch.c.name))}


def add(account: Account, by: int | None) -> User:
    """A new user without a password. Raises UserError where the address has an account."""
    if find(account.email):
        raise UserError(_("This address already has an account."))
    user = User(email=normalised(account.email), fs_uniquifier=secrets.token_hex(32), created_at=now())
    db.session.add(user)
    _write(user, account)
    audit.record("user added", by, about=("user", user.id), details=_rights(user))
    return user


def change(user: User, account: Account, by: int | None) -> bool:
    """Give a user these rights; says whether that changed anything.

    Raises UserError where nobody would be left to administer, or another account has the address.
    """
    other = find(account.email)
    if other is not None and other is not user:
        raise UserError(_("This address already has an account."))
    if user.active and user.has_role(ADMINISTRATOR):
        stays = account.active and ADMINISTRATOR in account.roles
        if not stays and _administrators() <= 1:
            raise UserError(_("This is the only administrator. Make somebody else administrator first."))
    before, rights = _standing(user), _rights(user)
    user.email = normalised(account.email)
    _write(user, account)
    if _standing(user) == before:
        return False
    audit.record("user changed", by, about=("user", user.id), details={"before": rights, "after": _rights(user)})
    return True


def set_password(user: User, password: str) -> None:
    """Store the hash of a password, and end every session of this user; does nothing where it is the one held."""
    if user.password and verify_password(password, user.password):
        return
    user.password = hash_password(password)
    user.fs_uniquifier = secrets.token_hex(32)
    db.session.flush()


def _write(user: User, account: Account) -> None:
    user.name = account.name
    user.language = account.language
    user.active = account.active
    user.wants_notices = account.wants_notices
    user.wants_pack = account.wants_pack
    user.roles = list(db.session.scalars(select(Role).where(Role.name.in_(account.roles)).order_by(Role.id)))
    _tie(user, account.branch_ids)
    db.session.flush()


def _tie(user: User, branch_ids: Iterable[int]) -> None:
    wanted = set(branch_ids)
    user.tied_to = [tie for tie in user.tied_to if tie.branch_id in wanted] + [
        UserBranch(branch_id=branch_id) for branch_id in sorted(wanted - user.branch_ids)
    ]


def _standing(user: User) -> tuple[object, ...]:
    """All that an administrator decides about somebody."""
    return _rights(user), user.email, user.name, user.language, user.wants_notices, user.wants_pack


def _rights(user: User) -> dict[str, object]:
    return {
        "roles": sorted(role.name for role in user.roles),
        "branches": sorted(user.branch_ids),
        "active": user.active,
    }


def _administrators() -> int:
    counted = select(func.count()).select_from(User).where(User.active, User.roles.any(Role.name == ADMINISTRATOR))
    return db.session.scalars(counted).one()
