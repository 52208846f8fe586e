"""An invitation with all that the form and the mail need to know of it, in one question to the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Self

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, func, null, select

from survey.customers.keeping import DEFAULTS, days_within
from survey.customers.models import Customer, CustomerHistory
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.questionnaires.models import QuestionnaireVersion
from survey.questionnaires.relation import Spell, spell_of
from survey.questionnaires.versions import Version

#: clocks of two machines may differ so much
SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class Asked:
    """One person, asked about one episode."""

    invitation_id: int
    customer_id: int
    state: str
    language: str
    order_seed: int
    expires_at: datetime
    version: Version
    spell: Spell
    name: str | None
    #: None where there is none, or where this person may not be written to
    email: str | None
    opted_out: bool
    erased: bool
    #: a form was sent in, whatever came of it
    started: bool
    #: how long own words are kept as typed
    keep_words_days: int = DEFAULTS["words"]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(
            invitation_id=row.id,
            customer_id=row.customer_id,
            state=row.state,
            language=row.language,
            order_seed=row.order_seed,
            expires_at=row.expires_at,
            version=Version.of(row.content),
            spell=spell_of(row.since, row.joined_on, row.last_visit_on, row.packed),
            name=row.name,
            email=row.email,
            opted_out=bool(row.opted_out),
            erased=bool(row.erased),
            started=bool(row.started),
            keep_words_days=row.keep_words_days,
        )

    def is_open(self, moment: datetime) -> bool:
        """Whether an answer is welcome now."""
        return self.state == "open" and not (self.opted_out or self.erased) and moment <= self.expires_at + SKEW

    @property
    def is_answered(self) -> bool:
        return self.state == "answered"


def asked(invitation_id: int) -> Asked | None:
    """The invitation of this number, if there is one."""
    row = db.session.execute(_question(), {"numbers": [invitation_id]}).one_or_none()
    return None if row is None else Asked.of(row)


def asked_among(invitation_ids: Collection[int]) -> dict[int, Asked]:
    """The invitations of these numbers, by number."""
    rows = db.session.execute(_question(), {"numbers": list(invitation_ids)})
    return {row.id: Asked.of(row) for row in rows}


def may_be_mailed() -> ColumnElement[bool]:
    """The condition on a customer: wants to hear from us, as far as we know."""
    return and_(
        Customer.opted_out_at.is_(None),
        Customer.erased_at.is_(None),
        Customer.do_not_contact.is_(False),
        Customer.email.is_not(None),
    )


@cache
def _question() -> Select[Any]:
    """Built once: building it takes as long as asking it."""
    return (
        select(
            Invitation.id,
            Invitation.customer_id,
            Invitation.state,
            Invitation.language,
            Invitation.order_seed,
            Invitation.expires_at,
            QuestionnaireVersion.content,
            func.coalesce(Customer.joined_on, CustomerHistory.first_on).label("since"),
            Defection.last_visit_on,
            # of who has a contract, payments are on record and no visits
            case((Customer.contract_from.is_(None), Customer.joined_on), else_=null()).label("joined_on"),
            case((Customer.contract_from.is_(None), CustomerHistory.packed), else_=null()).label("packed"),
            Customer.name,
            case((may_be_mailed(), Customer.email), else_=null()).label("email"),
            Customer.opted_out_at.is_not(None).label("opted_out"),
            Customer.erased_at.is_not(None).label("erased"),
            Invitation.started_at.is_not(None).label("started"),
            days_within("words").label("keep_words_days"),
        )
        .join(Customer, Customer.id == Invitation.customer_id)
        .join(Defection, Defection.id == Invitation.defection_id)
        .outerjoin(CustomerHistory, CustomerHistory.customer_id == Customer.id)
        .join(QuestionnaireVersion, QuestionnaireVersion.id == Invitation.questionnaire_version_id)
        .where(Invitation.id.in_(bindparam("numbers", expanding=True)))
    )
