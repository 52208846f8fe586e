"""The short address of a branch: made once, printed on a card, switched off and on."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects import postgresql, sqlite

from survey.accounts.access import visible
from survey.accounts.models import User
from survey.clock import now
from survey.customers.models import Branch
from survey.extensions import db
from survey.questionnaires.models import Questionnaire
from survey.questionnaires.publishing import newest_of
from survey.responses.models import BranchLink, WalkInAnswer
from survey.web import settings

#: what codes are made of: nothing that is taken for something else when it is typed over
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
LENGTH = 8


class NotInUse(Exception):
    """The questionnaire was retired, or never published: nobody is asked by it."""


@dataclass(frozen=True)
class Card:
    """The short address of a branch with what its page tells of it."""

    link: BranchLink
    branch: str
    questionnaire: str
    #: how many answers came by it
    answers: int

    @property
    def address(self) -> str:
        return address_of(self.link)

    @property
    def site(self) -> str:
        """What comes before the code, as people type it over: browsers put the rest before it."""
        return self.address.partition("://")[2].removesuffix(self.link.code)


def address_of(link: BranchLink) -> str:
    """The full address that the QR code holds; built from the settings, never from a request."""
    return f"{settings().base_url}/b/{link.code}"


def cards_for(user: User) -> list[Card]:
    """The short addresses of the branches that this user may see, by name of the branch."""
    return [Card(*row) for row in db.session.execute(_cards(user).order_by(Branch.name))]


def card_of(link_id: int, user: User) -> Card | None:
    """The short address of this number, where this user may see its branch."""
    row = db.session.execute(_cards(user).where(BranchLink.id == link_id)).one_or_none()
    return None if row is None else Card(*row)


def branches_without(user: User) -> list[tuple[int, str]]:
    """The branches that this user may see and that have no short address yet: key and name, by name."""
    has_one = select(BranchLink.id).where(BranchLink.branch_id == Branch.id).exists()
    query = select(Branch.id, Branch.name).where(visible(user, Branch.id), ~has_one).order_by(Branch.name)
    return [(key, name) for key, name in db.session.execute(query)]


def link_with(code: str) -> BranchLink | None:
    """The short address with this code, in capitals or not."""
    typed = code.lower()
    if len(typed) != LENGTH or not set(typed) <= set(ALPHABET):
        return None
    return db.session.scalar(select(BranchLink).where(BranchLink.code == typed))


def make(branch_id: int, questionnaire_id: int) -> BranchLink:
    """The short address of a branch; one that it has already stays as it is. Raises NotInUse; flushes."""
    _must_be_in_use(questionnaire_id)
    values = {"branch_id": branch_id, "questionnaire_id": questionnaire_id, "code": _new_code()}
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    added = dialect.insert(BranchLink).values(**values, active=True, created_at=now())
    db.session.execute(added.on_conflict_do_nothing(index_elements=["branch_id"]))
    return db.session.scalars(select(BranchLink).where(BranchLink.branch_id == branch_id)).one()


def ask_by(link: BranchLink, questionnaire_id: int) -> None:
    """From now on it asks by this questionnaire. Raises NotInUse; flushes."""
    _must_be_in_use(questionnaire_id)
    link.questionnaire_id = questionnaire_id
    db.session.flush()


def switch(link: BranchLink, active: bool) -> None:
    """Switch it on or off; printed cards stay good. Raises NotInUse where it would ask by a retired one. Flushes."""
    if active:
        _must_be_in_use(link.questionnaire_id)
    link.active = active
    db.session.flush()


def branches_asking_by(questionnaire_id: int) -> Sequence[str]:
    """The branches whose short address is switched on and asks by this questionnaire, by name."""
    query = select(Branch.name).join(BranchLink, BranchLink.branch_id == Branch.id).order_by(Branch.name)
    return db.session.scalars(query.where(BranchLink.questionnaire_id == questionnaire_id, BranchLink.active)).all()


def _cards(user: User) -> Select[*tuple[Any, ...]]:
    given = select(func.count(WalkInAnswer.id)).where(WalkInAnswer.branch_link_id == BranchLink.id).scalar_subquery()
    return (
        select(BranchLink, Branch.name, Questionnaire.name, given)
        .join(Branch, Branch.id == BranchLink.branch_id)
        .join(Questionnaire, Questionnaire.id == BranchLink.questionnaire_id)
        .where(visible(user, BranchLink.branch_id))
    )


def _must_be_in_use(questionnaire_id: int) -> None:
    """Whoever retires it meanwhile waits for this transaction, and then sees what it made."""
    query = select(Questionnaire.id).where(Questionnaire.id == questionnaire_id, Questionnaire.active)
    if db.session.scalar(query.with_for_update()) is None or newest_of(questionnaire_id) is None:
        raise NotInUse


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
