"""What the kinds of data that are kept for a time are called, and what goes when the time is over."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel import ngettext

from survey.formats import count
from survey.web import settings


@dataclass(frozen=True)
class Words:
    """`label`: the kind; `meaning`: from when it is counted, what goes and what stays; `rows`: what is counted."""

    label: Any
    meaning: Any
    rows: Any


KINDS: dict[str, Words] = {
    "words": Words(
        _("Own words as typed"),
        _("Counted from the answer. Afterwards only the version without names, numbers and addresses remains; words "
          "of which there is no such version yet wait for it."),
        _("texts"),
    ),
    "masked_words": Words(
        _("Own words without names, numbers and addresses"),
        _("Counted from the answer. Afterwards no words are left, nor what was read out of them; the reasons ticked "
          "and the reasons read stay counted. New models can no longer learn from them."),
        _("answers"),
    ),
    "walk_in_words": Words(
        _("Words of people who answered at a branch"),
        _("Counted from the answer. Afterwards the chosen reason stays counted."),
        _("answers"),
    ),
    "drafts": Words(
        _("Forms saved for later"),
        _("Counted from the day they were saved, and over at once when the link is. Afterwards only that somebody "
          "began stays counted."),
        _("forms"),
    ),
    "notes": Words(
        _("Notes of calls, cases and promises"),
        _("Counted from the note. Afterwards it stays that there was a call, a case or a promise, and how it ended. "
          "Notes of an open case and promises that are still to be kept wait."),
        _("notes"),
    ),
    "bounces": Words(
        _("What mail servers answered"),
        _("Counted from the answer. Afterwards it stays whether the mail arrived."),
        _("answers of servers"),
    ),
    "mail_copies": Words(
        _("Copies of mails in the mail folder"),
        _("Counted from the day the mail was written. Afterwards it stays that there was one."),
        _("copies"),
    ),
    "import_values": Words(
        _("Cells of imported files that were refused"),
        _("Counted from the import. Afterwards it stays which line and column was refused and why."),
        _("cells"),
    ),
    "addresses": Words(
        _("Name and address of customers who left"),
        _("Counted from the day of leaving, for who did not come back and of whom nobody takes care. Name, e-mail "
          "address, phone and card number go, also from later files; the customer's number, purchases and answers "
          "stay. Who comes back gets a name again with the next file."),
        _("customers"),
    ),
    "audit": Words(
        _("The audit log"),
        _("Counted from the entry. The log says itself how many entries went, and still shows if others were changed."),
        _("entries"),
    ),
    "requests": Words(
        _("Requests of people about their data"),
        _("Counted from the day on which they were done. What is not done yet stays."),
        _("requests"),
    ),
}  # fmt: skip


def kinds() -> dict[str, Words]:
    """The kinds that there are here: copies of mails only where mail goes to a folder."""
    to_folder = settings().mail_url.startswith("folder:")
    return {kind: words for kind, words in KINDS.items() if kind != "mail_copies" or to_folder}


def period(days: int) -> str:
    """So many days as people say them: in years where they are whole ones (365, 730, 1,096 days and so on)."""
    years = round(days / 365.25)
    if years and days == round(years * 365.25):
        return str(ngettext("%(num)d year", "%(num)d years", years))
    return str(ngettext("%(number)s day", "%(number)s days", days, number=count(days)))
