"""Somebody whose every trace can be searched for, in every table that leads to a customer."""

import struct
from datetime import date
from typing import Any

from sqlalchemy import Table, select

from survey.accounts import audit
from survey.accounts.models import User
from survey.customers.models import (
    Contract,
    Customer,
    CustomerHistory,
    Employee,
    Import,
    ImportProblem,
    ServiceHistory,
    StagedContract,
    StagedCustomer,
    StagedTransaction,
    StaleHistory,
)
from survey.defections.models import CustomerState, CustomerValue, WalletAnswer
from survey.extensions import db
from survey.invitations.models import Bounce, Invitation
from survey.reasons.models import ReviewItem, Theme, ThemeAnswer
from survey.responses.models import Response, ResponseAnswer, ResponseDraft, RootCause
from survey.rights.requests import EXPORT, PERSON, asked_and_done
from survey.taxonomy.models import Reason
from survey.winback.models import Call, Case, CaseNote, Promise, Remedy, RemedyTried
from tests import stories

WORDS = ("Xanthippe", "Quaeckernaeck", "K-4711", "snauwde", "0612345678", "CARD-99")
#: who works there, and must stand in nothing that leaves the house
STAFF = ("Theodoor Zwaardvegersma", "Wilhelmina Oppasser")


def canary() -> Customer:
    """The person, with what she answered and saved, and what was written about her. Flushes."""
    who = stories.customer(
        external_id="K-4711",
        name="Xanthippe Quaeckernaeck",
        email="xanthippe@quaeckernaeck.example",
        phone="0612345678",
        card_id="CARD-99",
    )
    asked = stories.invitation(stories.defection(who))
    stories.mailing(asked)
    answer = stories.response(
        "De monteur was onbeschoft en snauwde mij, Xanthippe, af. Bel 0612345678.", "rude_staff", asked=asked
    )
    further = {"question": "moment", "words": "Toen hij snauwde: Quaeckernaeck, ga weg!"}
    db.session.add(ResponseAnswer(response_id=answer.id, **further))
    saved = stories.invitation(stories.defection(who, episode=99))
    fields = {"words": ["Xanthippe weet nog niet wat zij wil, bel 0612345678"]}
    db.session.add(ResponseDraft(invitation_id=saved.id, language="nl", fields=fields, saved_at=saved.created_at))
    told = {"whys": ["Hij snauwde", "Quaeckernaeck ging"], "masked_whys": ["Hij snauwde", "[NAME] ging"]}
    db.session.add(RootCause(response_id=answer.id, reason_id=_reason("rude_staff"), **told))
    _written_in_a_case(saved.defection_id, who)
    _on_its_way_in()
    return who


def everywhere(who: Customer) -> None:
    """Rows about her in all other tables that lead to a customer. Flushes."""
    answer = db.session.scalars(select(Response).join(Invitation).where(Invitation.customer_id == who.id)).one()
    _bought(who)
    _reckoned(who)
    _read(answer)
    mail = stories.mailing(answer_of(who), 1, answer="550 no Quaeckernaeck here", state="failed")
    db.session.add(Bounce(mailing_id=mail.id, kind="hard", digest="d" * 64, text="Xanthippe?", at=stories.MOMENT))
    asked_and_done(who.id, EXPORT, PERSON)
    audit.record("departure viewed", None, about=("departure", answer_of(who).defection_id))
    db.session.flush()


def answer_of(who: Customer) -> Invitation:
    """The invitation that she answered."""
    query = select(Invitation).where(Invitation.customer_id == who.id, Invitation.state == "answered")
    return db.session.scalars(query).one()


def traces() -> list[str]:
    """What of her stands in any table."""
    return [word for word in WORDS if word in everything_stored()]


def everything_stored() -> str:
    """All text of all tables."""
    rows = [db.session.execute(select(table)).all() for table in db.metadata.sorted_tables]
    return repr(rows)


def leading_to_a_customer() -> set[str]:
    """The tables that name a customer, by key or by number, or name a row that does; that of the customers too."""
    known_by = {"external_id", "customer_id"}
    found = {table.name for table in db.metadata.sorted_tables if known_by & set(table.columns.keys())}
    while more := {table.name for table in db.metadata.sorted_tables if _names(table, found)} - found:
        found |= more
    return found


def _names(table: Table, others: set[str]) -> bool:
    return any(key.column.table.name in others for key in table.foreign_keys)


