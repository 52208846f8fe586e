"""Everything that is held of one person, in parts, each made of named tables.

A test walks the tables: whichever leads to a customer is in a part, or in LEFT_OUT with the reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from survey.clock import now
from survey.customers.models import Customer
from survey.extensions import db
from survey.rights import answers, rows
from survey.rights.rows import Rows


@dataclass(frozen=True)
class Part:
    """One part of it: the name it has in the file, how people call it, and the tables it is made of."""

    name: str
    title: Any
    rows: Callable[[int], Rows]
    tables: tuple[str, ...]


PARTS = (
    Part("customer", _l("Who you are to us"), rows.customer, ("customer",)),
    Part("purchases", _l("Purchases and visits"), rows.purchases, ("transaction",)),
    Part("contracts", _l("Contracts"), rows.contracts, ("contract",)),
    Part("states", _l("Whether you still come, as we reckon"), rows.states, ("customer_state",)),
    Part("values", _l("What we expect your custom to bring"), rows.values, ("customer_value",)),
    Part("departures", _l("When you stopped coming, as we reckon"), rows.departures, ("defection",)),
    Part("invitations", _l("What you were asked"), rows.invitations, ("invitation",)),
    Part("mails", _l("Mails to you"), rows.mails, ("mailing",)),
    Part("mail_reports", _l("What came back about these mails"), rows.mail_reports, ("bounce",)),
    Part("answers", _l("What you answered"), answers.answers, ("response", "response_reason", "response_answer")),
    Part("wallet", _l("How often you came to us and to others"), rows.wallet, ("wallet_answer",)),
    Part("drafts", _l("Saved and not sent"), rows.drafts, ("response_draft",)),
    Part("root_causes", _l("What you told on the telephone of the cause"), rows.root_causes, ("root_cause",)),
    Part(
        "classifications",
        _l("What a model read in your answer"),
        answers.classifications,
        ("classification", "classified_reason"),
    ),
    Part("reviews", _l("What people read in your answer"), answers.reviews, ("review", "human_label")),
    Part("calls", _l("Calls to you"), rows.calls, ("call_attempt",)),
    Part("cases", _l("How we took care of it"), rows.cases, ("winback_case",)),
    Part("notes", _l("What was noted"), rows.notes, ("case_note",)),
    Part("tried", _l("What was tried"), rows.tried, ("remedy_tried",)),
    Part("promises", _l("What you were promised"), rows.promises, ("promise",)),
    Part("requests", _l("What you asked about your data"), rows.requests, ("rights_request",)),
    Part("looked_at", _l("When people here looked at it or changed it"), rows.looked_at, ("audit_entry",)),
)

#: tables that lead to a customer and are in no part, and why
LEFT_OUT = {
    "customer_history": "sums of the purchases, which are there one by one",
    "service_history": "sums of the purchases, which are there one by one",
    "stale_history": "a mark that the sums are to be made again",
    "reading": "the words of the answer as numbers; the words are there, and so is what spoke",
    "review_item": "that chance drew the answer for people to read",
    "theme_answer": "which other answers this one is like",
    "staged_customer": "rows of a file on their way in, for minutes; what they bring is there then",
    "staged_transaction": "rows of a file on their way in, for minutes; what they bring is there then",
    "staged_contract": "rows of a file on their way in, for minutes; what they bring is there then",
}


@dataclass(frozen=True)
class Held:
    """What is held of a person now. `rows` are lists of column names to values, by the name of the part."""

    customer_id: int
    made_at: datetime
    rows: dict[str, Rows]

    @property
    def parts(self) -> Sequence[tuple[Part, Rows]]:
        """The parts of which there is anything."""
        return [(part, self.rows[part.name]) for part in PARTS if self.rows[part.name]]


def held(customer_id: int) -> Held | None:
    """Everything held of this customer, in the language of the moment; None where there is no such customer, or not
    any more. A few questions to the database for each part, whatever it holds."""
    there = select(Customer.id).where(Customer.id == customer_id, Customer.erased_at.is_(None))
    if db.session.scalar(there) is None:
        return None
    return Held(customer_id, now(), {part.name: part.rows(customer_id) for part in PARTS})
