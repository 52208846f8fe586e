"""How people call what stands in the rows about them. What has no word here stands in the file alone."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import get_translations
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from survey.formats import day as day_in_words
from survey.formats import decimal, moment, money, percent
from survey.invitations.words import CANCELLED, INVITATIONS, MAILINGS, ROUNDS, SKIPPED
from survey.winback.words import BECAUSE, CALLS, OUTCOMES, SOURCES

LABELS: Mapping[str, Any] = {
    "customer_number": _l("Customer number"),
    "card_number": _l("Card number"),
    "name": _l("Name"),
    "email": _l("E-mail address"),
    "phone": _l("Telephone number"),
    "language": _l("Language"),
    "branch": _l("Branch"),
    "segment": _l("Segment"),
    "joined_on": _l("Customer since"),
    "acquired_via": _l("Came to us by"),
    "contract_from": _l("Contract from"),
    "contract_until": _l("Contract until"),
    "starts_on": _l("Term from"),
    "ends_on": _l("Term until"),
    "cancelled_on": _l("Cancelled on"),
    "known_on": _l("Known to us from"),
    "yearly_value": _l("Value a year"),
    "do_not_contact": _l("Wants no contact"),
    "call_consent": _l("May be called with an offer"),
    "opted_out_at": _l("Asked never to be asked again"),
    "occurred_on": _l("Day"),
    "amount": _l("Amount"),
    "service": _l("What was bought"),
    "state": _l("State"),
    "since_on": _l("Since"),
    "as_of": _l("As of"),
    "yearly_margin": _l("Leaves us a year"),
    "remaining_years": _l("Years still to come"),
    "value": _l("Value"),
    "low": _l("At least"),
    "high": _l("At most"),
    "expected_visits": _l("Visits expected in a year"),
    "risk": _l("Chance of staying away"),
    "defected_on": _l("Left on"),
    "last_visit_on": _l("Last visit"),
    "noticed_on": _l("Noticed on"),
    "returned_on": _l("Came back"),
    "definition": _l("Definition"),
    "yearly_spend": _l("Spent a year"),
    "lost_value": _l("Lost value (estimate)"),
    "answered_on": _l("Answered on"),
    "with_us": _l("Times with us"),
    "out_of": _l("Out of so many"),
    "created_at": _l("When"),
    "questionnaire": _l("Questionnaire"),
    "channel": _l("How"),
    "invitation_state": _l("State"),
    "skipped_because": _l("Not asked because"),
    "expires_at": _l("May answer until"),
    "started_at": _l("Began to answer"),
    "round": _l("Mail"),
    "mail_state": _l("What became of it"),
    "due_at": _l("Was to be sent"),
    "sent_at": _l("Sent"),
    "server_answer": _l("What the mail server said"),
    "cancelled_because": _l("Not sent because"),
    "bounced_at": _l("Came back undelivered"),
    "at": _l("When"),
    "status": _l("Code"),
    "text": _l("What was said"),
    "main_reason": _l("Main reason"),
    "other_reasons": _l("It also mattered"),
    "words": _l("In your own words"),
    "questions": _l("Further questions"),
    "may_contact": _l("May be contacted"),
    "seconds_taken": _l("Seconds it took"),
    "saved_at": _l("Saved"),
    "typed": _l("What was typed"),
    "reason": _l("Reason"),
    "reasons": _l("Reasons"),
    "whys": _l("Why, and why again"),
    "model": _l("Version of the model"),
    "read": _l("What was read"),
    "probability": _l("chance"),
    "because_of": _l("because of"),
    "call_outcome": _l("How it went"),
    "appointment_at": _l("To be called again"),
    "note": _l("Note"),
    "opened_at": _l("Opened"),
    "opened_because": _l("Opened, because the customer"),
    "case_state": _l("State"),
    "due_on": _l("Due"),
    "outcome": _l("How it ended"),
    "closed_at": _l("Closed"),
    "remedy": _l("What was tried"),
    "promise": _l("Promise"),
    "source": _l("How we know"),
    "made_on": _l("Promised on"),
    "kept_on": _l("Kept on"),
    "broken": _l("Broken"),
    "entered_at": _l("Written down"),
    "request": _l("What was asked"),
    "asked_by": _l("Asked by"),
    "asked_at": _l("Asked"),
    "done_at": _l("Done"),
    "action": _l("What was done"),
}

STATES = {
    "active": _l("a customer"),
    "drifting": _l("drifting"),
    "about_to_defect": _l("about to leave"),
    "defected": _l("left"),
    "returned": _l("came back"),
}
#: what stands in the tables for something, and the words for it
WORDS: Mapping[str, Mapping[Any, Any]] = {
    "language": {"nl": _l("Dutch"), "en": _l("English")},
    "channel": {"mail": _l("By mail"), "phone": _l("By phone")},
    "state": STATES,
    "invitation_state": INVITATIONS,
    "skipped_because": SKIPPED,
    "round": ROUNDS,
    "mail_state": MAILINGS,
    "cancelled_because": CANCELLED,
    "call_outcome": CALLS,
    "opened_because": BECAUSE,
    "case_state": {"open": _l("open"), "waiting": _l("waiting"), "closed": _l("closed")},
    "outcome": OUTCOMES,
    "source": SOURCES,
    "request": {"export": _l("what is held"), "erase": _l("to be erased")},
    "asked_by": {"person": _l("yourself, by your own link"), "operator": _l("somebody here, for you")},
}
SHARES = frozenset({"risk", "probability"})


def told(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a row says, as pairs of label and words; what is empty, and what has no label, is left out."""
    named = [(name, value) for name, value in row.items() if name in LABELS and value not in (None, "", [], {})]
    return [(str(LABELS[name]), said(name, value)) for name, value in named]


def said(name: str, value: Any) -> str:
    """A value in words, in the language of the moment."""
    if value in (None, ""):
        return ""
    if name == "action":
        return str(get_translations().ugettext(value))  # the words of the audit log, as its own page shows them
    if name in WORDS:
        return str(WORDS[name].get(value, value))
    if isinstance(value, dict):
        return "; ".join(f"{LABELS.get(key, key)}: {said(key, each)}" for key, each in value.items() if each)
    if isinstance(value, list | tuple):
        return ", ".join(said(name, each) for each in value)
    return _plain(name, value)


def _plain(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day_in_words(value)
    if isinstance(value, Decimal):
        return money(value, cents=True)
    if isinstance(value, float):
        return percent(value) if name in SHARES else decimal(value)
    return str(value)