def _written_in_a_case(defection_id: int, who: Customer) -> None:
    """What whoever took care of her wrote down: in the case, as a promise, after a call."""
    case = Case(
        defection_id=defection_id, customer_id=who.id, opened_because="asked", due_on=date(2026, 6, 4),
        opened_at=stories.MOMENT,
    )  # fmt: skip
    db.session.add(case)
    db.session.flush()
    note = f"Xanthippe gesproken, samen met {STAFF[0]}; ze blijft weg."
    db.session.add(CaseNote(case_id=case.id, at=stories.MOMENT, text=note))
    promised = {"text": "Brief aan Quaeckernaeck", "source": "case", "entered_at": stories.MOMENT}
    db.session.add(Promise(customer_id=who.id, case_id=case.id, **promised))
    asked = db.session.scalars(select(Invitation.id).where(Invitation.defection_id == defection_id)).one()
    db.session.add(Call(invitation_id=asked, at=stories.MOMENT, outcome="busy", note="0612345678 in gesprek"))
    remedy_id = db.session.scalars(select(Remedy.id).limit(1)).one()
    db.session.add(RemedyTried(case_id=case.id, remedy_id=remedy_id, at=stories.MOMENT))
    db.session.flush()


def _on_its_way_in() -> None:
    """A file about her that was broken off, and a cell of it that could not be read."""
    file = Import(
        kind="contracts", file_name="file.csv", path="file.csv", digest="x", options={}, state="failed",
        created_at=stories.MOMENT,
    )  # fmt: skip
    db.session.add(file)
    db.session.flush()
    row: dict[str, Any] = {"import_id": file.id, "line": 2, "external_id": "K-4711"}
    db.session.add(StagedContract(**row, contract_from=date(2026, 1, 1)))
    db.session.add(StagedCustomer(**row, name="Xanthippe Quaeckernaeck"))
    db.session.add(StagedTransaction(**row, occurred_on=date(2026, 1, 1), identity=b"i" * 16, has_id=False))
    db.session.add(ImportProblem(import_id=file.id, line=3, value="tel. 0612345678", code="phone_invalid"))
    db.session.flush()


def _bought(who: Customer) -> None:
    employee = Employee(name=STAFF[0])
    branch = stories.branch("Zierikzee")
    db.session.add(employee)
    db.session.add(User(email="w@example.org", name=STAFF[1], fs_uniquifier="w", created_at=stories.MOMENT))
    db.session.flush()
    who.branch_id = branch.id
    for month in (1, 2, 3):
        stories.visit(who, date(2026, month, 3)).employee_id = employee.id
    start = date(2025, 1, 1)
    db.session.add(Contract(customer_id=who.id, contract_from=start, starts_on=start, known_on=start))
    packed = struct.pack(">iq", 20_000, 1)
    summary = {"first_on": start, "last_on": start, "visits": 1, "total_cents": 1, "packed": packed}
    db.session.add(CustomerHistory(customer_id=who.id, **summary))
    db.session.add(ServiceHistory(customer_id=who.id, service="tyres", **summary))
    db.session.add(StaleHistory(customer_id=who.id))


def _reckoned(who: Customer) -> None:
    """What is worked out about her."""
    db.session.add(CustomerState(customer_id=who.id, state="defected", since_on=date(2026, 5, 20)))
    money = {"yearly_margin": 100, "value": 300, "low": 200, "high": 400}
    reckoned = {"as_of": date(2026, 6, 1), "remaining_years": 3.0, "method": "own", "thin": False, "risk": 0.25}
    db.session.add(CustomerValue(customer_id=who.id, **reckoned, **money))
    db.session.add(WalletAnswer(customer_id=who.id, answered_on=date(2026, 6, 1), with_us=2, out_of=10))


def _read(answer: Response) -> None:
    """What a model and a person read in her answer."""
    version = stories.model()
    stories.classified(answer, version, rude_staff=0.9)
    stories.reading(answer, "snauwde")
    user = db.session.scalars(select(User)).first()
    assert user is not None
    stories.review(answer, user.id, "rude_staff")
    drawn = {"stream": "audit", "probability": 1.0, "place": 0.5, "drawn_at": stories.MOMENT}
    db.session.add(ReviewItem(response_id=answer.id, **drawn))
    theme = Theme(model_version_id=version.id, found_at=stories.MOMENT, words=[], size=1)
    db.session.add(theme)
    db.session.flush()
    db.session.add(ThemeAnswer(theme_id=theme.id, response_id=answer.id, place=1))


def _reason(code: str) -> int:
    return db.session.scalars(select(Reason.id).where(Reason.code == code)).one()
