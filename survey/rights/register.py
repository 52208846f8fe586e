"""The register of what is processed and why (GDPR, article 30), and what the people concerned are told of it.

One list for both. How long comes from the periods that hold, who sees it from who may open the pages that show it,
where it goes from the settings. A test finds every table with a personal column in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _

from survey.config import Settings
from survey.rights.retention_words import kinds, period

LEGITIMATE = _("Legitimate interest: a business may want to know why customers leave, and do better "
               "(GDPR, article 6, paragraph 1, under f).")  # fmt: skip
VOLUNTARY = _("Legitimate interest, and whoever answers does so freely (GDPR, article 6, paragraph 1, under f).")
CONSENT = _("Consent of who asked to be contacted, and for offers by phone of who agreed to them; for others "
            "legitimate interest (GDPR, article 6, paragraph 1, under a and f).")  # fmt: skip
DUTY = _("A legal duty: to answer such requests and to be able to show it (GDPR, article 6, paragraph 1, under c).")


@dataclass(frozen=True)
class Processing:
    """One kind of processing. `pages`: endpoints that show it; `kinds`: whose periods hold for it; `stays`: what has
    none; `mailed`: goes to the mail server; `is_told`: concerns the people who are asked."""

    title: Any
    people: Any
    data: Any
    purpose: Any
    ground: Any
    pages: tuple[str, ...]
    tables: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    stays: Any = ""
    mailed: bool = field(default=False, kw_only=True)
    is_told: bool = field(default=True, kw_only=True)

    def how_long(self, periods: Mapping[str, int]) -> list[str]:
        """A line for each period that holds, and one for what has none."""
        here = kinds()
        lines = [f"{here[kind].label}: {period(periods[kind])}" for kind in self.kinds if kind in here]
        return [*lines, *([str(self.stays)] if self.stays else [])]


REGISTER: tuple[Processing, ...] = (
    Processing(
        _("Who the customers are"),
        _("Customers and former customers"),
        _("Customer number, card number, name, e-mail address, phone, language, branch, segment, first day, how "
          "somebody became a customer, contracts, value a year, and wishes about being contacted."),
        _("To know to whom purchases and answers belong, and to reach who may be asked."),
        LEGITIMATE,
        ("customers.imports", "defections.index", "winback.index"),
        ("customer", "contract", "staged_customer", "staged_contract", "import_file", "import_problem"),
        ("addresses", "import_values"),
        _("Number, segment and contracts stay without a name."),
    ),
    Processing(
        _("What they bought"),
        _("Customers and former customers"),
        _("Day, amount, branch, service and employee of every purchase or visit."),
        _("To see who stopped coming, since when, and what that costs."),
        LEGITIMATE,
        ("customers.imports", "defections.index", "defections.drifting"),
        ("transaction", "staged_transaction", "customer_history", "service_history", "stale_history"),
        (),
        _("Stays, so that figures given earlier stay right; whose it is goes with name and address."),
    ),
    Processing(
        _("Who left, or may be about to"),
        _("Customers and former customers"),
        _("Whether somebody left, drifts or came back, since when, the value lost or still expected, the chance of "
          "leaving, and how much is bought elsewhere. A program on our own machine works this out; it decides nothing "
          "about anybody."),
        _("To count how many leave, and to ask why."),
        LEGITIMATE,
        ("defections.index", "defections.drifting", "value.index"),
        ("defection", "customer_state", "customer_value", "wallet_answer"),
        (),
        _("Stays with the purchases it is worked out of."),
    ),
    Processing(
        _("Asking why"),
        _("Customers who left"),
        _("Who was asked, when and by which way, whether the mail arrived, calls and how they ended, and who never "
          "wants to be asked again."),
        _("To ask once, not too often, and never who does not want it."),
        LEGITIMATE,
        ("targeting.skipped", "asking.index", "winback.index"),
        ("invitation", "mailing", "bounce", "suppression", "call_attempt"),
        ("bounces", "mail_copies", "notes"),
        _("That somebody was asked stays, without a name once that is gone. Addresses that are never written to again "
          "stay as a code that cannot be read back."),
        mailed=True,
    ),
    Processing(
        _("What they answered"),
        _("Customers who left and answered"),
        _("Reasons chosen, answers to further questions, own words, the causes found in a talk, language, and when "
          "and how it was answered."),
        _("To learn why customers leave, and to do something about it."),
        VOLUNTARY,
        ("reports.words", "root_causes.index", "review.queue", "winback.index"),
        ("response", "response_reason", "response_answer", "response_draft", "root_cause"),
        ("words", "masked_words", "drafts"),
        _("The reasons chosen stay counted, without a name once that is gone."),
    ),
    Processing(
        _("What people answer at a branch"),
        _("People who answer at a branch without saying who they are"),
        _("Reasons chosen, answers to further questions, own words, language, branch and time."),
        _("To hear also those of whom there is no address."),
        VOLUNTARY,
        ("branch_links.counted",),
        ("walk_in_answer",),
        ("words", "walk_in_words"),
        _("The reasons chosen stay counted."),
    ),
    Processing(
        _("Reading the answers"),
        _("Customers who left and answered"),
        _("Which reasons the words speak of, as a program on our own machine read them and as people did, out of the "
          "version without names, numbers and addresses."),
        _("To count reasons also where they are only written, and to check the program."),
        LEGITIMATE,
        ("review.queue", "models.overview", "themes.found"),
        ("reading", "classification", "classified_reason", "review_item", "review", "human_label", "theme_answer"),
        ("masked_words",),
        _("The reasons read stay counted."),
    ),
    Processing(
        _("Taking care"),
        _("Customers who asked to be contacted, or who can be helped"),
        _("Who takes care, until when, notes, promises and whether they were kept, what was tried and how it ended."),
        _("To put right what went wrong, and to keep promises."),
        CONSENT,
        ("winback.index",),
        ("winback_case", "case_note", "promise", "remedy_tried"),
        ("notes",),
        _("That there was a case and how it ended stays counted."),
    ),
    Processing(
        _("Requests about one's own data"),
        _("Whoever asked to see their data, or to be forgotten"),
        _("What was asked, by whom, when, and when it was done; the customer number of who was erased, as a code that "
          "cannot be read back."),
        _("To do it, to be able to show it, and to keep an old file from bringing somebody back."),
        DUTY,
        ("register.index",),
        ("rights_request", "erased_number"),
        ("requests",),
        _("The code stays."),
    ),
    Processing(
        _("Employees in purchases"),
        _("Employees named in files of purchases"),
        _("Name, team, and the purchases they served."),
        _("To see whether departures gather somewhere, and to take their names out of answers."),
        LEGITIMATE,
        ("customers.imports", "rate.index"),
        ("employee",),
        (),
        _("Stays as long as purchases name them."),
        is_told=False,
    ),
    Processing(
        _("Users of this program"),
        _("Employees who sign in, and whoever tries to"),
        _("Name, e-mail address, language, role, branches, a password that cannot be read back; what they saw, did and "
          "changed, and when; the network from which somebody tried to sign in or opened unknown links."),
        _("To let in only who may, and to be able to show who saw what."),
        _("Legitimate interest: security, and a duty to be able to show it (GDPR, articles 5, paragraph 2, and 32)."),
        ("accounts.list_users", "accounts.audit_log"),
        (
            "user_account", "user_role", "user_branch", "audit_entry", "tries", "definition", "value_terms",
            "model_version", "promotion", "taxonomy_change", "targeting_rule", "investment", "investment_change",
        ),
        ("audit",),
        _("Networks go after a day; accounts stay until they are removed."),
        mailed=True,
        is_told=False,
    ),
)  # fmt: skip


def told() -> list[Processing]:
    """What concerns the people who are asked."""
    return [processing for processing in REGISTER if processing.is_told]


def mail_goes_to(settings: Settings) -> str:
    """Where mail leaves by: the name of the server, or nothing where it is written to a folder."""
    return "" if settings.mail_url.startswith("folder:") else urlsplit(settings.mail_url).hostname or ""
